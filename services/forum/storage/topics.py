"""Topics, who signed them, and who takes part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records, sorting
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum.storage.rows import part_of
from fivered.services.forum.storage.tables import (
    analyses,
    cosigners,
    history,
    invitations,
    polls,
    session_topics,
    supervisors,
    tasks,
    topics,
)


def topics_locked(conn: Connection, topic_ids: Iterable[str]) -> dict[str, Row]:
    """Return topics, locked. Locking in id order makes a second session wait, not deadlock."""
    asked = sa.select(topics).where(topics.c.topic_id.in_(sorted(topic_ids)))
    rows = records.rows(conn, store.lock(asked.order_by(topics.c.topic_id), conn))
    return {row.topic_id: row for row in rows}


def merged_into(conn: Connection, topic: Row) -> list[Row]:
    """Return the topics that were merged into one, locked, in order of their id."""
    asked = sa.select(topics).where(
        topics.c.area == topic.area, topics.c.merged_into == topic.topic_id
    )
    return records.rows(conn, store.lock(asked.order_by(topics.c.topic_id), conn))


def topics_named(conn: Connection, topic_ids: Sequence[str]) -> dict[str, str]:
    """Return topic id -> number."""
    asked = sa.select(topics.c.topic_id, topics.c.number).where(topics.c.topic_id.in_(topic_ids))
    return {row.topic_id: row.number for row in conn.execute(asked)}


def cosigners_of(conn: Connection, topic_ids: Sequence[str]) -> list[Row]:
    """Return the cosigners of topics, earliest first."""
    asked = sa.select(cosigners).where(cosigners.c.topic_id.in_(topic_ids))
    return records.rows(conn, asked.order_by(cosigners.c.signed_at, cosigners.c.person_id))


def sign(conn: Connection, topic_id: str, person_ids: Sequence[str], at: datetime) -> int:
    """Add signatures that are not there yet. Returns how many were new."""
    new = 0
    for person_id in dict.fromkeys(person_ids):
        signed = {"topic_id": topic_id, "person_id": person_id, "signed_at": at}
        new += records.add_new(conn, cosigners, **signed) is not None
    return new


def analysis_of(conn: Connection, topic: Row) -> Row | None:
    """Return the analysis of the topic's present round."""
    asked = sa.select(analyses).where(
        analyses.c.topic_id == topic.topic_id, analyses.c.round == topic.round
    )
    return records.first(conn, asked)


def rate_topic(conn: Connection, **values: object) -> bool:
    """Store a rating; False when the person has rated already."""
    return records.add_new(conn, polls, **values) is not None


def poll_of(conn: Connection, topic_id: str) -> tuple[int, int]:
    """Return (number of ratings, sum of stars)."""
    asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(polls.c.stars), 0)).where(
        polls.c.topic_id == topic_id
    )
    count, stars = conn.execute(asked).one()
    return int(count), int(stars)


def participants_of(conn: Connection, topic: Row) -> set[str]:
    """Return who raised, signed, attended or supervised a topic."""
    topic_id = topic.topic_id
    signed = sa.select(cosigners.c.person_id).where(cosigners.c.topic_id == topic_id)
    came = (
        sa.select(invitations.c.person_id)
        .join(session_topics, session_topics.c.session_id == invitations.c.session_id)
        .where(session_topics.c.topic_id == topic_id, invitations.c.attended_at.is_not(None))
    )
    watched = (
        sa.select(supervisors.c.person_id)
        .join(tasks, tasks.c.task_id == supervisors.c.task_id)
        .where(tasks.c.topic_id == topic_id)
    )
    return {topic.proposer, *conn.execute(signed.union(came, watched)).scalars()}


def topic_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    reader: str,
    near: str,
    inside: str | None,
    scope: str | None,
    state: str | None,
    level: str | None,
    proposer: str | None,
    sought: str | None,
    category: str | None,
    way: str | None,
) -> records.Page:
    """Return topics, newest first.

    Args:
        conn: The connection.
        part: Which part.
        reader: Who reads; the reader's own topics are shown in any case.
        near: The district whose wall is read.
        inside: The area in which the reader sees what is hidden, or None.
        scope: Only this area.
        state: Only this state.
        level: Only this level.
        proposer: Only of this person.
        sought: Only with this in the title.
        category: Only of this category.
        way: Only that came this way.
    """
    shown = [topics.c.hidden_at.is_(None), topics.c.proposer == reader]
    if inside is not None:
        shown.append(within(topics.c.area, inside))
    where: list[sa.ColumnElement[bool]] = [
        sa.or_(*shown),
        sa.or_(within(topics.c.area, near), topics.c.proposer == reader),
    ]
    if scope:
        where.append(within(topics.c.area, scope[:12]))
    if scope and len(scope) == 15:
        # A grid's wall shows the matters of its community too: they concern it.
        where.append(sa.or_(topics.c.grid == scope, topics.c.grid.is_(None)))
    if state:
        where.append(topics.c.state == state)
    if level:
        where.append(topics.c.level == level)
    if category:
        where.append(topics.c.category == category)
    if way:
        where.append(topics.c.way == way)
    if sought:
        where.append(sorting.containing(topics.c.title, sought))
    if proposer is not None:
        where.append(topics.c.proposer == proposer)
    return part_of(conn, topics, part, *where, newest_first=True)


def history_of(conn: Connection, topic_id: str, part: records.PartOfList) -> records.Page:
    """Return a part of what happened to a topic, oldest first."""
    asked = sa.select(history).where(history.c.topic_id == topic_id)
    return records.page(conn, asked, part, (history.c.id,))


def owners_decisions_of(conn: Connection, topic_id: str) -> list[Row]:
    """Return what the history of a topic says of the owners' votes, oldest first."""
    asked = sa.select(history).where(
        history.c.topic_id == topic_id, history.c.action == "owners_vote"
    )
    return records.rows(conn, asked.order_by(history.c.id))
