"""A long night: the accept times of 20,000 requests run out at once, embedded, while people file
new ones.

The stock is one request through the real door, copied by SQL with what belongs to it; then the
clock is moved and the embedded host begins. A writer's thread serves commands and timers alike.
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import quantiles
from typing import Any

from bench import frame
from bench.frame import Figure, progress
from fivered.chassis import timers
from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.messages import Actor, Call, new_uuid
from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import COMMUNITY, GRID, STW_STAFF, WANG, Ground
from testkit import servers
from testkit.bench import instant, open_bench

# Filed within an hour and a half; all of them are late when the host begins.
NIGHT = "2025-03-03T12:59"
COPY = {
    "requests": ("request_id", "number", "due_accept"),
    "request_clocks": ("request_id", "due_at"),
    "request_timeline": ("request_id",),
    "timers": ("ref", "due_at"),
}


def _fill(runtime: Any, request_id: str, count: int) -> None:
    series = "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < :n)"
    for table, changed in COPY.items():
        progress(f"timers: {table}")
        columns = [
            column.name
            for column in runtime.service_cls.tables.tables[table].c
            if not (column.name == "id" and table.startswith("request_"))
        ]
        values = {
            "request_id": "'req_' || printf('%08d', g.n)",
            "ref": "'req_' || printf('%08d', g.n)",
            "number": "'B-' || g.n",
            "due_at": "CASE WHEN {when} THEN strftime('%Y-%m-%d %H:%M:%f000', t.due_at,"
            " '+' || (g.n * 5400 / :n) || ' seconds') ELSE t.due_at END",
            "due_accept": "strftime('%Y-%m-%d %H:%M:%f000', t.due_accept,"
            " '+' || (g.n * 5400 / :n) || ' seconds')",
        }
        when = "t.kind = 'REQ_ACCEPT'" if table == "timers" else "t.which = 'ACCEPT'"
        chosen = [
            values[name].format(when=when) if name in changed else f't."{name}"' for name in columns
        ]
        names = ", ".join(f'"{name}"' for name in columns)
        key = "ref" if table == "timers" else "request_id"
        frame.fill(
            runtime,
            f"INSERT INTO {table} ({names}) {series} SELECT {', '.join(chosen)}"
            f" FROM g JOIN {table} t ON t.{key} = :id",
            n=count,
            id=request_id,
        )


def run(*, quick: bool = False, count: int | None = None) -> list[Figure]:
    """Fill, move the clock, and measure the drain and the commands meanwhile."""
    count = count or (2_000 if quick else 20_000)
    with servers.temporary_folder("bench-") as folder:
        url = f"sqlite:///{folder / 'steward.sqlite'}"
        bench = open_bench(Steward, url, FIVERED_SYNTHETIC="1")
        ground = Ground(bench).begin()
        ground.staff()
        ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
        made = ground.submit()
        _fill(bench.runtime, made["id"], count)
        bench.runtime.fixed_now = instant(NIGHT)
        host = EmbeddedHost({"steward": bench.runtime})
        waits: list[float] = []
        for writer in host.writers.values():
            writer.start()
        begun, spent = time.monotonic(), time.process_time()
        try:
            while (due := timers.next_due(bench.runtime)) is not None and due <= instant(NIGHT):
                waits.append(_file(host, len(waits)))
                time.sleep(0.05)
            seconds, spent = time.monotonic() - begun, time.process_time() - spent
        finally:
            host.stop()
    return [
        Figure(f"{count:,} missed accept times", seconds, "s", most=60),
        Figure("of them the process's own time", spent, "s"),
        Figure(
            "p95 of a request filed meanwhile", quantiles(waits, n=20)[-1] * 1000, "ms", most=200
        ),
        Figure("longest", max(waits) * 1000, "ms"),
        idle(quick=quick),
    ]


def idle(*, quick: bool = False) -> Figure:
    """Measure what `fivered up` takes of a core while nobody asks for anything."""
    seconds = 20.0 if quick else 60.0
    with servers.temporary_folder("bench-") as folder:
        command = [
            sys.executable,
            "-m",
            "fivered.chassis.cli",
            "up",
            "--data",
            str(folder),
            "--port",
            "0",
        ]
        process = servers.spawn(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while not (folder / "running.json").exists():
                time.sleep(0.1)
            time.sleep(10)
            progress("timers: idle")
            before = frame.cpu_s(process.pid)
            time.sleep(seconds)
            used = frame.cpu_s(process.pid) - before
        finally:
            process.terminate()
            process.wait(20)
    return Figure("idle embedded process, of a core", used / seconds * 100, "%", most=2)


def _file(host: EmbeddedHost, number: int) -> float:
    body = {
        "channel": "APP",
        "kind": "HELP",
        "category": "NEIGHBOUR_DISPUTE",
        "grid": GRID,
        "text": f"夜间噪声,第 {number} 次",
        "external_ref": f"bench-{number}",
    }
    call = Call("submit_request", body, Actor(WANG, "R_RESIDENT", COMMUNITY), new_uuid())
    begun = time.monotonic()
    answer = host.submit("steward", call).result(60)
    if "ok" not in answer:
        raise RuntimeError(str(answer)[:500])
    return time.monotonic() - begun
