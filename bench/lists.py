"""Lists of requests in a database ten times as large: the same page takes the same time.

The stock is one request through the real door, copied; each list is asked for in both databases
in turns, and the medians are compared.
"""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import frame
from bench.frame import Figure, progress
from fivered.services.steward.service import Steward
from fivered.services.steward.storage.tables import requests
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    OTHER_CADRE,
    STAFF,
    STW_STAFF,
    WANG,
    Ground,
)
from testkit import servers
from testkit.bench import Bench, open_bench

# Of ten: most are closed, as in any year; a few are open, and every steward has a dozen.
STATES = ("CLOSED",) * 7 + ("RATED", "DISPATCHED", "ACCEPTED")
IN_HAND = 100
ROUNDS = 30
LISTS: dict[str, tuple[str, dict[str, Any], tuple[str, str, str]]] = {
    "a community's": ("requests", {}, ("R_CADRE", OTHER_CADRE, COMMUNITY)),
    "what is open": ("requests", {"open": True}, ("R_CADRE", OTHER_CADRE, COMMUNITY)),
    "a grid's": ("requests", {}, ("R_GRID", OTHER_CADRE, GRID)),
    "the district's": ("requests", {}, ("R_DISTRICT", OTHER_CADRE, "370811")),
    "queue": ("queue", {}, ("R_CADRE", OTHER_CADRE, COMMUNITY)),
    "workbench": ("workbench", {}, ("R_STEWARD", STAFF, GRID)),
    "a resident's own": ("requests", {}, ("R_RESIDENT", WANG, COMMUNITY)),
}


def _filled(folder: Path, count: int) -> Bench:
    bench = open_bench(Steward, f"sqlite:///{folder / f'{count}.sqlite'}", FIVERED_SYNTHETIC="1")
    ground = Ground(bench).begin()
    ground.staff()
    ground.submit()
    with bench.transaction() as tx:
        row = tx.conn.execute(sa.select(requests)).one()._asdict()
        for begin in range(0, count, 1000):
            progress("lists: filling", begin, count)
            tx.conn.execute(
                requests.insert(),
                [
                    row
                    | {
                        "request_id": f"req_{n:06d}",
                        "number": f"B-{n}",
                        "state": STATES[n % len(STATES)],
                        "reporter_id": WANG if n < IN_HAND else f"per_{n}",
                        "handler": STW_STAFF if n < IN_HAND else f"stw_{n % 97}",
                        "handler_person": STAFF if n < IN_HAND else f"per_{n % 97}",
                        "created_at": bench.now - timedelta(minutes=n),
                    }
                    for n in range(begin, begin + 1000)
                ],
            )
    return bench


def _asked(bench: Bench, name: str) -> float:
    method, body, (role, person, scope) = LISTS[name]
    bench.as_(role, person=person, scope=scope)
    begun = time.perf_counter()
    bench.ask(method, body)
    return time.perf_counter() - begun


def run(*, quick: bool = False) -> list[Figure]:
    """Ask for each list in both databases, in turns."""
    few, many = (200, 2_000) if quick else (2_000, 20_000)
    few = max(few, 1000)
    figures = []
    with servers.temporary_folder("bench-") as folder:
        small, large = _filled(folder, few), _filled(folder, many)
        for name in LISTS:
            times: dict[int, list[float]] = {few: [], many: []}
            for _ in range(ROUNDS):
                for count, bench in ((few, small), (many, large)):
                    times[count].append(_asked(bench, name))
            before, after = (frame.median(times[count]) for count in (few, many))
            figures += [
                Figure(f"{name}, {many:,} requests", after * 1000, "ms"),
                Figure(f"{name}, {many:,} / {few:,}", after / before, "x", most=1.3),
            ]
        small.runtime.close()
        large.runtime.close()
    return figures
