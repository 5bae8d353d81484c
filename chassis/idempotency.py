"""Idempotency keys: the same key and request gives the stored reply, and never a second effect.

Kept 30 days, in the transaction of the command itself. A refusal keeps nothing: it changed
nothing, so the same key may be used again. What a command declares as `unkept` is in no stored
reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.digests import Digest
from fivered.chassis.messages import Call, Members
from fivered.chassis.refusal import IdempotencyMismatch, InFlight, KeyRequired
from fivered.chassis.transaction import Opened, Tx
from fivered.chassis.vault import Keys

KEEP_DAYS = 30


@dataclass(frozen=True, slots=True)
class Stored:
    """The reply of the first request with a key."""

    reply: Members | None


def claim(tx: Tx, call: Call, digest: Digest) -> Stored | None:
    """Take the key for this transaction, or return the reply that it already has.

    What every command must know at its beginning is read by the same statement: the clock, the
    calendar, what the service asks of a caller (`Declared.standing`), and with which key what is
    written of the caller is sealed.

    Raises:
        KeyRequired: There is no key.
        InFlight: Another transaction holds the key now.
        IdempotencyMismatch: The key belongs to another request.
    """
    if not call.key:
        raise KeyRequired(field="Idempotency-Key")
    asked = {"actor": call.actor.id, "key": call.key}
    if tx.dialect == "postgresql":
        asked["name"] = f"{call.actor.id}\n{call.key}"
    row = tx.conn.execute(tx.runtime.look, asked).one()
    tx.opened(row.offset_us, row.years, row.standing)
    if row.handle is not None:
        tx.own_key = call.actor.id, row.handle, row.wrapped
    if not row.got:
        raise InFlight(field="Idempotency-Key")
    if row.method is None:
        return None
    if not digest.names(row.digest) or row.method != call.method:
        raise IdempotencyMismatch(field="Idempotency-Key")
    return Stored(row.reply)


def look(runtime: Opened) -> store.Select:
    """Return the statement that `claim` runs."""
    table, standing = runtime.chassis.idempotency, runtime.service_cls.standing
    # A lock that ends with the transaction: waiting on the unique index instead would hold a
    # connection for as long as the first request runs. The row is read with the lock, in one
    # round trip. Another request may commit its row after the read and before the lock: then our
    # insert meets the unique index. SQLite has one writer.
    got: store.Expression = sa.literal_column("1")
    if runtime.engine.dialect.name == "postgresql":
        name = sa.cast(sa.bindparam("name"), sa.Text)
        got = sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(name, sa.text("5")))
    one = sa.select(sa.literal_column("1").label("one")).subquery()
    kept = sa.and_(table.c.actor == sa.bindparam("actor"), table.c.key == sa.bindparam("key"))
    asks: store.Expression = sa.null() if standing is None else standing
    sources = one.outerjoin(table, kept)
    sealing: tuple[store.Expression, ...] = (sa.null().label("handle"),)
    if isinstance(getattr(runtime.settings, "keys", None), Keys):
        keys = runtime.chassis.person_keys
        sources = sources.outerjoin(keys, keys.c.person_id == sa.bindparam("actor"))
        sealing = (keys.c.handle, keys.c.wrapped)
    return sa.select(
        got.label("got"),
        table.c.method,
        table.c.digest,
        table.c.reply,
        *runtime.time,
        asks.label("standing"),
        *sealing,
    ).select_from(sources)


def row_of(call: Call, digest: str, reply: object) -> store.Values:
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
