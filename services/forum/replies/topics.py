"""What is answered about topics."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from fivered.chassis.few import PEOPLE, Counts
from fivered.chassis.fields import Instant
from fivered.chassis.replies import Page, Reply
from fivered.services.forum.replies.common import InFavour, Own
from fivered.services.forum.replies.liaison import Done
from fivered.services.forum.rules import TopicState


class TopicDone(Done, kw_only=True):
    """议题现状 / A topic after a command."""

    number: str


class TopicDue(TopicDone, kw_only=True):
    """议题现状与期限 / A topic, and until when the next step is due."""

    due: Instant | UnsetType = UNSET


class Cosigned(TopicDone, kw_only=True):
    """已联署 / How many have signed."""

    cosigners: int


class Reviewed(TopicDue, kw_only=True):
    """复核 / Where the appeal stands."""

    appeal: str


class TopicCard(Reply, kw_only=True):
    """议题 / A topic on the wall."""

    id: str
    topic_id: str
    number: str
    title: str
    description: str
    proposer_kind: str
    way: str
    category: str
    level: str
    scope: list[str]
    area: str
    grid: str | None
    resubmits: str | None
    new_facts: str
    state: TopicState
    round: int
    owners_matter: bool
    binding: bool | None
    escalated: int
    adjournments: int
    objected: bool
    session_id: str | None
    opinion_id: str | None
    merged_into: str | None
    reason: str | None
    appeal: str | None
    appeal_reasons: str | None
    result: str | None
    created_at: Instant
    screen_due: Instant
    adopted_at: Instant | None
    session_due: Instant | None
    voted_at: Instant | None
    opinion_due: Instant | None
    publicised_at: Instant | None
    resolved_at: Instant | None
    tasks_due: Instant | None
    implementing_at: Instant | None
    verified_at: Instant | None
    closed_at: Instant | None
    failed_at: Instant | None
    poll_until: Instant | None
    version: int
    step: int
    step_name: str
    community: str
    cosigners: int
    proposer: Own | UnsetType = UNSET
    note: Own | UnsetType | None = UNSET
    source_request: Own | UnsetType | None = UNSET
    request_id: Own | UnsetType | None = UNSET
    request_number: Own | UnsetType | None = UNSET
    hidden_at: Instant | UnsetType | None = UNSET
    hidden_reason: Own | UnsetType | None = UNSET


class Collected(Reply, kw_only=True):
    """第一步 / How a topic came, and who carries it."""

    number: str
    way: str
    collected_at: Instant
    cosigners: int


class Analysis(Reply, kw_only=True):
    """研判 / The analysis as it was published."""

    finding: str
    level: str
    owners_matter: bool
    urgency: str
    decided_at: Instant


class Tally(Reply, kw_only=True):
    """表决结果 / The totals of a closed vote."""

    in_favour: InFavour = field(name="for")
    session_id: str
    against: int
    abstain: int
    not_cast: int
    voting_invited: int
    voting_present: int
    resident_present: int
    passed: bool
    closed_at: Instant


class Unheard(Counts, kw_only=True):
    """无人到场的网格 / An affected grid from which no resident sat in the session."""

    warning: str
    grid: str
    adults: Annotated[int, PEOPLE]


class Planned(Reply, kw_only=True):
    """计划任务 / A task that an opinion plans."""

    title: str
    responsible_kind: str
    responsible_id: str
    due_date: str | None
    supervisors: list[str]
    budget_fen: int | None
    funding: str | None


class ObjectionText(Reply, kw_only=True):
    """异议内容 / What somebody objected; it names nobody."""

    id: str
    text: str
    state: str


class Decision(Reply, kw_only=True):
    """异议处理 / What one side decided."""

    side: str
    outcome: str
    reasons: str


class Opinion(Reply, kw_only=True):
    """协商意见 / The opinion of a session."""

    id: str
    opinion_id: str
    topic_id: str
    session_id: str
    text: str
    decision: str
    dissent: str
    warnings: list[Unheard]
    state: str
    notice_number: str | None
    publicised_at: Instant | None
    ends_at: Instant | None
    created_at: Instant
    version: int
    objections: int
    planned: list[Planned] | UnsetType = UNSET
    objection_texts: list[ObjectionText] | UnsetType = UNSET
    decisions: list[Decision] | UnsetType = UNSET
    binding: (
        Annotated[bool, Meta(description="仅作为第四步成果 / as the artefact of step 4 only")]
        | UnsetType
        | None
    ) = UNSET


class Implemented(Reply, kw_only=True):
    """第五步 / How far the tasks have come."""

    tasks: int
    accepted: int
    result: str | None
    closed_at: Instant | None


class Step(Reply, kw_only=True):
    """一步 / One of the five steps, and what it has brought forth."""

    step: int
    name: str
    state: str
    artefact: Annotated[
        object,
        Meta(
            description="收集、研判、表决结果、意见、落实;未完成为 null "
            "/ how it came, its analysis, tally, opinion, tasks; null before"
        ),
    ]


class OwnersDecision(Reply, kw_only=True):
    """业主共同决定的结果 / What the owners came to; a vote held in property shows its figures there
    (`GET /v1/property/owners-votes/{vote_id}`)."""

    vote_id: (
        Annotated[
            str, Meta(description="表决编号,手工登记的没有 / none where it was recorded by hand")
        ]
        | None
    ) = None
    passed: bool
    at: Instant


class Poll(Counts, kw_only=True):
    """满意度 / How those who took part rated it."""

    ratings: Annotated[int, PEOPLE]
    stars_total: int


class TimelineEntry(Reply, kw_only=True):
    """时间线一条 / One thing that happened; who did it, for staff of the area."""

    at: Instant
    kind: str
    ref: str
    action: str
    state: str | None
    role: str
    actor: str | UnsetType = UNSET
    detail: dict[str, object] | UnsetType = UNSET


class TimelineReply(Page[TimelineEntry], kw_only=True):
    """议题时间线 / What happened, in order."""

    id: str
