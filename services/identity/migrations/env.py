from fivered.chassis.migrate import run_env
from fivered.services.identity.storage import metadata

run_env(metadata)
