"""Tasks, and who has done what with them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum.storage.rows import part_of
from fivered.services.forum.storage.tables import history, residents, supervisors, tasks


def tasks_of(conn: Connection, topic_id: str, *, round_: int | None = None) -> list[Row]:
    """Return the tasks of a topic, of one round or of all."""
    asked = sa.select(tasks).where(tasks.c.topic_id == topic_id)
    if round_ is not None:
        asked = asked.where(tasks.c.round == round_)
    return records.rows(conn, asked.order_by(tasks.c.created_at, tasks.c.task_id))


def actors_of(conn: Connection, topic_id: str, action: str) -> set[str]:
    """Return who did something with a topic."""
    return _actors(conn, history.c.topic_id == topic_id, history.c.action == action)


def _actors(conn: Connection, *where: sa.ColumnElement[bool]) -> set[str]:
    """Return who took some steps, under the id that is kept: the history names the one of then."""
    kept = sa.func.coalesce(residents.c.merged_into, history.c.actor)
    steps = history.outerjoin(residents, residents.c.person_id == history.c.actor)
    return set(conn.execute(sa.select(kept).select_from(steps).where(*where).distinct()).scalars())


def doers_of(conn: Connection, task_id: str) -> set[str]:
    """Return who began, reported or delivered the work of a task; what a project delivers is heard
    of it, and is no person's deed here."""
    found = _actors(
        conn,
        history.c.kind == "task",
        history.c.ref == task_id,
        history.c.action.in_(("start", "progress", "deliver")),
    )
    return {one for one in found if one.startswith("per_")}


def tasks_of_project(conn: Connection, project_id: str, states: Sequence[str]) -> list[Row]:
    """Return the tasks in these states that a project is to do."""
    asked = sa.select(tasks).where(
        tasks.c.responsible_id == project_id,
        tasks.c.responsible_kind == "PROJECT",
        tasks.c.state.in_(states),
    )
    return records.rows(conn, asked.order_by(tasks.c.created_at, tasks.c.task_id))


def why_ended(conn: Connection, task_id: str) -> str | None:
    """Return the reason that was given when a task was taken away; None without one."""
    asked = (
        sa.select(history.c.detail)
        .where(
            history.c.kind == "task",
            history.c.ref == task_id,
            history.c.action.in_(("cancel", "reassign", "rework")),
        )
        .order_by(history.c.id.desc())
        .limit(1)
    )
    return (conn.execute(asked).scalar() or {}).get("reason")


def task_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    near: str,
    scope: str | None,
    topic_id: str | None,
    responsible_id: str | None,
    state: str | None,
    overdue: bool,
    supervisor: str | None,
) -> records.Page:
    """Return tasks of a district, oldest first."""
    where: list[sa.ColumnElement[bool]] = [within(tasks.c.area, scope[:12] if scope else near)]
    if scope:
        where.append(within(tasks.c.area, near))
    if topic_id:
        where.append(tasks.c.topic_id == topic_id)
    if responsible_id:
        where.append(tasks.c.responsible_id == responsible_id)
    if state:
        where.append(tasks.c.state == state)
    if overdue:
        where.append(tasks.c.overdue_level > 0)
    if supervisor is not None:
        watched = sa.select(supervisors.c.task_id).where(supervisors.c.person_id == supervisor)
        where.append(tasks.c.task_id.in_(watched))
    return part_of(conn, tasks, part, *where)
