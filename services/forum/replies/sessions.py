"""Sessions, invitations, attendance and votes."""

from typing import Annotated

from msgspec import UNSET, UnsetType, field

from fivered.chassis.few import PEOPLE, Counts
from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.forum.replies.common import InFavour
from fivered.services.forum.replies.liaison import Card, Done
from fivered.services.forum.replies.topics import Tally


class AgendaItem(Reply, kw_only=True):
    """会议议题 / What a session is about."""

    topic_id: str
    number: str
    title: str
    state: str | UnsetType = UNSET


class OnAgenda(AgendaItem, kw_only=True):
    """议程 / A topic on the agenda of a session, and its vote."""

    version: int
    ballots: int
    tally: Tally | None


class Session(Reply, kw_only=True):
    """协商会 / A session."""

    id: str
    session_id: str
    level: str
    area: str
    place: str
    start_at: Instant
    state: str
    notice_sent_at: Instant
    seed: str
    pool: int
    opened_at: Instant | None
    ended_at: Instant | None
    reason: str | None
    created_at: Instant
    version: int
    community: str


class SessionCard(Session, kw_only=True):
    """协商会 / A session and what it is about."""

    start: Instant
    topics: list[AgendaItem]


class Quorum(Reply, kw_only=True):
    """法定人数 / Who is there, and whether that is enough."""

    voting_invited: int
    voting_present: int
    needed: int
    resident_present: int
    residents_needed: int
    holds: bool


class CapacityCount(Counts, kw_only=True):
    """按身份 / How many of a capacity."""

    invited: Annotated[int, PEOPLE]
    yes: Annotated[int, PEOPLE]
    attended: Annotated[int, PEOPLE]


class Draw(Reply, kw_only=True):
    """抽选 / From what anybody can repeat the draw."""

    seed: str
    pool: int


class Representation(Counts, kw_only=True):
    """网格代表性 / How many residents of a grid are invited and there."""

    grid: str
    adults: Annotated[int, PEOPLE]
    invited: Annotated[int, PEOPLE]
    present: Annotated[int, PEOPLE]
    warning: str | None


class InvitationCard(Card, kw_only=True):
    """邀请 / An invitation."""

    invitation_id: str
    session_id: str
    person_id: str
    capacity: str
    voting: bool
    via: str
    tier: str | None
    area: str
    answer: str
    answered_at: Instant | None
    delegate: str | None
    attended_at: Instant | None
    revoked_at: Instant | None
    created_at: Instant
    version: int


class MyInvitation(InvitationCard, kw_only=True):
    """我的邀请 / An invitation with when and where."""

    session_state: str
    start: Instant
    place: str
    topics: list[AgendaItem]


class SessionReply(Session, kw_only=True):
    """协商会 / Agenda, live quorum, representation, the calendar entry (`ical`)."""

    host_id: str | UnsetType = UNSET
    agenda: list[OnAgenda]
    quorum: Quorum
    capacities: dict[str, CapacityCount]
    draw: Draw
    representation: list[Representation]
    invitations: list[InvitationCard]
    ical: str


class Scheduled(Done, kw_only=True):
    """已安排 / The session and how many are invited."""

    start: Instant
    invited: int
    voting: int


class Moved(Done, kw_only=True):
    """已改期 / The session and when it begins."""

    start: Instant


class Answered(Done, kw_only=True):
    """已答复 / The answer, and of which session."""

    session_id: str


class Present(Done, kw_only=True):
    """签到 / Who counts now."""

    voting_present: int
    resident_present: int
    quorum: int


class Corrected(Present, kw_only=True):
    """更正结果 / Who counts now, and the topics whose vote is void."""

    void: list[str]


class VoteClosed(Done, kw_only=True):
    """表决结果 / Totals."""

    topic_id: str
    topic_state: str
    session_state: str
    in_favour: InFavour = field(name="for")
    against: int
    abstain: int
    not_cast: int
    voting_invited: int
    voting_present: int
    resident_present: int
    passed: bool


class RecountReply(Reply, kw_only=True):
    """重新计票 / The ballots counted again, and whether they agree with what was announced."""

    id: str
    topic_id: str
    in_favour: InFavour = field(name="for")
    against: int
    abstain: int
    voters: int
    agrees: bool
