"""Buildings, units and rooms as people write them, made comparable. Pure.

3号楼, 3栋 and 3 are one building, 1单元 and 1 one unit, 601室 and 601 one room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from fivered.chassis.text import fold

# What people write behind the number of a building, a unit or a room, or leave out.
_BEHIND = re.compile("(?<=.)(?:号楼|单元|号|楼|栋|幢|座|室|户|#)$")
# What stands behind a building's name in front of a unit or room.
_PARTED = re.compile("^(?:号楼|号|楼|栋|幢|座|#|[^0-9a-z\u4e00-\u9fff])")


@lru_cache(maxsize=4096)
def plain(part: str | None) -> str:
    """Return how a building, unit or room is compared; of none "" is returned."""
    return _BEHIND.sub("", fold(part)) if part else ""


def is_among(buildings: Iterable[str], building: str) -> bool:
    """Tell whether a building as somebody wrote it is one of these.

    A unit or room behind the building's name is no other building; another number is.
    """
    wanted = fold(building)
    return any(_begins(wanted, name) for name in map(fold, buildings))


def _begins(wanted: str, name: str) -> bool:
    short = plain(name)
    if not short:
        return False
    # A name that ends as a word is begun by itself: 紫荆园2单元 lies in 紫荆园.
    if name == short and not name[-1].isascii() and wanted.startswith(name):
        return True
    rest = wanted.removeprefix(short)
    return wanted.startswith(short) and (not rest or bool(_PARTED.match(rest)))
