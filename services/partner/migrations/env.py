from fivered.chassis.migrate import run_env
from fivered.services.partner.storage import metadata

run_env(metadata)
