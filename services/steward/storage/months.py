"""What a month counted: the inputs of the marker, of a steward's card and of the rates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.steward import events
from fivered.services.steward.rules.hours import VISIT_QUOTA
from fivered.services.steward.rules.routing import PROPERTY_STAFF
from fivered.services.steward.storage.tables import (
    projects,
    request_clocks,
    request_timeline,
    requests,
    shifts,
    stewards,
    visits,
    volunteer_hours,
)


def _count_if(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _on_time() -> sa.ColumnElement[int]:
    return _count_if(
        sa.and_(
            request_clocks.c.done_at.is_not(None),
            request_clocks.c.done_at < request_clocks.c.due_at,
        )
    )


def _clocks(which: str, start: datetime, end: datetime, now: datetime) -> sa.ColumnElement[bool]:
    # What still runs is neither met nor missed; it counts when it is done or has run out.
    return sa.and_(
        request_clocks.c.which == which,
        request_clocks.c.voided.is_(False),
        request_clocks.c.due_at >= start,
        request_clocks.c.due_at < end,
        sa.or_(request_clocks.c.due_at <= now, request_clocks.c.done_at.is_not(None)),
    )


def _rated(start: datetime, end: datetime) -> sa.ColumnElement[bool]:
    # The word of somebody who was merged into a case is no second one of the case.
    return sa.and_(
        requests.c.rated_at >= start, requests.c.rated_at < end, requests.c.state != "MERGED"
    )


def _done_by_property() -> sa.ColumnElement[bool]:
    # A project answers for what its own people had in hand in the end (DOMAIN 2.2.1).
    return sa.and_(
        stewards.c.steward_id == requests.c.handler,
        stewards.c.duty == PROPERTY_STAFF,
        requests.c.project_id.is_not(None),
    )


def submitted(conn: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """Return the requests submitted per community."""
    asked = sa.select(requests.c.area, sa.func.count()).where(
        requests.c.created_at >= start, requests.c.created_at < end
    )
    return dict(conn.execute(asked.group_by(requests.c.area)).all())


def rated(conn: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """Return the ratings given per community."""
    asked = sa.select(requests.c.area, sa.func.count()).where(_rated(start, end))
    return dict(conn.execute(asked.group_by(requests.c.area)).all())


def volunteered(conn: sa.Connection, first: date, after: date) -> dict[str, int]:
    """Return the confirmed minutes of service per community."""
    asked = sa.select(volunteer_hours.c.area, sa.func.sum(volunteer_hours.c.minutes)).where(
        volunteer_hours.c.state == "CONFIRMED",
        volunteer_hours.c.date >= first,
        volunteer_hours.c.date < after,
    )
    rows = conn.execute(asked.group_by(volunteer_hours.c.area))
    return {area: int(minutes) for area, minutes in rows}


def roster(conn: sa.Connection, start: datetime, end: datetime) -> list[Row]:
    """Return the stewards who held their post at some time within the span."""
    return records.rows(
        conn,
        sa.select(stewards)
        .where(
            stewards.c.created_at < end,
            sa.or_(stewards.c.left_at.is_(None), stewards.c.left_at >= start),
        )
        .order_by(stewards.c.steward_id),
    )


def orders(
    conn: sa.Connection, start: datetime, end: datetime, now: datetime
) -> dict[str, tuple[int, int]]:
    """Return per handler the accept clocks that ended in the span, and how many were met."""
    asked = sa.select(request_clocks.c.handler, sa.func.count(), _on_time()).where(
        _clocks("ACCEPT", start, end, now)
    )
    rows = conn.execute(asked.group_by(request_clocks.c.handler))
    return {handler: (int(count), int(met)) for handler, count, met in rows}


def proactive(conn: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """Return per steward what was found and solved, and somebody else looked at."""
    looked_at = (
        sa.select(request_timeline.c.id)
        .where(
            request_timeline.c.request_id == requests.c.request_id,
            request_timeline.c.action == "check",
            request_timeline.c.at >= start,
            request_timeline.c.at < end,
        )
        .exists()
    )
    # Before anybody had to look, the closing counted.
    closed = sa.and_(
        requests.c.checked_by == "system",
        requests.c.closed_at >= start,
        requests.c.closed_at < end,
    )
    asked = sa.select(requests.c.found_by, sa.func.count()).where(
        requests.c.found_by == requests.c.handler,
        requests.c.outcome == "SOLVED",
        requests.c.checked_by.is_not(None),
        sa.or_(closed, looked_at),
    )
    return dict(conn.execute(asked.group_by(requests.c.found_by)).all())


def visited(conn: sa.Connection, period: str) -> dict[str, int]:
    """Return per steward the visits that count in a month."""
    asked = sa.select(visits.c.steward_id, sa.func.count()).where(visits.c.period == period)
    return dict(conn.execute(asked.group_by(visits.c.steward_id)).all())


# Somebody else planned it and nobody was missed; or somebody, or in time the steward, said so.
SAT = sa.or_(
    shifts.c.state == "ATTENDED",
    sa.and_(shifts.c.state == "PLANNED", shifts.c.self_planned.is_(False)),
)


def days_on_shift(conn: sa.Connection, days: list[str]) -> dict[str, int]:
    """Return per steward on how many of the days there was a shift."""
    asked = sa.select(shifts.c.steward_id, sa.func.count(sa.distinct(shifts.c.local_day))).where(
        shifts.c.local_day.in_(days), SAT
    )
    return dict(conn.execute(asked.group_by(shifts.c.steward_id)).all())


def all_projects(conn: sa.Connection) -> list[Row]:
    """Return the projects that we have heard of."""
    return records.rows(conn, sa.select(projects).order_by(projects.c.project_id))


def project_clocks(
    conn: sa.Connection, which: str, start: datetime, end: datetime, now: datetime
) -> dict[str, tuple[int, int]]:
    """Return per project the clocks that ended in the span, and how many were met."""
    asked = (
        sa.select(requests.c.project_id, sa.func.count(), _on_time())
        .select_from(request_clocks)
        .join(requests, requests.c.request_id == request_clocks.c.request_id)
        .join(stewards, _done_by_property())
        .where(_clocks(which, start, end, now))
    )
    rows = conn.execute(asked.group_by(requests.c.project_id))
    return {project: (int(count), int(met)) for project, count, met in rows}


def project_ratings(
    conn: sa.Connection, start: datetime, end: datetime
) -> dict[str, tuple[int, int]]:
    """Return per project the ratings given in the span, and how many had 4 or 5 stars."""
    asked = (
        sa.select(requests.c.project_id, sa.func.count(), _count_if(requests.c.stars >= 4))
        .join(stewards, _done_by_property())
        .where(_rated(start, end))
    )
    rows = conn.execute(asked.group_by(requests.c.project_id))
    return {project: (int(count), int(good)) for project, count, good in rows}


def _lies_in(scope: str) -> sa.ColumnElement[bool]:
    """Return the condition that a request lies in an area, which may be a grid."""
    if len(scope) == 15:
        return requests.c.grid == scope
    return store.within(requests.c.area, scope)


def _of_grid(scope: str) -> list[sa.ColumnElement[bool]]:
    """Return what else holds of the clocks of a grid, since they name its community only."""
    if len(scope) != 15:
        return []
    of_grid = sa.select(requests.c.request_id).where(requests.c.grid == scope)
    return [request_clocks.c.request_id.in_(of_grid)]


def clocks_in(  # noqa: PLR0917  what, where, from when to when, seen when
    conn: sa.Connection, scope: str, which: str, start: datetime, end: datetime, now: datetime
) -> tuple[int, int]:
    """Return the clocks of an area that ended in the span, and how many were met."""
    row = conn.execute(
        sa.select(sa.func.count(), _on_time()).where(
            _clocks(which, start, end, now),
            store.within(request_clocks.c.area, scope[:12]),
            *_of_grid(scope),
        )
    ).one()
    return int(row[0]), int(row[1])


def ratings_in(
    conn: sa.Connection, scope: str, start: datetime, end: datetime
) -> tuple[int, int, int]:
    """Return the ratings of an area in the span: all, "solved", 4 or 5 stars."""
    row = conn.execute(
        sa.select(
            sa.func.count(),
            _count_if(requests.c.solved.is_(True)),
            _count_if(requests.c.stars >= 4),
        ).where(_rated(start, end), _lies_in(scope))
    ).one()
    return int(row[0]), int(row[1]), int(row[2])


def closed_in(
    conn: sa.Connection, scope: str, start: datetime, end: datetime
) -> tuple[int, int, int]:
    """Return the requests of an area that were closed in the span: all, those rated before the
    span ended, and those never reopened before it ended."""
    reopened = (
        sa.select(request_timeline.c.id)
        .where(
            request_timeline.c.request_id == requests.c.request_id,
            request_timeline.c.action == "reopen",
            request_timeline.c.at < end,
        )
        .exists()
    )
    row = conn.execute(
        sa.select(
            sa.func.count(),
            _count_if(requests.c.rated_at < end),
            _count_if(sa.and_(requests.c.reopens > 0, reopened)),
        ).where(
            requests.c.closed_at >= start,
            requests.c.closed_at < end,
            _lies_in(scope),
        )
    ).one()
    return int(row[0]), int(row[1]), int(row[0]) - int(row[2])


def escalated_in(
    conn: sa.Connection, scope: str, start: datetime, end: datetime
) -> tuple[int, int]:
    """Return the requests of an area that were submitted in the span, and how many of them had
    reached level 2 when it ended: a reopening begins the ladder anew, so the timeline is asked."""
    here = sa.and_(
        requests.c.created_at >= start,
        requests.c.created_at < end,
        _lies_in(scope),
    )
    all_of_them = conn.execute(sa.select(sa.func.count()).where(here)).scalar_one()
    steps = conn.execute(
        sa.select(request_timeline.c.request_id, request_timeline.c.detail)
        .join(requests, requests.c.request_id == request_timeline.c.request_id)
        .where(here, request_timeline.c.action == "escalate", request_timeline.c.at < end)
    )
    high = {request_id for request_id, detail in steps if detail["level"] >= 2}
    return int(all_of_them), len(high)


def resolved_in(
    conn: sa.Connection, scope: str, start: datetime, end: datetime
) -> Sequence[tuple[str, datetime, datetime]]:
    """Return (priority, submitted, resolved) of the requests of an area resolved in the span; what
    was resolved again later stays what it was then."""
    resolved = sa.func.max(request_timeline.c.at)
    asked = (
        sa.select(requests.c.priority, requests.c.created_at, resolved)
        .join(request_timeline, request_timeline.c.request_id == requests.c.request_id)
        .where(
            request_timeline.c.action == "resolve",
            request_timeline.c.at >= start,
            request_timeline.c.at < end,
            _lies_in(scope),
        )
        .group_by(requests.c.request_id, requests.c.priority, requests.c.created_at)
    )
    return [(row[0], row[1], row[2]) for row in conn.execute(asked)]


def steward_months(
    conn: sa.Connection,
    calendar: Calendar,
    period: str,
    now: datetime,
    *,
    only: str | None = None,
) -> list[events.StewardMonth]:
    """Return the month of every steward who held a post in it, or of one."""
    start, end = calendar.month_bounds(period)
    accepted = orders(conn, start, end, now)
    found_closed = proactive(conn, start, end)
    visit_counts = visited(conn, period)
    days = _working_days(calendar, period)
    sat = days_on_shift(conn, days)
    found = []
    for row in roster(conn, start, end):
        if only is not None and row.steward_id != only:
            continue
        count, met = accepted.get(row.steward_id, (0, 0))
        whole_month = row.created_at <= start and (row.left_at is None or row.left_at >= end)
        found.append(
            events.StewardMonth(
                steward_id=row.steward_id,
                person_id=row.person_id,
                community=row.area,
                duty=row.duty,
                type=row.type,
                orders=count,
                accepted_on_time=met,
                proactive_closed=found_closed.get(row.steward_id, 0),
                visits=visit_counts.get(row.steward_id, 0),
                visit_quota=VISIT_QUOTA.get(row.duty, 0),
                # Full attendance is a shift on every working day of a whole month.
                attendance_full=row.type == "FULL_TIME"
                and whole_month
                and sat.get(row.steward_id, 0) == len(days),
                on_roster=row.left_at is None or row.left_at >= end,
            )
        )
    return found


def _working_days(calendar: Calendar, period: str) -> list[str]:
    day = date.fromisoformat(period + "-01")
    after = date.fromisoformat(calendar.next_period(period) + "-01")
    days = []
    while day < after:
        if calendar.is_working_day(day):
            days.append(day.isoformat())
        day += timedelta(days=1)
    return days
