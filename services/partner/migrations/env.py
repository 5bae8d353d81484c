from chassis.migrate import run_env
from services.partner.storage import metadata

run_env(metadata)
