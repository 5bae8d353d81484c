"""Vetoes: those that a person imposed, and those that an award brought."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import tables as t


def add(conn: sa.Connection, **values: object) -> Row:
    """Store a veto that a person proposes, and return it."""
    return records.add(conn, t.vetoes, **values)


def veto(conn: sa.Connection, veto_id: str) -> Row | None:
    """Return and lock a veto, or None."""
    return records.find(conn, t.vetoes, veto_id, lock=True)


def page(conn: sa.Connection, area: str, state: str, part: records.PartOfList) -> records.Page:
    """Return the vetoes of an area in a state that people imposed, oldest first."""
    asked = sa.select(t.vetoes).where(
        t.vetoes.c.state == state, store.within(t.vetoes.c.area, area)
    )
    return records.page(conn, asked, part, (t.vetoes.c.imposed_at, t.vetoes.c.veto_id))


def seen(conn: sa.Connection, veto_id: str) -> Row | None:
    """Return a veto without a lock, or None."""
    return records.find(conn, t.vetoes, veto_id)


def change(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked veto, and return it as it is now."""
    return records.update(conn, t.vetoes, row, **values)


def of_subject(conn: sa.Connection, subject_id: str) -> list[Row]:
    """Return the vetoes of a subject, the newest first."""
    row = t.vetoes.c
    asked = (
        sa.select(t.vetoes)
        .where(row.subject_id == subject_id)
        .order_by(row.from_period.desc(), row.veto_id)
    )
    return records.rows(conn, asked)


def undated(conn: sa.Connection) -> list[Row]:
    """Return, locked, the proposed vetoes that nobody has to confirm by a day."""
    return records.rows(conn, _UNDATED)


# Asked every day, and written once.
_UNDATED = (
    sa.select(t.vetoes)
    .where(t.vetoes.c.state == "PROPOSED", t.vetoes.c.due_at.is_(None))
    .order_by(t.vetoes.c.veto_id)
    .with_for_update()
)


def of_award(conn: sa.Connection, award_id: str) -> Row | None:
    """Return and lock the veto that an award brought, or None."""
    asked = sa.select(t.vetoes).where(t.vetoes.c.award_id == award_id)
    return records.first(conn, store.lock(asked, conn))
