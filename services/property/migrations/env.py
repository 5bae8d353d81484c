from fivered.chassis.migrate import run_env
from fivered.services.property.storage import tables

run_env(tables.metadata)
