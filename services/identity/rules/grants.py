"""Which roles follow from what, and who may grant an office. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fivered.chassis.roles import ADMINISTER

# How many digits the area of an office has.
OFFICES: Mapping[str, tuple[int, ...]] = {
    "R_DISTRICT": (6,),
    "R_DISTRICT_LEAD": (6,),
    "R_AUDITOR": (6,),
    "R_CONSUMER": (6, 9, 12),
    "R_STREET": (9,),
    "R_STREET_LEAD": (9,),
    "R_DEPUTY": (6, 9, 12),
    "R_SECRETARY": (12,),
    "R_CADRE": (12,),
    "R_UTILITY": (6, 9, 12),
    "R_MERCHANT": (9, 12),
}
# A street grants what acts below it.
_OF_STREET = frozenset({"R_SECRETARY", "R_CADRE", "R_DEPUTY", "R_MERCHANT"})
# What a liaison official of a tier acts as.
TIERS: Mapping[str, str] = {
    "DISTRICT_LEADER": "R_DISTRICT_LEAD",
    "STREET_TEAM": "R_STREET_LEAD",
    "COMMUNITY_CADRE": "R_CADRE",
    "GRID_WORKER": "R_GRID",
}

# What people granted, and people end; the other sources are facts.
GRANTED = frozenset({"OFFICE", "FIRST_DAY"})
Role = tuple[str, str]


def may_grant(acting: str, office: str) -> bool:
    """Tell whether a role may propose, decide and end an office's right."""
    return acting == "R_DISTRICT" or (acting == "R_STREET" and office in _OF_STREET)


def ends_by_two(role: str, scope: str, *, acting: str, acting_scope: str) -> bool:
    """Tell whether two people end a right: an administrator's, where a peer wants it to end.

    Args:
        role: The right's.
        scope: Where it holds.
        acting: As what somebody wants it to end.
        acting_scope: Where that one acts.
    """
    return role in ADMINISTER and (role, scope) == (acting, acting_scope)


def asks_for_factor(role: str) -> bool:
    """Tell whether an authenticator is needed to act in a role; a resident acts by password."""
    return role != "R_RESIDENT"


def of_steward(duty: str, community: str) -> list[Role]:
    """Return the roles of a steward's post."""
    roles = [("R_STEWARD", community)]
    if duty == "GRID_WORKER":
        roles.append(("R_GRID", community))
    elif duty == "COMMUNITY_CADRE":
        roles.append(("R_CADRE", community))
    return roles


def of_liaison(tier: str, kind: str, target: str, scope: str) -> list[Role]:
    """Return the role of who answers for an area or a household."""
    role = TIERS.get(tier)
    area = target if kind != "HOUSEHOLD" and target.isdigit() else scope
    return [] if role is None or not area else [(role, area)]
