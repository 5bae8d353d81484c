"""Sessions: invitations, quorum, votes. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from fivered.chassis.calendar import Calendar
from fivered.services.forum import errors
from fivered.services.forum.rules.liaison import TIERS
from fivered.services.forum.rules.topics import COMMUNITY, GRID, LEVELS, NOTICE_BEFORE, STREET

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
        raise errors.NoticeTooShort(earliest=Calendar.minute(now + NOTICE_BEFORE), field="start")
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
        """How often the person was invited in the last 180 days."""


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
        """As what the person comes."""

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
        """When the person came."""


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
_NONCE = 16
_TAG = 16


def _mark(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"\n".join((b"fivered/forum/vote", *parts)), hashlib.sha256).digest()


def vote_key(installation: bytes, half: bytes) -> bytes:
    """Return the key of one vote: it takes the installation's key, and the half that ends with the
    vote."""
    return _mark(installation, b"key", half)


def seal_vote(key: bytes, place: str, nonce: bytes, choice: str) -> str:
    """Return a choice that only the key's holder can read, and nobody can tell from another.

    Args:
        key: Of the vote (`vote_key`); stands in no database.
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
