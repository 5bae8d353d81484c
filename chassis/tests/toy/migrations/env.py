from fivered.chassis.migrate import run_env
from fivered.chassis.tests.toy import service

run_env(service.metadata)
