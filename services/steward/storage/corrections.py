"""What people say is wrong in the register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.storage.tables import corrections


def correction(conn: sa.Connection, correction_id: str) -> Row | None:
    """Return a proposal, or None."""
    asked = sa.select(corrections).where(corrections.c.correction_id == correction_id)
    return records.first(conn, asked)


def known(conn: sa.Connection, correction_id: str) -> Row:
    """Return a proposal that is there."""
    return records.locked(conn, corrections, correction_id)


def open_of(conn: sa.Connection, person_id: str) -> int:
    """Return how many proposals of a person wait for a decision."""
    asked = sa.select(sa.func.count()).where(
        corrections.c.person_id == person_id, corrections.c.state == "ASKED"
    )
    return int(conn.execute(asked).scalar_one())


def end(conn: sa.Connection, person_ids: Sequence[str], at: datetime) -> None:
    """End the proposals of a person who is erased, under every id."""
    conn.execute(
        sa.update(corrections)
        .where(corrections.c.person_id.in_(person_ids), corrections.c.state == "ASKED")
        .values(state="ENDED", decided_at=at, version=corrections.c.version + 1)
    )


def insert(conn: sa.Connection, **values: object) -> Row:
    """Insert a proposal, and return it."""
    return records.add(conn, corrections, **values)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a proposal, and return it as it is now."""
    return records.update(conn, corrections, row, **values)


def listed(
    conn: sa.Connection,
    scope: str | None,
    person_id: str,
    state: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return proposals, oldest first: those of an area, or, without one, those of a person."""
    asked = sa.select(corrections)
    if scope is None:
        asked = asked.where(corrections.c.person_id == person_id)
    else:
        asked = asked.where(store.within(corrections.c.area, scope))
    if state is not None:
        asked = asked.where(corrections.c.state == state)
    return records.page(conn, asked, part, (corrections.c.created_at, corrections.c.correction_id))
