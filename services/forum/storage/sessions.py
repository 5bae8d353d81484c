"""Sessions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum.storage.rows import near, part_of
from fivered.services.forum.storage.tables import (
    session_topics,
    sessions,
)


def coming_near(conn: Connection, area: str) -> list[Row]:
    """Return, locked, the sessions that have not begun in an area, or in one that it lies in."""
    asked = sa.select(sessions).where(sessions.c.state == "SCHEDULED", near(sessions.c.area, area))
    return records.rows(conn, store.lock(asked.order_by(sessions.c.session_id), conn))


def session_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    scope: str,
    state: str | None,
    topic_id: str | None,
) -> records.Page:
    """Return sessions of an area, newest first."""
    where = [within(sessions.c.area, scope[:12])]
    if state is not None:
        where.append(sessions.c.state == state)
    if topic_id is not None:
        of = sa.select(session_topics.c.session_id).where(session_topics.c.topic_id == topic_id)
        where.append(sessions.c.session_id.in_(of))
    return part_of(conn, sessions, part, *where, newest_first=True)
