"""Objections, and which entries they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t

# Objections: those that hold an entry, and those that are not over.
UNDECIDED = ("FILED", "ACCEPTED")
GOING_ON = (*UNDECIDED, "REVIEW_REQUESTED")


def undecided(conn: sa.Connection, period: str, subject_ids: Iterable[str]) -> list[Row]:
    """Return the undecided objections that hold entries of a month."""
    wanted = sorted(set(subject_ids))
    if not wanted:
        return []
    row = t.objections.c
    asked = sa.select(t.objections).where(
        row.period == period,
        row.holds_entry,
        row.state.in_(UNDECIDED),
        bulk.members(row.subject_id, wanted, conn),
    )
    return records.rows(conn, asked)


def add(conn: sa.Connection, **values: object) -> Row:
    """Store an objection, and return it."""
    return records.add(conn, t.objections, **values)


def objection(conn: sa.Connection, objection_id: str, *, lock: bool = False) -> Row | None:
    """Return an objection, or None."""
    return records.find(conn, t.objections, objection_id, lock=lock)


def change(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked objection, and return it as it is now."""
    return records.update(conn, t.objections, row, **values)


def open_objection(
    conn: sa.Connection, target_id: str, kind: str, person_id: str | None = None
) -> Row | None:
    """Return an objection to something, or a correction of it, that has not ended, or None.

    Args:
        conn: The transaction.
        target_id: What it is about.
        kind: OBJECTION or CORRECTION.
        person_id: Only that of one person; None is anybody's.
    """
    row = t.objections.c
    asked = sa.select(t.objections).where(
        row.target_id == target_id, row.kind == kind, row.state.in_(GOING_ON)
    )
    if person_id is not None:
        asked = asked.where(row.person_id == person_id)
    return records.first(conn, asked)


def others_undecided(conn: sa.Connection, known: Row) -> list[Row]:
    """Return and lock the other objections about what one is about that wait for a decision."""
    row = t.objections.c
    asked = (
        sa.select(t.objections)
        .where(
            row.target_id == known.target_id,
            row.kind == known.kind,
            row.state.in_(UNDECIDED),
            row.objection_id != known.objection_id,
        )
        .order_by(row.objection_id)
    )
    return records.rows(conn, store.lock(asked, conn))


def deciders_about(conn: sa.Connection, target_id: str) -> set[str]:
    """Return who has decided objections about something."""
    row = t.objections.c
    asked = sa.select(row.decided_by).where(row.target_id == target_id, row.decided_by.is_not(None))
    return set(conn.execute(asked).scalars())


def objected_subjects(conn: sa.Connection, settlement_id: str, period: str) -> set[str]:
    """Return the subjects whose entry of a settlement is held by an undecided objection."""
    row, entry = t.objections.c, t.entries.c
    asked = (
        sa.select(row.subject_id)
        .select_from(t.objections.join(t.entries, entry.subject_id == row.subject_id))
        .where(
            entry.settlement_id == settlement_id,
            row.period == period,
            row.holds_entry,
            row.state.in_(UNDECIDED),
        )
    )
    return {found.subject_id for found in conn.execute(asked)}


def lapse_objections(
    conn: sa.Connection, period: str, subject_ids: Iterable[str], at: datetime
) -> None:
    """End the undecided objections to a month that is closed."""
    wanted = sorted(set(subject_ids))
    if not wanted:
        return
    row = t.objections.c
    conn.execute(
        sa.update(t.objections)
        .where(
            row.period == period,
            row.holds_entry,
            row.state.in_(UNDECIDED),
            bulk.members(row.subject_id, wanted, conn),
        )
        .values(state="LAPSED", overdue=True, decided_at=at, version=row.version + 1)
    )


def of(conn: sa.Connection, *, subject_ids: Sequence[str] = (), person_id: str = "") -> list[Row]:
    """Return the objections about subjects or filed by a person, newest first."""
    row = t.objections.c
    wanted = sa.or_(row.subject_id.in_(list(subject_ids)), row.person_id == person_id)
    asked = sa.select(t.objections).where(wanted)
    return records.rows(conn, asked.order_by(row.filed_at.desc(), row.objection_id))
