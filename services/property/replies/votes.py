"""The owners' votes."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.property.replies.common import Happened, Made
from fivered.services.property.replies.rooms import SquareMetres


class VoteMade(Made, kw_only=True):
    """已发起的表决 / A vote that is called, and what it needs."""

    number: str
    special: Annotated[bool, Meta(description="须四分之三以上同意 / needs three quarters")]
    opens_at: Instant
    closes_at: Instant


class Cast(Reply, kw_only=True):
    """投票结果 / Which ballot of the voice counts, and whether it is this one."""

    id: str
    line: Annotated[int, Meta(description="名册序号 / number on the roll")]
    counted: Annotated[bool, Meta(description="本次是否计入 / whether this ballot counts")]
    choice: str
    via: str
    cast_at: Instant
    hint: Annotated[str, Meta(description="未计入时如何改投 / how to vote otherwise")] | None = None


class Revoked(Reply, kw_only=True):
    """已撤回的票 / A ballot that is taken back."""

    id: str
    line: int
    state: str


class VoteLine(Reply, kw_only=True):
    """业主共同决定 / An owners' vote; its result once it is counted, totals only."""

    id: str
    number: str
    project_id: str
    title: str
    matter: str
    special: bool
    topic_id: str | None = None
    repeats: str | None = None
    round: int
    state: str
    opens_at: Instant
    closes_at: Instant
    counted_at: Instant | None = None
    objections_until: Instant | None = None
    final_at: Instant | None = None
    passed: bool | None = None
    area: str
    version: int
    created_at: Instant


class Tally(Reply, kw_only=True):
    """一种计法 / One of the two counts: by area in m2, or by heads."""

    eligible: str
    participating: str
    assenting: str
    participating_percent: str | None = None
    assenting_percent: str | None = None


class Chosen(Reply, kw_only=True):
    """一种选择 / How many voices chose something, and with which area."""

    choice: str
    voices: int
    area_m2: SquareMetres


class LeftOut(Reply, kw_only=True):
    """未计入的房屋 / Rooms that have no voice, and why."""

    reason: str
    rooms: int
    area_m2: SquareMetres


class VoteCard(VoteLine, kw_only=True):
    """业主共同决定及结果 / An owners' vote with its proposal and, once it is counted, every figure
    from which the result follows."""

    proposal: str
    abstentions: str
    unreturned: str
    roll_sha256: str | None = None
    left_out: list[LeftOut] | None = None
    by_area: Tally | None = None
    by_heads: Tally | None = None
    choices: list[Chosen] | None = None
    failed: Annotated[list[str], Meta(description="未满足的条件 / conditions not met")] | None = (
        None
    )
    document: Annotated[str, Meta(description="结果文书 / the paper of the result")] | None = None
    document_sha256: str | None = None
    end_reason: str | None = None
    returned: (
        Annotated[int, Meta(description="已投票数;计票人员可见 / ballots so far; to counters")]
        | UnsetType
    ) = UNSET
    history: list[Happened] | UnsetType = UNSET


class BallotLine(Reply, kw_only=True):
    """名册一行 / One voice of the roll, whether it has voted and, once the vote is counted, how; to
    the counters only."""

    line: int
    persons: list[str]
    organisations: list[str]
    rooms: list[str]
    area_m2: SquareMetres
    line_sha256: str
    returned: Annotated[bool, Meta(description="是否已投票 / whether the voice has a ballot")]
    choice: (
        Annotated[str, Meta(description="计票后可见 / once the vote is counted")] | UnsetType | None
    ) = UNSET
    via: str | None = None
    cast_by: str | UnsetType | None = UNSET
    cast_at: Instant | None = None


class MyBallot(Reply, kw_only=True):
    """我的选票 / One of the own rooms in a vote that is open, and how its voice voted."""

    id: str
    number: str
    project_id: str
    title: str
    matter: str
    room_id: str
    line: int
    area_m2: SquareMetres
    opens_at: Instant
    closes_at: Instant
    choice: str | None = None
    via: str | None = None
    cast_at: Instant | None = None
    version: int


class Paper(Reply, kw_only=True):
    """纸质选票 / A paper ballot as it was entered."""

    id: str
    vote_id: str
    line: int
    room_id: str
    choice: (
        Annotated[
            str, Meta(description="录入的选择;计票后可见 / what was entered; once it is counted")
        ]
        | UnsetType
    ) = UNSET
    paper_ref: str
    evidence: list[str]
    returned_on: date | None = None
    state: str
    entered_by: str
    decided_by: str | None = None
    decided_at: Instant | None = None
    reason: str | None = None
    version: int
    created_at: Instant


class VoteObjection(Reply, kw_only=True):
    """对结果的异议 / An objection to the result of a vote."""

    id: str
    vote_id: str
    project_id: str
    text: str
    state: str
    reasons: str | None = None
    decided_at: Instant | None = None
    person_id: str | UnsetType = UNSET
    version: int
    created_at: Instant
