"""Many rows in one statement: an array for each column, on PostgreSQL.

Sent one by one, even in a pipeline, a row costs the server and the driver more than what it holds;
written as VALUES, SQLAlchemy compiles them anew. SQLite has no way there to spare.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import psycopg2

from fivered.chassis import storage as store

# Fewer are sent as they always were.
_FEW = 16
# Both drivers send what this one makes of a value; the JSON of the other is an object of its own.
_DIALECT = psycopg2.dialect()  # type: ignore[no-untyped-call]


def insert(
    conn: sa.Connection,
    table: store.Table,
    rows: Sequence[Mapping[str, object]],
    *,
    unless_taken: bool = False,
    returning: str = "",
) -> list[str]:
    """Insert rows.

    Args:
        conn: The transaction.
        table: Where to.
        rows: All with the same columns.
        unless_taken: Leave out rows of which a key is taken, instead of failing.
        returning: A column whose values of the inserted rows are given back.
    """
    if not rows:
        return []
    if len(rows) < _FEW or not store.is_postgresql(conn):
        statement = store.insert(conn, table)
        if unless_taken:
            statement = statement.on_conflict_do_nothing()
        if returning:
            return list(conn.execute(statement.returning(table.c[returning]), list(rows)).scalars())
        conn.execute(statement, list(rows))
        return []
    text, prepared = _statement(table, tuple(rows[0]), returning, unless_taken=unless_taken)
    values: dict[str, object] = {}
    for name, change in prepared.items():
        column = [row[name] for row in rows]
        values[name] = column if change is None else [change(one) for one in column]
    done = conn.exec_driver_sql(text, values)
    return list(done.scalars()) if returning else []


@functools.cache
def _statement(
    table: store.Table, names: tuple[str, ...], returning: str, *, unless_taken: bool
) -> tuple[str, dict[str, Callable[[object], object] | None]]:
    """Return the statement, and what is done to a value of each column before it is sent."""
    kinds = {name: _kind(table.c[name].type) for name in names}
    columns = ", ".join(f'"{name}"' for name in names)
    arrays = ", ".join(f"%({name})s::{sent}[]" for name, (sent, _) in kinds.items())
    taken = ", ".join(f'"{name}"{cast}' for name, (_, cast) in kinds.items())
    text = (
        f'INSERT INTO "{table.name}" ({columns})'
        f" SELECT {taken} FROM unnest({arrays}) AS given ({columns})"
    )
    if unless_taken:
        text += " ON CONFLICT DO NOTHING"
    if returning:
        text += f' RETURNING "{returning}"'
    return text, {
        name: table.c[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT) for name in names
    }


def _kind(of: sa.types.TypeEngine[object]) -> tuple[str, str]:
    """Return as what values of a column are sent, and how they become the column's own."""
    kind = of.dialect_impl(_DIALECT)
    if isinstance(kind, sa.JSON):
        return "text", "::jsonb"
    if isinstance(kind, sa.String):
        # A cast to a length would cut off what is too long; the column refuses it.
        return "text", ""
    return kind.compile(_DIALECT), ""
