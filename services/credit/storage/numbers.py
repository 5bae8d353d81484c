"""Running numbers of documents: one after the other, whoever asks at the same time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from chassis import storage as store


def hold(conn: sa.Connection, prefix: str) -> None:
    """Let others who want a number with this prefix wait until the transaction ends.

    SQLite has one writer; there nobody else can want one.
    """
    if store.is_postgresql(conn):
        key = sa.func.hashtextextended(prefix, 0)
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(key))).all()


def following(conn: sa.Connection, column: sa.Column[Any], prefix: str) -> str:
    """Return the next number that begins with `prefix`."""
    hold(conn, prefix)
    asked = sa.select(sa.func.max(column)).where(column.like(f"{prefix}%"))
    last = conn.execute(asked).scalar()
    return f"{prefix}{int(last[len(prefix) :]) + 1 if last else 1:05d}"
