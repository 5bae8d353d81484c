"""The inbox: a batch of events takes effect exactly once, whatever the wire does.

`deliver` is the one path of both hosts. It reads the bytes, drops what was heard before, calls the
methods and commits once. A batch that fails is halved until the event at fault is alone; that one
is tried again and then parked, and later events of its aggregate are parked behind it, so that
order is kept and nobody else waits.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TypedDict, cast

import msgspec
import sqlalchemy as sa

from fivered.chassis import database_errors, metrics, telemetry
from fivered.chassis import envelope as env
from fivered.chassis import storage as store
from fivered.chassis.messages import SYSTEM, Event, is_uuid
from fivered.chassis.reconnect import tell_fault, tell_outage
from fivered.chassis.transaction import Opened, Tx

log = logging.getLogger("fivered.inbox")

# Waits before the second, third and fourth try of an event that failed alone, in seconds.
RETRY_WAITS_S = (0.05, 0.3, 1.5)

# How long a consumer remembers what it has heard: what is told again after it takes effect twice.
KEEP = timedelta(days=120)

_PARKING_LOCK = 5_170_003
# What another release may be able to read.
_UNREAD = ("UNKNOWN_FACT", "SCHEMA")


@dataclass(slots=True)
class Delivery:
    """One message as it came off the wire or out of a source's outbox."""

    body: bytes
    source: str
    partition: int
    position: int = 0
    traceparent: str | None = None


@dataclass(slots=True)
class _Item:
    heard: Event
    method: str
    body: bytes


@dataclass(slots=True)
class _Bad:
    delivery: Delivery
    reason: str
    error: str
    envelope: env.Envelope | None


class Outage(Exception):
    """The database cannot be reached now: the host waits and delivers the same batch again."""


def log_failure(to: logging.Logger, error: Exception, fault: str, **of: str) -> None:
    """Log why a turn of a host failed: an outage in one line, anything else with its traceback;
    what fails again and again is a line a minute.

    Args:
        to: The host's log.
        error: What was raised; called while it is handled.
        fault: The event that is logged where it is no outage.
        of: Whose turn it was.
    """
    if isinstance(error, Outage) or database_errors.is_outage(error):
        tell_outage(to, "storage_outage", error, **of)
    else:
        tell_fault(to, fault, error, **of)


def deliver(
    runtime: Opened,
    deliveries: Sequence[Delivery],
    *,
    pause: Callable[[float], None],
    also: Callable[[Tx], None] | None = None,
) -> int:
    """Take a batch of one source into effect.

    Args:
        runtime: The subscriber.
        deliveries: In the order of arrival.
        pause: Waits some seconds while the host keeps its connection alive.
        also: Work for the same transaction (the embedded cursor).

    Returns:
        Number of events that took effect now (not heard before, not parked).

    Raises:
        Outage: Nothing has changed; deliver again later.
    """
    items: list[_Item] = []
    bad: list[_Bad] = []
    done = 0
    try:
        for delivery in deliveries:
            _read(runtime, delivery, items, bad)
            if bad:
                # What came before takes effect first, so that it is not parked behind this one.
                done += _apply(runtime, items, pause, None) if items else 0
                items.clear()
                _park_unreadable(runtime, bad.pop())
        if items or also is not None:
            done += _apply(runtime, items, pause, also)
    except sa.exc.SQLAlchemyError as error:
        if database_errors.is_outage(error):
            raise Outage(str(error)) from error
        raise
    return done


