"""Volunteer hours and visits: windows, caps and the month in which they count."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from fivered.chassis.calendar import Calendar
from fivered.services.steward.errors import ClockSkew, TooLongAgo, TooOld

DAILY_CAP_MINUTES = 480
OLDEST = timedelta(days=30)
# As credit takes a deed: nothing of more than a year ago counts for anybody.
OLDEST_HOURS = timedelta(days=365)
SKEW = timedelta(minutes=5)
# Somebody looks at a reported danger within a day; else the next level is told, a day each.
HAZARD_LOOK = timedelta(hours=24)

VISIT_QUOTA = {"GRID_WORKER": 60, "COMMUNITY_CADRE": 30, "PROPERTY_STAFF": 20}


def check_moment(
    occurred_at: datetime, now: datetime, *, oldest: timedelta = OLDEST, field: str = "occurred_at"
) -> None:
    """Refuse what lies in the future, or further back than is taken.

    Raises:
        ClockSkew: More than 5 minutes ahead.
        TooLongAgo: Further back than `oldest`.
    """
    if occurred_at > now + SKEW:
        raise ClockSkew(field=field)
    if now - occurred_at > oldest:
        raise TooLongAgo(field=field, earliest=earliest(now, oldest).isoformat())


def check_confirmation(done_at: datetime, now: datetime, *, street: bool) -> None:
    """Refuse to confirm what lies so far back that the street has to.

    Raises:
        TooOld: More than 30 days back, and somebody else than the street confirms it.
    """
    if now - done_at > OLDEST and not street:
        raise TooOld(field="record_id", earliest=earliest(now, OLDEST).isoformat())


def earliest(now: datetime, oldest: timedelta) -> date:
    """Return the first day that lies wholly within a span before now."""
    return Calendar.local_date(now - oldest) + timedelta(days=1)


def end_of(day: date, now: datetime, calendar: Calendar) -> datetime:
    """Return the instant at which a day's service has happened: its end, or now while it lasts."""
    end = calendar.midnight(day + timedelta(days=1)) - timedelta(milliseconds=1)
    return min(end, now)


def counting_period(occurred_at: datetime, now: datetime, calendar: Calendar) -> tuple[str, bool]:
    """Return the month in which something counts, and whether it came after its own cut-off."""
    period = calendar.period(occurred_at)
    if now < calendar.cutoff(period):
        return period, False
    return calendar.period(now), True
