"""What a month and the funnel count."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum.storage.tables import invitations, sessions, topics


def month_counts(conn: Connection, start: datetime, end: datetime) -> dict[str, dict[str, int]]:
    """Count, per community: topics adopted, sessions held and attendances said in [start, end)."""
    found: dict[str, dict[str, int]] = {}
    counted = (
        ("topics_adopted", topics.c.area, topics.c.adopted_at),
        ("sessions", sessions.c.area, sessions.c.opened_at),
        ("attendances", invitations.c.area, invitations.c.recorded_at),
    )
    for name, area, at in counted:
        asked = sa.select(area, sa.func.count()).where(at >= start, at < end).group_by(area)
        for community, count in conn.execute(asked):
            found.setdefault(community, {})[name] = count
    return found


def funnel_rows(conn: Connection, scope: str, start: datetime, end: datetime) -> list[Row]:
    """Return the instants of the topics collected or adopted in [start, end)."""
    asked = sa.select(
        topics.c.state,
        topics.c.created_at,
        topics.c.adopted_at,
        topics.c.voted_at,
        topics.c.publicised_at,
        topics.c.resolved_at,
        topics.c.implementing_at,
        topics.c.closed_at,
        topics.c.way,
    ).where(
        within(topics.c.area, scope),
        sa.or_(
            sa.and_(topics.c.created_at >= start, topics.c.created_at < end),
            sa.and_(topics.c.adopted_at >= start, topics.c.adopted_at < end),
        ),
    )
    return records.rows(conn, asked)
