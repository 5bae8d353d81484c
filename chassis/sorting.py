"""In which order a list is asked for, and what a name in it contains: `sort=due_at` from the
earliest on, `sort=-due_at` from the latest on.

A list says which orders it has in its question: `sort: Annotated[Literal["created_at",
"-created_at"], SORT]`. `records.page` reads it; one name is that of the list's own order, and every
other one is given a column there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa

from fivered.chassis import storage as store

Sorts: TypeAlias = Mapping[str, store.Column]


class Sort(NamedTuple):
    """By what a list is ordered, and whether from the greatest on."""

    name: str
    descending: bool


def sort_of(part: object) -> Sort | None:
    """Return in which order a question asks for a list; None for the list's own."""
    asked: str | None = getattr(part, "sort", None)
    return None if asked is None else Sort(asked.removeprefix("-"), asked.startswith("-"))


def filled(column: store.Column) -> store.Expression:
    """Return a column of times or days by which rows can be ordered: where it is empty, it stands
    for the last one."""
    if not column.nullable:
        return column
    last = date.max if isinstance(column.type, sa.Date) else datetime(9999, 1, 1, tzinfo=UTC)
    return sa.func.coalesce(column, sa.literal(last, column.type)).label("its_sort")


def containing(column: store.Expression, sought: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text contains another one, in either case. No index serves it:
    it is for names in a list that other conditions keep short."""
    return column.icontains(sought.strip(), autoescape=True)
