"""Mechanisms that every service shares and that know no service: envelope, outbox, inbox, hosts."""

import os

# The release. It is said here only: `make generate` writes it into every unit, image and manifest.
__version__ = "0.2.0"

# eventlet decides this when it is imported. Its own resolver takes a quarter of a process's time to
# start, and it asks name servers only: the system's resolver is used, in every process.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
