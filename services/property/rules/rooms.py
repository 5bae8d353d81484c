"""What is one room, how large it is, and whose voice is one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from fivered.chassis.buildings import plain
from fivered.chassis.text import fold
from fivered.services.property import errors

USES = ("RESIDENTIAL", "COMMERCIAL", "OFFICE", "PARKING", "STORAGE", "OTHER")


def place_key(building: str, unit: str, number: str) -> str:
    """Return what two ways of writing one room have in common: 3号楼/601 and 3栋/601室 are one."""
    return "/".join(map(plain, (building, unit, number)))


def hundredths(area_m2: float) -> int:
    """Return an area in hundredths of a square metre.

    Raises:
        AreaTooFine: It has more than two decimals; nothing is rounded away.
    """
    found = round(area_m2 * 100)
    if found < 1 or abs(found - area_m2 * 100) > 1e-4:
        raise errors.AreaTooFine(field="area_m2", area=str(area_m2))
    return found


def square_metres(area: int) -> str:
    """Return hundredths of a square metre as people write them, exactly."""
    return f"{area // 100}.{area % 100:02d}"


def voice_of(persons: Iterable[str | None], organisations: Iterable[str | None]) -> str:
    """Return whose voice it is: the same owners together are one, whatever they own (Civil Code
    278; 法释〔2009〕7号 art. 9)."""
    names = {f"p:{one}" for one in persons if one}
    names |= {f"o:{fold(one)}" for one in organisations if one}
    return "|".join(sorted(names))
