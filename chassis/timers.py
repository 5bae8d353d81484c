"""Timers: rows that workers claim. A fired timer acts at its due time, so a worker that was down
changes nothing; its row goes in the transaction of its effect. Those that are late fire in sets:
one transaction, and one call where the method takes several."""

from __future__ import annotations

import functools
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy as sa

from fivered.chassis import database_errors, metrics, telemetry
from fivered.chassis import storage as store
from fivered.chassis.messages import SYSTEM, Due
from fivered.chassis.pace import SET
from fivered.chassis.transaction import Opened, Tx

log = logging.getLogger("fivered.timers")

TRIES = 5
# The chassis's own kind: arms the recurring timer that its ref names.
ARM = "_arm"
# How every release says that it does not know a kind.
_UNKNOWN = "has no timer"


# The statements that every look at the clock runs: writing one costs more than to run it.


@functools.cache
def _first_due(timers: sa.Table) -> store.Select:
    return sa.select(sa.func.min(timers.c.due_at))


@functools.cache
def _due(timers: sa.Table) -> store.Select:
    tried = timers.c.next_try_at
    return (
        sa.select(timers)
        .where(
            timers.c.due_at <= sa.bindparam("wall"),
            sa.or_(tried.is_(None), tried <= sa.bindparam("now")),
        )
        .order_by(timers.c.due_at, timers.c.kind, timers.c.ref)
        .limit(sa.bindparam("size", type_=sa.Integer))
    )


@functools.cache
def _taking(timers: sa.Table, stand: store.Expression, *, locks: bool) -> sa.Executable:
    """Return the statement that takes timers out and tells which years are loaded."""
    tried = timers.c.next_try_at
    # One list per column: a list of pairs takes longer to build than the set takes to act. What
    # it names beside the set is due as well.
    named = (
        timers.c.kind.in_(sa.bindparam("kinds", expanding=True)),
        timers.c.ref.in_(sa.bindparam("refs", expanding=True)),
        timers.c.due_at <= sa.bindparam("last"),
        sa.or_(tried.is_(None), tried <= sa.bindparam("now")),
    )
    taking = sa.delete(timers)
    if locks:
        own = (timers.c.kind, timers.c.ref)
        free = sa.select(*own).where(*named).with_for_update(skip_locked=True)
        taking = taking.where(sa.tuple_(*own).in_(free))
    else:
        taking = taking.where(*named)
    return taking.returning(timers, stand.label("years"))


def stand_of(runtime: Opened) -> store.Select:
    """Return the statement that tells a host all it must know before it acts: the clock, when the
    next timer is due, whether something parked is to be tried again, whether a job waits."""
    parked, jobs = runtime.chassis.parked, runtime.chassis.jobs
    due = _first_due(runtime.chassis.timers).scalar_subquery()
    marked = sa.exists().where(parked.c.state == "RETRY")
    # As `jobs` takes them up: also what a worker has left that is gone.
    forsaken = sa.and_(jobs.c.state == "RUNNING", jobs.c.lease_until < sa.bindparam("wall"))
    queued = sa.exists().where(sa.or_(jobs.c.state == "QUEUED", forsaken))
    return sa.select(
        *runtime.time, due.label("due_at"), marked.label("retries"), queued.label("queued")
    )


@dataclass(frozen=True, slots=True)
class Stand:
    """What waits in a service.

    Attributes:
        now: The domain time.
        due_at: When the next timer is due.
        retries: Something parked is to be tried again.
        queued: A job waits.
    """

    now: datetime
    due_at: datetime | None
    retries: bool
    queued: bool


def look(runtime: Opened, stand: store.Select) -> Stand:
    """Read how a service stands, by one statement.

    Args:
        runtime: The service.
        stand: Its `stand_of`, which the host keeps.
    """
    asked = {"wall": datetime.now(UTC)}
    with store.glancing(runtime.engine) as conn:
        row = conn.execute(stand, asked).one()
    now = runtime.now_with(row.offset_us or 0)
    return Stand(now, row.due_at, bool(row.retries), bool(row.queued))