# As every producer of ours writes it; whatever else is one is looked at more closely.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _read(
    runtime: Opened,
    delivery: Delivery,
    items: list[_Item],
    bad: list[_Bad],
) -> None:
    try:
        envelope = env.decode(delivery.body)
        if not (_UUID.fullmatch(envelope.id) or is_uuid(envelope.id)):
            raise env.Unreadable(f"id {envelope.id!r} is no UUID - at `$.id`")  # noqa: TRY301  one place for all
        said_by = delivery.source
        if envelope.source != f"/fivered/{said_by}" or not envelope.type.startswith(f"{said_by}."):
            # Only who it is from may say it: the broker sees to the exchange, this to the words.
            raise env.Unreadable(f"{envelope.source!r} spoke as {said_by} - at `$.source`")  # noqa: TRY301  one place for all
        sequence = int(envelope.sequence)
    except (env.Unreadable, ValueError) as error:
        bad.append(_Bad(delivery, "UNREADABLE", str(error), None))
        return
    reader = runtime.reads_of.get(delivery.source, {}).get(envelope.fact)
    if reader is None:
        known = ", ".join(sorted(runtime.reads_of.get(delivery.source, {})))
        bad.append(_Bad(delivery, "UNKNOWN_FACT", f"{envelope.type} is none of {known}", envelope))
        return
    try:
        data = reader.decoder.decode(envelope.data)
    except msgspec.ValidationError as error:
        bad.append(_Bad(delivery, "SCHEMA", str(error), envelope))
        return
    heard = Event(
        id=envelope.id,
        fact=envelope.fact,
        source=delivery.source,
        subject=envelope.subject,
        occurred_at=envelope.time,
        recorded_at=envelope.recordedat,
        sequence=sequence,
        scope=envelope.scope,
        period=envelope.period,
        actor_id=envelope.actorid,
        actor_role=envelope.actorrole,
        correlation_id=envelope.correlationid,
        partition=delivery.partition,
        data=data,
        # The position of its publication; where it was not sent, that of the deed.
        traceparent=delivery.traceparent or envelope.traceparent,
    )
    items.append(_Item(heard, reader.method, delivery.body))


def _apply(
    runtime: Opened,
    items: list[_Item],
    pause: Callable[[float], None],
    also: Callable[[Tx], None] | None,
) -> int:
    """Apply in one transaction, or halve. `also` runs in the transaction of the last part."""
    try:
        return _once(runtime, items, also)
    except Exception as error:
        if database_errors.is_outage(error):
            raise
        if not items:
            raise
        if len(items) == 1:
            return _alone(runtime, items[0], pause, also, error)
        log.warning(
            "batch_failed", extra={"service": runtime.name, "size": len(items), "why": str(error)}
        )
    half = len(items) // 2
    return _apply(runtime, items[:half], pause, None) + _apply(runtime, items[half:], pause, also)


def _alone(
    runtime: Opened,
    item: _Item,
    pause: Callable[[float], None],
    also: Callable[[Tx], None] | None,
    error: BaseException,
) -> int:
    for wait in RETRY_WAITS_S:
        pause(wait)
        try:
            return _once(runtime, [item], also)
        except Exception as again:
            if database_errors.is_outage(again):
                raise
            error = again
    with runtime.engine.begin() as conn:
        why, attempts = _explain(error), len(RETRY_WAITS_S) + 1
        _park(conn, runtime, item, reason="FAILED", error=why, attempts=attempts)
    metrics.HEARD[runtime.name, item.heard.source, "parked"].inc()
    log.error(
        "event_parked",
        extra={
            "service": runtime.name,
            "event_id": item.heard.id,
            "handler": item.method,
            "why": str(error),
        },
    )
    if also is not None:
        _once(runtime, [], also)
    return 0


def _explain(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]


def _once(runtime: Opened, items: list[_Item], also: Callable[[Tx], None] | None) -> int:
    with _effects(runtime.name, items) as followed:
        return _told(runtime, followed, also)


@contextmanager
def _effects(service: str, items: list[_Item]) -> Iterator[list[_Item]]:
    """Tell of each event of a batch that it is taken into effect; they share a transaction."""
    if not telemetry.recording():
        yield items
        return
    with ExitStack() as stack:
        followed = []
        for item in items:
            heard = item.heard
            span = stack.enter_context(
                telemetry.doing(
                    f"{service} hears {heard.source}.{heard.fact}",
                    "consumer",
                    heard.traceparent,
                    messaging__system="rabbitmq",
                    messaging__message__id=heard.id,
                    messaging__batch__message_count=len(items),
                )
            )
            followed.append(replace(item, heard=replace(heard, traceparent=span.header)))
        yield followed


