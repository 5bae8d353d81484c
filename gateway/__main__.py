"""`python -m gateway`: the same as `fivered gateway`."""

import sys

from chassis.cli import main

sys.exit(main(["gateway", *sys.argv[1:]]))
