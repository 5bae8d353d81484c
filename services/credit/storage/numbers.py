"""Running numbers of documents: one after the other, whoever asks at the same time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from chassis import storage as store


def following(conn: sa.Connection, column: sa.Column[Any], prefix: str) -> str:
    """Return the next number that begins with `prefix`.

    On PostgreSQL the prefix is locked until the transaction ends; SQLite has one writer.
    """
    if store.is_postgresql(conn):
        conn.execute(
            sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(prefix, 0)))
        ).all()
    asked = sa.select(sa.func.max(column)).where(column.like(f"{prefix}%"))
    last = conn.execute(asked).scalar()
    return f"{prefix}{int(last[len(prefix) :]) + 1 if last else 1:05d}"
