"""Running numbers of documents: one after the other, also when several ask at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fivered.chassis import storage as store

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx


def following(tx: Tx, column: store.Column, kind: str, area: str) -> str:
    """Return the next number of a kind of document in an area's day, which is today's.

    Args:
        tx: The transaction.
        column: Where the numbers of such documents stand.
        kind: How their numbers begin: YY for YY-20250305-015901-00001.
        area: Its last six digits are used.
    """
    prefix = f"{kind}-{tx.calendar.local_date(tx.now):%Y%m%d}-{area[-6:]}-"
    store.hold(tx.conn, prefix)
    asked = sa.select(sa.func.max(column)).where(column.like(f"{prefix}%"))
    last = tx.conn.execute(asked).scalar()
    return f"{prefix}{int(last[len(prefix) :]) + 1 if last else 1:05d}"
