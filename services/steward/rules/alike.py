"""How much two reports look like one matter. A person decides; this only puts them in order."""

from __future__ import annotations

from fivered.chassis.text import fold
from fivered.services.steward.rules import dwellings


def likeness(one: str, other: str) -> int:
    """Return by how many percent two texts consist of the same pairs of signs."""
    first, second = _pairs(one), _pairs(other)
    together = len(first | second)
    return round(100 * len(first & second) / together) if together else 0


def _pairs(text: str) -> set[str]:
    plain = fold(text)
    return {plain[at : at + 2] for at in range(len(plain) - 1)}


def order(building: str | None, its: str | None, percent: int) -> tuple[bool, int]:
    """Return by what similar reports are ordered: another building last, then the likest text."""
    elsewhere = (
        building is not None and its is not None and not dwellings.same_building(building, its)
    )
    return elsewhere, -percent
