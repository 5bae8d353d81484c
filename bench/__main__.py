"""All figures in one table: `python -m bench [part ...] [--quick] [--full]`.

Parts: subscribe, awards, settlement, ledger, sqlite, timers, lists, residents, year,
commands, bus, starts. Without a name all of them run.
`--quick` takes small numbers (about a minute a part); `--full` adds a month of 1,200,000 subjects
and takes a backlog of 1,000,000 events.
The status is 2 when a figure misses its bound, 1 when a server is not installed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from bench import frame
from bench.frame import Figure
from testkit import servers


def _subscribe(given: argparse.Namespace) -> list[Figure]:
    from bench import subscribe

    rates = subscribe.run(given.events or (6_000 if given.quick else 20_000))
    return [
        Figure("stock nameko @event_handler", rates["stock"], "/s"),
        Figure("pika + psycopg by hand", rates["hand"], "/s"),
        Figure("@subscribe", rates["ledger"], "/s"),
        Figure("@subscribe / stock", rates["ledger"] / rates["stock"], "x", least=4),
        Figure("@subscribe / by hand", rates["ledger"] / rates["hand"], "x", least=0.4),
    ]


def _awards(given: argparse.Namespace) -> list[Figure]:
    from bench import awards

    return awards.run(quick=given.quick, events=given.events, rounds=given.rounds)


def _settlement(given: argparse.Namespace) -> list[Figure]:
    from bench import settlement

    found = settlement.run(quick=given.quick, subjects=given.subjects, rounds=given.rounds)
    return found + (settlement.run(full=True) if given.full else [])


def _ledger(given: argparse.Namespace) -> list[Figure]:
    from bench import growth

    return growth.run(quick=given.quick, postings=given.postings)


def _sqlite(given: argparse.Namespace) -> list[Figure]:
    from bench import sqlite

    return sqlite.run(
        quick=given.quick,
        subjects=given.subjects or (10_000 if given.quick else 100_000),
        events=given.events,
    )


def _timers(given: argparse.Namespace) -> list[Figure]:
    from bench import timers

    return timers.run(quick=given.quick, count=given.events)


def _lists(given: argparse.Namespace) -> list[Figure]:
    from bench import lists

    return lists.run(quick=given.quick)


def _residents(given: argparse.Namespace) -> list[Figure]:
    from bench import residents

    return residents.run(quick=given.quick, count=given.subjects)


def _year(given: argparse.Namespace) -> list[Figure]:
    from bench import year

    return year.run(quick=given.quick, count=given.events)


def _commands(given: argparse.Namespace) -> list[Figure]:
    from bench import commands

    return commands.run(quick=given.quick, rounds=given.rounds, events=given.events)


def _bus(given: argparse.Namespace) -> list[Figure]:
    from bench import bus

    return bus.run(quick=given.quick, full=given.full, events=given.events)


def _starts(given: argparse.Namespace) -> list[Figure]:
    from bench import starts

    return starts.run(quick=given.quick)


PARTS: dict[str, Callable[[argparse.Namespace], list[Figure]]] = {
    "subscribe": _subscribe,
    "awards": _awards,
    "settlement": _settlement,
    "ledger": _ledger,
    "sqlite": _sqlite,
    "timers": _timers,
    "lists": _lists,
    "residents": _residents,
    "year": _year,
    "commands": _commands,
    "bus": _bus,
    "starts": _starts,
}


def main() -> int:
    servers.tie_to_make()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small numbers")
    parser.add_argument("--full", action="store_true", help="with 1,200,000 subjects")
    parser.add_argument(
        "--events", type=int, help="of subscribe, awards, sqlite, timers, commands, year"
    )
    parser.add_argument("--subjects", type=int, help="of settlement, sqlite and residents")
    parser.add_argument("--postings", type=int, help="of ledger")
    parser.add_argument("--rounds", type=int, default=3, help="of awards, settlement and commands")
    given = parser.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    parts = given.parts or list(PARTS)
    if set(parts) - {"sqlite", "timers", "lists"}:
        try:
            servers.require()
        except servers.ServerMissing as error:
            print(error, file=sys.stderr)
            return 1
    load = os.getloadavg()[0]
    lines, missed = [], 0
    for part in parts:
        figures = PARTS[part](given)
        missed += sum(figure.met is False for figure in figures)
        lines.append(frame.table(part, figures))
        frame.progress(f"{part} is done")
    print("\n".join(lines))
    print(f"{os.cpu_count()} cores, load {load:.1f} before; ratios hold, absolutes do not.")
    return 2 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