def next_due(runtime: Opened) -> datetime | None:
    """Return when the next timer is due (domain time)."""
    with store.reading(runtime.engine) as conn:
        return conn.execute(_first_due(runtime.chassis.timers)).scalar()


def fire_due(
    runtime: Opened,
    *,
    limit: int = SET,
    until: datetime | None = None,
    waits: Callable[[], bool] = lambda: False,
) -> int:
    """Fire what is due, oldest first, in sets of one transaction each. Returns how many fired.

    Args:
        runtime: The service.
        limit: Most timers that fire before this returns.
        until: The domain time up to which they are due; now, where it is not given.
        waits: Whether somebody waits for the database, and goes before the next set.
    """
    fired = 0
    pace = runtime.timer_pace
    while fired < limit:
        size = min(limit - fired, pace.size, SET)
        begun = time.thread_time()
        done = _fire_set(runtime, until or runtime.now(), size)
        if done == 0:
            break
        pace.took(done, time.thread_time() - begun)
        fired += done
        if waits():
            break
    return fired


def _fire_set(runtime: Opened, wall: datetime, size: int) -> int:
    rows = due_until(runtime, wall, size)
    return fire_rows(runtime, rows) if rows else 0


def due_until(runtime: Opened, wall: datetime, size: int = SET) -> list[store.Row]:
    """Return the timers that are due at an instant, oldest first. Looking takes no lock: nothing is
    due most of the time."""
    asked = {"wall": wall, "now": datetime.now(UTC), "size": size}
    with store.reading(runtime.engine) as conn:
        return store.rows(conn, _due(runtime.chassis.timers), asked)


def fire_rows(runtime: Opened, rows: Sequence[store.Row]) -> int:
    """Fire some timers in one transaction; where that fails, halves of them, until the one at fault
    is alone. Returns how many were dealt with."""
    try:
        return _fire(runtime, rows)
    except Exception as error:
        if database_errors.is_outage(error):
            raise
        if len(rows) == 1:
            row = rows[0]
            due = Due(row.kind, row.ref, row.due_at, row.data or {})
            _fail(runtime, due, row.attempts + 1, error)
            return 1
    half = len(rows) // 2
    return fire_rows(runtime, rows[:half]) + fire_rows(runtime, rows[half:])


def _fire(runtime: Opened, rows: Sequence[store.Row]) -> int:
    """Fire timers in their order. Returns how many this transaction has dealt with."""
    with (
        telemetry.doing(f"{runtime.name} timers", "internal", None) as span,
        runtime.transaction(SYSTEM, now=rows[0].due_at, traceparent=span.header) as tx,
    ):
        dues = _claim(tx, rows)
        at = 0
        while at < len(dues):
            if tx.armed_before(dues[at].due_at):
                # What was armed just now comes first: the rest fires after it.
                _put_back(tx, dues[at:])
                break
            group = _group(tx, dues, at)
            at += len(group)
            _act(tx, [due for due in group if not tx.has_set(due)])
    metrics.FIRED[runtime.name].inc(at)
    # Others had claimed all of them: that is no reason to look at once again.
    return at if dues else len(rows)


def _claim(tx: Tx, rows: Sequence[store.Row]) -> list[Due]:
    """Delete the rows: the worker whose DELETE affects a row fires it. A timer that was moved out
    of the set's time, or that another worker has, is left alone."""
    runtime = tx.runtime
    asked = {
        "kinds": list({row.kind for row in rows}),
        "refs": list({row.ref for row in rows}),
        "last": rows[-1].due_at,
        "now": datetime.now(UTC),
    }
    locks = tx.dialect == "postgresql"
    taking = _taking(runtime.chassis.timers, runtime.years.stand, locks=locks)
    found = store.rows(tx.conn, taking, asked)
    if found:
        tx.opened(None, found[0].years)
        tx.begin_timers()
    dues = [Due(row.kind, row.ref, row.due_at, row.data or {}) for row in found]
    return sorted(dues, key=lambda due: (due.due_at, due.kind, due.ref))


