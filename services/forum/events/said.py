"""What the forum publishes.


Facts carry ids, codes, numbers and times. Never the content of a vote, an opinion or an objection:
nothing that a person thinks or says may reach the service that scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, measure, words
from fivered.chassis.fields import (
    Community,
    Grid,
    OfficialId,
    Partition,
    Partitions,
    Period,
    PersonId,
    RequestId,
    TaskId,
    TopicId,
)
from fivered.services.forum.fields import (
    CapacityOf,
    DeputyId,
    DueText,
    KindOfTarget,
    Level,
    LinkId,
    Proposer,
    ResponsibleId,
    ResponsibleKind,
    ReworkReason,
    SessionId,
    StreetCode,
    Target,
    TierOfOfficial,
    TopicCategory,
    TopicText,
    TopicTitle,
)


@fact(
    "liaison_assigned.v1",
    about="liaison",
    when="包保联系建立时,每条联系一次 / when a link is made; once per link",
    by=("assign_liaison",),
)
class LiaisonAssigned:
    """建立包保联系 / An official answers for a street, a community, a grid or a household from
    now on."""

    link_id: LinkId
    tier: TierOfOfficial
    target_kind: KindOfTarget
    target: Target
    official_id: OfficialId
    person_id: PersonId


@fact(
    "liaison_ended.v1",
    about="liaison",
    when="联系解除、任期届满或联系人不再任职、去世时,一次 / when a link is ended, its term is "
    "over, or its official holds no office any more or has died; once",
    by=("end_liaison", "end_official", "on_liaison_until", "steward.resident_deactivated.v1"),
    after=("liaison_assigned.v1",),
)
class LiaisonEnded:
    """解除包保联系 / The link has ended."""

    link_id: LinkId
    tier: TierOfOfficial
    target_kind: KindOfTarget
    target: Target
    official_id: OfficialId
    person_id: PersonId


@fact(
    "deputy_began.v1",
    about="deputy",
    when="“两代表一委员”任期开始时,每次登记一次 / when a deputy's term begins; once per mandate",
    by=("register_deputy", "on_deputy_from"),
)
class DeputyBegan:
    """代表任期开始 / A deputy speaks for the streets of the constituency from now on."""

    deputy_id: DeputyId
    person_id: PersonId
    streets: Annotated[
        list[StreetCode], Meta(description="选区内的街道 / streets of the constituency")
    ]


@fact(
    "deputy_ended.v1",
    about="deputy",
    when="代表离任、任期届满或去世时,一次 / when a term ends or is over, or the deputy has died; "
    "once",
    by=("end_deputy", "on_deputy_until", "steward.resident_deactivated.v1"),
    after=("deputy_began.v1",),
)
class DeputyEnded:
    """代表任期结束 / The mandate has ended."""

    deputy_id: DeputyId
    person_id: PersonId


@fact(
    "topic_adopted.v1",
    about="topic",
    visibility="public",
    when="议题首次被采纳议事时;每个议题一条,退回后再次采纳不再发 / when a topic is adopted for "
    "the first time; once per topic, not again after it was returned",
    by=("adopt_topic",),
)
class TopicAdopted:
    """议题采纳 / A topic was adopted for deliberation for the first time."""

    topic_id: TopicId
    community: Community
    proposer: Annotated[PersonId, Meta(description="提议人 / who proposed it")]
    level: Annotated[str, words("议事层级 / the level at which it is deliberated", Level)]
    owners_matter: Annotated[
        bool,
        Meta(description="是否须业主共同决定 / whether the owners have to decide it together"),
    ]


@fact(
    "topic_redirected.v1",
    about="topic",
    when="议题属一户之事、转红色管家时,一次 / when a topic is the matter of one household and "
    "goes to the stewards; once",
    by=("redirect_topic",),
)
class TopicRedirected:
    """议题已转红色管家 / A matter of one household goes to the stewards, who register it in the
    proposer's name.

    What the proposer wrote travels with it, to the stewards only, as the proposer's request.
    """

    topic_id: TopicId
    community: Community
    proposer: Proposer
    title: TopicTitle
    text: TopicText
    grid: Grid | None = None
    category: TopicCategory | None = None


@fact(
    "topic_request_named.v1",
    about="topic",
    when="转出的议题说明对应诉求时,一次 / when a redirected topic names the request that it "
    "is; once",
    by=("redirect_topic",),
)
class TopicRequestNamed(TopicRedirected):
    """转出议题已有诉求 / A redirected topic is said to be a request already; the stewards look
    whether it is so."""

    request_id: (
        Annotated[RequestId, Meta(description="据称已有的诉求 / the request that it is said to be")]
        | None
    ) = None


@fact(
    "attendance_recorded.v1",
    about="session",
    when="会议表决结束,或事后补记签到时;每人每会一次 / when a vote of the session is closed, "
    "or attendance is put right later; once per person and session",
    by=("close_vote", "correct_attendance"),
)
class AttendanceRecorded:
    """参会记录 / A person was present when a vote of the session closed; said once per person and
    session."""

    session_id: SessionId
    topic_id: TopicId
    person_id: PersonId
    capacity: CapacityOf


@fact(
    "attendance_corrected.v1",
    about="session",
    when="更正为未到会时 / when it is put right that somebody was not there",
    by=("correct_attendance",),
    after=("attendance_recorded.v1",),
)
class AttendanceCorrected:
    """签到已更正 / Somebody said to have been present was not; the credit for it is taken
    back."""

    session_id: SessionId
    person_id: PersonId
    capacity: CapacityOf
    attended: Annotated[bool, Meta(description="是否到会 / whether the person was present")]


@fact(
    "supervision_fulfilled.v1",
    about="topic",
    when="议题办结,监督人全程按时监督时,每位监督人一次 / when a topic is closed and a "
    "supervisor has kept watch; once per supervisor",
    by=("close_topic",),
    after=("resolution_effective.v1",),
)
class SupervisionFulfilled:
    """监督尽责 / A supervisor has kept watch until the end, with a record at least every 14
    days."""

    topic_id: TopicId
    person_id: PersonId
    records: Annotated[int, measure("监督记录数 / records of the supervisor", "条 / records")]


@fact(
    "resolution_effective.v1",
    about="topic",
    visibility="public",
    when="决议公示期满生效时;须业主决定的先发 binding=false,业主表决通过后再发 binding=true / "
    "when a resolution takes effect after its publication; where the owners have to decide, first "
    "with binding=false and again with binding=true once they agreed",
    by=("on_opinion_notice", "record_owners_vote", "property.owners_vote_closed.v1"),
    after=("topic_adopted.v1",),
)
class ResolutionEffective:
    """决议生效 / A resolution stands; `binding` is false while the owners' assembly has still to
    decide."""

    topic_id: TopicId
    community: Community
    binding: Annotated[
        bool,
        Meta(
            description="是否已有约束力;否则为对业主大会的建议 / whether it binds; until then it "
            "is a recommendation to the owners"
        ),
    ]


@fact(
    "task_assigned.v1",
    about="task",
    when="任务下达时;改派、延期、重启或项目移交时再发 / when a task is given out; again when "
    "it goes to somebody else, gets more time, is opened again, or its project is handed over",
    by=(
        "assign_tasks",
        "reassign_task",
        "extend_task",
        "reopen_task",
        "property.project_registered.v1",
    ),
)
class TaskAssigned:
    """下达任务 / Somebody has to carry out a part of a resolution; said again when its term is
    extended."""

    task_id: TaskId
    topic_id: TopicId
    community: Community
    responsible_kind: ResponsibleKind
    responsible_id: ResponsibleId
    due_at: DueText
    title: Annotated[str, Meta(description="任务名称 / what is to be done")] | None = None


@fact(
    "task_accepted.v1",
    about="task",
    when="监督人与居委会都验收时,一次 / when supervisor and cadre have both accepted the work; "
    "once",
    by=("accept_task",),
    after=("task_assigned.v1",),
)
class TaskAccepted:
    """任务验收 / A supervisor and a cadre have both accepted the work."""

    task_id: TaskId
    topic_id: TopicId
    responsible_kind: ResponsibleKind
    responsible_id: ResponsibleId


@fact(
    "task_rework.v1",
    about="task",
    when="验收不通过时,每次一条;任务取消、改派或议题终止时为最后一条 / when the work is not "
    "accepted, each time; the last one when the task is cancelled, given to somebody else, or "
    "its topic discontinued",
    by=("rework_task", "cancel_task", "reassign_task", "discontinue_topic"),
    after=("task_assigned.v1",),
)
class TaskRework:
    """任务返工 / The work was not accepted, or, with `final`, is taken away for good.

    `reason` says how: CANCELLED, REASSIGNED, DISCONTINUED (the whole topic was), TOPIC_RETURNED
    (another task failed and the topic is analysed again), or what was found wrong. `why` is the
    reason that was made public of a task that is not to be done.
    """

    task_id: TaskId
    topic_id: TopicId
    responsible_kind: ResponsibleKind
    responsible_id: ResponsibleId
    reason: ReworkReason
    final: Annotated[bool, Meta(description="是否就此取消 / whether it is taken away for good")] = (
        False
    )
    why: (
        Annotated[str, Meta(description="对外公布的理由 / the reason that was made public")] | None
    ) = None


@fact(
    "task_overdue.v1",
    about="task",
    when="任务到期未交付,每升一级一条 / when a task is not delivered in time; once per level",
    by=("on_task_due",),
    after=("task_assigned.v1",),
)
class TaskOverdue:
    """任务逾期 / The task was not delivered in time; `level` counts the steps of the
    escalation."""

    task_id: TaskId
    topic_id: TopicId
    responsible_kind: ResponsibleKind
    responsible_id: ResponsibleId
    level: Annotated[int, measure("逾期升级的第几级 / how many steps it has gone up", "级 / steps")]


@fact(
    "topic_closed.v1",
    about="topic",
    visibility="public",
    when="任务全部验收、议题办结时;每个议题一条 / when all tasks are accepted and the topic is "
    "closed; once per topic",
    by=("close_topic",),
    after=("resolution_effective.v1",),
)
class TopicClosed:
    """议题办结 / The topic went through all five steps and is closed."""

    topic_id: TopicId
    community: Community
    tasks: Annotated[int, measure("验收通过的任务数 / tasks that were accepted", "个 / tasks")]
    days: Annotated[
        int,
        measure(
            "自首次采纳到办结的日历天数 / calendar days from its adoption to its end", "天 / days"
        ),
    ]


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """One community's month in the forum."""

    community: Community
    topics_adopted: Annotated[int, measure("采纳的议题数 / topics adopted", "个 / topics")]
    sessions: Annotated[int, measure("议事会场次 / sessions", "场 / sessions")]
    attendances: Annotated[int, measure("到会人次 / attendances", "人次 / attendances")]


@fact(
    "month_measured.v1",
    about="month",
    when="每月截止时,每个分区一条 / when a month is cut off; one per partition",
    by=("on_cutoff",),
)
class MonthMeasured:
    """月度计量 / The month as the forum saw it; what comes behind this marker is late."""

    period: Period
    partition: Partition
    partitions: Partitions
    communities: Annotated[list[CommunityMonth], Meta(description="各社区 / the communities")]
