"""One row, and a part of a list: what the statements about every table have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from chassis import records
from chassis import storage as store
from services.forum.storage.tables import residents

# A row as it was read, or as it is after a change.
Row = Mapping[str, Any]


def rows_of(conn: Connection, asked: sa.Executable) -> list[Row]:
    """Return all rows of a query."""
    return [cast("Row", row) for row in conn.execute(asked).mappings()]


def row_of(conn: Connection, asked: sa.Executable) -> Row | None:
    """Return the first row of a query, or None."""
    return cast("Row | None", conn.execute(asked).mappings().first())


def within(column: sa.ColumnElement[Any], area: str) -> sa.ColumnElement[bool]:
    """Return the condition that a code lies in an area: a range of an index, not a pattern."""
    if not area:
        return sa.true()
    # The next code of the same size ends the range of those that begin with `area`. Digits sort
    # alike under every collation.
    return sa.and_(column >= area, column < str(int(area) + 1).zfill(len(area)))


def near(column: sa.ColumnElement[Any], area: str) -> sa.ColumnElement[bool]:
    """Return the condition that a code is of an area that holds another one, or lies in it."""
    above = [area[:digits] for digits in (6, 9, 12, 15) if digits <= len(area)]
    return sa.or_(column.in_(above), within(column, area))


def find(conn: Connection, table: sa.Table, row_id: str, *, lock: bool = False) -> Row | None:
    """Return a row by its id, or None; see `records.find`."""
    row = records.find(conn, table, row_id, lock=lock)
    return None if row is None else records.values_of(row)


def locked(conn: Connection, table: sa.Table, row_id: str) -> Row:
    """Return a row by its id, locked until the transaction ends.

    Raises:
        NotFound: There is none.
    """
    return records.values_of(records.locked(conn, table, row_id))


def known(conn: Connection, table: sa.Table, row_id: str, *, lock: bool = False) -> Row:
    """Return a row that our own rows point at.

    Raises:
        LookupError: It is gone, which no action of ours can bring about.
    """
    return records.values_of(records.known(conn, table, row_id, lock=lock))


def lives_within(area: str) -> sa.ColumnElement[bool]:
    """Return the condition that a resident lives in an area; an index on the community is used."""
    community = within(residents.c.community, area[:12])
    return community if len(area) <= 12 else sa.and_(community, residents.c.grid == area)


def add_new(conn: Connection, table: sa.Table, **values: Any) -> bool:
    """Insert one row unless its key is taken. Returns whether it was new."""
    statement = store.insert(conn, table).values(**values).on_conflict_do_nothing()
    # The count of affected rows is not told alike by both drivers; what comes back is.
    return conn.execute(statement.returning(records.key_of(table))).first() is not None


def change(conn: Connection, table: sa.Table, row: Mapping[str, Any], **values: Any) -> Row:
    """Change a row that the caller has locked; its version goes up by one. Returns it as it is."""
    key = records.key_of(table)
    conn.execute(
        sa.update(table).where(key == row[key.name]).values(version=row["version"] + 1, **values)
    )
    return {**row, **values, "version": row["version"] + 1}


def part_of(
    conn: Connection,
    table: sa.Table,
    part: records.PartOfList,
    *where: sa.ColumnElement[bool],
    newest_first: bool = False,
    at: sa.Column[Any] | None = None,
) -> records.Page:
    """Return a part of a table's rows in the order (created_at, id).

    Args:
        conn: The connection.
        table: Which rows.
        part: Which part of them.
        where: What holds of each.
        newest_first: Whether the order is from the newest to the oldest.
        at: What stands for `created_at`; the rows bear it under that name too.
    """
    asked = sa.select(table).where(*where)
    if at is None:
        at = table.c.created_at
    else:
        asked = asked.add_columns(at.label("created_at"))
    found = records.page(conn, asked, part, (at, records.key_of(table)), newest_first=newest_first)
    return replace(found, rows=[records.values_of(row) for row in found.rows])
