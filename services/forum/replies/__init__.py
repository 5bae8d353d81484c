"""What the forum service answers: the types that a caller may rely on."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from chassis.fields import Instant
from chassis.replies import Page, Reply
from services.forum.replies.escalations import (
    EscalationCard,
    EscalationDone,
    FunnelReply,
    MessageCard,
)
from services.forum.replies.liaison import (
    Card,
    ChainReply,
    Coverage,
    CoverageReply,
    DeputyCard,
    DeputySession,
    Done,
    LiaisonCard,
    OfficialCard,
    OptInCard,
    Post,
    Rung,
    YearReply,
)
from services.forum.rules import TaskState, TopicState

__all__ = [
    "Accepted",
    "AgendaItem",
    "Analysis",
    "Answered",
    "CapacityCount",
    "Card",
    "ChainReply",
    "Collected",
    "Confirmed",
    "Corrected",
    "Cosigned",
    "Coverage",
    "CoverageReply",
    "Decision",
    "DeputyCard",
    "DeputySession",
    "Done",
    "Drafted",
    "Draw",
    "EscalationCard",
    "EscalationDone",
    "Extended",
    "FunnelReply",
    "Implemented",
    "InvitationCard",
    "LiaisonCard",
    "MessageCard",
    "Moved",
    "MyInvitation",
    "NewTask",
    "NoticeReply",
    "Objected",
    "ObjectionAnswered",
    "ObjectionCard",
    "ObjectionText",
    "OfficialCard",
    "OnAgenda",
    "Opinion",
    "OptInCard",
    "OwnersVoted",
    "Planned",
    "Poll",
    "Post",
    "Present",
    "Progress",
    "Publicised",
    "Quorum",
    "Reassigned",
    "RecountReply",
    "Reopened",
    "Representation",
    "Resolved",
    "Reviewed",
    "Reworked",
    "Rung",
    "Scheduled",
    "Session",
    "SessionCard",
    "SessionReply",
    "Step",
    "Supervised",
    "Supervision",
    "SupervisionCard",
    "Supervisor",
    "Tally",
    "TaskCard",
    "TaskEnded",
    "TaskReply",
    "TasksAssigned",
    "TimelineEntry",
    "TimelineReply",
    "TopicCard",
    "TopicClosed",
    "TopicDone",
    "TopicDue",
    "TopicReply",
    "Unheard",
    "VoteClosed",
    "YearReply",
]

Own = Annotated[str, Meta(description="仅提出人和本区域工作人员可见 / for its proposer and staff")]
InFavour = Annotated[int, Meta(description="赞成 / in favour")]


# --------------------------------------------------------------------------------------------------
# Topics


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


class Unheard(Reply, kw_only=True):
    """无人到场的网格 / An affected grid from which no resident sat in the session."""

    warning: str
    grid: str
    adults: int


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


class Poll(Reply, kw_only=True):
    """满意度 / How those who took part rated it."""

    ratings: int
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


# --------------------------------------------------------------------------------------------------
# Sessions


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


class CapacityCount(Reply, kw_only=True):
    """按身份 / How many of a capacity."""

    invited: int
    yes: int
    attended: int


class Draw(Reply, kw_only=True):
    """抽选 / From what anybody can repeat the draw."""

    seed: str
    pool: int


class Representation(Reply, kw_only=True):
    """网格代表性 / How many residents of a grid are invited and there."""

    grid: str
    adults: int
    invited: int
    present: int
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


# --------------------------------------------------------------------------------------------------
# Opinions


class Drafted(TopicDone, kw_only=True):
    """已起草 / The topic, and its opinion."""

    opinion_id: str


class Publicised(TopicDone, kw_only=True):
    """已公示 / The topic, its notice, and until when it is up."""

    ends_at: Instant
    notice_id: str
    notice_number: str


class Objected(Done, kw_only=True):
    """已提出异议 / The objection, the topic's version, and until when it is answered."""

    topic_id: str
    topic_version: int
    objectors: int
    due: Instant


class Confirmed(Done, kw_only=True):
    """已确认 / The objection; the version is the topic's."""

    topic_id: str
    objectors: int


class ObjectionAnswered(Done, kw_only=True):
    """已答复异议 / The objection and its topic."""

    topic_id: str


class Resolved(TopicDone, kw_only=True):
    """异议处理结果 / The topic, and what was decided; undecided until both sides agree."""

    objection: str


