"""What an installation takes: its memory, what it uses while idle, and how soon it answers.

The whole of it is `make up` without its environment being made: private RabbitMQ and PostgreSQL, a
`serve` and a `work` per service, the gateway. The servers are not counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench import frame
from bench.frame import Figure, progress
from deploy.local import down, up
from fivered.chassis import here
from testkit import servers
from testkit.waiting import wait_until

_PATIENCE_S = 60.0


def run(*, quick: bool = False) -> list[Figure]:
    """Start both forms, look at them, and stop them."""
    return _distributed(10.0 if quick else 60.0) + _embedded()


def _distributed(seconds: float) -> list[Figure]:
    with servers.temporary_folder("bench-") as folder:
        begun = time.monotonic()
        found = up.start(folder, servers.free_port(), tied=True)
        first = time.monotonic() - begun
        pids = [child["pid"] for child in found["children"].values() if child["pid"]]
        try:
            progress("starts: idle")
            time.sleep(5)
            before = sum(map(frame.cpu_s, pids))
            time.sleep(seconds)
            used = sum(map(frame.cpu_s, pids)) - before
            resident, own = _memory_mb(pids)
        finally:
            down.stop(folder)
    return [
        Figure("up: first answer", first, "s", most=15),
        Figure(f"up: {len(pids)} processes, resident", resident, "MB"),
        Figure(f"up: {len(pids)} processes, what they share counted once", own, "MB", most=600),
        Figure(f"up: {len(pids)} idle processes, of a core", used / seconds * 100, "%", most=2),
    ]


def _embedded() -> list[Figure]:
    fivered = str(Path(sys.executable).with_name("fivered"))
    with servers.temporary_folder("bench-") as folder:
        took, resident = [], 0.0
        for _ in range(2):
            begun = time.monotonic()
            process = servers.spawn(
                [fivered, "up", "--demo", "--data", str(folder), "--port", "0"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=os.environ | {"FIVERED_DEMO_DISTRICT": "1"},
            )  # fmt: skip
            try:
                if not wait_until(lambda: here.running(folder) is not None, _PATIENCE_S):
                    raise SystemExit("starts: fivered up has not answered")
                took.append(time.monotonic() - begun)
                time.sleep(8)
                resident, _ = _memory_mb([process.pid])
            finally:
                frame.end(process)
    return [
        Figure("run: first start", took[0], "s"),
        Figure("run: second start", took[1], "s", most=1.5),
        Figure("run: resident, with the demonstration district", resident, "MB", most=180),
    ]


def _memory_mb(pids: list[int]) -> tuple[float, float]:
    """Return what processes hold, and the same with shared pages divided among who shares them."""
    sums = {"Rss": 0, "Pss": 0}
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            name, _, rest = line.partition(":")
            if name in sums:
                sums[name] += int(rest.split()[0])
    return sums["Rss"] / 1024, sums["Pss"] / 1024
