"""Where somebody lives in a grid: building, unit (单元) and room, as written and as compared."""

from __future__ import annotations

import re
from typing import NamedTuple

from fivered.chassis.buildings import plain
from fivered.chassis.text import fold
from fivered.services.steward.errors import BuildingNeeded

# How it may go on behind the number of a building: what is left out above, or the next part.
_GOES_ON = re.compile("号楼|单元|号|楼|栋|幢|座|#|-")
_EMPTY = ""


class Dwelling(NamedTuple):
    """A dwelling as it was written; without a room, one of those of the unit or building."""

    building: str
    unit: str | None = None
    room: str | None = None


def check(
    building: str | None, unit: str | None, room: str | None, *, field: str = "building"
) -> Dwelling | None:
    """Return a dwelling, or None where none is given.

    Raises:
        BuildingNeeded: A unit or room is given, and no building.
    """
    if building is None:
        if unit is not None or room is not None:
            raise BuildingNeeded(field=field)
        return None
    return Dwelling(building, unit, room)


def as_text(dwelling: Dwelling | None) -> str | None:
    """Return a dwelling as the text that is sealed."""
    return None if dwelling is None else "\n".join(part or _EMPTY for part in dwelling)


def as_members(dwelling: Dwelling | None) -> dict[str, str | None] | None:
    """Return a dwelling by the names of its parts."""
    return None if dwelling is None else dwelling._asdict()


def of_text(text: str | None) -> Dwelling | None:
    """Return the dwelling of a text that was sealed."""
    if text is None:
        return None
    building, unit, room = text.split("\n")
    return Dwelling(building, unit or None, room or None)


def same_building(one: str, other: str) -> bool:
    """Tell whether two texts name one building."""
    return plain(one) == plain(other)


def within_building(building: str, where: str) -> bool:
    """Tell whether what somebody writes of a place begins with a building: a unit or room behind it
    is no other building; another number is."""
    name, wanted = plain(building), fold(where)
    if not name or not wanted.startswith(name):
        return plain(where) == name != _EMPTY
    rest = wanted[len(name) :]
    return not rest or _GOES_ON.match(rest) is not None or wanted.startswith(fold(building))


def key(dwelling: Dwelling) -> str:
    """Return a place as it is compared; what is left out is any."""
    return "\n".join(map(plain, dwelling))


def keys(dwelling: Dwelling) -> set[str]:
    """Return as what a dwelling may be asked for: with and without its unit and room."""
    building, unit, room = dwelling
    asked = {(building, u, r) for u in (unit, None) for r in (room, None)}
    return {key(Dwelling(*one)) for one in asked}
