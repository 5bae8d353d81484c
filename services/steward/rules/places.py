"""Codes of compounds, buildings, units and dwellings: what each looks like, and what lies above it.

`370811015901-001` is a compound of a community, `-001-003` a building in it, `-001-003-02` a unit
(单元) of it, and `-001-003-02-0502` a dwelling on its fifth floor.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from fivered.services.steward.errors import BadPlaceCode, MemberOfKind

_FORMS = (
    ("COMPOUND", re.compile(r"[0-9]{12}-[0-9]{3}")),
    ("BUILDING", re.compile(r"[0-9]{12}-[0-9]{3}-[0-9]{3}")),
    ("UNIT", re.compile(r"[0-9]{12}-[0-9]{3}-[0-9]{3}-[0-9]{2}")),
    ("DWELLING", re.compile(r"[0-9]{12}-[0-9]{3}-[0-9]{3}-[0-9]{2}-[0-9]{4}")),
)
_LIKE = {
    "COMPOUND": "370811015901-001",
    "BUILDING": "370811015901-001-003",
    "UNIT": "370811015901-001-003-02",
    "DWELLING": "370811015901-001-003-02-0502",
}
# Which members a kind has, beside its name; each other one is refused.
MEMBERS = {
    "COMPOUND": frozenset({"built_year", "mode", "project_id"}),
    "BUILDING": frozenset({"grid", "built_year"}),
    "UNIT": frozenset(),
    "DWELLING": frozenset({"area_m2", "occupancy"}),
}
# What anybody may read of the ground: no home of anybody.
OPEN_KINDS = ("COMPOUND", "BUILDING")


def kind_of(code: str) -> str | None:
    """Return the kind that a code's form tells, or None."""
    return next((kind for kind, form in _FORMS if form.fullmatch(code)), None)


def community_of(code: str) -> str:
    """Return the community in which a place lies."""
    return code[:12]


def parent_of(code: str) -> str | None:
    """Return the code of the place above; None above a compound."""
    above = code.rpartition("-")[0]
    return above if "-" in above else None


def above(code: str) -> list[str]:
    """Return the codes of all places above, the compound first."""
    parent = parent_of(code)
    return [*above(parent), parent] if parent else []


def check(code: str, kind: str, members: Collection[str]) -> None:
    """Refuse a code that is none of its kind, and members that this kind does not have.

    Raises:
        BadPlaceCode: The code's form tells another kind, or none.
        MemberOfKind: A building's member at a dwelling, or the like.
    """
    if kind_of(code) != kind:
        raise BadPlaceCode(code=code, kind=kind, form=_LIKE[kind], field="place_code")
    if strange := sorted(set(members) - MEMBERS[kind]):
        raise MemberOfKind(member=strange[0], kind=kind, field=strange[0])
