"""Counts by category, grid, project and day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis.calendar import Calendar
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.rows import COMMUNITY_DIGITS, within

# Per key: what is counted of it.
Counted = dict[str, Counter[str]]


@dataclass(frozen=True, slots=True)
class Where:
    """By what is counted, in which area, and of which time."""

    by: str
    scope: str
    begin: datetime
    end: datetime


_COLUMNS = {"CATEGORY": "category", "GRID": "grid", "PROJECT": "project_id"}


def complaints(conn: sa.Connection, asked: Where) -> Counted:
    """Return of each key how many complaints came in, are not valid, are closed."""
    table = t.complaints
    by_grid = len(asked.scope) > COMMUNITY_DIGITS
    where = [table.c.grid == asked.scope] if by_grid else within(table.c.area, asked.scope)
    return _counted(
        conn,
        table.c.filed_at if asked.by == "DAY" else table.c[_COLUMNS[asked.by]],
        [*where, table.c.filed_at >= asked.begin, table.c.filed_at < asked.end],
        {"not_valid": table.c.valid == "NO", "closed": table.c.state == "CLOSED"},
        whole="filed",
    )


def orders(conn: sa.Connection, asked: Where) -> Counted:
    """Return of each project or day how many orders were issued, late, met."""
    table = t.rectifications
    return _counted(
        conn,
        table.c.issued_at if asked.by == "DAY" else table.c.project_id,
        [
            *within(table.c.area, asked.scope),
            table.c.issued_at >= asked.begin,
            table.c.issued_at < asked.end,
            table.c.state != "WITHDRAWN",
        ],
        {
            "orders_late": sa.or_(table.c.late, table.c.overdue_at.is_not(None)),
            "orders_met": table.c.state.in_(("PASSED", "CLOSED")),
        },
        whole="orders",
    )


def _counted(
    conn: sa.Connection,
    key: Any,
    where: list[Any],
    parts: dict[str, Any],
    *,
    whole: str,
) -> Counted:
    sums = [sa.func.sum(sa.case((part, 1), else_=0)) for part in parts.values()]
    asked = sa.select(key, sa.func.count(), *sums).where(*where).group_by(key)
    found: Counted = {}
    for value, number, *of_these in conn.execute(asked):
        day = Calendar.local_date(value).isoformat() if isinstance(value, datetime) else None
        name = day or value or "—"
        found.setdefault(name, Counter()).update(
            {whole: int(number)}
            | {part: int(count) for part, count in zip(parts, of_these, strict=True)}
        )
    return found
