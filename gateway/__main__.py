"""`python -m fivered.gateway`: the same as `fivered gateway`."""

import sys

from fivered.chassis.cli import main

sys.exit(main(["gateway", *sys.argv[1:]]))
