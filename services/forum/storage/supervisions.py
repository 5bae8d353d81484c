"""Who watches over tasks, and what they have found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum.storage.rows import part_of
from fivered.services.forum.storage.tables import supervisions, supervisors, tasks


def supervisors_of(conn: Connection, task_ids: Sequence[str]) -> list[Row]:
    """Return the supervisors of tasks."""
    asked = sa.select(supervisors).where(supervisors.c.task_id.in_(task_ids))
    return records.rows(conn, asked.order_by(supervisors.c.task_id, supervisors.c.person_id))


def set_supervisors(conn: Connection, task_id: str, people: Sequence[str], at: datetime) -> None:
    """Let these people watch a task; who watches already keeps the day of appointment."""
    gone = supervisors.c.person_id.not_in(people)
    conn.execute(sa.delete(supervisors).where(supervisors.c.task_id == task_id, gone))
    for person_id in people:
        key = {"task_id": task_id, "person_id": person_id}
        records.add_new(conn, supervisors, **key, appointed_at=at)


def watched_tasks(conn: Connection, people: Sequence[str], states: Sequence[str]) -> list[str]:
    """Return the tasks in these states that any of the people watches."""
    asked = (
        sa.select(supervisors.c.task_id)
        .join(tasks, tasks.c.task_id == supervisors.c.task_id)
        .where(supervisors.c.person_id.in_(people), tasks.c.state.in_(states))
    )
    return sorted(conn.execute(asked.distinct()).scalars())


def supervisions_of(conn: Connection, task_ids: Sequence[str]) -> list[Row]:
    """Return the supervision records of tasks, earliest first."""
    asked = sa.select(supervisions).where(supervisions.c.task_id.in_(task_ids))
    return records.rows(conn, asked.order_by(supervisions.c.created_at, supervisions.c.record_id))


def supervision_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    scope: str | None,
    person_id: str | None,
    task_id: str | None,
) -> records.Page:
    """Return what supervisors found, newest first: of an area's tasks, or one's own."""
    table = supervisions.c
    where: list[sa.ColumnElement[bool]] = []
    if person_id is not None:
        where.append(table.person_id == person_id)
    if scope is not None:
        there = sa.select(tasks.c.task_id).where(within(tasks.c.area, scope[:12]))
        where.append(table.task_id.in_(there))
    if task_id is not None:
        where.append(table.task_id == task_id)
    return part_of(conn, supervisions, part, *where, newest_first=True)
