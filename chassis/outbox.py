"""The outbox: what a transaction says is written with its effect, in its last statement.

On PostgreSQL that one statement also arms the timers that nobody looked for, keeps the reply under
its key, writes the audit row and wakes the relay: a command is little more than its round trips,
and these would be five of them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypedDict

import sqlalchemy as sa

from fivered.chassis import database_errors, many_rows
from fivered.chassis import storage as store
from fivered.chassis.messages import Members

# More events, or timers, than this are written by a statement of their own, before the last
# statement.
_INLINE = 8

_KEPT = ("actor", "key", "method", "digest", "reply", "created_at")
_AUDITED = (
    "at", "actor", "role", "scope", "action", "target", "result", "digest", "trace", "session",
    "address", "refused",
)  # fmt: skip
_Said = Literal[
    "event_id", "fact", "partition", "partitions", "subject", "body", "traceparent", "recorded_at"
]
_SAID: tuple[_Said, ...] = (
    "event_id", "fact", "partition", "partitions", "subject", "body", "traceparent", "recorded_at",
)  # fmt: skip


_Armed = Literal["kind", "ref", "due_at", "data", "attempts", "next_try_at", "since"]
_ARMED: tuple[_Armed, ...] = (
    "kind", "ref", "due_at", "data", "attempts", "next_try_at", "since",
)  # fmt: skip
# What a timer that is armed already takes of the new one.
_MOVED = ("due_at", "data", "attempts", "next_try_at", "since")


class Unsaid(TypedDict):
    """A row of the outbox: an event that leaves with the commit."""

    event_id: str
    fact: str
    partition: int
    partitions: int | None
    subject: str
    body: bytes
    traceparent: str | None
    recorded_at: datetime
    sent_at: None


class Armed(TypedDict):
    """A row of the timers."""

    kind: str
    ref: str
    due_at: datetime
    data: Members
    attempts: int
    next_try_at: None
    since: date | None


class KeyTaken(Exception):
    """Another transaction has kept a reply under this key meanwhile: start again and read it."""


def write(
    conn: sa.Connection,
    tables: store.ChassisTables,
    said: Sequence[Unsaid],
    *,
    armed: Sequence[Armed] = (),
    keep: store.Values | None = None,
    audit: store.Values | None = None,
    wakes: bool = False,
    last: bool = False,
) -> None:
    """End a transaction: write what it said, its timers, the reply under its key and its audit row.

    Args:
        conn: The connection, inside its transaction.
        tables: The chassis's tables.
        said: Rows of the outbox, in the order in which they were said.
        armed: Rows of the timers.
        keep: The row of the key, for a command.
        audit: The audit row, for a command.
        wakes: Whether a worker has to look at what was done, though nothing was said.
        last: Whether the transaction may be committed with it, which spares a round trip.

    Raises:
        KeyTaken: The key has a reply already; the transaction must be rolled back.
    """
    if not store.is_postgresql(conn):
        _write_core(conn, tables, said, armed=armed, keep=keep, audit=audit)
        return
    inline = said if len(said) <= _INLINE else ()
    if said and not inline:
        many_rows.insert(conn, tables.outbox, said)
    timers = armed if len(armed) <= _INLINE else ()
    if armed and not timers:
        arm(conn, tables, armed)
    wakes = wakes or bool(said)
    if not (inline or timers or wakes or keep is not None or audit is not None):
        return
    params: dict[str, object] = {}
    for number, row in enumerate(inline):
        params |= {f"e{number}_{name}": row[name] for name in _SAID}
    for number, due in enumerate(timers):
        params |= {f"t{number}_{name}": due[name] for name in _ARMED}
        params[f"t{number}_data"] = json.dumps(due["data"])
    if keep is not None:
        params |= {f"k_{name}": keep[name] for name in _KEPT}
        params["k_reply"] = None if keep["reply"] is None else json.dumps(keep["reply"])
    if audit is not None:
        params |= {f"a_{name}": audit[name] for name in _AUDITED}
    shape = len(inline), len(timers), keep is not None, audit is not None, wakes
    if last and store.end_with_next(conn):
        try:
            conn.exec_driver_sql(_statement(*shape, strict=True), params)
        except sa.exc.IntegrityError as error:
            if database_errors.broken(error) == tables.idempotency.primary_key.name:
                raise KeyTaken from error
            raise
        return
    kept = conn.exec_driver_sql(_statement(*shape), params).scalar()
    if keep is not None and not kept:
        raise KeyTaken


def arm(conn: sa.Connection, tables: store.ChassisTables, armed: Sequence[Armed]) -> None:
    """Arm timers, by one statement; those that are armed are moved."""
    conn.execute(_arming(tables.timers, conn.dialect.name), list(armed))


@functools.cache
def _arming(timers: sa.Table, dialect: str) -> sa.Executable:
    """Return the statement that arms timers, written once: a month arms thousands."""
    statement = store.insert_of(dialect, timers)
    arming = statement.on_conflict_do_update(
        index_elements=["kind", "ref"],
        set_={**{name: statement.excluded[name] for name in _MOVED}, "days": sa.null()},
    )
    # Since it gives something back, many of them are one statement. SQLite has no way to spare.
    return arming if dialect == "sqlite" else arming.returning(timers.c.ref)


def _write_core(
    conn: sa.Connection,
    tables: store.ChassisTables,
    said: Sequence[Unsaid],
    *,
    armed: Sequence[Armed],
    keep: store.Values | None,
    audit: store.Values | None,
) -> None:
    if armed:
        arm(conn, tables, armed)
    if keep is not None:
        conn.execute(_into(tables.idempotency), keep)
    if audit is not None:
        conn.execute(_into(tables.audit), audit)
    if said:
        conn.execute(_into(tables.outbox), list(said))


@functools.cache
def _into(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@functools.cache
def _statement(
    events: int, timers: int, keep: bool, audit: bool, notify: bool, *, strict: bool = False
) -> str:
    """Return the statement. A strict one fails where the key is taken: its result is not read."""
    parts = []
    if keep:
        unless = "" if strict else " ON CONFLICT DO NOTHING"
        parts.append(_part("kept", "idempotency", _KEPT, ["k"], f"{unless} RETURNING 1"))
    if audit:
        parts.append(_part("audited", "audit", _AUDITED, ["a"]))
    if events:
        parts.append(_part("said", "outbox", _SAID, [f"e{n}" for n in range(events)]))
    if timers:
        moved = ", ".join(f"{name} = excluded.{name}" for name in _MOVED)
        moving = f" ON CONFLICT (kind, ref) DO UPDATE SET {moved}, days = NULL"
        parts.append(_part("armed", "timers", _ARMED, [f"t{n}" for n in range(timers)], moving))
    count = "(SELECT count(*) FROM kept)" if keep else "0"
    wake = f", pg_notify('{store.CHANNEL}', '')" if notify else ""
    head = f"WITH {', '.join(parts)} " if parts else ""
    return f"{head}SELECT {count}{wake}"


_CASTS = {"reply": "::jsonb", "data": "::jsonb", "event_id": "::uuid"}


def _part(
    name: str, table: str, columns: Sequence[str], rows: Sequence[str], ending: str = ""
) -> str:
    values = ", ".join(
        "(" + ", ".join(f"%({row}_{column})s{_CASTS.get(column, '')}" for column in columns) + ")"
        for row in rows
    )
    return f"{name} AS (INSERT INTO {table} ({', '.join(columns)}) VALUES {values}{ending})"
