"""Which announced outage explains which request. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.services.steward.rules import dwellings

# What is called otherwise than the categories that it explains; the rest is called alike.
_EXPLAINS = {"ROAD": ("STREET_OCCUPATION", "PARKING")}
# A complaint is about what somebody did, and a danger is looked at whatever was announced.
_EXPLAINED = ("REPAIR", "HELP", "CONSULT")


def kinds_for(category: str) -> set[str]:
    """Return the kinds of announcements that explain a request of a category."""
    return {category, *(kind for kind, others in _EXPLAINS.items() if category in others)}


def categories_of(kind: str) -> set[str]:
    """Return the categories of requests that an announcement of a kind explains."""
    return {kind, *_EXPLAINS.get(kind, ())}


def explains(kind: str, *, priority: str, indoor: bool) -> bool:
    """Tell whether a request of this kind may be explained by an announcement at all.

    An emergency is taken at once, and so is what is broken behind the meter.
    """
    return kind in _EXPLAINED and priority != "P1" and not indoor


def names(buildings: Sequence[str], building: str | None) -> bool:
    """Tell whether an announcement is for a building: for all, or for that one however written."""
    if not buildings:
        return True
    if building is None:
        return False
    return any(dwellings.within_building(name, building) for name in buildings)
