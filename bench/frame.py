"""What all parts share: figures with their bounds, progress, credit on a fresh database."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fivered.chassis.messages import Actor
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.services.credit.actions import rule_sets
from fivered.services.credit.service import Credit
from testkit import servers

RULES = "RC-2025.1"
DISTRICT = "370811"
ACTOR = Actor("per_bench", "R_DISTRICT", DISTRICT)
ENVIRON = {"FIVERED_ACTOR_KEY": "k" * 32}
SEED = 20250301
# Enough for a few million rows to be sorted without a thousand files; the rest as it comes.
POSTGRES = "shared_buffers=512MB\nwork_mem=64MB\nmaintenance_work_mem=256MB\nmax_wal_size=8GB"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, and the bound that it is held to, where there is one."""

    name: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def bound(self) -> str:
        if self.least is not None:
            return f">= {self.least:g}"
        return f"<= {self.most:g}" if self.most is not None else ""

    @property
    def met(self) -> bool | None:
        """None where nothing is demanded."""
        if self.least is not None:
            return self.value >= self.least
        return self.value <= self.most if self.most is not None else None


def table(part: str, figures: list[Figure]) -> str:
    lines = []
    for figure in figures:
        value = f"{figure.value:,.0f}" if abs(figure.value) >= 100 else f"{figure.value:,.2f}"
        verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
        lines.append(
            f"{part:11} {figure.name:46} {value:>12} {figure.unit:8} {figure.bound:9} {verdict}"
        )
    return "\n".join(lines)


class Progress:
    """Says on stderr how far a part is: at most once a second, and every line at its end."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._begun = time.monotonic()
        self._same_line = sys.stderr.isatty()

    def __call__(self, text: str, done: int | None = None, total: int | None = None) -> None:
        now = time.monotonic()
        ends = done is None or done == total
        if not ends and now - self._shown < (0.2 if self._same_line else 5):
            return
        self._shown = now
        share = f" {100 * done / total:3.0f} % of {total:,}" if done is not None and total else ""
        line = f"[{now - self._begun:6.1f} s] {text}{share}"
        if self._same_line:
            sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if ends else ""))
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


progress = Progress()


@contextmanager
def private_postgres() -> Iterator[servers.Postgres]:
    """A cluster of our own that forgets everything. It syncs, as a real one does."""
    postgres = servers.Postgres(durable=True, conf=POSTGRES)
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()


def open_credit(url: str) -> Runtime:
    """Open credit on a fresh database with the sample rules published."""
    runtime = Runtime.open(Credit, url, environ=ENVIRON)
    migrate_service(Credit, runtime.engine)
    with runtime.transaction(ACTOR) as tx:
        rule_sets.import_rule_set(tx, rule_sets.ImportRuleSet(RULES))
    return runtime


def fill(runtime: Runtime, statement: str, **values: Any) -> float:
    """Run one filling statement in its own transaction; returns the seconds."""
    begun = time.monotonic()
    with runtime.engine.begin() as conn:
        conn.execute(sa.text(statement), values)
    return time.monotonic() - begun


def analyze(runtime: Runtime) -> None:
    """Give the planner its statistics, as autovacuum would have by then."""
    with runtime.engine.connect() as conn:
        plain = conn.execution_options(isolation_level="AUTOCOMMIT")
        plain.execute(sa.text("VACUUM ANALYZE"))


def count(runtime: Runtime, name: str, where: str = "true") -> int:
    """Return how many rows a table has."""
    with runtime.engine.connect() as conn:
        found = conn.execute(sa.text(f"SELECT count(*) FROM {name} WHERE {where}"))
        return int(found.scalar() or 0)


def median(values: list[float]) -> float:
    return statistics.median(values)


def p95(values: list[float]) -> float:
    """Return what nineteen of twenty values do not exceed."""
    return sorted(values)[(len(values) * 19 - 1) // 20]


def end(*processes: subprocess.Popen[bytes]) -> None:
    """Ask processes to end, and kill what has not ended half a minute later."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def cpu_s(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb() -> float:
    """Return the most memory that this process has held, in MB."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmHWM in /proc/self/status")


def forget_peak() -> None:
    """Let the peak be counted from now on."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
