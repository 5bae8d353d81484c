"""How long negative items of organisations are published, and when they can be repaired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fivered.chassis.calendar import Calendar

ACCEPT_WORKING_DAYS: Final = 2
DECIDE_WORKING_DAYS: Final = 10
LONGEST_VETO: Final = 36


@dataclass(frozen=True, slots=True)
class Severity:
    """A class of negative items (DOMAIN 4.8).

    Attributes:
        published: Whether everybody may read it.
        repair_after: Months after its own before which nobody may apply for repair.
        longest: Months after which its publication ends by itself.
    """

    published: bool
    repair_after: int
    longest: int


SEVERITIES: Final = {
    "MINOR": Severity(published=False, repair_after=0, longest=3),
    "GENERAL": Severity(published=True, repair_after=3, longest=12),
    "SERIOUS": Severity(published=True, repair_after=12, longest=36),
}


def earliest_repair(severity: str, period: str) -> str:
    """Return the first month in which an item of a month can be repaired."""
    return Calendar.next_period(period, SEVERITIES[severity].repair_after)


def is_public(severity: str | None, *, period: str, to_period: str, now: str) -> bool:
    """Tell whether an item is still published in the month `now`.

    Args:
        severity: Of its rule; None and MINOR are never published.
        period: Its month.
        to_period: The last month in which it counts; a repair ends it.
        now: The present month.
    """
    known = SEVERITIES.get(severity or "")
    if known is None or not known.published or now <= period:
        return False
    return now <= min(to_period, Calendar.next_period(period, known.longest))


def span_is_sound(start: str, end: str, *, open_period: str) -> bool:
    """Tell whether a veto may stand from one month to another: no final month, at most 36."""
    return open_period <= start <= end < Calendar.next_period(start, LONGEST_VETO)
