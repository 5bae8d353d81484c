from fivered.chassis.migrate import run_env
from fivered.services.steward import storage

run_env(storage.metadata)
