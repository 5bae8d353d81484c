"""Idempotency keys: the same key and request gives the stored reply, and never a second effect.

Kept 30 days, in the transaction of the command itself. A refusal keeps nothing: it changed
nothing, so the same key may be used again. What a command declares as `unkept` is in no stored
reply.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from chassis.digests import Digest
from chassis.messages import Call
from chassis.refusal import IdempotencyMismatch, InFlight, KeyRequired
from chassis.transaction import Tx

KEEP_DAYS = 30


@dataclass(frozen=True, slots=True)
class Stored:
    """The reply of the first request with a key."""

    reply: Any


def claim(tx: Tx, call: Call, digest: Digest) -> Stored | None:
    """Take the key for this transaction, or return the reply that it already has.

    Raises:
        KeyRequired: There is no key.
        InFlight: Another transaction holds the key now.
        IdempotencyMismatch: The key belongs to another request.
    """
    if not call.key:
        raise KeyRequired(field="Idempotency-Key")
    found = _look_postgresql(tx, call) if tx.dialect == "postgresql" else _look(tx, call)
    if found is None:
        return None
    method, known, reply = found
    if not digest.names(known) or method != call.method:
        raise IdempotencyMismatch(field="Idempotency-Key")
    return Stored(reply)


def _look(tx: Tx, call: Call) -> tuple[str, str, Any] | None:
    asked = {"actor": call.actor.id, "key": call.key}
    row = tx.conn.execute(_kept(tx.runtime.chassis.idempotency), asked).first()
    return None if row is None else (row.method, row.digest, row.reply)


@functools.cache
def _kept(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.method, table.c.digest, table.c.reply).where(
        table.c.actor == sa.bindparam("actor"), table.c.key == sa.bindparam("key")
    )


# A lock that ends with the transaction: waiting on the unique index instead would hold a
# connection for as long as the first request runs. The row is read with the lock, in one round
# trip; a row that was kept in the blink between both is met by the index when ours is kept.
_LOCK_AND_LOOK = """
SELECT pg_try_advisory_xact_lock(hashtextextended(%(name)s, 5)), method, digest, reply::text
FROM (VALUES (1)) AS one LEFT JOIN idempotency ON actor = %(actor)s AND key = %(key)s
"""


def _look_postgresql(tx: Tx, call: Call) -> tuple[str, str, Any] | None:
    got, method, digest, reply = tx.conn.exec_driver_sql(
        _LOCK_AND_LOOK,
        {"name": f"{call.actor.id}\n{call.key}", "actor": call.actor.id, "key": call.key},
    ).one()
    if not got:
        raise InFlight(field="Idempotency-Key")
    if method is None:
        return None
    return method, digest, None if reply is None else json.loads(reply)


def row_of(call: Call, digest: str, reply: Any) -> dict[str, Any]:
    """Return the row that keeps a reply under its key, for the transaction that made it."""
    return {
        "actor": call.actor.id,
        "key": call.key,
        "method": call.method,
        "digest": digest,
        "reply": reply,
        # Real time: a demonstration clock must not make keys expire.
        "created_at": datetime.now(UTC),
    }


def sweep(conn: sa.Connection, table: sa.Table) -> int:
    """Delete keys older than 30 days. Returns how many."""
    old = datetime.now(UTC) - timedelta(days=KEEP_DAYS)
    return conn.execute(sa.delete(table).where(table.c.created_at < old)).rowcount
