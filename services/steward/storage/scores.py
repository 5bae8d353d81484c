"""What the score of a steward's month is made of."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules.scores import RatedCase
from fivered.services.steward.storage.tables import persons, requests, stewards


def rated(conn: sa.Connection, community: str, start: datetime, end: datetime) -> list[RatedCase]:
    """Return the closed cases of a community that were rated in a span, oldest rating first."""
    r = requests.c
    household = sa.func.coalesce(persons.c.household_id, r.reporter_id, r.request_id)
    asked = (
        sa.select(r.handler, r.grid, household, r.stars, r.priority, r.late, r.review)
        .outerjoin(persons, persons.c.person_id == r.reporter_id)
        .where(
            r.rated_at >= start,
            r.rated_at < end,
            r.state == "CLOSED",
            r.handler.is_not(None),
            store.within(r.area, community),
        )
        .order_by(r.rated_at, r.request_id)
    )
    return [RatedCase(*row) for row in conn.execute(asked)]


def overdue(conn: sa.Connection, community: str, start: datetime, end: datetime) -> dict[str, int]:
    """Return per steward the cases that were resolved late in a span."""
    r = requests.c
    asked = (
        sa.select(r.handler, sa.func.count())
        .where(
            r.resolved_at >= start,
            r.resolved_at < end,
            r.late.is_(True),
            r.handler.is_not(None),
            store.within(r.area, community),
        )
        .group_by(r.handler)
    )
    return {handler: int(count) for handler, count in conn.execute(asked)}


def in_post(conn: sa.Connection, community: str, start: datetime, end: datetime) -> list[Row]:
    """Return the stewards of a community who held their post at some time within a span."""
    s = stewards.c
    asked = sa.select(stewards).where(
        store.within(s.area, community),
        s.created_at < end,
        sa.or_(s.left_at.is_(None), s.left_at >= start),
    )
    return records.rows(conn, asked.order_by(s.steward_id))
