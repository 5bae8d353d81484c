"""What is laid before the chain of officials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum.storage.rows import part_of
from fivered.services.forum.storage.tables import escalations

# States in which an escalation waits for somebody.
WAITING = ("OPEN", "ACKNOWLEDGED")


def escalation_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    scope: str | None,
    person_id: str | None,
    tier: str | None,
    level: int | None,
    source: str | None,
    states: Sequence[str],
) -> records.Page:
    """Return escalations of an area or before a person, newest first."""
    table = escalations.c
    where: list[sa.ColumnElement[bool]] = []
    if states:
        where.append(table.state.in_(states))
    if scope is not None:
        where.append(within(table.area, scope[:12]))
    if scope is not None and len(scope) == 15:
        where.append(sa.or_(table.grid == scope, table.grid.is_(None)))
    if person_id is not None:
        where.append(table.person_id == person_id)
    if tier is not None:
        where.append(table.tier == tier)
    if level is not None:
        where.append(table.level == level)
    if source is not None:
        where.append(table.source == source)
    return part_of(conn, escalations, part, *where, newest_first=True)


def is_before_chain(conn: Connection, source: str, ref: str, level: int) -> bool:
    """Tell whether a matter of another service stands before a level already."""
    asked = sa.select(sa.literal(1)).where(
        escalations.c.source == source,
        escalations.c.ref == ref,
        escalations.c.level == level,
        escalations.c.state.in_(WAITING),
    )
    return conn.execute(asked.limit(1)).first() is not None


def settle_escalations(
    conn: Connection,
    at: datetime,
    outcome: str,
    *,
    refs: Sequence[str] = (),
    topic_id: str | None = None,
    task_id: str | None = None,
    deadline: str | None = None,
    but: Sequence[str] = (),
) -> None:
    """Take from the lists what was laid before the chain and has been acted on since.

    Args:
        conn: The connection.
        at: Now.
        outcome: What happened, as a code.
        refs: Matters of other services, or
        topic_id: a topic without its tasks, or
        task_id: a task;
        deadline: only for this deadline;
        but: not for these.
    """
    table = escalations.c
    if task_id is not None:
        which = table.task_id == task_id
    elif topic_id is not None:
        which = sa.and_(table.topic_id == topic_id, table.task_id.is_(None))
    else:
        which = table.ref.in_(refs)
    if deadline is not None:
        which = sa.and_(which, table.deadline == deadline)
    if but:
        which = sa.and_(which, table.deadline.not_in(but))
    _settle(conn, at, outcome, which)


def _settle(conn: Connection, at: datetime, outcome: str, *which: sa.ColumnElement[bool]) -> None:
    table = escalations.c
    conn.execute(
        sa.update(escalations)
        .where(*which, table.state.in_(WAITING))
        .values(state="DONE", outcome=outcome, done_at=at, version=table.version + 1)
    )


def settle_answered(
    conn: Connection, at: datetime, topic_id: str, objection_ids: Sequence[str], undecided: bool
) -> None:
    """Take from the lists the objections that were answered, and no others of the topic.

    Args:
        conn: The connection.
        at: Now.
        topic_id: Of the objections.
        objection_ids: Which were answered.
        undecided: Whether others of the topic still wait. Rows of before 0013 do not say for
            which objection they stand; they wait until none does.
    """
    table = escalations.c
    which: sa.ColumnElement[bool] = table.objection_id.in_(objection_ids)
    if not undecided:
        which = sa.or_(which, table.objection_id.is_(None))
    _settle(
        conn, at, "ACTED", table.topic_id == topic_id, table.deadline == "objection_answer", which
    )


def waiting_of(conn: Connection, source: str, ref: str) -> list[Row]:
    """Return, locked, where a matter of another service waits."""
    asked = sa.select(escalations).where(
        escalations.c.source == source,
        escalations.c.ref == ref,
        escalations.c.state.in_(WAITING),
    )
    return records.rows(conn, store.lock(asked.order_by(escalations.c.escalation_id), conn))


def waiting_of_people(conn: Connection, people: Sequence[str]) -> list[Row]:
    """Return, locked, what waits before one of the people, is of one of them, or has other people
    whose it is besides."""
    table = escalations.c
    asked = sa.select(escalations).where(
        table.state.in_(WAITING),
        sa.or_(
            table.person_id.in_(people),
            table.reporter_id.in_(people),
            table.concerned.is_not(None),
        ),
    )
    return records.rows(conn, store.lock(asked.order_by(table.escalation_id), conn))


def waiting_escalations(conn: Connection, area: str) -> list[Row]:
    """Return, locked, what waits before the chain in an area, or in the areas that hold it."""
    above = [area[:digits] for digits in (9, 12) if digits < len(area)]
    inside = within(escalations.c.area, area[:12])
    asked = sa.select(escalations).where(
        escalations.c.state.in_(WAITING), sa.or_(inside, escalations.c.area.in_(above))
    )
    return records.rows(conn, store.lock(asked.order_by(escalations.c.escalation_id), conn))
