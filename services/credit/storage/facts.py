"""Facts that can fire rules, as they were told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t


def add(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Store facts; one that is there already is left alone."""
    bulk.insert(conn, t.facts, rows, ignore=True)


def page(
    conn: sa.Connection, since: str, until: str, after: tuple[str, str] | None, limit: int
) -> list[Row]:
    """Return facts of the months from `since` to `until` in the order (month, event id)."""
    row = t.facts.c
    asked = sa.select(t.facts).where(row.period >= since, row.period <= until)
    if after is not None:
        month, event_id = after
        asked = asked.where(
            row.period >= month,
            sa.or_(row.period > month, row.event_id > sa.literal(event_id, row.event_id.type)),
        )
    return records.rows(conn, asked.order_by(row.period, row.event_id).limit(limit))


def count(conn: sa.Connection, since: str, until: str) -> int:
    """Return how many facts those months have."""
    row = t.facts.c
    asked = sa.select(sa.func.count()).where(row.period >= since, row.period <= until)
    return int(conn.execute(asked).scalar() or 0)
