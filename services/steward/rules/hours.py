"""Volunteer hours and visits: windows, caps and the month in which they count."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chassis.calendar import Calendar
from services.steward.errors import ClockSkew, TooOld

DAILY_CAP_MINUTES = 480
OLDEST = timedelta(days=30)
SKEW = timedelta(minutes=5)

VISIT_QUOTA = {"GRID_WORKER": 60, "COMMUNITY_CADRE": 30, "PROPERTY_STAFF": 20}


def check_moment(occurred_at: datetime, now: datetime, *, street: bool = False) -> None:
    """Refuse what lies in the future, or so far back that the street has to approve.

    Raises:
        ClockSkew: More than 5 minutes ahead.
        TooOld: More than 30 days back, and not reported by the street.
    """
    if occurred_at > now + SKEW:
        raise ClockSkew(field="occurred_at")
    if now - occurred_at > OLDEST and not street:
        raise TooOld(field="occurred_at")


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