def _told(runtime: Opened, items: list[_Item], also: Callable[[Tx], None] | None) -> int:
    with runtime.transaction(SYSTEM) as tx:
        began = _Began(tx)
        fresh, parked = _entered(tx, runtime, items)
        for method, run in groupby(fresh, key=lambda item: item.method):
            runtime.consume(tx, method, [item.heard for item in run])
        if also is not None:
            also(tx)
    if items:
        _measure(runtime.name, items, fresh, parked, began)
    return len(fresh)


class _Began:
    """When a transaction began, so that its end is known in domain time without a question."""

    def __init__(self, tx: Tx) -> None:
        self._domain = tx.recorded_at.timestamp()
        self._since = time.perf_counter()

    def now(self) -> float:
        return self._domain + time.perf_counter() - self._since


def _measure(
    service: str, items: list[_Item], fresh: list[_Item], parked: int, began: _Began
) -> None:
    """Count a batch whose transaction has committed, and how long its events were on their way."""
    source, duplicates = items[0].heard.source, len(items) - len(fresh) - parked
    # An event says its recording in domain time, as all times.
    now = began.now()
    metrics.EFFECT_SECONDS[service, source].add(
        *(max(0.0, now - item.heard.recorded_at.timestamp()) for item in fresh)
    )
    metrics.HEARD[service, source, "effect"].inc(len(fresh))
    metrics.HEARD[service, source, "duplicate"].inc(duplicates)
    metrics.HEARD[service, source, "parked"].inc(parked)


def _entered(tx: Tx, runtime: Opened, items: list[_Item]) -> tuple[list[_Item], int]:
    """Enter events into the inbox, apart from those that have to wait behind a parked one. Returns
    those that were not there, in order, and how many were parked."""
    if not items:
        return [], 0
    methods = {item.method for item in items}
    if len(methods) == 1 and tx.dialect == "postgresql":
        # Nearly always nothing is parked, and all are for one method: one question, not two.
        method = methods.pop()
        asked = {
            "source": items[0].heard.source,
            "handler": method,
            "ids": list(dict.fromkeys(item.heard.id for item in items)),
            "now": datetime.now(UTC),
        }
        found = tx.conn.execute(_PG_ENTER_FREE, asked).scalars().all()
        if None not in found:
            return _in_order(items, {(method, event_id) for event_id in found}), 0
    wanted, parked = _set_behind(tx, runtime, items)
    return _first_time(tx, wanted), parked


def _set_behind(tx: Tx, runtime: Opened, items: list[_Item]) -> tuple[list[_Item], int]:
    """Park the events whose aggregate has one parked before them; return the others, and how many
    were parked."""
    table = runtime.chassis.parked
    source = items[0].heard.source
    if not _stuck(tx.conn, table, source):
        return items, 0
    # The transaction that retries the last parked event and the one that parks the next behind
    # it must see each other, or that one would wait for a turn that has passed.
    _hold_parking(tx.conn, source)
    stuck = _stuck(tx.conn, table, source)
    behind = [item for item in items if (item.method, item.heard.subject) in stuck]
    if not behind:
        return items, 0
    parked = 0
    known = {
        row.event_id
        for row in tx.conn.execute(
            sa.select(table.c.event_id).where(
                table.c.source == source, table.c.state.in_(("PARKED", "RETRY"))
            )
        )
    }
    heard_before = set(_known(tx, behind))
    for item in behind:
        if item.heard.id not in known and (item.method, item.heard.id) not in heard_before:
            known.add(item.heard.id)
            parked += 1
            why = "an earlier event of its subject is parked"
            _park(tx.conn, runtime, item, reason="BEHIND", error=why, attempts=0)
    return [item for item in items if (item.method, item.heard.subject) not in stuck], parked


def _stuck(conn: sa.Connection, table: sa.Table, source: str) -> set[tuple[str, str]]:
    found = conn.execute(_waiting(table), {"source": source})
    return {(row.handler, row.subject) for row in found}


