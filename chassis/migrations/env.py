from fivered.chassis import storage as store
from fivered.chassis.migrate import run_env

metadata = store.new_metadata()
store.chassis_tables(metadata)
run_env(metadata)
