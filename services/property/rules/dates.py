"""Days and months. Pure."""

from __future__ import annotations

from datetime import date, timedelta


def add_months(day: date, n: int) -> date:
    """Return the same day n months later; the last day where that month is shorter."""
    months = day.year * 12 + day.month - 1 + n
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, days_of(year, month)))


def days_of(year: int, month: int) -> int:
    """Return how many days a month has."""
    after = date(year + month // 12, month % 12 + 1, 1)
    return (after - timedelta(days=1)).day
