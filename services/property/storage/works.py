"""Work orders by where they come from, and what they have opened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.rows import Row


def of_tasks(conn: sa.Connection, task_ids: Iterable[str]) -> dict[str, Row]:
    """Return the works of these tasks, locked, by task."""
    table = t.works
    asked = sa.select(table).where(table.c.task_id.in_(sorted(set(task_ids))))
    rows = records.rows(conn, store.lock(asked.order_by(table.c.work_id), conn))
    return {row.task_id: row for row in rows}


def of_meetings(
    conn: sa.Connection,
    states: Iterable[str],
    *,
    project_id: str | None = None,
    meeting_id: str | None = None,
) -> list[Row]:
    """Return the works out of a project's meetings, or of one, in the given states, locked."""
    table = t.works
    asked = sa.select(table).where(table.c.source == "MEETING", table.c.state.in_(tuple(states)))
    if project_id is not None:
        asked = asked.where(table.c.project_id == project_id)
    if meeting_id is not None:
        asked = asked.where(table.c.meeting_id == meeting_id)
    return records.rows(conn, store.lock(asked.order_by(table.c.work_id), conn))


def forgotten(conn: sa.Connection, at: datetime, states: Iterable[str]) -> list[Row]:
    """Return the works out of meetings that are past their date and not overdue yet, locked."""
    table = t.works
    asked = sa.select(table).where(
        table.c.state.in_(tuple(states)),
        table.c.due_at <= at,
        table.c.source == "MEETING",
        table.c.overdue.is_(False),
    )
    return records.rows(conn, store.lock(asked.order_by(table.c.work_id), conn))


def linked_person(conn: sa.Connection, tier: str, target: str) -> str | None:
    """Return the person of the official who has been linked longest to an area in a tier."""
    table = t.liaisons
    asked = (
        sa.select(table.c.person_id)
        .where(table.c.tier == tier, table.c.target == target, table.c.active)
        .order_by(table.c.since, table.c.link_id)
        .limit(1)
    )
    found: str | None = conn.execute(asked).scalar()
    return found
