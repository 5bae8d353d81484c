"""Rule sets in the database."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from chassis import storage as store
from services.credit.storage import tables as t

IN_FORCE = ("PUBLISHED", "RETIRED")


def by_code(conn: sa.Connection, code: str, *, lock: bool = False) -> Any:
    """Return a rule set, or None."""
    asked = sa.select(t.rule_sets).where(t.rule_sets.c.code == code)
    return conn.execute(store.lock(asked, conn) if lock else asked).first()


def timeline(conn: sa.Connection) -> list[Any]:
    """Return (code, digest, effective_from, effective_to) of all that were ever in force, the
    newest first; without their bodies."""
    table = t.rule_sets.c
    asked = (
        sa.select(table.code, table.digest, table.effective_from, table.effective_to)
        .where(table.state.in_(IN_FORCE))
        .order_by(table.effective_from.desc(), table.code.desc())
    )
    return list(conn.execute(asked))


def body_of(conn: sa.Connection, code: str) -> Any:
    """Return the JSON of a rule set."""
    return conn.execute(
        sa.select(t.rule_sets.c.body).where(t.rule_sets.c.code == code)
    ).scalar_one()


def add(conn: sa.Connection, row: dict[str, Any]) -> None:
    """Store a rule set."""
    conn.execute(t.rule_sets.insert().values(**row))


def end_before(conn: sa.Connection, area: str, day: date, but: str) -> None:
    """End the other rule sets of an area on the day on which another one begins."""
    table = t.rule_sets.c
    conn.execute(
        sa.update(t.rule_sets)
        .where(
            table.area == area,
            table.code != but,
            table.state == "PUBLISHED",
            table.effective_from < day,
            table.effective_to.is_(None),
        )
        .values(effective_to=day, row_version=table.row_version + 1)
    )


def listed(conn: sa.Connection) -> list[Any]:
    """Return all rule sets, newest first, without their bodies."""
    columns = [column for column in t.rule_sets.c if column.name != "body"]
    return list(conn.execute(sa.select(*columns).order_by(t.rule_sets.c.effective_from.desc())))
