"""What waits in a service's database, read when Prometheus asks.

One process per service reads it: its worker. A reading is a few statements in one snapshot, none
of which takes more than two seconds; it is told for five seconds, a service's own for a minute.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from fivered.chassis import history, metrics, webhooks, years
from fivered.chassis import storage as store
from fivered.chassis.messages import SYSTEM
from fivered.chassis.metrics import Sample, gauge
from fivered.chassis.reconnect import tell_outage
from fivered.chassis.runtime import Runtime
from fivered.chassis.transaction import Tx

log = logging.getLogger("fivered.gauges")

WAITING_KEPT_S, OWN_KEPT_S = 5.0, 60.0
_LONGEST_MS = 2000
# Where not even the database's own limit holds, for it does not answer at all, the page goes on.
_PATIENCE_S = 3.0
# A backlog is counted up to here: beyond it the number changes nothing for anybody.
_MOST = 100_000
LATE = timedelta(minutes=1)

READABLE = gauge(
    "fivered_database_readable",
    "1 while the figures of a part could be read within two seconds, 0 while not",
    "service",
    "part",
)
WRITABLE = gauge(
    "fivered_database_writable", "0 on a standby, or where it was set to read only", "service"
)
UNSENT = gauge(
    "fivered_outbox_unsent_events",
    f"Events that wait to be sent, at most {_MOST}; 0 in one process",
    "service",
)
OLDEST = gauge(
    "fivered_outbox_oldest_age_seconds", "How long the oldest of them has waited", "service"
)
PARKED = gauge(
    "fivered_parked_deliveries", "Events and timers that wait for an operator", "service", "reason"
)
TIMERS_LATE = gauge(
    "fivered_timers_late",
    f"Timers that are due for over a minute, at most {_MOST}",
    "service",
)
TIMERS_OLDEST = gauge(
    "fivered_timers_oldest_late_seconds", "For how long the oldest timer is due", "service"
)
JOBS = gauge("fivered_jobs", "Jobs that wait or run", "service", "state")
CALENDAR = gauge(
    "fivered_calendar_remaining_days",
    "Days until the last day for which working days are known",
    "service",
)
WEBHOOKS_PAUSED = gauge(
    "fivered_webhooks_paused",
    "Webhooks that were paused because the receiver is gone or took nothing for three days",
    "service",
)
WEBHOOK_OLDEST = gauge(
    "fivered_webhook_oldest_undelivered_seconds",
    "How long the oldest event waits that an active webhook has still to be told",
    "service",
)

LINK_UP = gauge(
    "fivered_bus_connected", "1 while the link to the broker can do its work", "service", "link"
)
LINK_BLOCKED = gauge(
    "fivered_bus_blocked", "1 while the broker is in an alarm and takes nothing", "service", "link"
)
QUEUED = gauge(
    "fivered_queue_waiting_events",
    "Events that wait in the queues that this worker holds, beside those that it was given",
    "service",
    "source",
)
RELAY_ACTIVE = gauge(
    "fivered_relay_active", "1 in the worker whose relay sends, 0 where it stands by", "service"
)
HELD_KEYS = gauge(
    "fivered_relay_held_keys",
    "Routing keys whose events wait: returned (no queue), refused (full)",
    "service",
    "reason",
)
HELD_QUEUES = gauge(
    "fivered_worker_leases", "Queues at which this worker comes first: its share", "service"
)

REASONS = ("FAILED", "BEHIND", "SCHEMA", "UNREADABLE", "UNKNOWN_FACT")


class Reading:
    """A source of gauges that are read in one snapshot of a service's database.

    Args:
        runtime: The service.
        part: What they are, as `fivered_database_readable` names it.
        ask: Reads them.
        kept_s: For how long one reading is told (s).
    """

    def __init__(
        self,
        runtime: Runtime,
        part: str,
        ask: Callable[[Tx], Iterable[Sample]],
        kept_s: float,
    ) -> None:
        self._runtime, self._part, self._ask, self._kept_s = runtime, part, ask, kept_s
        self._lock = threading.Lock()
        self._away: Sample = (READABLE, (runtime.name, part), 0.0)
        self._kept: list[Sample] = [self._away]
        self._until = 0.0
        self._reader: threading.Thread | None = None

    def __call__(self) -> Iterable[Sample]:
        """Return the figures; while they cannot be read only that. Returns within three seconds,
        whatever the database does."""
        with self._lock:
            # A reading that has not come back is waited for, not begun again.
            if self._reader is None and time.monotonic() >= self._until:
                name = f"gauges-{self._runtime.name}-{self._part}"
                self._reader = threading.Thread(target=self._renew, name=name, daemon=True)
                self._reader.start()
            reader = self._reader
        if reader is not None:
            reader.join(_PATIENCE_S)
            if reader.is_alive():
                return [self._away]
        return self._kept

    def _renew(self) -> None:
        try:
            self._kept, keep_s = self._read()
            self._until = time.monotonic() + keep_s
        finally:
            self._reader = None

    def _read(self) -> tuple[list[Sample], float]:
        runtime = self._runtime
        name = (runtime.name, self._part)
        try:
            with runtime.snapshot(SYSTEM) as tx:
                if store.is_postgresql(tx.conn):
                    tx.conn.execute(sa.text(f"SET LOCAL statement_timeout = {_LONGEST_MS}"))
                found = list(self._ask(tx))
        except sa.exc.SQLAlchemyError as error:
            tell_outage(log, "gauges_not_read", error, service=runtime.name)
            return [self._away], WAITING_KEPT_S
        return [(READABLE, name, 1.0), *found], self._kept_s


def waiting(runtime: Runtime) -> Reading:
    """Return what waits in a service, read at most every five seconds."""
    return Reading(runtime, "waiting", read, WAITING_KEPT_S)


def own(runtime: Runtime) -> Reading:
    """Return the service's own figures, which may look at whole tables, once a minute."""
    return Reading(runtime, "own", runtime.instance().gauges, OWN_KEPT_S)


