"""What the score of a steward's month is made of, and how it stood when the month was cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules import scores as rules
from fivered.services.steward.rules.scores import RatedCase, Score
from fivered.services.steward.storage.tables import metadata, persons, requests, stewards

FULL_TIME = "FULL_TIME"

# A steward's score of a month as it stood at the cut-off: what is rated or reviewed later changes
# no month that was told.
score_months = sa.Table(
    "score_months",
    metadata,
    sa.Column("period", sa.String(7), primary_key=True),
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("community", store.Area, nullable=False),
    sa.Column("duty", sa.String(20), nullable=False),
    sa.Column("type", sa.String(10), nullable=False),
    sa.Column("employer", sa.String(100)),
    sa.Column("score", sa.String(10)),
    sa.Column("cases", sa.Integer, nullable=False),
    sa.Column("left_out", sa.Integer, nullable=False),
    sa.Column("weight", sa.Integer, nullable=False),
    sa.Column("own_mean", sa.String(10)),
    sa.Column("prior", sa.String(10), nullable=False),
    sa.Column("late", sa.Integer, nullable=False),
    sa.Column("suspect", sa.Boolean, nullable=False),
    sa.Column("settled_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_score_months_community_period", "community", "period"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A steward's month as it is counted now."""

    steward: Row
    score: Score
    late: int


def measured(
    conn: sa.Connection,
    community: str,
    start: datetime,
    end: datetime,
    orders: Mapping[str, tuple[int, int]],
) -> list[Measured]:
    """Return the months of a community's stewards, by steward.

    Args:
        conn: The connection.
        community: Whose stewards.
        start: Where the month begins.
        end: Where it ends.
        orders: `months.orders` of the span.
    """
    rows = in_post(conn, community, start, end)
    full = {row.steward_id for row in rows if row.type == FULL_TIME}
    cases = [one for one in rated(conn, community, start, end) if one.handler in full]
    late = overdue(conn, community, start, end)
    part = [orders.get(row.steward_id, (0, 0)) for row in rows if row.type != FULL_TIME]
    all_orders, all_met = (sum(one[place] for one in part) for place in (0, 1))
    among = Fraction(100 * all_met, all_orders) if all_orders else None
    counted = rules.counted(cases)
    found = []
    for row in rows:
        if row.type == FULL_TIME:
            own = [one for one in cases if one.handler == row.steward_id]
            grids = {one.grid for one in own}
            score = rules.of_cases(own, rules.mean([one for one in counted if one.grid in grids]))
        else:
            score = rules.of_orders(*orders.get(row.steward_id, (0, 0)), among)
        found.append(Measured(row, score, late.get(row.steward_id, 0)))
    return found


def settle(
    conn: sa.Connection, period: str, community: str, months: Sequence[Measured], now: datetime
) -> None:
    """Keep the scores of a community's month; one that is kept already stays."""
    records.add_missing(
        conn,
        score_months,
        [
            {
                "period": period,
                "steward_id": one.steward.steward_id,
                "community": community,
                "duty": one.steward.duty,
                "type": one.steward.type,
                "employer": one.steward.employer,
                "score": rules.points(one.score.score),
                "cases": one.score.cases,
                "left_out": one.score.left_out,
                "weight": one.score.weight,
                "own_mean": rules.points(one.score.own_mean),
                "prior": rules.points(one.score.prior),
                "late": one.late,
                "suspect": one.score.suspect,
                "settled_at": now,
            }
            for one in months
        ],
    )


def settled(conn: sa.Connection, community: str, period: str) -> dict[str, Row]:
    """Return the kept scores of a community's month, by steward."""
    asked = sa.select(score_months).where(
        score_months.c.community == community, score_months.c.period == period
    )
    return {row.steward_id: row for row in records.rows(conn, asked)}


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
