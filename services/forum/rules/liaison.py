"""Liaison: who answers for whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from fivered.chassis.calendar import Calendar
from fivered.services.forum import errors

DISTRICT_LEADER = "DISTRICT_LEADER"
STREET_TEAM = "STREET_TEAM"
COMMUNITY_CADRE = "COMMUNITY_CADRE"
GRID_WORKER = "GRID_WORKER"
# From the ground up; the order in which a chain is shown and an overdue matter climbs.
TIERS = (GRID_WORKER, COMMUNITY_CADRE, STREET_TEAM, DISTRICT_LEADER)
TARGET_OF_TIER = {
    GRID_WORKER: "HOUSEHOLD",
    COMMUNITY_CADRE: "GRID",
    STREET_TEAM: "COMMUNITY",
    DISTRICT_LEADER: "STREET",
}
AREA_DIGITS_OF_TIER = {GRID_WORKER: 15, COMMUNITY_CADRE: 12, STREET_TEAM: 9, DISTRICT_LEADER: 6}
DIGITS_OF_TARGET = {"GRID": 15, "COMMUNITY": 12, "STREET": 9}


def check_official_area(tier: str, area: str) -> None:
    """Refuse an official whose area is not of the tier.

    Raises:
        AreaMismatch: A street team member has a street, a grid worker a grid, and so on.
    """
    if len(area) != AREA_DIGITS_OF_TIER[tier]:
        raise errors.AreaMismatch(area=area, kind=tier, field="area")


def check_link(tier: str, official_area: str, target_kind: str, target: str) -> None:
    """Refuse a link against the tier rule or outside the official's area.

    Raises:
        TierRule: The tier answers for another kind of target.
        AreaMismatch: The target's code is malformed or lies outside the official's area.
    """
    allowed = TARGET_OF_TIER[tier]
    if target_kind != allowed:
        raise errors.TierRule(
            tier=tier, allowed=allowed, target_kind=target_kind, field="target_kind"
        )
    if target_kind == "HOUSEHOLD":
        return
    if len(target) != DIGITS_OF_TARGET[target_kind] or not target.isdigit():
        raise errors.AreaMismatch(area=target, kind=target_kind, field="target")
    if not target.startswith(official_area):
        raise errors.AreaMismatch(area=target, kind=tier, field="target")


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One rung of a liaison chain: the tier and the target for which somebody must answer.

    `target` is None where it cannot be known (a household of which no resident is registered).
    """

    tier: str
    target_kind: str
    target: str | None


def chain_steps(target: str, grid: str | None) -> list[ChainStep]:
    """Return the rungs above a target, from the ground up.

    Args:
        target: A household id, or the code of a grid, a community or a street.
        grid: The grid of the household; None when unknown or when `target` is a code.
    """
    code = target if target.isdigit() else (grid or "")
    steps = []
    if not target.isdigit():
        steps.append(ChainStep(GRID_WORKER, "HOUSEHOLD", target))
    elif len(target) >= 15:
        steps.append(ChainStep(GRID_WORKER, "GRID", code))
    known = len(code)
    if not target.isdigit() or len(target) >= 15:
        steps.append(ChainStep(COMMUNITY_CADRE, "GRID", code if known >= 15 else None))
    if not target.isdigit() or len(target) >= 12:
        steps.append(ChainStep(STREET_TEAM, "COMMUNITY", code[:12] if known >= 12 else None))
    steps.append(ChainStep(DISTRICT_LEADER, "STREET", code[:9] if known >= 9 else None))
    return steps


class Post(Protocol):
    """Who answers for something, and since when."""

    @property
    def tier(self) -> str:
        """Of the official."""

    @property
    def official_id(self) -> str:
        """The register's id."""

    @property
    def person_id(self) -> str:
        """Who holds it."""

    @property
    def link_id(self) -> str | None:
        """Of the link; None where the office itself answers."""

    @property
    def since(self) -> datetime:
        """From when."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of a chain with who answers there, the longest-serving first.

    `acting` is the nearest official above a gap, or None.
    """

    tier: str
    target_kind: str
    target: str | None
    officials: Sequence[Post]
    acting: Post | None


def chain(steps: Sequence[ChainStep], found: Mapping[ChainStep, Sequence[Post]]) -> list[Rung]:
    """Lay out a chain: every rung is shown, a gap as a gap, with who acts meanwhile.

    Args:
        steps: The rungs from the ground up.
        found: The officials who answer for each rung, the longest-serving first.
    """
    shown = []
    for n, step in enumerate(steps):
        officials = found.get(step, ())
        above = (row for higher in steps[n + 1 :] for row in found.get(higher, ()))
        acting = None if officials else next(above, None)
        shown.append(Rung(step.tier, step.target_kind, step.target, officials, acting))
    return shown


def pick(rungs: Sequence[Rung], tier: str) -> tuple[Post | None, bool]:
    """Return (official, acting) to whom a matter of `tier` goes; (None, False) when the whole
    chain above is empty."""
    for rung in rungs:
        if rung.tier == tier:
            if rung.officials:
                return rung.officials[0], False
            return rung.acting, rung.acting is not None
    return None, False


def answers(rungs: Sequence[Rung], tier: str) -> tuple[Post | None, bool]:
    """Return (official, acting) who answers for a matter that has come to `tier`.

    Where the tier and all above it are empty, it is the nearest below: somebody answers as long
    as the chain has anybody at all. A matter of a whole community has no grid, so its lowest rung
    is the street team.
    """
    official, _ = found = pick(rungs, tier)
    if official is None and not any(rung.tier == tier for rung in rungs):
        official, _ = found = pick(rungs, rungs[0].tier)[0], True
    if official is None:
        below = [row for rung in reversed(rungs) for row in rung.officials]
        return (below[0], True) if below else (None, False)
    return found


# Who may see to what has come before a tier, and before those below it.
RANK_OF_TIER = {COMMUNITY_CADRE: 1, STREET_TEAM: 2, DISTRICT_LEADER: 3}
RANK_OF_ROLE = {
    "R_CADRE": 1,
    "R_SECRETARY": 1,
    "R_STREET": 2,
    "R_STREET_LEAD": 2,
    "R_DISTRICT": 3,
    "R_DISTRICT_LEAD": 3,
}
# To which tier the levels of other services' escalations lead.
REQUEST_TIERS = {1: COMMUNITY_CADRE, 2: STREET_TEAM, 3: DISTRICT_LEADER}
STREET_TIERS = {1: STREET_TEAM, 2: DISTRICT_LEADER}
# A topic's procedure is led by the community; what it misses goes to the street, then the district.
TOPIC_LADDER = (STREET_TEAM, DISTRICT_LEADER)
TASK_LADDER = (COMMUNITY_CADRE, STREET_TEAM, DISTRICT_LEADER)
TASK_STEPS_WD = (0, 5, 10)
# What nobody moves at the top of its ladder is brought up again and again.
REPEAT_WD = 10
ACCEPT_WD = 5
TAKE_OVER_WD = 1


def topic_tier(escalated: int) -> str:
    """Return the tier to which the next missed deadline of a topic goes."""
    return TOPIC_LADDER[min(escalated, len(TOPIC_LADDER) - 1)]


def next_overdue(calendar: Calendar, due_at: datetime, level: int) -> datetime | None:
    """Return when an overdue task climbs from `level` to the next; None at the top.

    Working days count from the last day of the term, as in worked example E6.
    """
    if level >= len(TASK_STEPS_WD):
        return None
    last_day = calendar.local_date(due_at - timedelta(microseconds=1))
    return calendar.due(last_day, TASK_STEPS_WD[level])
