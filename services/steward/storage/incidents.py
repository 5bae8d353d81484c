"""Outages, works and faults that property has announced."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.steward.storage.tables import known_incidents as t


def keep(conn: sa.Connection, said: Mapping[str, object], grids: Sequence[str]) -> bool:
    """Keep what is said of an announcement, unless something newer is known; tells whether."""
    mine = t.c.incident_id == said["incident_id"]
    known = conn.execute(sa.select(sa.func.max(t.c.sequence)).where(mine)).scalar()
    if known is not None and known >= int(str(said["sequence"])):
        return False
    conn.execute(sa.delete(t).where(mine))
    records.add_all(conn, t, [{**said, "grid": grid, "over": False} for grid in sorted(set(grids))])
    return True


def end(conn: sa.Connection, incident_id: str, sequence: int) -> bool:
    """Let an announcement be over; tells whether it was not yet."""
    done = conn.execute(
        sa.update(t)
        .where(t.c.incident_id == incident_id, t.c.sequence < sequence)
        .values(over=True, sequence=sequence)
    )
    return bool(done.rowcount)


def running(
    conn: sa.Connection, grid: str, at: datetime, kinds: Collection[str] | None = None
) -> list[Row]:
    """Return what goes on in a grid at an instant, of these kinds, oldest first: until it is said
    to be over, also beyond the end that was announced."""
    asked = sa.select(t).where(t.c.grid == grid, t.c.over.is_(False), t.c.starts_at <= at)
    if kinds is not None:
        asked = asked.where(t.c.kind.in_(sorted(kinds)))
    return records.rows(conn, asked.order_by(t.c.starts_at, t.c.incident_id))
