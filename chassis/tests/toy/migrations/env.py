from chassis.migrate import run_env
from chassis.tests.toy import service

run_env(service.metadata)
