from chassis.migrate import run_env
from services.property.storage import tables

run_env(tables.metadata)