@functools.cache
def _waiting(parked: sa.Table) -> store.Select:
    # Written once: it is asked before every batch.
    return (
        sa.select(parked.c.handler, parked.c.subject)
        .where(parked.c.source == sa.bindparam("source"), parked.c.state.in_(("PARKED", "RETRY")))
        .distinct()
    )


def _hold_parking(conn: sa.Connection, source: str) -> None:
    """Have the parking place of one source alone until the transaction ends.

    Two workers may share a source's partitions; SQLite has one writer anyway.
    """
    if store.is_postgresql(conn):
        conn.execute(
            sa.text("SELECT pg_advisory_xact_lock(:class, hashtext(:source))"),
            {"class": _PARKING_LOCK, "source": source},
        )


def _known(tx: Tx, items: Iterable[_Item]) -> list[tuple[str, str]]:
    table = tx.runtime.chassis.inbox
    ids = [item.heard.id for item in items]
    rows = tx.conn.execute(
        sa.select(table.c.handler, table.c.event_id).where(table.c.event_id.in_(ids))
    )
    return [(row.handler, row.event_id) for row in rows]


def _first_time(tx: Tx, items: list[_Item]) -> list[_Item]:
    """Enter the events into the inbox; return those that were not there, in order."""
    if not items:
        return []
    by_method: dict[str, list[str]] = {}
    for item in items:
        by_method.setdefault(item.method, []).append(item.heard.id)
    now = datetime.now(UTC)
    fresh: set[tuple[str, str]] = set()
    for method, ids in by_method.items():
        fresh.update((method, event_id) for event_id in enter(tx, method, ids, now))
    return _in_order(items, fresh)


def _in_order(items: list[_Item], fresh: set[tuple[str, str]]) -> list[_Item]:
    found = []
    for item in items:
        key = (item.method, item.heard.id)
        if key in fresh:
            # The same event twice in one batch takes effect once.
            fresh.discard(key)
            found.append(item)
    return found


_PG_ENTER = sa.text(
    "INSERT INTO inbox (handler, event_id, heard_at)"
    " SELECT :handler, unnest(CAST(:ids AS uuid[])), :now"
    " ON CONFLICT DO NOTHING RETURNING CAST(event_id AS text)"
)
# Enters nothing, and answers NULL, where something of the source is parked.
_PG_ENTER_FREE = sa.text(
    "WITH stuck AS (SELECT 1 FROM parked"
    " WHERE source = :source AND state IN ('PARKED', 'RETRY') LIMIT 1),"
    " entered AS (INSERT INTO inbox (handler, event_id, heard_at)"
    " SELECT :handler, unnest(CAST(:ids AS uuid[])), :now WHERE NOT EXISTS (SELECT 1 FROM stuck)"
    " ON CONFLICT DO NOTHING RETURNING CAST(event_id AS text))"
    " SELECT event_id FROM entered UNION ALL SELECT NULL FROM stuck"
)
_SQLITE_ENTER = sa.text(
    "INSERT INTO inbox (handler, event_id, heard_at)"
    " SELECT :handler, value, :now FROM json_each(:ids) WHERE true"
    " ON CONFLICT DO NOTHING RETURNING event_id"
)


def enter(tx: Tx, handler: str, event_ids: list[str], now: datetime) -> list[str]:
    """Insert (handler, event id) pairs; return the ids that were new."""
    if tx.dialect == "postgresql":
        rows = tx.conn.execute(
            _PG_ENTER, {"handler": handler, "ids": list(dict.fromkeys(event_ids)), "now": now}
        )
        return list(rows.scalars().all())
    packed = json.dumps([event_id.replace("-", "") for event_id in event_ids])
    stamp = now.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    rows = tx.conn.execute(_SQLITE_ENTER, {"handler": handler, "ids": packed, "now": stamp})
    return [_dashed(row[0]) for row in rows]


