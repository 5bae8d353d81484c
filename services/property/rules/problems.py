"""Where something is wrong in a compound, and what can be wrong there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fivered.services.property.fields import Place, Problem

PROBLEMS: Mapping[Place, tuple[Problem, ...]] = MappingProxyType({
    "DWELLING": ("LEAK", "CRACK", "DRAIN_BLOCKED", "OUT_OF_SUPPLY", "OTHER_PROBLEM"),
    "BUILDING": (
        "LEAK", "CRACK", "NO_LIGHT", "CLUTTER", "DIRTY", "DOOR_BROKEN", "OTHER_PROBLEM",
    ),
    "LIFT": ("LIFT_STOPPED", "LIFT_TRAPPED", "LIFT_NOISE", "DIRTY", "OTHER_PROBLEM"),
    "GROUNDS": (
        "GREENERY", "ROAD_DAMAGED", "NO_LIGHT", "DIRTY", "WAY_BLOCKED", "OTHER_PROBLEM",
    ),
    "PARKING_PLACE": ("SPACE_TAKEN", "CHARGER_BROKEN", "WAY_BLOCKED", "OTHER_PROBLEM"),
    "FACILITIES": (
        "OUT_OF_SUPPLY", "DRAIN_BLOCKED", "FIRE_EQUIPMENT", "CAMERA_BROKEN", "OTHER_PROBLEM",
    ),
    "MANAGEMENT": ("FEES_UNCLEAR", "ACCOUNTS_NOT_SHOWN", "BAD_SERVICE", "OTHER_PROBLEM"),
})  # fmt: skip


def can_be(place: str | None, problem: str) -> bool:
    """Tell whether something can be wrong at a place."""
    return any(problem in problems for known, problems in PROBLEMS.items() if known == place)
