from chassis.migrate import run_env
from services.credit.storage import tables

run_env(tables.metadata)
