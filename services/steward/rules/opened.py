"""Which requests everybody may read of, and what is told of them: no words, no door, no person.

A matter of a common place is told to its grid; whatever happens behind a door, between neighbours
or to one person is told to nobody.
"""

from __future__ import annotations

from typing import Literal

from fivered.services.steward.rules.requests import OPEN
from fivered.services.steward.rules.routing import CATEGORIES

Kind = Literal["CONSULT", "HELP", "REPAIR", "COMPLAINT", "SUGGESTION", "HAZARD"]
# What is anybody's to see who walks by.
COMMON = (
    "WATER", "POWER", "GAS", "HEAT", "NETWORK", "REPAIR_COMMON", "LIFT", "CLEANING", "GREENING",
    "PARKING", "DOOR_CONTROL", "FIRE_LANE", "STREET_OCCUPATION", "FACILITY_RENEWAL",
    "CHARGING_POLE", "OLD_COMPOUND",
)  # fmt: skip
_REPAIRS = ("WATER", "POWER", "GAS", "HEAT", "NETWORK", "REPAIR_COMMON", "LIFT", "DOOR_CONTROL")
_COMPLAINTS = ("PROPERTY_SERVICE", "NOISE", "NEIGHBOUR_DISPUTE", "MERCHANT_NUISANCE")
_QUESTIONS = ("POLICY", "CERTIFICATE")
_HAZARDS = ("FIRE_LANE",)
# Steps of a request that everybody may read of.
STEPS = (
    "submit", "dispatch", "accept", "contact", "arrive", "transfer", "extend", "resolve", "reopen",
    "close", "cancel", "reject", "merge",
)  # fmt: skip


_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_REPAIRS, "REPAIR"),
    **dict.fromkeys(_COMPLAINTS, "COMPLAINT"),
    **dict.fromkeys(_QUESTIONS, "CONSULT"),
    **dict.fromkeys(_HAZARDS, "HAZARD"),
}


def kind_of(category: str) -> Kind:
    """Return as what kind a category is filed where nobody says."""
    return _KINDS.get(category, "HELP")


def is_open(state: str) -> bool:
    """Tell whether somebody still works on it."""
    return state in OPEN


__all__ = ["CATEGORIES", "COMMON", "OPEN", "STEPS", "is_open", "kind_of"]