def _put_back(tx: Tx, dues: Sequence[Due]) -> None:
    tx.put_timers([due for due in dues if not tx.has_set(due)])


def _group(tx: Tx, dues: Sequence[Due], at: int) -> Sequence[Due]:
    """Return the timers from `at` on that their method takes together."""
    first = dues[at]
    span = tx.runtime.timers_together.get(first.kind)
    if span is None:
        return dues[at : at + 1]
    end = at + 1
    while (
        end < len(dues) and dues[end].kind == first.kind and dues[end].due_at - first.due_at < span
    ):
        end += 1
    return dues[at:end]


def _act(tx: Tx, dues: list[Due]) -> None:
    if not dues:
        return
    runtime, first = tx.runtime, dues[0]
    tx.at(first.due_at)
    if first.kind == ARM:
        ref, at = runtime.schedules[first.ref](first.due_at, tx.calendar)
        tx.arm(first.ref, ref, at)
        return
    if first.kind not in runtime.timers:
        raise LookupError(f"{runtime.name} {_UNKNOWN} {first.kind!r}")
    if first.kind in runtime.timers_together:
        runtime.fire(tx, first.kind, dues)
        return
    runtime.fire(tx, first.kind, first)
    if first.kind in runtime.schedules:
        arm_next(tx, first.kind, first.due_at)


def armed_kinds(tx: Tx) -> set[str]:
    """Return the kinds of recurring timers that are armed, or are to be."""
    tx.write_timers()
    timers = tx.runtime.chassis.timers
    kinds = tuple(tx.runtime.schedules)
    asked = sa.select(timers.c.kind, timers.c.ref).where(timers.c.kind.in_((*kinds, ARM)))
    return {row.ref if row.kind == ARM else row.kind for row in tx.conn.execute(asked.distinct())}


def arm_next(tx: Tx, kind: str, after: datetime) -> None:
    """Arm the next run of a recurring timer.

    If the next run cannot be told, the present one is none the worse for it: that becomes a timer
    of its own, which is tried again, and parked and shown if it fails for good.
    """
    try:
        ref, at = tx.runtime.schedules[kind](after, tx.calendar)
    except Exception:
        log.exception("timer_not_armed", extra={"service": tx.runtime.name, "timer": kind})
        tx.put_timers([Due(ARM, kind, after)])
    else:
        tx.arm(kind, ref, at)


def _fail(runtime: Opened, due: Due, attempts: int, error: BaseException) -> None:
    table, parked = runtime.chassis.timers, runtime.chassis.parked
    mine = sa.and_(table.c.kind == due.kind, table.c.ref == due.ref)
    metrics.TIMER_FAILURES[runtime.name].inc()
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


def take_up(runtime: Opened, who: str) -> int:
    """Mark RETRY the timers that were parked because the release that ran here did not know their
    kind, and this one does. Returns how many.

    Args:
        runtime: The service.
        who: This release; what it has tried already stays.
    """
    parked = runtime.chassis.parked
    kinds = [f"timer:{kind}"[:80] for kind in (*runtime.timers, ARM)]
    unknown = (
        sa.select(parked.c.id)
        .where(parked.c.source == "timer", parked.c.state == "PARKED")
        .where(parked.c.handler.in_(kinds), parked.c.error.contains(_UNKNOWN))
        .where(parked.c.decided_by.is_distinct_from(who))
    )
    with store.reading(runtime.engine) as conn:
        # There is seldom any, and who only looks commits nothing.
        if conn.execute(unknown.limit(1)).first() is None:
            return 0
    retried = sa.update(parked).where(parked.c.id.in_(unknown))
    with runtime.engine.begin() as conn:
        return conn.execute(retried.values(state="RETRY", decided_by=who)).rowcount


def retry_parked_timers(runtime: Opened) -> int:
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
