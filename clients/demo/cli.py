"""`fivered demo`: tell the story, load the district, make a token for one of its people."""

from __future__ import annotations

import argparse


def _declare(parser: argparse.ArgumentParser) -> None:
    """Demonstration: tell the story, load the district, make a token."""
    parser.add_argument("action", choices=("story", "load", "token", "who"))
    parser.add_argument("name", nargs="?", help="whose token, e.g. resident")
    parser.add_argument("--data", help="data folder of the running system; default: look for one")
    parser.add_argument("--json", metavar="FILE", help="write the end state of the story there")
    parser.add_argument("--transcript", metavar="FILE", help="write what was told there")


demo_command = (_declare, "fivered.clients.demo.commands:run")
