"""The outbox: what a transaction says is written with its effect, in its last statement.

On PostgreSQL that one statement also keeps the reply under its key, writes the audit row and wakes
the relay: a command is little more than its round trips, and these would be four of eight.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict

import sqlalchemy as sa

from chassis import storage as store

# More events than this are written by SQLAlchemy's own batches, before the last statement.
_INLINE = 8

_KEPT = ("actor", "key", "method", "digest", "reply", "created_at")
_AUDITED = ("at", "actor", "role", "scope", "action", "target", "result", "digest", "trace")
_Said = Literal["event_id", "fact", "partition", "subject", "body", "traceparent", "recorded_at"]
_SAID: tuple[_Said, ...] = (
    "event_id", "fact", "partition", "subject", "body", "traceparent", "recorded_at",
)  # fmt: skip


class Unsaid(TypedDict):
    """A row of the outbox: an event that leaves with the commit."""

    event_id: str
    fact: str
    partition: int
    subject: str
    body: bytes
    traceparent: str | None
    recorded_at: datetime
    sent_at: None


class KeyTaken(Exception):
    """Another transaction has kept a reply under this key meanwhile: start again and read it."""


def write(
    conn: sa.Connection,
    tables: store.ChassisTables,
    said: Sequence[Unsaid],
    *,
    keep: store.Values | None = None,
    audit: store.Values | None = None,
) -> None:
    """End a transaction: write what it said, the reply under its key and its audit row.

    Args:
        conn: The connection, inside its transaction.
        tables: The chassis's tables.
        said: Rows of the outbox, in the order in which they were said.
        keep: The row of the key, for a command.
        audit: The audit row, for a command.

    Raises:
        KeyTaken: The key has a reply already; the transaction must be rolled back.
    """
    if not store.is_postgresql(conn):
        _write_core(conn, tables, said, keep=keep, audit=audit)
        return
    inline = said if len(said) <= _INLINE else ()
    if said and not inline:
        conn.execute(_into(tables.outbox), list(said))
    if not said and keep is None and audit is None:
        return
    params: dict[str, object] = {}
    for number, row in enumerate(inline):
        params |= {f"e{number}_{name}": row[name] for name in _SAID}
    if keep is not None:
        params |= {f"k_{name}": keep[name] for name in _KEPT}
        params["k_reply"] = None if keep["reply"] is None else json.dumps(keep["reply"])
    if audit is not None:
        params |= {f"a_{name}": audit[name] for name in _AUDITED}
    statement = _statement(len(inline), keep is not None, audit is not None, bool(said))
    kept = conn.exec_driver_sql(statement, params).scalar()
    if keep is not None and not kept:
        raise KeyTaken


def _write_core(
    conn: sa.Connection,
    tables: store.ChassisTables,
    said: Sequence[Unsaid],
    *,
    keep: store.Values | None,
    audit: store.Values | None,
) -> None:
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
def _statement(events: int, keep: bool, audit: bool, notify: bool) -> str:
    parts = []
    if keep:
        values = ", ".join(
            f"%(k_{name})s::jsonb" if name == "reply" else f"%(k_{name})s" for name in _KEPT
        )
        parts.append(
            f"kept AS (INSERT INTO idempotency ({', '.join(_KEPT)}) VALUES ({values})"
            " ON CONFLICT DO NOTHING RETURNING 1)"
        )
    if audit:
        values = ", ".join(f"%(a_{name})s" for name in _AUDITED)
        parts.append(f"audited AS (INSERT INTO audit ({', '.join(_AUDITED)}) VALUES ({values}))")
    if events:
        rows = ", ".join(
            "("
            + ", ".join(
                f"%(e{number}_{name})s::uuid" if name == "event_id" else f"%(e{number}_{name})s"
                for name in _SAID
            )
            + ")"
            for number in range(events)
        )
        parts.append(f"said AS (INSERT INTO outbox ({', '.join(_SAID)}) VALUES {rows})")
    count = "(SELECT count(*) FROM kept)" if keep else "0"
    wake = ", pg_notify('fivered_outbox', '')" if notify else ""
    head = f"WITH {', '.join(parts)} " if parts else ""
    return f"{head}SELECT {count}{wake}"
