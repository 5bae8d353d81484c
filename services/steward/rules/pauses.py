"""When the clock of a request rests: on which grounds, how long, and what its end is then.

A clock that counts working days rests in working time, one that runs around the clock in time that
passes: so the end moves by exactly what the request could not be worked on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fivered.chassis.calendar import Calendar
from fivered.services.steward.errors import AfterDue
from fivered.services.steward.errors.desk import NoPause, PausesUsedUp, PauseTooLong
from fivered.services.steward.rules.standards import Terms

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a clock may rest.

    Attributes:
        own: For how many days its handlers decide alone, all pauses of the request together.
        most: For how many days at once, with the word of who oversees the place.
    """

    own: int
    most: int


GROUNDS = {
    "WAITING_PARTS": Ground(3, 10),
    "WAITING_OWNER": Ground(2, 5),
    "WAITING_UNIT": Ground(2, 10),
    "WEATHER": Ground(2, 5),
    "PROCEDURE": Ground(0, 10),
    "REPORTER_ASKED": Ground(2, 10),
}
# For how many days in all, by the row of the deadline table. An emergency never rests.
CAPS = {"P1": 0, "P2": 2, "P3": 5, "P4": 10, "CONSULT": 2}


def moved(
    terms: Terms, due: datetime, spans: Iterable[tuple[datetime, datetime]], calendar: Calendar
) -> datetime:
    """Return the end of a clock that has rested in some spans of time."""
    for start, end in spans:
        due = terms.later(due, terms.between(start, end, calendar), calendar)
    return due


def check(
    *,
    clock: str,
    ground: str,
    days: int,
    used: timedelta,
    alone: timedelta,
    due: datetime,
    now: datetime,
) -> bool:
    """Refuse a pause that is not owed; tell whether its handler decides it alone.

    Args:
        clock: The row of the deadline table.
        ground: Why.
        days: How long.
        used: How long the request has rested before.
        alone: How long of this by its handlers' own decision.
        due: When it has to be resolved.
        now: The time.

    Raises:
        NoPause: An emergency does not rest.
        AfterDue: It is overdue.
        PauseTooLong: The ground does not bear so many days.
        PausesUsedUp: It has rested for too long before.
    """
    if not CAPS[clock]:
        raise NoPause
    if now >= due:
        raise AfterDue
    if days > GROUNDS[ground].most:
        raise PauseTooLong(limit=GROUNDS[ground].most, field="days")
    if used + days * DAY > CAPS[clock] * DAY:
        left = max(CAPS[clock] - -(-used // DAY), 0)
        raise PausesUsedUp(limit=CAPS[clock], left=left, field="days")
    return alone + days * DAY <= GROUNDS[ground].own * DAY