def _dashed(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


# --------------------------------------------------------------------------------------------------
# Parking


def _park(
    conn: sa.Connection, runtime: Opened, item: _Item, *, reason: str, error: str, attempts: int
) -> None:
    conn.execute(
        runtime.chassis.parked.insert().values(
            handler=item.method,
            source=item.heard.source,
            partition=item.heard.partition,
            event_id=item.heard.id,
            fact=item.heard.fact,
            subject=item.heard.subject,
            reason=reason,
            error=error,
            attempts=attempts,
            body=item.body,
            parked_at=datetime.now(UTC),
            state="PARKED",
        )
    )


def _park_unreadable(runtime: Opened, bad: _Bad) -> None:
    delivery, envelope = bad.delivery, bad.envelope
    table = runtime.chassis.parked
    fact = envelope.fact if envelope else None
    reader = runtime.reads_of.get(delivery.source, {}).get(fact or "")
    with runtime.engine.begin() as conn:
        same = sa.select(table.c.id).where(
            table.c.source == delivery.source,
            table.c.body == delivery.body,
            table.c.state == "PARKED",
        )
        if conn.execute(same).first():
            return
        conn.execute(
            table.insert().values(
                handler=reader.method if reader else "",
                source=delivery.source,
                partition=delivery.partition,
                event_id=envelope.id[:64] if envelope else None,
                fact=fact[:80] if fact else None,
                subject=envelope.subject[:200] if envelope else None,
                reason=bad.reason,
                error=bad.error,
                attempts=1,
                body=delivery.body,
                parked_at=datetime.now(UTC),
                state="PARKED",
            )
        )
    metrics.HEARD[runtime.name, delivery.source, "parked"].inc()
    log.error(
        "message_parked", extra={"service": runtime.name, "reason": bad.reason, "why": bad.error}
    )


def retry_parked(runtime: Opened, source: str, *, partitions: Sequence[int] | None = None) -> int:
    """Try again what an operator marked RETRY, oldest first. Returns how many took effect.

    Any worker may call it, also while batches of the same source are delivered: the parking place
    is held for each event, so that nothing overtakes.
    """
    table = runtime.chassis.parked
    done = 0
    while True:
        asked = (
            sa.select(table)
            .where(table.c.source == source, table.c.state == "RETRY")
            .order_by(table.c.id)
            .limit(1)
        )
        if partitions is not None:
            asked = asked.where(table.c.partition.in_(partitions))
        with store.reading(runtime.engine) as conn:
            row = store.first(conn, asked)
        if row is None:
            return done
        done += _retry_one(runtime, row)


def _retry_one(runtime: Opened, row: store.Row) -> int:
    table = runtime.chassis.parked
    items: list[_Item] = []
    bad: list[_Bad] = []
    _read(runtime, Delivery(row.body, row.source, row.partition or 0), items, bad)
    try:
        if bad:
            raise ValueError(f"{bad[0].reason}: {bad[0].error}")  # noqa: TRY301  ends as a fault does
        with _effects(runtime.name, items) as items, runtime.transaction(SYSTEM) as tx:
            began = _Began(tx)
            _hold_parking(tx.conn, row.source)
            still = sa.select(table.c.state).where(table.c.id == row.id)
            if tx.conn.execute(still).scalar() != "RETRY":
                return 0
            fresh = _first_time(tx, items)
            for item in fresh:
                runtime.consume(tx, item.method, [item.heard])
            _settle(tx.conn, table, row, "DONE")
    except Exception as error:
        if database_errors.is_outage(error):
            raise Outage(str(error)) from error
        with runtime.engine.begin() as conn:
            conn.execute(
                sa.update(table)
                .where(table.c.id == row.id, table.c.state == "RETRY")
                .values(state="PARKED", attempts=row.attempts + 1, error=_explain(error))
            )
        return 0
    _measure(runtime.name, items, fresh, 0, began)
    return 1


def _settle(conn: sa.Connection, table: sa.Table, row: store.Row, state: str) -> None:
    """End one parked row and let the next of its aggregate be tried."""
    conn.execute(
        sa.update(table)
        .where(table.c.id == row.id)
        .values(state=state, decided_at=datetime.now(UTC))
    )
    if row.subject is None:
        return
    following = (
        sa.select(sa.func.min(table.c.id))
        .where(
            table.c.source == row.source,
            table.c.handler == row.handler,
            table.c.subject == row.subject,
            table.c.state == "PARKED",
            table.c.reason == "BEHIND",
        )
        .scalar_subquery()
    )
    conn.execute(sa.update(table).where(table.c.id == following).values(state="RETRY"))


def take_up(runtime: Opened, who: str) -> int:
    """Mark RETRY the events that were parked because the release that ran here could not read them,
    and this one can. Returns how many.

    Args:
        runtime: The service.
        who: This release; what it has tried already stays.
    """
    table = runtime.chassis.parked
    # A worker of the other release that runs beside this one may have been the one that tried.
    still_unread = sa.or_(*(table.c.error.contains(f"ValueError: {why}: ") for why in _UNREAD))
    unread = (
        sa.select(table.c.id, table.c.source, table.c.fact)
        .where(table.c.state == "PARKED", table.c.reason.in_(_UNREAD))
        .where(sa.or_(table.c.decided_by.is_distinct_from(who), still_unread))
        .order_by(table.c.id)
    )
    with store.reading(runtime.engine) as conn:
        waiting = {row.id: (row.source, row.fact) for row in store.rows(conn, unread)}
        tried = _tried_now(runtime, waiting)
        # One after the other: what many of them hold together may be much.
        asked = [store.first(conn, sa.select(table).where(table.c.id == one)) for one in tried]
    taken = 0
    for row in filter(None, asked):
        items: list[_Item] = []
        _read(runtime, Delivery(row.body, row.source, row.partition or 0), items, [])
        if not items:
            continue
        # A worker of the other release may park it again.
        del runtime.unread[row.id]
        with runtime.engine.begin() as conn:
            _hold_parking(conn, row.source)
            # What comes later of its subject waits behind it from now on.
            marked = sa.update(table).where(table.c.id == row.id, table.c.state == "PARKED")
            taken += conn.execute(
                marked.values(state="RETRY", handler=items[0].method, decided_by=who)
            ).rowcount
    return taken


def _tried_now(runtime: Opened, waiting: Mapping[int, tuple[str, str | None]]) -> list[int]:
    """Return which parked events this process has not tried to read yet with the reader that it has
    for them: what it cannot read now it never can. They are tried by that."""
    readers = {
        one: runtime.reads_of.get(source, {}).get(fact or "")
        for one, (source, fact) in waiting.items()
    }
    known = runtime.unread
    fresh = [one for one, reader in readers.items() if one not in known or known[one] is not reader]
    runtime.unread = readers
    return fresh


class Parked(TypedDict):
    """An event that waits for an operator."""

    id: int
    parked_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    state: str
    source: str
    event_id: str | None
    fact: str | None
    subject: str | None
    handler: str | None
    partition: int | None
    reason: str
    error: str
    attempts: int
    body: bytes


def parked_rows(runtime: Opened, *, all_states: bool = False) -> list[Parked]:
    """Return what is parked, oldest first."""
    table = runtime.chassis.parked
    asked = sa.select(table).order_by(table.c.id)
    if not all_states:
        asked = asked.where(table.c.state.in_(("PARKED", "RETRY")))
    with store.reading(runtime.engine) as conn:
        return [cast("Parked", dict(row)) for row in conn.execute(asked).mappings()]


def mark_parked(runtime: Opened, ids: Sequence[int], state: str, who: str) -> int:
    """Mark parked rows RETRY or DROPPED. Returns how many were changed."""
    table = runtime.chassis.parked
    changed = 0
    with runtime.engine.begin() as conn:
        for row_id in ids:
            waiting = table.c.state.in_(("PARKED", "RETRY"))
            row = store.first(conn, sa.select(table).where(table.c.id == row_id, waiting))
            if row is None:
                continue
            _hold_parking(conn, row.source)
            changed += 1
            conn.execute(
                sa.update(table).where(table.c.id == row_id).values(state=state, decided_by=who)
            )
            if state == "DROPPED":
                _settle(conn, table, row, "DROPPED")
        store.notify(conn)
    return changed
