"""Rows whose time is over."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from services.steward.storage.tables import person_reads, reveal_counts


def is_any(conn: sa.Connection, before: datetime, day: date) -> bool:
    """Tell whether there is anything to delete."""
    # They were written in the order of their numbers.
    oldest = conn.execute(
        sa.select(person_reads.c.at).order_by(person_reads.c.id).limit(1)
    ).scalar()
    counted = conn.execute(sa.select(sa.func.min(reveal_counts.c.day))).scalar()
    return bool((oldest and oldest < before) or (counted and counted < day))


def drop(conn: sa.Connection, before: datetime, day: date, limit: int) -> tuple[int, int]:
    """Delete so many reads from before an instant, the oldest first, and the counts from before a
    day. Returns how many there were of each."""
    some = (
        sa.select(person_reads.c.id)
        .where(person_reads.c.at < before)
        .order_by(person_reads.c.id)
        .limit(limit)
    )
    reads = conn.execute(sa.delete(person_reads).where(person_reads.c.id.in_(some)))
    counts = conn.execute(sa.delete(reveal_counts).where(reveal_counts.c.day < day))
    return reads.rowcount, counts.rowcount
