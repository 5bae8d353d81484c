"""What the forum service answers: the types that a caller may rely on."""

from typing import Annotated, Any

from msgspec import Meta

from chassis.fields import Instant
from chassis.replies import Reply
from services.forum.rules import TaskState, TopicState


class Done(Reply, kw_only=True):
    """What a command answers: the thing, its state and the version for the next If-Match."""

    id: str
    state: str
    version: int
    number: str | None = None
    due: Instant | None = None


class ChainReply(Reply, kw_only=True):
    """包保联系链 / Every rung is shown, gaps as gaps, with who acts meanwhile."""

    target: str
    grid: str | None = None
    complete: bool
    rungs: list[dict[str, Any]]


class CoverageReply(Reply, kw_only=True):
    """包保联系覆盖 (M-19) / Targets with somebody who answers for them, per tier."""

    scope: str
    tiers: list[dict[str, Any]]
    grids_without_worker: list[str]


class Card(Reply, kw_only=True):
    """A row of a list."""

    id: str


class OptInCard(Card, kw_only=True):
    """同意参加抽选 / Somebody's consent to be drawn."""

    person_id: str
    state: str
    opted_at: Instant
    withdrawn_at: Instant | None
    entered_by: str
    receipt: str | None
    version: int


class SupervisionCard(Card, kw_only=True):
    """监督记录 / What a supervisor found."""

    record_id: str
    task_id: str
    topic_id: str
    person_id: str
    kind: str
    finding: str
    created_at: Instant


class YearReply(Reply, kw_only=True):
    """代表履职记录 (M-24) / A deputy's year."""

    id: str
    year: int
    invited: int
    attended: int
    rate: str | None = None


class TopicCard(Reply, kw_only=True):
    """议题 / A topic on the wall."""

    id: str
    number: str
    title: str
    state: TopicState
    step: int
    step_name: str
    level: str
    community: str
    cosigners: int
    version: int


class TopicReply(TopicCard, kw_only=True):
    """议题详情 / A topic with the five steps and the artefact of each."""

    steps: list[dict[str, Any]]
    analysis: dict[str, Any] | None = None
    tally: dict[str, Any] | None = None
    opinion: dict[str, Any] | None = None
    tasks: list[dict[str, Any]]


class TimelineReply(Reply, kw_only=True):
    """议题时间线 / What happened, in order."""

    id: str
    items: list[dict[str, Any]]
    next: str | None = None
    prev: str | None = None


class SessionCard(Reply, kw_only=True):
    """协商会 / A session and what it is about."""

    id: str
    state: str
    version: int
    community: str
    place: str
    start: Instant
    topics: list[dict[str, Any]]


class Corrected(Done, kw_only=True):
    """更正结果 / Who counts now, and the topics whose vote is void."""

    voting_present: int
    resident_present: int
    quorum: int
    void: list[str]


class RecountReply(Reply, kw_only=True):
    """重新计票 / The ballots counted again, and whether they agree with what was announced."""

    id: str
    topic_id: str
    against: int
    abstain: int
    voters: int
    agrees: bool


class SessionReply(Reply, kw_only=True):
    """协商会 / Agenda, live quorum, representation, the calendar entry (`ical`)."""

    id: str
    state: str
    version: int
    community: str
    agenda: list[dict[str, Any]]
    quorum: dict[str, Any]
    representation: list[dict[str, Any]]
    invitations: list[dict[str, Any]]
    ical: str


class Scheduled(Done, kw_only=True):
    """已安排 / The session and how many are invited."""

    start: Instant
    invited: int
    voting: int


class VoteClosed(Done, kw_only=True):
    """表决结果 / Totals."""

    topic_id: str
    topic_state: str
    session_state: str
    against: int
    abstain: int
    passed: bool


class ObjectionCard(Reply, kw_only=True):
    """异议 / An objection and what was decided; it names nobody."""

    id: str
    topic_id: str
    text: str
    state: str
    outcome: str | None = None
    reasons: str | None = None


class NoticeReply(Reply, kw_only=True):
    """协商意见公示 / A published opinion; it names nobody."""

    id: str
    number: str
    scope: str
    topic_id: str
    title: str
    text: str
    decision: str
    state: str
    published_at: Instant
    ends_at: Instant


class FunnelReply(Reply, kw_only=True):
    """协商漏斗 (M-15) / How far the topics came."""

    scope: str
    collected: int
    adopted: int
    closed: int
    adoption_rate: str | None = None
    closure_rate: str | None = None


class TaskCard(Reply, kw_only=True):
    """任务 / A task."""

    id: str
    topic_id: str
    title: str
    state: TaskState
    responsible_kind: str
    responsible_id: str
    due_at: Instant
    overdue: bool
    version: int


class TaskReply(TaskCard, kw_only=True):
    """任务详情 / A task with its supervision."""

    supervisors: list[dict[str, Any]]
    supervisions: list[dict[str, Any]]
    end_reason: (
        Annotated[str, Meta(description="取消、改派的原因 / why it is not to be done")] | None
    ) = None


class EscalationCard(Card, kw_only=True):
    """督办 / What was missed, before whom it waits, and what was done."""

    source: str
    ref: str
    path: str
    level: int
    tier: str
    state: str
    version: int
    objection_id: (
        Annotated[str, Meta(description="待答复的异议 / the objection that waits")] | None
    ) = None
    person_id: str | None = None
    acting: bool
