"""The rules of 135, of the liaison chain and of supervision: pure; no clock, chance or database."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Literal, Protocol, TypeVar

from chassis.calendar import Calendar
from chassis.refusal import Sentence, said
from services.forum import errors

# --------------------------------------------------------------------------------------------------
# Liaison: who answers for whom

DISTRICT_LEADER = "DISTRICT_LEADER"
STREET_TEAM = "STREET_TEAM"
COMMUNITY_CADRE = "COMMUNITY_CADRE"
GRID_WORKER = "GRID_WORKER"

Tier = Literal["DISTRICT_LEADER", "STREET_TEAM", "COMMUNITY_CADRE", "GRID_WORKER"]
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
    """Refuse an official whose area is not of his tier.

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


def rate(part: int, whole: int) -> str | None:
    """Return a share in per cent with two decimals, half up; None without a denominator."""
    if whole == 0:
        return None
    hundredths = int(Fraction(part * 10_000, whole) + Fraction(1, 2))
    return f"{hundredths // 100}.{hundredths % 100:02d}"


# --------------------------------------------------------------------------------------------------
# Topics and the five steps

GRID, COMMUNITY, STREET = "GRID", "COMMUNITY", "STREET"
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
Level = Literal["GRID", "COMMUNITY", "STREET"]
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


# --------------------------------------------------------------------------------------------------
# Sessions: invitations, quorum, votes

VOTING = frozenset({"RESIDENT_REP", "OWNERS_COMMITTEE", "PROPERTY", "MERCHANT", "UNIT"})
RESIDENT_SIDE = frozenset({"RESIDENT_REP", "OWNERS_COMMITTEE"})
REPRESENTATIVES = 3
DEPUTIES = {GRID: (0, 0), COMMUNITY: (1, 1), STREET: (2, 2)}
DEPUTY_WINDOW = timedelta(days=180)


def official_tiers(level: str) -> tuple[str, ...]:
    """Return the tiers whose officials are invited to a session of a level."""
    return TIERS[: 2 + LEVELS.index(level)]


def check_notice(now: datetime, start: datetime, session_due: datetime, text: str) -> None:
    """Refuse a session with too short a notice, or too late.

    Raises:
        NoticeTooShort: Less than 72 hours lie between the invitation and the session.
        OverTenWorkingDays: The session would begin at or after its deadline.
    """
    if start - now < NOTICE_BEFORE:
        raise errors.NoticeTooShort(
            earliest=f"{Calendar.local(now + NOTICE_BEFORE):%Y-%m-%d %H:%M}", field="start"
        )
    if start >= session_due:
        raise errors.OverTenWorkingDays(due=text, field="start")


def check_resident_majority(capacities: Sequence[str]) -> None:
    """Refuse a list on which residents and owners are not more than half of the voters.

    Raises:
        ResidentMajority: "让党员群众唱主角" is not met.
    """
    voting = [c for c in capacities if c in VOTING]
    residents = [c for c in voting if c in RESIDENT_SIDE]
    if 2 * len(residents) <= len(voting):
        raise errors.ResidentMajority(residents=len(residents), voting=len(voting))


def check_deputies(level: str, kinds: Sequence[str]) -> None:
    """Refuse a list with too few deputies for the level.

    Args:
        level: Of the session.
        kinds: Kind of each deputy invited.

    Raises:
        DeputyRequired: Community: one; street: two, of two kinds.
    """
    needed, kinds_needed = DEPUTIES[level]
    if len(kinds) < needed or len(set(kinds)) < kinds_needed:
        raise errors.DeputyRequired(
            level=level, needed=needed, kinds=kinds_needed, found=len(kinds)
        )


class Deputy(Protocol):
    """A deputy who may be invited."""

    @property
    def deputy_id(self) -> str:
        """The register's id."""

    @property
    def kind(self) -> str:
        """PARTY_DELEGATE, PEOPLES_CONGRESS or CPPCC_MEMBER."""

    @property
    def invited(self) -> int:
        """How often he was invited in the last 180 days."""


DeputyT = TypeVar("DeputyT", bound=Deputy)


