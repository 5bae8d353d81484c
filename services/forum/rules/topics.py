"""Topics and the five steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from fivered.chassis.refusal import Sentence
from fivered.services.forum import errors

GRID = "GRID"
COMMUNITY = "COMMUNITY"
STREET = "STREET"
LEVELS = (GRID, COMMUNITY, STREET)
COSIGNERS = 5
# Who may raise a matter of the whole community without cosigners.
SPONSORS = frozenset({"DEPUTY", "OWNERS", "PARTY_COMMITTEE"})
KIND_OF_ROLE = {
    "R_RESIDENT": "RESIDENT",
    "R_STEWARD": "STEWARD",
    "R_GRID": "STEWARD",
    "R_CADRE": "PARTY_COMMITTEE",
    "R_SECRETARY": "PARTY_COMMITTEE",
    "R_STREET": "PARTY_COMMITTEE",
    "R_STREET_LEAD": "PARTY_COMMITTEE",
    "R_DEPUTY": "DEPUTY",
    "R_OWNERS": "OWNERS",
    "R_PM": "PROPERTY",
    "R_PCO": "PROPERTY",
}
# Who may enter what a resident has said at the door or on the telephone, signatures included.
INTAKE_ROLES = frozenset({"R_STEWARD", "R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET"})
STEP_NAMES = (
    Sentence("收集议题 / Collect topics"),
    Sentence("分析研判 / Analyse"),
    Sentence("组织协商 / Deliberate"),
    Sentence("形成意见 / Form the opinion"),
    Sentence("落实监督 / Implement and supervise"),
)
TopicState = Literal[
    "COLLECTED", "WITHDRAWN", "REJECTED", "REDIRECTED", "MERGED", "ADOPTED", "SCHEDULED",
    "DELIBERATING", "FAILED", "OPINION_DUE", "OPINION_DRAFTED", "PUBLICISED", "RESOLVED",
    "IMPLEMENTING", "VERIFIED", "CLOSED", "DISCONTINUED",
]  # fmt: skip
TaskState = Literal["ASSIGNED", "DOING", "DELIVERED", "REWORK", "ACCEPTED", "FAILED", "CANCELLED"]
STEP_OF_STATE = {
    "COLLECTED": 1,
    "WITHDRAWN": 1,
    "REJECTED": 2,
    "REDIRECTED": 2,
    "MERGED": 2,
    "ADOPTED": 2,
    "SCHEDULED": 3,
    "DELIBERATING": 3,
    "FAILED": 3,
    "OPINION_DUE": 4,
    "OPINION_DRAFTED": 4,
    "PUBLICISED": 4,
    "RESOLVED": 5,
    "IMPLEMENTING": 5,
    "VERIFIED": 5,
    "CLOSED": 5,
    "DISCONTINUED": 5,
}
ENDED = frozenset(
    {"WITHDRAWN", "REJECTED", "REDIRECTED", "MERGED", "FAILED", "CLOSED", "DISCONTINUED"}
)
# What stands where a title is hidden from the reader.
HIDDEN = "(内容已隐藏)"
SCREEN_WD = 3
SESSION_WD = 10
OPINION_WD = 2
NOTICE_WD = 3
TASKS_WD = 2
CLOSE_WD = 5
REVIEW_WD = 5
REDIRECT_WD = 1
HELD_WD = 1
OWNERS_WD = 60
NOTICE_BEFORE = timedelta(hours=72)
OPEN_BEFORE = timedelta(minutes=15)
ANSWERS_BEFORE = timedelta(hours=24)
REST = timedelta(days=90)
POLL = timedelta(days=7)
# An opinion stays on the public board for so long after its notice has ended and it has effect.
PUBLIC = timedelta(days=30)
ADJOURNMENTS = 2
OBJECTORS = 5
ANSWER_WD = 5
REWORKS = 3
EXTENSIONS = 2
SUPERVISION_EVERY = timedelta(days=14)


def check_cosigners(level: str, kind: str, cosigners: int) -> None:
    """Refuse a topic of the community or the street that too few carry.

    Raises:
        CosignersNeeded: Fewer than five, and no deputy, owners' committee or party committee.
    """
    if level == GRID or kind in SPONSORS or cosigners >= COSIGNERS:
        return
    raise errors.CosignersNeeded(level=level, needed=COSIGNERS, field="level")


def check_scope(level: str, scope: Sequence[str], known: Iterable[str]) -> None:
    """Refuse areas that do not fit the level.

    Args:
        level: GRID, COMMUNITY or STREET.
        scope: Codes of the affected areas.
        known: Those of them that exist.

    Raises:
        ScopeMismatch: No area, an unknown one, one of the wrong size, or from two communities
            (two streets at street level).
    """
    found = set(known)
    digits = {GRID: {15}, COMMUNITY: {12, 15}, STREET: {9, 12, 15}}[level]
    common = 9 if level == STREET else 12
    bad = [code for code in scope if code not in found or len(code) not in digits]
    if not scope or bad or len({code[:common] for code in scope}) != 1:
        raise errors.ScopeMismatch(scope=", ".join(bad or scope), field="scope")


class Matter(Protocol):
    """Where a topic has its residents."""

    @property
    def level(self) -> str:
        """One of LEVELS."""

    @property
    def scope(self) -> Sequence[str]:
        """Codes of the affected areas."""

    @property
    def area(self) -> str:
        """The community that leads it."""


class Home(Protocol):
    """Where somebody lives."""

    @property
    def community(self) -> str:
        """Code of 12 digits."""

    @property
    def grid(self) -> str | None:
        """Code of 15 digits, where it is known."""


class Served(Protocol):
    """What a project serves."""

    @property
    def grids(self) -> Sequence[str]:
        """Codes of grids."""

    @property
    def community(self) -> str | None:
        """Code of 12 digits, where it is known."""


def reach(topic: Matter) -> list[str]:
    """Return the areas whose residents take part: the grids of a grid's matter, the community, or
    the street."""
    if topic.level == GRID:
        return list(topic.scope)
    return [topic.area[:9] if topic.level == STREET else topic.area]


def lives_in(home: Home, scope: Iterable[str]) -> bool:
    """Tell whether a resident lives in one of the areas; whose grid is unknown lives in none."""
    place = home.grid or home.community
    return any(place.startswith(code) for code in scope)


def touches(project: Served, scope: Iterable[str], area: str) -> bool:
    """Tell whether a project serves any of the areas."""
    served = project.grids or [project.community or area]
    return any(a.startswith(b) or b.startswith(a) for a in served for b in scope)


def check_artefacts(step: int, artefacts: Mapping[int, object]) -> None:
    """Refuse to open a step of 135 while the artefact of a step before it is missing.

    Raises:
        StepLocked: Names the first artefact that is missing.
    """
    for before in range(1, step):
        if not artefacts.get(before):
            raise errors.StepLocked(
                step=step,
                name=STEP_NAMES[step - 1],
                missing=before,
                missing_name=STEP_NAMES[before - 1],
            )


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five steps as it is shown; its artefact is what it has brought forth."""

    step: int
    name: str
    state: str
    artefact: object


def lay_out_steps(state: str, artefacts: Mapping[int, object]) -> list[Step]:
    """Return the five steps as they are shown: name, state and artefact of each."""
    at = STEP_OF_STATE[state]
    shown = []
    for n, name in enumerate(STEP_NAMES, start=1):
        if state in ENDED and state != "CLOSED" and n >= at:
            condition = "ENDED" if n == at else "NOT_OPENED"
        elif n < at or state == "CLOSED" or (n <= 2 and n == at):
            condition = "DONE"
        else:
            condition = "OPEN" if n == at else "NOT_OPENED"
        shown.append(Step(n, str(name), condition, artefacts.get(n)))
    return shown
