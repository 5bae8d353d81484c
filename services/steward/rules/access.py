"""Who may see persons of an area, and who may speak for them: allow lists, in one place.

Every door of this service that shows something of somebody asks `may_see`; a role that stands in no
list sees nothing (DOMAIN 1.6).
"""

from __future__ import annotations

from typing import Literal, Protocol

Sight = Literal[
    "name", "phone", "standing", "hours", "visits", "hazards", "reads", "cases", "shifts", "grades",
]  # fmt: skip

# Who appoints stewards, says that somebody is alive, or changes whom an identity number names.
SENIORS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT", "R_SYSTEM")
INTAKE = ("R_GRID", *SENIORS)
# The community's own officials know their residents by name; everybody above does not need to.
NEIGHBOURS = ("R_GRID", "R_CADRE", "R_SECRETARY")
# Who calls people back: the community's own officials, and the handler of a person's case in
# hand.
CALLERS_BACK = ("R_STEWARD", *NEIGHBOURS)
# Who reads how an area and its stewards do.
WATCHERS = (
    "R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD",
    "R_AUDITOR", "R_SYSTEM",
)  # fmt: skip
OVERSIGHT = ("R_GRID", *WATCHERS)
HAZARD_VERIFIERS = ("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET")
HAZARD_READERS = (*HAZARD_VERIFIERS, "R_DISTRICT", "R_AUDITOR")
ORGANISERS = ("R_STEWARD", "R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")

# What is seen: by which roles, and how many digits their scope has at least.
_SIGHTS: dict[Sight, tuple[tuple[str, ...], int]] = {
    "name": (NEIGHBOURS, 12),
    # In the clear, for a reason, counted and told to the person (`actions/reveals.py`).
    "phone": (NEIGHBOURS, 12),
    "standing": (OVERSIGHT, 0),
    "hours": (OVERSIGHT, 0),
    # Who needs care, and at which door: for those who look after that grid, and for nobody above.
    "visits": (NEIGHBOURS, 12),
    "hazards": (HAZARD_READERS, 0),
    "reads": (("R_AUDITOR",), 0),
    "cases": (OVERSIGHT, 0),
    # Who plans shifts and who oversees them; nobody else reads a steward's future (REQ-L17).
    "shifts": (OVERSIGHT, 0),
    "grades": (WATCHERS, 0),
}


class _Actor(Protocol):
    @property
    def role(self) -> str: ...

    @property
    def scope(self) -> str: ...

    def covers(self, area: str) -> bool: ...


def may_see(actor: _Actor, what: Sight, area: str) -> bool:
    """Tell whether the actor may see that of the persons of an area."""
    roles, least = _SIGHTS[what]
    return actor.role in roles and len(actor.scope) >= least and actor.covers(area)


def may_speak_for(actor: _Actor, area: str) -> bool:
    """Tell whether the actor may file something in the name of a person of an area."""
    return actor.role in {*INTAKE, "R_STEWARD"} and actor.covers(area)


def may_hand_to(actor: _Actor, grid: str) -> bool:
    """Tell whether the actor may move a case to a grid: within the area above the actor's own."""
    return actor.covers(grid) or grid.startswith(actor.scope[:-3])


def may_publish(actor: _Actor, grid: str | None, area: str) -> bool:
    """Tell whether the actor may record that a person agreed to stand on a public board.

    A resident's own community keeps the paper. Who lives in no grid (staff of utilities, police) is
    registered with the area of the employment, or with one above.
    """
    if grid is not None:
        return actor.covers(grid)
    return actor.covers(area) or actor.scope.startswith(area)