def rotate(deputies: Sequence[DeputyT], *, level: str, taken: Sequence[str]) -> list[DeputyT]:
    """Choose the deputies to invite: fewest invitations in the last 180 days, then by id.

    Args:
        deputies: Each covering the street; nobody invited yet.
        level: Of the session; a grid's session invites one where there is one.
        taken: Kinds of the deputies that are on the list already.
    """
    needed, kinds_needed = DEPUTIES[level]
    wanted = max(needed, 1)
    order = sorted(deputies, key=lambda d: (d.invited, d.deputy_id))
    chosen: list[DeputyT] = []
    kinds = list(taken)
    for deputy in order:
        if len(kinds) >= wanted and len(set(kinds)) >= kinds_needed:
            break
        # Of the seats still free, those that are needed for a new kind are kept for it.
        kinds_short = kinds_needed - len(set(kinds))
        seats_left = wanted - len(kinds)
        if deputy.kind in kinds and seats_left <= kinds_short:
            continue
        chosen.append(deputy)
        kinds.append(deputy.kind)
    return chosen


def seed_of(session_id: str) -> str:
    """Return the seed of a session's draw; anybody can repeat the draw from the session's id."""
    return hashlib.sha256(session_id.encode()).hexdigest()


def draw(seed: str, candidates: Iterable[str], seats: int) -> list[str]:
    """Draw residents at random and repeatably: in the order of sha256(seed, person).

    The result does not depend on the order in which the candidates come.
    """
    if seats <= 0:
        return []
    marked = sorted((hashlib.sha256(f"{seed}:{p}".encode()).hexdigest(), p) for p in candidates)
    return [person for _mark, person in marked[:seats]]


