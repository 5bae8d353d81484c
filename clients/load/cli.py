"""`fivered load`: generate a synthetic district, import a folder of files."""

from __future__ import annotations

import argparse


def _declare(parser: argparse.ArgumentParser) -> None:
    """Synthetic district: generate CSV files, import such files through the interface."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    generate = actions.add_parser(
        "generate", help="write a synthetic district as CSV files with a manifest"
    )
    generate.add_argument("--residents", type=int, default=10_000)
    generate.add_argument("--seed", type=int, default=7)
    generate.add_argument("--out", metavar="DIR", help="default: .fivered/district-N-SEED")
    send = actions.add_parser("import", help="import the files of a folder; resumes when run again")
    send.add_argument("folder", metavar="DIR")
    send.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    send.add_argument("--only", metavar="KIND", action="append", help="only this file, e.g. people")
    send.add_argument("--again", action="store_true", help="send also what is in already")
    send.add_argument("--data", help="data folder of the running system; default: look for one")
    send.add_argument(
        "--address", help="address of the gateway, with FIVERED_TOKEN in the environment"
    )


load_command = (_declare, "fivered.clients.load.commands:run")
