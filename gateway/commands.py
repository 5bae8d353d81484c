"""What the gateway's commands do."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from fivered.chassis import logs, telemetry
from fivered.chassis.here import keys_file, read_keys
from fivered.chassis.settings import CommandFailed
from fivered.gateway.app import run
from fivered.gateway.identity import issue
from fivered.gateway.serving import PortTaken


def run_gateway(_given: argparse.Namespace) -> int:
    """Carry out `fivered gateway`."""
    logs.configure("gateway")
    telemetry.start("gateway")
    try:
        return run()
    except PortTaken as error:
        raise CommandFailed(str(error)) from error


def run_token(given: argparse.Namespace) -> int:
    """Carry out `fivered token`."""
    key = os.environ.get("FIVERED_TOKEN_KEY", "")
    if given.data:
        key = _key_of(given.data)
    if not key:
        raise CommandFailed("FIVERED_TOKEN_KEY is not set (or name the folder: --data)")
    grants = []
    for text in given.grant:
        role, _, scope = text.partition(":")
        grants.append({"role": role, "scope": scope})
    try:
        token = issue(key, given.person, grants, given.hours)
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    sys.stdout.write(token + "\n")
    return 0


def _key_of(folder: str) -> str:
    path = keys_file(Path(folder))
    key = read_keys(path).get("FIVERED_TOKEN_KEY")
    if key is None:
        raise CommandFailed(f"no token key in {path}")
    return key
