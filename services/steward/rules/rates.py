"""The three rates, exactly (DOMAIN 5, E15)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from fivered.chassis.calendar import Calendar
from fivered.chassis.decimals import ratio

WEIGHTS = (Fraction(2, 10), Fraction(4, 10), Fraction(4, 10))


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted in a window."""

    contacts_due: int
    contacted_on_time: int
    rated: int
    solved: int
    satisfied: int
    closed: int


@dataclass(frozen=True, slots=True)
class MiddleAndMost:
    """Minutes that half of some spans, and nine tenths of them, did not exceed."""

    median: int | None
    p90: int | None


@dataclass(frozen=True, slots=True)
class Spans:
    """How long the requests of a priority took, in all hours and in those of working days."""

    priority: str
    requests: int
    elapsed_minutes: MiddleAndMost
    working_minutes: MiddleAndMost


def composite(
    response: Fraction | None, resolution: Fraction | None, satisfaction: Fraction | None
) -> Fraction | None:
    """Return the weighted sum of the three rates; unknown while one of them is."""
    if response is None or resolution is None or satisfaction is None:
        return None
    return response * WEIGHTS[0] + resolution * WEIGHTS[1] + satisfaction * WEIGHTS[2]


def three_rates(counts: Counts) -> dict[str, Fraction | None]:
    """Return M-03, M-04, M-06, M-07 and the coverage of ratings."""
    response = ratio(counts.contacted_on_time, counts.contacts_due)
    resolution = ratio(counts.solved, counts.rated)
    satisfaction = ratio(counts.satisfied, counts.rated)
    return {
        "M-03": response,
        "M-04": resolution,
        "M-06": satisfaction,
        "M-07": composite(response, resolution, satisfaction),
        "coverage": ratio(counts.rated, counts.closed),
    }


def working_time(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """Return how much of a span lies on working days."""
    found = timedelta()
    day = calendar.local_date(start)
    while (begin := calendar.midnight(day)) < end:
        after = day + timedelta(days=1)
        if calendar.is_working_day(day):
            found += max(timedelta(), min(end, calendar.midnight(after)) - max(start, begin))
        day = after
    return found


def at_share(ordered: list[timedelta], share: Fraction) -> int | None:
    """Return, in whole minutes, the span that so large a share did not exceed: one that was
    observed, never a mean of two. Of nothing there is none."""
    if not ordered:
        return None
    return int(ordered[math.ceil(share * len(ordered)) - 1].total_seconds() // 60)


def spans_by_priority(
    resolved: Iterable[tuple[str, datetime, datetime]], calendar: Calendar
) -> list[Spans]:
    """Return per priority how long it took: number, median and ninth tenth, all hours and those of
    working days (M-10).

    Args:
        resolved: (priority, submitted, resolved) of each.
        calendar: The working days.
    """
    groups: dict[str, list[tuple[datetime, datetime]]] = {}
    for priority, start, end in resolved:
        groups.setdefault(priority, []).append((start, end))
    found = []
    for priority in sorted(groups):
        elapsed = sorted(end - start for start, end in groups[priority])
        working = sorted(working_time(start, end, calendar) for start, end in groups[priority])
        found.append(
            Spans(
                priority=priority,
                requests=len(elapsed),
                elapsed_minutes=_middle_and_most(elapsed),
                working_minutes=_middle_and_most(working),
            )
        )
    return found


def _middle_and_most(ordered: list[timedelta]) -> MiddleAndMost:
    return MiddleAndMost(
        median=at_share(ordered, Fraction(1, 2)), p90=at_share(ordered, Fraction(9, 10))
    )
