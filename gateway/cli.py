"""What the gateway adds to the `fivered` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

Command = tuple[Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]


def _declare_gateway(_parser: argparse.ArgumentParser) -> None:
    """Serve HTTP, with the services behind RabbitMQ."""


def _run_gateway(_given: argparse.Namespace) -> int:
    from chassis import logs  # noqa: PLC0415  the list of commands should be quick
    from chassis.settings import CommandFailed  # noqa: PLC0415  see above
    from gateway.app import run  # noqa: PLC0415  see above
    from gateway.serving import PortTaken  # noqa: PLC0415  see above

    logs.configure("gateway", os.environ.get("FIVERED_LOG_LEVEL", "INFO"))
    try:
        return run()
    except PortTaken as error:
        raise CommandFailed(str(error)) from error


def _declare_token(parser: argparse.ArgumentParser) -> None:
    """Make a bearer token for a person, signed with FIVERED_TOKEN_KEY."""
    parser.add_argument("--person", required=True, help="person id, e.g. per_0190...")
    parser.add_argument(
        "--grant",
        action="append",
        required=True,
        metavar="ROLE:SCOPE",
        help="e.g. R_CADRE:370811015901; may be repeated",
    )
    parser.add_argument("--hours", type=float, default=12.0, help="how long it is good")
    parser.add_argument(
        "--data", default="", help="take the key from this data folder of `fivered up`"
    )


def _run_token(given: argparse.Namespace) -> int:
    from chassis.settings import CommandFailed  # noqa: PLC0415  see _run_gateway
    from gateway.identity import issue  # noqa: PLC0415  see _run_gateway

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
    import json  # noqa: PLC0415  see _run_gateway
    from pathlib import Path  # noqa: PLC0415  see _run_gateway

    from chassis.here import keys_file  # noqa: PLC0415  see _run_gateway
    from chassis.settings import CommandFailed  # noqa: PLC0415  see _run_gateway

    path = keys_file(Path(folder))
    try:
        return str(json.loads(path.read_text("utf-8"))["FIVERED_TOKEN_KEY"])
    except (OSError, ValueError, KeyError) as error:
        raise CommandFailed(f"no token key in {path}") from error


gateway_command: Command = (_declare_gateway, _run_gateway)
token_command: Command = (_declare_token, _run_token)