def read(tx: Tx) -> Iterator[Sample]:
    """Read what waits: unsent events, parked ones, late timers, jobs; and the calendar's end."""
    name = (tx.runtime.name,)
    yield WRITABLE, name, float(store.takes_writes(tx.conn))
    yield from _outbox(tx)
    yield from _parked(tx)
    yield from _timers(tx)
    yield from _jobs(tx)
    yield from _webhooks(tx)
    outlook = years.outlook(tx.calendar, tx.now)
    yield CALENDAR, name, float(outlook["days_left"])


def _outbox(tx: Tx) -> Iterator[Sample]:
    name, outbox = (tx.runtime.name,), tx.runtime.chassis.outbox
    unsent, age = 0, 0.0
    # In one process the consumers read the outbox itself: nothing has to leave.
    if store.is_postgresql(tx.conn):
        waits = outbox.c.sent_at.is_(None)
        unsent = _count(tx, sa.select(outbox.c.id).where(waits))
        asked = sa.select(outbox.c.recorded_at).where(waits).order_by(outbox.c.id).limit(1)
        oldest = tx.conn.execute(asked).scalar()
        age = max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0
    yield UNSENT, name, float(unsent)
    yield OLDEST, name, age


def _parked(tx: Tx) -> Iterator[Sample]:
    parked = tx.runtime.chassis.parked.c
    rows = tx.conn.execute(
        sa.select(parked.reason, sa.func.count())
        .where(parked.state.in_(("PARKED", "RETRY")))
        .group_by(parked.reason)
    )
    counts = dict.fromkeys(REASONS, 0) | {row[0]: int(row[1]) for row in rows}
    for reason, count in counts.items():
        yield PARKED, (tx.runtime.name, reason), float(count)


def _timers(tx: Tx) -> Iterator[Sample]:
    name, due_at = (tx.runtime.name,), tx.runtime.chassis.timers.c.due_at
    late = _count(tx, sa.select(due_at).where(due_at <= tx.now - LATE))
    oldest = tx.conn.execute(sa.select(sa.func.min(due_at))).scalar()
    age = max(0.0, (tx.now - oldest).total_seconds()) if oldest else 0.0
    yield TIMERS_LATE, name, float(late)
    yield TIMERS_OLDEST, name, age


def _jobs(tx: Tx) -> Iterator[Sample]:
    state = tx.runtime.chassis.jobs.c.state
    for one in ("QUEUED", "RUNNING"):
        yield JOBS, (tx.runtime.name, one), float(_count(tx, sa.select(state).where(state == one)))


def _webhooks(tx: Tx) -> Iterator[Sample]:
    name, table = (tx.runtime.name,), tx.runtime.chassis.webhooks
    yield WEBHOOKS_PAUSED, name, float(len(webhooks.paused(tx)))
    behind = sa.select(sa.func.min(table.c.position)).where(table.c.state == webhooks.ACTIVE)
    position, age = tx.conn.execute(behind).scalar(), 0.0
    if position is not None:
        facts = webhooks.public_facts(tx.runtime)
        page = history.page(tx.conn, tx.runtime.chassis, position, facts, limit=1)
        for waits in page.items:
            age = max(0.0, (datetime.now(UTC) - waits.recorded_at).total_seconds())
    yield WEBHOOK_OLDEST, name, age


def _count(tx: Tx, asked: store.Select) -> int:
    some = asked.limit(_MOST).subquery()
    return int(tx.conn.execute(sa.select(sa.func.count()).select_from(some)).scalar() or 0)


def watch(runtime: Runtime) -> Callable[[], None]:
    """Let this process tell what waits in a service, and begin each of its counters at zero: an
    alarm on growth does not see a series that begins with one.

    Returns:
        What ends that.
    """
    name = runtime.name
    metrics.OUTAGES[name].inc(0)
    metrics.FIRED[name].inc(0)
    metrics.TIMER_FAILURES[name].inc(0)
    for source in runtime.reads_of:
        for result in metrics.HEARD_RESULTS:
            metrics.HEARD[name, source, result].inc(0)
    if webhooks.is_on(runtime.process):
        for outcome in metrics.WEBHOOK_OUTCOMES:
            metrics.WEBHOOK_DELIVERIES[name, outcome].inc(0)
    if runtime.job_doors:
        for state in metrics.JOB_ENDS:
            metrics.JOBS_ENDED[name, state].inc(0)
    ends = [metrics.READ.add(waiting(runtime)), metrics.READ.add(own(runtime))]

    def end() -> None:
        for one in ends:
            one()

    return end
