"""The indicators of Red Credit: each figure with its numerator and its denominator."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from fivered.chassis.decimals import decimal, percent, ratio
from fivered.chassis.fields import Cursor, DownToCommunity, Limit, Period
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.rules import settlement as rules
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import figures as store

if TYPE_CHECKING:
    from datetime import datetime

    from fivered.chassis.bus import Tx

# Below this a spread says more about single persons than about an area.
LEAST_PERSONS = 5
FEN_PER_POINT = 10
# What has happened in this instant counts; a time limits from below what lies before it.
JUST_NOW = timedelta(microseconds=1)


class MonthInArea(Request, frozen=True):
    """Which month, and which area with what lies in it."""

    period: Annotated[Period, Meta(examples=["2025-03"])]
    scope: (
        Annotated[
            DownToCommunity,
            Meta(
                description="默认本人辖区 / default the caller's own",
                examples=["370811"],
            ),
        ]
        | None
    ) = None


class Sums(Request, frozen=True):
    """Which month, by what, of which area."""

    period: Annotated[Period, Meta(examples=["2025-03"])]
    by: Annotated[
        Literal["HOUSEHOLD", "GRID", "PROJECT", "COMMUNITY", "STREET", "DISTRICT"],
        Meta(description="按户、网格、小区、社区、街道或区汇总 / what is summed up"),
    ] = "COMMUNITY"
    scope: Annotated[DownToCommunity, Meta(examples=["370811"])] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def indicators(tx: Tx, payload: MonthInArea) -> replies.IndicatorsReply:
    """红色信用指标 / Indicators of Red Credit.

    Return the indicators of an area's month.

    The consent rate is told for the whole area only, never community by community: it is no target
    and no ranking (REQ-L14).

    Raises:
        Invalid: No month.
        RoleDenied: The area lies outside the caller's scope.

    Source:
        DOMAIN 5: M-12, M-14, M-22, M-23, M-26, and of M-28 the liability.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    since, until = _bounds(tx, payload.period)
    window = store.points_moved(tx.conn, scope, since, until)
    ever = store.points_moved(tx.conn, scope, None, until)
    return replies.IndicatorsReply(
        period=payload.period,
        scope=scope,
        at=tx.now,
        consent=share(*store.consenting_adults(tx.conn, scope, min(until, tx.now + JUST_NOW))),
        redemption=replies.Redemption(window=_redeemed(window), to_date=_redeemed(ever)),
        punctuality=_punctuality(tx, scope, payload.period),
        appeals=_appeals(
            store.objections(tx.conn, scope, payload.period),
            store.entries(tx.conn, scope, payload.period),
        ),
        distribution=replies.Distribution(
            grades=store.grades(tx.conn, scope, payload.period),
            points=_spread(*store.spread_of_points(tx.conn, scope, payload.period)),
        ),
        liability=_liability(store.points_outstanding(tx.conn, scope, until)),
    )


