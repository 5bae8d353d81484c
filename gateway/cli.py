"""What the gateway adds to the `fivered` command."""

from __future__ import annotations

import argparse


def _declare_gateway(_parser: argparse.ArgumentParser) -> None:
    """Serve HTTP, with the services behind RabbitMQ."""


def _declare_token(parser: argparse.ArgumentParser) -> None:
    """Make a bearer token for a person (FIVERED_TOKEN_KEY), list those made, or end one."""
    parser.add_argument("--person", default="", help="person id, e.g. per_0190...")
    parser.add_argument(
        "--grant",
        action="append",
        default=[],
        metavar="ROLE:SCOPE",
        help="e.g. R_CADRE:370811015901; may be repeated",
    )
    parser.add_argument("--hours", type=float, default=12.0, help="how long it is good")
    parser.add_argument("--list", action="store_true", help="tell which tokens were made")
    parser.add_argument(
        "--end", action="append", default=[], metavar="ID",
        help="end a token before it expires, by its id in the list; gateways refuse it within 30 s",
    )  # fmt: skip
    parser.add_argument(
        "--data", default="", help="take the key from this data folder of `fivered up`"
    )


def _declare_init(parser: argparse.ArgumentParser) -> None:
    """Begin an installation: make the first administrators of the district."""
    parser.add_argument("--district", required=True, help="code of the district, 6 digits")
    parser.add_argument(
        "--admin", action="append", default=[], metavar="LOGIN",
        help="name to sign in with; may be repeated: two people grant rights to the others",
    )  # fmt: skip
    parser.add_argument(
        "--end", action="append", default=[], metavar="LOGIN",
        help="an administrator who is gone: the right ends, and another one may be named",
    )  # fmt: skip
    parser.add_argument("--data", help="folder of an embedded system (fivered up --data)")


init_command = (_declare_init, "fivered.gateway.commands:run_init")
gateway_command = (_declare_gateway, "fivered.gateway.commands:run_gateway")
token_command = (_declare_token, "fivered.gateway.commands:run_token")