class OwnersVoted(TopicDue, kw_only=True):
    """业主大会表决 / Whether the owners adopted it."""

    passed: bool
    binding: bool


class ObjectionCard(Reply, kw_only=True):
    """异议 / An objection and what was decided; it names nobody."""

    id: str
    objection_id: str
    topic_id: str
    opinion_id: str
    text: str
    directly_affected: bool
    claimed: bool | None
    state: str
    outcome: str | None = None
    reasons: str | None = None
    decided_at: Instant | None
    created_at: Instant


class NoticeReply(Reply, kw_only=True):
    """协商意见公示 / A published opinion; it names nobody."""

    id: str
    kind: str = "OPINION"
    number: str
    scope: str
    topic_id: str
    topic_number: str
    title: str
    text: str
    decision: str
    dissent: str
    warnings: list[Unheard]
    owners_matter: bool
    tally: Tally | None
    state: str
    published_at: Instant
    ends_at: Instant


# --------------------------------------------------------------------------------------------------
# Tasks


class NewTask(Done, kw_only=True):
    """新任务 / A task that was assigned, and its term."""

    due: Instant


class TasksAssigned(TopicDone, kw_only=True):
    """已下达 / The topic and its tasks."""

    tasks: list[NewTask]


class Progress(Done, kw_only=True):
    """进展 / How far the work is."""

    percent: int


class Accepted(Done, kw_only=True):
    """验收 / Which side has still to accept, or where the topic stands after the last."""

    waiting_for: str | UnsetType = UNSET
    topic_state: str | UnsetType = UNSET


class Reworked(Done, kw_only=True):
    """返工 / How often it was sent back."""

    reworks: int


class Extended(Done, kw_only=True):
    """已延期 / The new term."""

    due: Instant


class TaskEnded(Done, kw_only=True):
    """任务结束 / The task, and where its topic stands."""

    topic_state: str


class Reassigned(Done, kw_only=True):
    """已改派 / The task that ended, and the one in its place."""

    new_task: NewTask


class Reopened(Reassigned, kw_only=True):
    """重新办理 / The accepted task, the one in its place, and where the topic stands."""

    topic_state: str


class Supervised(Done, kw_only=True):
    """监督记录 / The record, and of which task."""

    task_id: str


class TopicClosed(TopicDone, kw_only=True):
    """已办结 / How many days it took, and how many tasks were accepted."""

    days: int
    tasks: int


class SupervisionCard(Card, kw_only=True):
    """监督记录 / What a supervisor found."""

    record_id: str
    task_id: str
    topic_id: str
    person_id: str
    kind: str
    finding: str
    media: list[object]
    created_at: Instant


class TaskCard(Reply, kw_only=True):
    """任务 / A task."""

    id: str
    task_id: str
    topic_id: str
    round: int
    title: str
    responsible_kind: str
    responsible_id: str
    due_at: Instant
    budget_fen: int | None
    funding: str | None
    area: str
    grid: str | None
    state: TaskState
    overdue_level: int
    reworks: int
    supervisions_missed: int
    percent: int
    evidence: list[object]
    work_id: str | None
    started_at: Instant | None
    delivered_at: Instant | None
    accepted_at: Instant | None
    replaces: str | None
    extensions: int | None
    created_at: Instant
    version: int
    overdue: bool
    supervisor_accepted: bool
    cadre_accepted: bool


class Supervisor(Reply, kw_only=True):
    """监督员 / Who watches a task."""

    person_id: str
    appointed_at: Instant


class Supervision(Reply, kw_only=True):
    """监督记录 / What was seen; it names nobody."""

    id: str
    kind: str
    at: Instant
    finding: str
    media: list[object]


class TaskReply(TaskCard, kw_only=True):
    """任务详情 / A task with its supervision."""

    supervisors: list[Supervisor]
    supervisions: list[Supervision]
    end_reason: (
        Annotated[str, Meta(description="取消、改派的原因 / why it is not to be done")] | None
    ) = None


class TopicReply(TopicCard, kw_only=True):
    """议题详情 / A topic with the five steps and the artefact of each."""

    cosigner_ids: (
        Annotated[list[str], Meta(description="仅本区域工作人员可见 / for staff of the area")]
        | UnsetType
    ) = UNSET
    steps: list[Step]
    analysis: Analysis | None = None
    tally: Tally | None = None
    opinion: Opinion | None = None
    tasks: list[TaskCard]
    poll: Poll