def sums(tx: Tx, payload: Sums) -> replies.SumsReply:
    """信用汇总 / Sums of a month by household, grid, compound, community, street, district.

    Return sums of a published month by group: residents by household, grid or compound; all
    kinds by community, street or district. A person who moves later stays in the place of the time
    when it ended.

    The groups come in the order of their ids and of persons no score is told: nobody is ranked.

    Raises:
        Invalid: No month, or a cursor of another list.
        RoleDenied: The area lies outside the caller's scope.

    Source:
        FEATURES C16.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    _, end = _bounds(tx, payload.period)
    found = store.sums(
        tx.conn, by=payload.by, area=scope, period=payload.period, end=end, part=payload
    )
    return replies.SumsReply(
        period=payload.period,
        scope=scope,
        by=payload.by,
        items=[_sum(row) for row in found.rows],
        next=found.next,
        prev=found.prev,
    )


def _sum(row: Row) -> replies.GroupSum:
    person = row.kind in PERSONS
    mean = Fraction(int(row.score), 100 * row.rated) if row.rated and not person else None
    return replies.GroupSum(
        group=row.group,
        kind=row.kind,
        entries=row.entries,
        rated=row.rated,
        good=int(row.good),
        bad=int(row.bad),
        points=int(row.points),
        average_score=percent(mean),
    )


def _bounds(tx: Tx, period: str) -> tuple[datetime, datetime]:
    try:
        return tx.calendar.month_bounds(period)
    except ValueError as error:
        raise Invalid(
            field="period", reason=said("月份格式应为 YYYY-MM / a month is written YYYY-MM")
        ) from error


def share(part: int, whole: int) -> replies.Share:
    """Return a share with both its numbers; of nothing there is no share."""
    return replies.Share(part=part, whole=whole, percent=percent(ratio(part, whole)))


def _redeemed(moved: dict[str, int]) -> replies.Redeemed:
    captured, released = moved.get("CAPTURE", 0), moved.get("RELEASE", 0)
    return replies.Redeemed(
        part=captured,
        whole=released,
        percent=percent(ratio(captured, released)),
        refunded=moved.get("REFUND", 0),
    )


def _punctuality(tx: Tx, scope: str, period: str) -> replies.Punctuality:
    """Return how many communities were published on working day 5, and how late the others are.

    Before that day has ended there is nothing to be late with, so there is no share yet.
    """
    planned = rules.timeline(tx.calendar, period).publish
    day = tx.calendar.local_date(planned)
    over = tx.calendar.local_date(tx.now) > day
    _, end = _bounds(tx, period)
    found = store.communities(tx.conn, scope, period, end) if over else []
    on_time, late = 0, []
    for row in found:
        until = tx.calendar.local_date(row.published_at or tx.now)
        if row.published_at is not None and until <= day:
            on_time += 1
            continue
        days = sum(
            tx.calendar.is_working_day(day + timedelta(days=n + 1))
            for n in range((until - day).days)
        )
        late.append(
            replies.LateCommunity(
                community=row.code, published_at=row.published_at, working_days_late=days
            )
        )
    return replies.Punctuality(
        part=on_time,
        whole=len(found),
        percent=percent(ratio(on_time, len(found))),
        planned_at=planned,
        late=late,
    )


def _appeals(counts: store.Objections, entries: int) -> replies.Appeals:
    """Return how often a month is objected to, and how that ends.

    Where more than a tenth of what is decided turns out to be wrong, in whole or in part, the
    rules are to be looked at.
    """
    wrong = counts.upheld + counts.partly
    return replies.Appeals(
        filed=counts.filed,
        entries=entries,
        per_1000_entries=decimal(ratio(1000 * counts.filed, entries)),
        upheld=replies.Upheld(
            part=wrong,
            whole=counts.decided,
            percent=percent(ratio(wrong, counts.decided)),
            in_part=counts.partly,
        ),
        in_time=share(counts.in_time, counts.due),
        rule_review=wrong * 10 > counts.decided,
    )


def _spread(persons: int, points: int, weighted: int, top: int) -> replies.Spread:
    """Return how evenly the points of a month are spread over the residents who take part."""
    if persons < LEAST_PERSONS or not points:
        return replies.Spread(
            persons=persons,
            gini=None,
            top_tenth=None,
            null_because="FEWER_THAN_5_PERSONS" if persons < LEAST_PERSONS else "NO_POINTS",
        )
    gini = Fraction(2 * weighted, persons * points) - Fraction(persons + 1, persons)
    return replies.Spread(
        persons=persons, gini=decimal(gini), top_tenth=share(top, points), null_because=None
    )


def _liability(points: store.Outstanding) -> replies.Liability:
    """Return what the points that can still be redeemed or paid out are worth."""
    outstanding = points.available + points.held + points.receivable
    return replies.Liability(
        available=points.available,
        held=points.held,
        receivable=points.receivable,
        pending=points.pending,
        outstanding=outstanding,
        liability_fen=outstanding * FEN_PER_POINT,
    )
