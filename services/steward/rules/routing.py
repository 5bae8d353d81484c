"""Who takes a request: duties by category, and the choice among stewards. Deterministic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from fivered.services.steward.fields import Category

PROPERTY_STAFF = "PROPERTY_STAFF"
FULL_TIME_DUTIES = ("COMMUNITY_CADRE", "GRID_WORKER", PROPERTY_STAFF)
PART_TIME_DUTIES = ("POLICE", "BUILDING_HEAD", "WATER", "POWER", "GAS", "HEAT", "NETWORK")
DUTIES = FULL_TIME_DUTIES + PART_TIME_DUTIES

UTILITIES = ("WATER", "POWER", "GAS", "HEAT", "NETWORK")
_PROPERTY = ("REPAIR_COMMON", "LIFT", "CLEANING", "GREENING", "PARKING", "DOOR_CONTROL")

CATEGORIES: tuple[str, ...] = get_args(Category)
# Who stands in where everybody who should have a matter is a party of it.
SUBSTITUTES = ("COMMUNITY_CADRE", "GRID_WORKER")
# Whose duty it is to decide about a matter, not only to have it in hand.
DECIDERS = ("COMMUNITY_CADRE",)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A steward who may take a request.

    Attributes:
        on_shift: Sits on shift now, anywhere in the community.
        same_grid: Serves the request's own grid.
        open_requests: What the steward has in hand.
        dispatched_at: When the steward last got one; None for never.
    """

    steward_id: str
    person_id: str
    duty: str
    on_shift: bool
    same_grid: bool
    open_requests: int
    dispatched_at: datetime | None

    @property
    def available(self) -> bool:
        """Full-time stewards answer while on shift; part-time ones have no shifts."""
        return self.on_shift or self.duty in PART_TIME_DUTIES


def duties_for(
    category: str,
    duties: Sequence[str],
    *,
    has_project: bool,
    indoor: bool,
    cadre_only: bool,
) -> Sequence[str]:
    """Return the duties that take a request, best first.

    Args:
        category: One of CATEGORIES.
        duties: Those of it in the service standards, best first.
        has_project: A property project is known to serve the grid.
        indoor: A utility's fault behind the meter, which is the property's first.
        cadre_only: The request was returned twice; only a cadre may hold it.

    Source:
        DOMAIN 2.3.3.
    """
    if cadre_only:
        return ("COMMUNITY_CADRE",)
    if category in UTILITIES and indoor:
        return tuple(reversed(duties))
    if category in _PROPERTY and not has_project and "GRID_WORKER" not in duties:
        # Without a project the grid worker takes it; property staff only where there are some, so
        # that a project of which we have not heard yet still gets its own repairs.
        return (*duties[:1], "GRID_WORKER", *duties[1:])
    return duties


def stands_in(duty: str, filled: Iterable[str], chains: Iterable[Sequence[str]]) -> str | None:
    """Return which of the filled duties does the work of one that nobody holds, or None.

    Args:
        duty: The one.
        filled: Which are held.
        chains: The duties of each category, best first.
    """
    there = set(filled) - {duty}
    reserves = [duties[1:] for duties in chains if duties[0] == duty]
    for other in (*(one for duties in reserves for one in duties), *SUBSTITUTES):
        if other in there:
            return other
    return None


def stood_back(
    candidates: Iterable[Candidate], duties: Sequence[str], barred: Collection[str]
) -> bool:
    """Tell whether somebody who has one of the duties may not take a matter, as a party of it."""
    return any(one.duty in duties and one.person_id in barred for one in candidates)


def is_against_project(kind: str, category: str) -> bool:
    """Tell whether a request is about what a property project did, so that nobody who holds a post
    in it may have it in hand or decide on it."""
    return category == "PROPERTY_SERVICE" or (kind == "COMPLAINT" and category in _PROPERTY)


def fits(candidate: Candidate, duties: Sequence[str]) -> bool:
    """Tell whether a steward may take it; property staff never work in another project's grid."""
    if candidate.duty not in duties:
        return False
    return candidate.same_grid or candidate.duty != PROPERTY_STAFF


def choose(candidates: Iterable[Candidate], duties: Sequence[str]) -> Candidate | None:
    """Choose who gets the request; the same candidates always give the same choice.

    Those who answer now come before those who sleep, then the order of the duties, then on shift,
    own grid, fewest in hand, longest without a new one, smallest id. A part-time duty answers at
    any hour where the category is its own (first in the list); elsewhere it is only a reserve.
    """

    def key(c: Candidate) -> tuple[object, ...]:
        last = c.dispatched_at.timestamp() if c.dispatched_at else 0.0
        return (
            not (c.on_shift or (c.duty == duties[0] and c.available)),
            duties.index(c.duty),
            not c.on_shift,
            not c.same_grid,
            c.open_requests,
            last,
            c.steward_id,
        )

    fitting = [c for c in candidates if fits(c, duties)]
    return min(fitting, key=key) if fitting else None


def type_of(duty: str) -> str:
    """Return FULL_TIME for the three duties that sit in the compound, else PART_TIME."""
    return "FULL_TIME" if duty in FULL_TIME_DUTIES else "PART_TIME"


def may_spend(duty: str, *, is_state_official: bool) -> bool:
    """Tell whether a steward's points may be spent at all (integrity rule, DOMAIN 2.3.6)."""
    return duty != "POLICE" and not is_state_official
