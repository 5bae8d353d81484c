"""Run by a test as a process of its own: the gateway in front of a broker."""

import sys

from fivered.gateway.app import run
from fivered.gateway.tests.toy_routes import DOORS

if __name__ == "__main__":
    sys.exit(run(ready=lambda: print("ready", flush=True), extra=[DOORS]))
