"""Who decides a proposed award, until when, and to whom the decision passes (DOMAIN 4.3)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

# A decision that is not made within so many working days passes to the next level.
WORKING_DAYS: Final = 5
LEVELS: Final = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
TOP: Final = LEVELS[-1]
# Level -> the one to which an undecided proposal passes. At the top it stays: nothing is decided
# by silence.
NEXT: Final = dict(itertools.pairwise(LEVELS))


def first_level(approve: Iterable[str]) -> str:
    """Return the level that decides first: the lowest of those that may approve."""
    allowed = frozenset(approve)
    return next((level for level in LEVELS if level in allowed), TOP)


# Length of an area's code -> the lowest level whose scope covers a whole area of that size.
_SERVES: Final = {15: "R_GRID", 12: "R_CADRE", 9: "R_STREET", 6: "R_DISTRICT"}
_RANKS: Final = ("R_GRID", *LEVELS)


def at_level(roles: Iterable[str], place: str) -> tuple[str, ...]:
    """Return the roles that a rule names, and for each that is too low for a place (a company of
    the district, a partner of the street, a shop that belongs to no grid) the level that serves it.
    """
    lowest = _SERVES.get(len(place), TOP)
    found = []
    for role in roles:
        found.append(role)
        if role in _RANKS and _RANKS.index(role) < _RANKS.index(lowest):
            found.append(lowest)
    return tuple(dict.fromkeys(found))


def serves(role: str, place: str) -> bool:
    """Tell whether a level's scope can cover a whole place."""
    lowest = _SERVES.get(len(place), TOP)
    return role in _RANKS and _RANKS.index(role) >= _RANKS.index(lowest)


def up_to(role: str) -> tuple[str, ...]:
    """Return a role and those below it."""
    whole = ("R_GRID", *LEVELS)
    return whole[: whole.index(role) + 1] if role in whole else ()


def is_below(role: str, waits_for: str | None) -> bool:
    """Tell whether a role is a lower level than the one for which something waits."""
    if role not in LEVELS or waits_for not in LEVELS:
        return False
    return LEVELS.index(role) < LEVELS.index(waits_for)


def may_decide(role: str, approve: Iterable[str], waits_for: str | None) -> bool:
    """Tell whether a role decides: one that the rule names, or a level to which it has passed.

    Those to whom it was given first still may: late is better than never, and it says who decided.
    """
    allowed = frozenset(approve)
    if role in allowed:
        return True
    if role not in LEVELS or waits_for not in LEVELS:
        return False
    return LEVELS.index(first_level(allowed)) < LEVELS.index(role) <= LEVELS.index(waits_for)
