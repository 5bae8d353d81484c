"""Mechanisms that every service shares and that know no service: envelope, outbox, inbox, hosts."""

import os

# eventlet decides this when it is imported. Its own resolver takes a quarter of a process's time to
# start, and it asks name servers only: the system's resolver is used, in every process.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
