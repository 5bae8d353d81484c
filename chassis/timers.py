"""Timers: rows that workers claim. A fired timer acts at its due time, so a worker that was down
changes nothing; its row goes in the transaction of its effect."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from chassis import storage as store
from chassis.bus import SYSTEM, Due

if TYPE_CHECKING:
    from chassis.bus import Tx
    from chassis.runtime import Runtime

log = logging.getLogger("fivered.timers")

TRIES = 5
# The chassis's own kind: arms the recurring timer that its ref names.
ARM = "_arm"


def next_due(runtime: Runtime) -> datetime | None:
    """Return when the next timer is due (domain time)."""
    table = runtime.chassis.timers
    with store.reading(runtime.engine) as conn:
        return conn.execute(sa.select(sa.func.min(table.c.due_at))).scalar()


def fire_due(runtime: Runtime, *, limit: int = 200, until: datetime | None = None) -> int:
    """Fire what is due, oldest first, each in its own transaction. Returns how many fired."""
    fired = 0
    while fired < limit and _fire_one(runtime, until):
        fired += 1
    return fired


def _fire_one(runtime: Runtime, until: datetime | None) -> bool:
    table = runtime.chassis.timers
    with runtime.engine.connect() as conn:
        wall = until or runtime.now()
        wait = sa.or_(table.c.next_try_at.is_(None), table.c.next_try_at <= datetime.now(UTC))
        asked = (
            sa.select(table)
            .where(table.c.due_at <= wall, wait)
            .order_by(table.c.due_at, table.c.kind, table.c.ref)
            .limit(1)
        )
        row = conn.execute(asked).first()
    if row is None:
        return False
    due = Due(row.kind, row.ref, row.due_at, row.data or {})
    try:
        _fire(runtime, due)
    except Exception as error:
        if store.is_outage(error):
            raise
        _fail(runtime, due, row.attempts + 1, error)
    return True


def _fire(runtime: Runtime, due: Due) -> None:
    table = runtime.chassis.timers
    mine = sa.and_(table.c.kind == due.kind, table.c.ref == due.ref, table.c.due_at == due.due_at)
    with runtime.transaction(SYSTEM, now=due.due_at) as tx:
        # Whoever deletes the row fires; a second worker or a moved timer finds nothing.
        if tx.conn.execute(sa.delete(table).where(mine)).rowcount != 1:
            return
        if due.kind == ARM:
            kind = due.ref
            ref, at = runtime.schedules[kind](due.due_at, tx.calendar)
            tx.arm(kind, ref, at)
            return
        if due.kind not in runtime.timers:
            raise LookupError(f"{runtime.name} has no timer {due.kind!r}")
        runtime.fire(tx, due)
        if due.kind in runtime.schedules:
            arm_next(tx, due.kind, due.due_at)


def arm_next(tx: Tx, kind: str, after: datetime) -> None:
    """Arm the next run of a recurring timer.

    If the next run cannot be told, the present one is none the worse for it: that becomes a timer
    of its own, which is tried again, and parked and shown if it fails for good.
    """
    try:
        ref, at = tx.runtime.schedules[kind](after, tx.calendar)
    except Exception:
        log.exception("timer_not_armed", extra={"service": tx.runtime.name, "timer": kind})
        tx.put_timer(Due(ARM, kind, after))
    else:
        tx.arm(kind, ref, at)


def _fail(runtime: Runtime, due: Due, attempts: int, error: BaseException) -> None:
    table, parked = runtime.chassis.timers, runtime.chassis.parked
    mine = sa.and_(table.c.kind == due.kind, table.c.ref == due.ref)
    log.error(
        "timer_failed",
        extra={"service": runtime.name, "timer": due.kind, "ref": due.ref, "why": str(error)},
    )
    with runtime.engine.begin() as conn:
        if attempts < TRIES:
            later = datetime.now(UTC) + timedelta(seconds=min(0.2 * 3**attempts, 60))
            conn.execute(sa.update(table).where(mine).values(attempts=attempts, next_try_at=later))
            return
        conn.execute(sa.delete(table).where(mine))
        conn.execute(
            parked.insert().values(
                handler=f"timer:{due.kind}"[:80],
                source="timer",
                subject=due.ref,
                reason="FAILED",
                error="".join(traceback.format_exception(error))[-4000:],
                attempts=attempts,
                body=msgspec.json.encode(
                    {"kind": due.kind, "ref": due.ref, "due_at": due.due_at, "data": due.data}
                ),
                parked_at=datetime.now(UTC),
                state="PARKED",
            )
        )


def retry_parked_timers(runtime: Runtime) -> int:
    """Arm again the parked timers that an operator marked RETRY. Returns how many."""
    parked = runtime.chassis.parked
    with runtime.engine.begin() as conn:
        rows = conn.execute(
            sa.select(parked).where(parked.c.source == "timer", parked.c.state == "RETRY")
        ).all()
        for row in rows:
            saved = msgspec.json.decode(row.body)
            statement = store.insert(conn, runtime.chassis.timers).values(
                kind=saved["kind"],
                ref=saved["ref"],
                due_at=datetime.fromisoformat(saved["due_at"]),
                data=saved["data"],
                attempts=0,
                next_try_at=None,
            )
            conn.execute(statement.on_conflict_do_nothing())
            conn.execute(
                sa.update(parked)
                .where(parked.c.id == row.id)
                .values(state="DONE", decided_at=datetime.now(UTC))
            )
    return len(rows)
