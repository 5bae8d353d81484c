"""Conditions on places, and a part of a list: what the statements about every table share."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis.storage import Expression, within
from fivered.services.forum.storage.tables import residents


def near(column: Expression, area: str) -> sa.ColumnElement[bool]:
    """Return the condition that a code is of an area that holds another one, or lies in it."""
    above = [area[:digits] for digits in (6, 9, 12, 15) if digits <= len(area)]
    return sa.or_(column.in_(above), within(column, area))


def lives_within(area: str) -> sa.ColumnElement[bool]:
    """Return the condition that a resident lives in an area; an index on the community is used."""
    community = within(residents.c.community, area[:12])
    return community if len(area) <= 12 else sa.and_(community, residents.c.grid == area)


def part_of(
    conn: Connection,
    table: sa.Table,
    part: records.PartOfList,
    *where: sa.ColumnElement[bool],
    newest_first: bool = False,
    at: str = "created_at",
) -> records.Page:
    """Return a part of a table's rows in the order (created_at, id).

    Args:
        conn: The connection.
        table: Which rows.
        part: Which part of them.
        where: What holds of each.
        newest_first: Whether the order is from the newest to the oldest.
        at: The column that stands for `created_at`.
    """
    asked = sa.select(table).where(*where)
    by = (table.c[at], records.key_of(table))
    sorts = {"due_at": table.c.due_at} if "due_at" in table.c else None
    return records.page(conn, asked, part, by, newest_first=newest_first, sorts=sorts)
