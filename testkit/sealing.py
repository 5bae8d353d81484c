"""Seal days of the audit in a test."""

from __future__ import annotations

from datetime import datetime

from fivered.chassis import audit_seals
from fivered.chassis.runtime import Runtime
from testkit.waiting import wait_until


def sealed(runtime: Runtime, now: datetime, days: int) -> None:
    """Let `days` days be sealed at `now`. A transaction of somebody else on the PostgreSQL server,
    whatever its database, makes them wait a little."""
    done: list[int] = []

    def seal() -> bool:
        done.append(audit_seals.seal(runtime, now=now))
        return sum(done) >= days

    assert wait_until(seal, 30)
    assert sum(done) == days
