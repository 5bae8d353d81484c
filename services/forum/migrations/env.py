from chassis.migrate import run_env
from services.forum import storage

run_env(storage.metadata)