@dataclass(frozen=True, slots=True)
class Presence:
    """How many are there, of those who matter for quorum."""

    voting_invited: int
    voting_present: int
    resident_present: int

    @property
    def quorum(self) -> int:
        """Two thirds of those invited to vote, rounded up."""
        return -(-2 * self.voting_invited // 3)

    @property
    def residents_needed(self) -> int:
        """Half of the voters present, rounded up."""
        return -(-self.voting_present // 2)


class Invited(Protocol):
    """An invitation, or one in the making."""

    @property
    def capacity(self) -> str:
        """As what he comes."""

    @property
    def voting(self) -> bool:
        """Whether that capacity has a vote."""

    @property
    def home(self) -> str | None:
        """Where a resident representative lives; None of others."""

    @property
    def revoked_at(self) -> datetime | None:
        """When it was withdrawn or lapsed."""

    @property
    def attended_at(self) -> datetime | None:
        """When he came."""


InvitedT = TypeVar("InvitedT", bound=Invited)


def votes_on(row: Invited, scope: Sequence[str]) -> bool:
    """Tell whether an invitation has a vote on a topic that concerns the areas."""
    if not row.voting or row.revoked_at is not None:
        return False
    return row.home is None or any(row.home.startswith(code) for code in scope)


def presence(invited: Sequence[Invited], scope: Sequence[str]) -> Presence:
    """Count those invited and those present who matter for the quorum of a topic.

    Args:
        invited: The invitations of the session.
        scope: The areas whose residents have a vote on the topic (`reach`).
    """
    voting = [row for row in invited if votes_on(row, scope)]
    present = voters_present(invited, scope)
    residents = [row for row in present if row.capacity in RESIDENT_SIDE]
    return Presence(len(voting), len(present), len(residents))


def voters_present(invited: Sequence[InvitedT], scope: Sequence[str]) -> list[InvitedT]:
    """Return the invitations of those who are there and have a vote on the topic."""
    return [row for row in invited if votes_on(row, scope) and row.attended_at is not None]


def check_quorum(there: Presence) -> None:
    """Refuse to close a vote without quorum.

    Raises:
        NoQuorum: Fewer than two thirds of the voting invitees are present.
        ResidentShare: Residents are fewer than half of the voters present.
    """
    if there.voting_present < there.quorum or there.voting_present == 0:
        raise errors.NoQuorum(present=there.voting_present, needed=max(there.quorum, 1))
    if there.resident_present < there.residents_needed:
        raise errors.ResidentShare(present=there.resident_present, needed=there.residents_needed)


def outcome_stands(*, won: bool, there: Presence, in_favour: int, absent_voters: int) -> bool:
    """Tell whether a vote's outcome is the same whatever those chose who were not there after all.

    Args:
        won: What was announced.
        there: Who was present, as it is known now.
        in_favour: Votes in favour, as counted.
        absent_voters: How many voted who were not there.
    """
    try:
        check_quorum(there)
    except (errors.NoQuorum, errors.ResidentShare):
        return not won
    if won:
        return passed(in_favour - absent_voters, there.voting_present)
    return not passed(in_favour, there.voting_present)


def passed(in_favour: int, voting_present: int) -> bool:
    """Tell whether a vote passed: strictly more than half of the voters present."""
    return 2 * in_favour > voting_present


CHOICES = ("FOR", "AGAINST", "ABSTAIN")
_NONCE, _TAG = 16, 16


def _mark(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"\n".join((b"fivered/forum/vote", *parts)), hashlib.sha256).digest()


def seal_vote(key: bytes, place: str, nonce: bytes, choice: str) -> str:
    """Return a choice that only the key's holder can read, and nobody can tell from another.

    Args:
        key: Stands in no database.
        place: The session and topic; what is sealed for one is nothing elsewhere.
        nonce: 16 random bytes, never used twice.
        choice: One of CHOICES.
    """
    pad = _mark(key, b"pad", place.encode(), nonce)
    body = nonce + bytes([CHOICES.index(choice) ^ pad[0]])
    return (body + _mark(key, b"tag", place.encode(), body)[:_TAG]).hex()


def open_vote(key: bytes, place: str, sealed: str) -> str | None:
    """Return what was sealed, or None when it was sealed with another key or was changed."""
    raw = bytes.fromhex(sealed)
    body, tag = raw[: _NONCE + 1], raw[_NONCE + 1 :]
    if not hmac.compare_digest(tag, _mark(key, b"tag", place.encode(), body)[:_TAG]):
        return None
    pad = _mark(key, b"pad", place.encode(), body[:_NONCE])
    return CHOICES[body[_NONCE] ^ pad[0]]


# --------------------------------------------------------------------------------------------------
# Opinions


@dataclass(frozen=True, slots=True)
class OwnersCount:
    """An owners' vote, once by exclusive area (0.01 m2) and once by heads."""

    eligible: int
    participating: int
    assenting: int


def owners_passed(area: OwnersCount, heads: OwnersCount, *, special: bool) -> bool:
    """Tell whether the owners' assembly has adopted a matter (Civil Code art. 278).

    Args:
        area: Counted in hundredths of a square metre.
        heads: Counted in owners.
        special: Raising funds, rebuilding, or commercial use of common parts.

    Raises:
        NoOwnersVote: The counts contradict each other.
    """
    for name, count in (("按专有面积 / by area", area), ("按业主人数 / by heads", heads)):
        if not 0 <= count.assenting <= count.participating <= count.eligible or not count.eligible:
            raise errors.NoOwnersVote(reason=said(name))
        if 3 * count.participating < 2 * count.eligible:
            return False
        if special and 4 * count.assenting < 3 * count.participating:
            return False
        if not special and 2 * count.assenting <= count.participating:
            return False
    return True


# --------------------------------------------------------------------------------------------------
# Supervision


def supervised(start: datetime, end: datetime, records: Sequence[datetime]) -> bool:
    """Tell whether a supervisor kept watch: at least one record, and none of the gaps between the
    assignment, his records and the acceptance is longer than 14 days."""
    if not records:
        return False
    points = [start, *sorted(records), end]
    return all(b - a <= SUPERVISION_EVERY for a, b in pairwise(points))


# --------------------------------------------------------------------------------------------------
# Texts for people

DEFAULT_FINDING = "经研判,属于公共事务,适合协商"
DEFAULT_RESULT = "全部落实任务已验收"
RESULT_IN_PART = "落实任务已全部结束,其中部分任务已取消"
