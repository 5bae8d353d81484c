"""Mechanisms that every service shares and that know no service: envelope, outbox, inbox, hosts."""

import os

# The release. It is said here only: `make generate` writes it into every unit, image and manifest.
__version__ = "0.3.0"
# By its identifier in SPDX, and where its text can be read.
LICENCE = {"identifier": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
# Who answers for an installation that names nobody.
OPERATOR = "本系统的运行单位 / Who runs this installation"

# How seldom a process looks for circles among its objects: a start makes hundreds of thousands that
# stay, and to look through them again and again takes a third of its computing.
SELDOM = (100_000, 20, 20)

# eventlet decides this when it is imported. Its own resolver takes a quarter of a process's time to
# start, and it asks name servers only: the system's resolver is used, in every process.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
