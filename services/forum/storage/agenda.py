"""What sessions are about, and what was voted."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.forum.storage.tables import (
    session_topics,
    topics,
)


def agenda(conn: Connection, session_id: str) -> list[Row]:
    """Return the topics of a session in their order, with what was voted."""
    asked = (
        sa.select(
            session_topics,
            topics.c.number,
            topics.c.title,
            topics.c.hidden_at,
            topics.c.state,
            topics.c.scope,
            topics.c.level,
            topics.c.area,
            topics.c.proposer,
            topics.c.session_id.label("at_session"),
            topics.c.version,
        )
        .join(topics, topics.c.topic_id == session_topics.c.topic_id)
        .where(session_topics.c.session_id == session_id)
        .order_by(session_topics.c.ordinal)
    )
    return records.rows(conn, asked)


def tally_of(conn: Connection, session_id: str | None, topic_id: str) -> Row | None:
    """Return what was voted on a topic in a session."""
    asked = sa.select(session_topics).where(
        session_topics.c.session_id == session_id, session_topics.c.topic_id == topic_id
    )
    return records.first(conn, asked)


def close_tally(conn: Connection, session_id: str, topic_id: str, **values: object) -> None:
    """Write down what was voted."""
    conn.execute(
        sa.update(session_topics)
        .where(session_topics.c.session_id == session_id, session_topics.c.topic_id == topic_id)
        .values(**values)
    )


def agendas(conn: Connection, session_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return the topics of several sessions, each in its order."""
    asked = (
        sa.select(
            session_topics.c.session_id,
            topics.c.topic_id,
            topics.c.number,
            topics.c.title,
            topics.c.hidden_at,
            topics.c.area,
            topics.c.state,
        )
        .join(topics, topics.c.topic_id == session_topics.c.topic_id)
        .where(session_topics.c.session_id.in_(session_ids))
        .order_by(session_topics.c.session_id, session_topics.c.ordinal)
    )
    found: dict[str, list[Row]] = {}
    for row in records.rows(conn, asked):
        found.setdefault(row.session_id, []).append(row)
    return found
