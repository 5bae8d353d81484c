"""Idempotency keys: the same key and request gives the stored reply, and never a second effect.

Kept 30 days, in the transaction of the command itself. A refusal keeps nothing: it changed
nothing, so the same key may be used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from chassis.refusal import IdempotencyMismatch, InFlight, KeyRequired

if TYPE_CHECKING:
    from chassis.bus import Call, Tx

KEEP_DAYS = 30


@dataclass(frozen=True, slots=True)
class Stored:
    """The reply of the first request with a key."""

    reply: Any


def claim(tx: Tx, call: Call, digest: str) -> Stored | None:
    """Take the key for this transaction, or return the reply that it already has.

    Raises:
        KeyRequired: There is no key.
        InFlight: Another transaction holds the key now.
        IdempotencyMismatch: The key belongs to another request.
    """
    if not call.key:
        raise KeyRequired(field="Idempotency-Key")
    table = tx.runtime.chassis.idempotency
    if tx.dialect == "postgresql":
        # A lock that ends with the transaction: waiting on the unique index instead would hold a
        # connection for as long as the first request runs.
        name = f"{call.actor.id}\n{call.key}"
        got = tx.conn.execute(
            sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 5))"), {"name": name}
        ).scalar()
        if not got:
            raise InFlight(field="Idempotency-Key")
    row = tx.conn.execute(
        sa.select(table.c.method, table.c.digest, table.c.reply).where(
            table.c.actor == call.actor.id, table.c.key == call.key
        )
    ).first()
    if row is None:
        return None
    if row.digest != digest or row.method != call.method:
        raise IdempotencyMismatch(field="Idempotency-Key")
    return Stored(row.reply)


def keep(tx: Tx, call: Call, digest: str, reply: Any) -> None:
    """Keep the reply under the key, in the transaction that made it."""
    tx.conn.execute(
        tx.runtime.chassis.idempotency.insert().values(
            actor=call.actor.id,
            key=call.key,
            method=call.method,
            digest=digest,
            reply=reply,
            # Real time: a demonstration clock must not make keys expire.
            created_at=datetime.now(UTC),
        )
    )


def sweep(conn: sa.Connection, table: sa.Table) -> int:
    """Delete keys older than 30 days. Returns how many."""
    old = datetime.now(UTC) - timedelta(days=KEEP_DAYS)
    return conn.execute(sa.delete(table).where(table.c.created_at < old)).rowcount
