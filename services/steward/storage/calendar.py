"""Proposed years of the working-day calendar."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.steward.storage.tables import calendar_proposals as proposals


def insert(conn: sa.Connection, **values: object) -> bool:
    """Store a proposal. Returns False when one of the same year waits already."""
    return records.add_new(conn, proposals, **values) is not None


def waiting(conn: sa.Connection) -> list[Row]:
    """Return the proposals that nobody has decided, in the order of their years."""
    asked = sa.select(proposals).where(proposals.c.state == "PROPOSED")
    return records.rows(conn, asked.order_by(proposals.c.year))


def lock(conn: sa.Connection, proposal_id: str) -> Row | None:
    """Return a proposal locked, or None."""
    return records.find(conn, proposals, proposal_id, lock=True)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked proposal, and return it as it is now."""
    return records.update(conn, proposals, row, **values)
