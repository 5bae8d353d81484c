"""Many rows in one statement, with the same meaning on both databases.

PostgreSQL takes all rows as one JSON text: one plan and one round trip for any number of rows, and
packing one text costs this process a third of packing an array per column. SQLite runs a prepared
statement per row inside the process, which costs it no round trip.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fivered.chassis import storage as store

# SQLite allows some thousands of bound values per statement; fewer plans are cached.
_SQLITE_VALUES = 500
_WIDE = 20

# What is to be written into a row, by the names of its columns.
Values = Mapping[str, Any]
Rows = Sequence[Values]

_dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here


def constant(value: str | int) -> sa.ColumnElement[Any]:
    """Return a value that stands in the statement itself, not beside it.

    SQLite plans a statement anew at each run where a parameter is compared with what a partial
    index asks of its column; and what is no parameter need not be given at each run.
    """
    if isinstance(value, int):
        return sa.literal_column(str(value), sa.Integer)
    quoted = value.replace("'", "''")
    return sa.literal_column(f"'{quoted}'", sa.String)


def constants(values: Iterable[str]) -> list[sa.ColumnElement[Any]]:
    """Return values that stand in the statement itself, for IN; see `constant`."""
    return [constant(value) for value in values]


@functools.cache
def _type_name(column: store.Column) -> str:
    return column.type.dialect_impl(_dialect).compile(dialect=_dialect)


def _source(table: sa.Table, names: Sequence[str]) -> tuple[str, str]:
    """Return (select list, FROM clause) that reads the rows out of the parameter `rows`."""
    selected = ", ".join(f'r."{name}"' for name in names)
    types = ", ".join(f'"{name}" {_type_name(table.c[name])}' for name in names)
    return selected, f"json_to_recordset(CAST(:rows AS json)) AS r({types})"


def _values(row: Values | msgspec.Struct) -> Values:
    return msgspec.structs.asdict(row) if isinstance(row, msgspec.Struct) else row


def _packed(rows: Rows | Sequence[msgspec.Struct]) -> dict[str, str]:
    if not isinstance(rows[0], msgspec.Struct) and len(rows[0]) > _WIDE:
        # A member that is not there is NULL too; of a wide row many are.
        rows = [
            {n: value for n, value in _values(row).items() if value is not None} for row in rows
        ]
    return {"rows": msgspec.json.encode(rows).decode()}


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def insert(
    conn: sa.Connection,
    table: sa.Table,
    rows: Rows | Sequence[msgspec.Struct],
    *,
    ignore: bool = False,
    returning: str | None = None,
) -> list[str]:
    """Insert rows.

    Args:
        conn: The transaction.
        table: Where to.
        rows: All with the same members, or all of one type; a missing member is NULL.
        ignore: True leaves a row alone whose key is there already.
        returning: A column whose values of the inserted rows are returned.

    Returns:
        Values of `returning` for the rows that were new; empty without `returning`.
    """
    if not rows:
        return []
    first = rows[0]
    names = list(first.__struct_fields__ if isinstance(first, msgspec.Struct) else first)
    if store.is_postgresql(conn):
        selected, source = _source(table, names)
        sql = f'INSERT INTO "{table.name}" ({_quoted(names)}) SELECT {selected} FROM {source}'
        sql += " ON CONFLICT DO NOTHING" if ignore else ""
        sql += f' RETURNING CAST("{returning}" AS text)' if returning else ""
        found = conn.execute(sa.text(sql), _packed(rows))
        return list(found.scalars().all()) if returning else []
    values = [_values(row) for row in rows]
    statement = store.insert(conn, table)
    if ignore:
        statement = statement.on_conflict_do_nothing()
    new: list[str] = []
    if returning is not None:
        # There is one writer, so what is not there now is new when it is inserted.
        column = table.c[returning]
        keys = list(dict.fromkeys(str(row[returning]) for row in values))
        there = {
            str(known[0])
            for start in range(0, len(keys), _SQLITE_VALUES)
            for known in conn.execute(
                sa.select(column).where(column.in_(keys[start : start + _SQLITE_VALUES]))
            )
        }
        new = [key for key in keys if key not in there]
    conn.execute(statement, values)
    return new


def upsert(
    conn: sa.Connection,
    table: sa.Table,
    rows: Rows,
    *,
    keys: Sequence[str],
    add: Sequence[str] = (),
    put: Sequence[str] = (),
    newer: str | None = None,
) -> int:
    """Insert rows or change those that are there; rows are taken in the order of their keys.

    Taking them in one order is what keeps two batches from waiting for each other in a circle.

    Args:
        conn: The transaction.
        table: Where to.
        rows: One per key.
        keys: The primary key.
        add: Columns that grow by the row's value.
        put: Columns that become the row's value.
        newer: A column; a row changes nothing unless its value is greater than the stored one.

    Returns:
        Number of rows that were inserted or changed.
    """
    if not rows:
        return 0
    rows = sorted(rows, key=lambda row: tuple(str(row[key]) for key in keys))
    names = list(rows[0])
    if store.is_postgresql(conn):
        selected, source = _source(table, names)
        sets = [f'"{n}" = "{table.name}"."{n}" + excluded."{n}"' for n in add]
        sets += [f'"{n}" = excluded."{n}"' for n in put]
        sql = (
            f'INSERT INTO "{table.name}" ({_quoted(names)}) SELECT {selected} FROM {source}'
            f" ON CONFLICT ({_quoted(keys)}) DO UPDATE SET {', '.join(sets)}"
        )
        if newer:
            sql += f' WHERE excluded."{newer}" > "{table.name}"."{newer}"'
        return conn.execute(sa.text(sql), _packed(rows)).rowcount
    statement = store.insert(conn, table)
    changes = {n: table.c[n] + statement.excluded[n] for n in add}
    changes |= {n: statement.excluded[n] for n in put}
    where = statement.excluded[newer] > table.c[newer] if newer else None
    done = conn.execute(
        statement.on_conflict_do_update(index_elements=list(keys), set_=changes, where=where),
        list(rows),
    )
    return done.rowcount


def change(
    conn: sa.Connection,
    table: sa.Table,
    rows: Rows,
    *,
    keys: Sequence[str],
    add: Sequence[str] = (),
    put: Sequence[str] = (),
) -> int:
    """Change rows that are there (and, where order matters, that the caller has locked).

    Returns:
        Number of rows that were there.
    """
    if not rows:
        return 0
    names = [*keys, *add, *put]
    if store.is_postgresql(conn):
        _, source = _source(table, names)
        sets = [f'"{n}" = t."{n}" + r."{n}"' for n in add]
        sets += [f'"{n}" = r."{n}"' for n in put]
        same = " AND ".join(f't."{key}" = r."{key}"' for key in keys)
        sql = f'UPDATE "{table.name}" AS t SET {", ".join(sets)} FROM {source} WHERE {same}'
        return conn.execute(sa.text(sql), _packed(rows)).rowcount
    statement = sa.update(table).where(
        *(table.c[key] == sa.bindparam(f"k_{key}", type_=table.c[key].type) for key in keys)
    )
    changes = {n: table.c[n] + sa.bindparam(f"v_{n}", type_=table.c[n].type) for n in add}
    changes |= {n: sa.bindparam(f"v_{n}", type_=table.c[n].type) for n in put}
    done = conn.execute(
        statement.values(**changes),
        [
            {f"k_{key}": row[key] for key in keys} | {f"v_{n}": row[n] for n in (*add, *put)}
            for row in rows
        ],
    )
    return done.rowcount


def members(
    column: store.Column, values: Sequence[str], conn: sa.Connection
) -> sa.ColumnElement[bool]:
    """Return "column is one of values" as one bound array on PostgreSQL, so that the statement is
    planned once whatever their number."""
    if store.is_postgresql(conn):
        return _in_array(column, sa.bindparam(None, list(values), type_=sa.ARRAY(sa.Text)))
    return column.in_(list(values))


def members_of(column: store.Column, name: str, *, array: bool) -> sa.ColumnElement[bool]:
    """Return what `members` gives for a statement that is written once: `name` is the parameter
    with the values; `array` says that it is for PostgreSQL."""
    if array:
        return _in_array(column, sa.bindparam(name, type_=sa.ARRAY(sa.Text)))
    return column.in_(sa.bindparam(name, expanding=True))


def _in_array(
    column: store.Column, given: sa.BindParameter[Sequence[str]]
) -> sa.ColumnElement[bool]:
    kind = column.type.dialect_impl(_dialect).compile(dialect=_dialect)
    return column == sa.any_(sa.cast(given, _Named(f"{kind}[]")))


class _Named(sa.types.UserDefinedType[str]):
    """A PostgreSQL type by its name."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_kw: object) -> str:
        return self.name
