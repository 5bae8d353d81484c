from chassis.migrate import run_env
from services.steward import storage

run_env(storage.metadata)
