from fivered.chassis.migrate import run_env
from fivered.services.forum import storage

run_env(storage.metadata)
