"""What the property service publishes, and its own readers of what it consumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis.calendar import YearHeard
from fivered.chassis.facts import fact, moment, reads, words
from fivered.chassis.fields import (
    Community,
    CompanyId,
    Grid,
    Level,
    OfficialId,
    Partition,
    Partitions,
    Period,
    PersonId,
    ProjectId,
    TaskId,
    TopicId,
)
from fivered.services.property.fields import (
    ActiveOnLastDay,
    Agreements,
    AppointmentId,
    CategoryOfComplaint,
    Commitments,
    CommitmentsOnTime,
    CommitteeId,
    CommitteeState,
    ComplaintId,
    Complaints,
    DirectionOfPost,
    DisclosureId,
    EndReason,
    Evidence,
    FiledAt,
    GapDays,
    Households,
    KindOfDisclosure,
    MeanHouseholds,
    Members,
    OnTime,
    OrdersOverdue,
    PostHeld,
    Rated,
    RectificationId,
    Representatives,
    Requests,
    Resolutions,
    Rolling,
    Satisfied,
    SeverityOfOrder,
    Twelfths,
    WorkId,
)

# --------------------------------------------------------------------------------------------------
# Said


@fact(
    "company_registered.v1",
    about="company",
    visibility="public",
    when="登记物业企业时;更正后再发一条 / when a property company is registered; again when it "
    "is put right",
    by=("register_company", "correct_company"),
)
class CompanyRegistered:
    """A property company is registered."""

    company_id: CompanyId
    uscc: Annotated[
        str, Meta(description="统一社会信用代码,18 位 / unified social credit code, 18 characters")
    ]
    representatives: Representatives | None = None


@fact("company_representatives_changed.v1", about="company")
class CompanyRepresentativesChanged:
    """Other persons speak for a company from now on; nobody does where there are none."""

    company_id: CompanyId
    representatives: Representatives


@fact(
    "project_registered.v1",
    about="project",
    visibility="public",
    when="登记物业项目时;名称、范围、户数、状态变动后再发一条,以最新为准 / when a project is "
    "registered; again when its name, places, households or status change, and the newest holds",
    by=(
        "register_project",
        "correct_project",
        "change_project_status",
        "reopen_project",
        "hand_over_project",
        "count_households",
    ),
    after=(),
)
class ProjectRegistered:
    """A project is registered; said again when its name, places, households or status change."""

    project_id: ProjectId
    company_id: CompanyId
    community: Community
    grids: Annotated[
        list[Grid],
        Meta(description="服务的网格,15 位代码 / the grids that it serves, by their 15 digits"),
    ]
    households: Households
    status: Annotated[str, words("项目状态 / how it stands", "PREPARING", "IN_SERVICE", "CLOSED")]
    buildings: (
        Annotated[
            list[str],
            Meta(
                description="服务的楼栋;仅同一网格有多个项目时列出 / the buildings that it "
                "serves; only where they tell which project of a grid is meant"
            ),
        ]
        | None
    ) = None
    predecessor_id: (
        Annotated[
            ProjectId,
            Meta(description="接管前的项目 / the closed project whose compound it has taken over"),
        ]
        | None
    ) = None


@fact("project_manager_changed.v1", about="project")
class ProjectManagerChanged:
    """A project has a new manager; also said of its first one."""

    project_id: ProjectId
    person_id: PersonId


@fact("project_manager_ended.v1", about="project")
class ProjectManagerEnded:
    """A project's manager has died; nobody manages it until another one is named."""

    project_id: ProjectId
    person_id: PersonId
    reason: Annotated[str, words("为何 / why", "DECEASED")]


@fact(
    "appointment_activated.v1",
    about="project",
    visibility="public",
    when="交叉任职报街道备案、生效时;每次任职一条 / when a cross-appointment is filed with the "
    "street and takes effect; once per appointment",
    by=("file_appointment",),
    after=("project_registered.v1",),
)
class AppointmentActivated:
    """A cross-appointment is filed with the street and takes effect."""

    appointment_id: AppointmentId
    project_id: ProjectId
    direction: DirectionOfPost
    person_id: PersonId
    post: PostHeld


@fact(
    "appointment_ended.v1",
    about="project",
    visibility="public",
    when="交叉任职结束,或提名逾期失效时;每次任职一条 / when a cross-appointment ends or its "
    "nomination lapses; once per appointment",
    by=(
        "end_appointment",
        "change_manager",
        "change_project_status",
        "hand_over_project",
        "on_appt_consent",
        "steward.resident_deactivated.v1",
    ),
    after=("project_registered.v1",),
)
class AppointmentEnded:
    """A cross-appointment ended, or its nomination lapsed."""

    appointment_id: AppointmentId
    project_id: ProjectId
    direction: DirectionOfPost
    person_id: PersonId
    post: PostHeld
    reason: Annotated[
        str,
        words(
            "结束原因 / why it ended",
            EndReason,
            "DECEASED",
            "LAPSED",
            MANAGER_CHANGED="项目负责人更换 / the project has another manager",
        ),
    ]


@fact("owners_committee_changed.v1", about="committee")
class OwnersCommitteeChanged:
    """Who sits for the owners of a project's compound, and whether their term runs."""

    committee_id: CommitteeId
    project_id: ProjectId
    members: Members
    state: CommitteeState


@fact(
    "complaint_accepted.v1",
    about="complaint",
    visibility="public",
    when="对物业的投诉计入时:受理、改判成立、合并或更正后改由其计入;同一投诉可多次,以最新为准 / "
    "when a complaint about a project counts: as it is filed, found valid after all, or goes on "
    "in place of another; may be said again, and the newest of accepted and invalidated holds",
    by=(
        "validate_complaint",
        "decide_complaint_project",
        "register_project",
        "correct_project",
        "change_project_status",
        "reopen_project",
        "steward.request_submitted.v1",
        "steward.request_corrected.v1",
        "steward.request_cancelled.v1",
    ),
)
class ComplaintAccepted:
    """A complaint about a project counts (from its filing, or again after a new decision)."""

    complaint_id: ComplaintId
    project_id: ProjectId
    community: Community
    category: CategoryOfComplaint
    filed_at: FiledAt


@fact(
    "complaint_invalidated.v1",
    about="complaint",
    visibility="public",
    when="投诉认定不成立,或其诉求被撤回、合并、不予受理、更正为他事时;可多次 / when a complaint "
    "is found not valid, or its request is taken back, merged, rejected or about something else; "
    "may be said again",
    by=(
        "validate_complaint",
        "steward.request_merged.v1",
        "steward.request_rejected.v1",
        "steward.request_cancelled.v1",
        "steward.request_corrected.v1",
    ),
    after=("complaint_accepted.v1",),
)
class ComplaintInvalidated:
    """A complaint was found not valid and no longer counts."""

    complaint_id: ComplaintId
    project_id: ProjectId
    community: Community
    category: CategoryOfComplaint
    filed_at: FiledAt


@fact(
    "rectification_issued.v1",
    about="rectification",
    visibility="public",
    when="签发整改单时,或由投诉、联席会、任务不合格转来;每张整改单一条 / when a project is "
    "ordered to put something right, also by a complaint, a meeting or work that was not "
    "accepted; once per order",
    by=(
        "issue_rectification",
        "hold_meeting",
        "validate_complaint",
        "reopen_project",
        "hand_over_project",
        "check_work",
        "on_wrk_due",
        "steward.request_reopened.v1",
        "forum.task_overdue.v1",
        "forum.task_rework.v1",
    ),
)
class RectificationIssued:
    """A project is ordered to put something right before `due_at`."""

    rectification_id: RectificationId
    project_id: ProjectId
    severity: SeverityOfOrder
    due_at: Annotated[datetime, moment("整改期限,UTC / until when it is to be put right, in UTC")]


@fact("rectification_passed.v1", about="rectification")
class RectificationPassed:
    """The fix was checked and found good."""

    rectification_id: RectificationId
    project_id: ProjectId
    severity: SeverityOfOrder
    late: Annotated[bool, Meta(description="是否逾期 / whether it was late")]


@fact("rectification_overdue.v1", about="rectification")
class RectificationOverdue:
    """The order was not met in time; said once per order."""

    rectification_id: RectificationId
    project_id: ProjectId
    severity: SeverityOfOrder


@fact("rectification_escalated.v1", about="rectification")
class RectificationEscalated:
    """An overdue order goes up the liaison chain: 1 to the street, 2 to the district."""

    rectification_id: RectificationId
    project_id: ProjectId
    severity: SeverityOfOrder
    level: Level
    official_id: OfficialId | None


@fact("rectification_withdrawn.v1", about="rectification")
class RectificationWithdrawn:
    """The order was issued in error; its effects are to be reversed."""

    rectification_id: RectificationId
    project_id: ProjectId


@fact("rectification_ended.v1", about="rectification")
class RectificationEnded:
    """Nothing is to be put right any more: the project or the task is over. What it cost stays."""

    rectification_id: RectificationId
    project_id: ProjectId


@fact(
    "disclosure_published.v1",
    about="disclosure",
    visibility="public",
    when="按期公示时;每项一条,逾期公示不发 / when a project publishes in time what it had to "
    "disclose; once each, and not where it was late",
    by=("publish_disclosure",),
)
class DisclosurePublished:
    """A project published what it had to disclose, in time; late ones are history only."""

    disclosure_id: DisclosureId
    project_id: ProjectId
    kind: KindOfDisclosure


@fact("disclosure_overdue.v1", about="disclosure")
class DisclosureOverdue:
    """A project did not publish in time what it had to disclose."""

    disclosure_id: DisclosureId
    project_id: ProjectId
    kind: KindOfDisclosure


@fact("disclosure_withdrawn.v1", about="disclosure")
class DisclosureWithdrawn:
    """公示逾期撤销 / An overdue one was scheduled in error; its effects are to be reversed."""

    disclosure_id: DisclosureId
    project_id: ProjectId


@fact("work_delivered.v1", about="work")
class WorkDelivered:
    """A project reports a deliberated task as done, with evidence."""

    work_id: WorkId
    task_id: TaskId
    topic_id: TopicId
    project_id: ProjectId
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """What one community counts in a month."""

    community: Community
    complaints_valid: Complaints


@dataclass(frozen=True, slots=True)
class ProjectMonth:
    """Every input of the bands and gates of one project, as of the month's last day.

    Attributes:
        rolling_households: Mean of the month-end counts of the twelve months, half up.
        rolling_households_before: Likewise of the twelve before; 0 where a month of the two windows
            is not known, so that they cannot be compared.
        rolling_households_twelfths: The same mean exactly, in twelfths of a household; none where
            the two windows cannot be compared.
        rolling_households_before_twelfths: Likewise of the twelve before.
        p2c_gap_days: Days of the gap that runs on the last day, from its beginning; else 0.
        cross_full_month: Both directions were active on every day.
        agreements_full_month: Least number of agreements active on any day.
        overdue_rectifications_open: Orders that were overdue and open when the month ended.
        served_from: First day of the month on which it was in service; none where it never was.
        served_to: Likewise the last one. Of a project that was closed or handed over in the month
            all that is said as of the last day is said as of this one.
        took_over: The day on which the company took the project over from another one.
    """

    project_id: ProjectId
    company_id: CompanyId
    community: Community
    in_service: Annotated[bool, Meta(description="月末在服务 / in service on the last day")]
    households: Households
    requests: Requests
    contacted_on_time: OnTime
    due_resolutions: Resolutions
    resolved_on_time: OnTime
    rated: Rated
    satisfied: Satisfied
    complaints_valid: Complaints
    rolling_complaints: Rolling
    rolling_complaints_before: Rolling
    rolling_households: MeanHouseholds
    rolling_households_before: MeanHouseholds
    p2c_active_last_day: ActiveOnLastDay
    c2p_active_last_day: ActiveOnLastDay
    p2c_gap_days: GapDays
    c2p_gap_days: GapDays
    cross_full_month: Annotated[
        bool, Meta(description="两个方向整月在任 / both directions were active on every day")
    ]
    agreements_active_last_day: Agreements
    agreements_full_month: Agreements
    commitments_due: Commitments
    commitments_on_time: CommitmentsOnTime
    tripartite_held: Annotated[
        bool, Meta(description="是否召开三方联席会议 / whether the three parties met")
    ]
    overdue_rectifications_open: OrdersOverdue
    served_from: (
        Annotated[date, Meta(description="当月首个服务日 / the first day of the month in service")]
        | None
    ) = None
    served_to: (
        Annotated[date, Meta(description="当月最后服务日 / the last day of the month in service")]
        | None
    ) = None
    took_over: (
        Annotated[date, Meta(description="接管之日 / the day on which the company took it over")]
        | None
    ) = None
    rolling_households_twelfths: Twelfths | None = None
    rolling_households_before_twelfths: Twelfths | None = None


@fact("month_measured.v1", about="month")
class MonthMeasured:
    """The marker of a month in one partition: what lies before it in its stream counts."""

    period: Period
    partition: Partition
    partitions: Partitions
    communities: Annotated[list[CommunityMonth], Meta(description="各社区 / the communities")]
    projects: Annotated[list[ProjectMonth], Meta(description="各物业项目 / the property projects")]


@reads("steward", "calendar_year_loaded.v1")
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""


# --------------------------------------------------------------------------------------------------
# Consumed of steward


@reads("steward", "area_defined.v1")
class AreaDefinedHeard:
    """An area exists; communities count in the month with zeros too."""

    code: str
    kind: str


@reads("steward", "steward_enrolled.v1")
class StewardEnrolledHeard:
    """A cadre (a member of the two committees) or a project's own staff is enrolled."""

    steward_id: str
    person_id: str
    duty: str
    community: str
    grids: list[str] = field(default_factory=list)


@reads("steward", "steward_left.v1")
class StewardLeftHeard:
    """A steward left."""

    steward_id: str
    person_id: str | None = None


@reads("steward", "person_registered.v1")
class PersonRegisteredHeard:
    """A person is registered, here or elsewhere."""

    person_id: str
    is_adult: bool = False


@reads("steward", "resident_registered.v1")
class ResidentRegisteredHeard:
    """A person who lives in a grid is registered."""

    person_id: str
    grid: str
    is_adult: bool = True
    household_id: str | None = None


@reads("steward", "resident_moved.v1")
class ResidentMovedHeard:
    """A resident lives elsewhere."""

    person_id: str
    to_grid: str
    household_id: str | None = None


@reads("steward", "resident_returned.v1")
class ResidentReturnedHeard:
    """A person who had left lives here again."""

    person_id: str
    grid: str
    is_adult: bool = True
    household_id: str | None = None


@reads("steward", "resident_corrected.v1")
class ResidentCorrectedHeard:
    """What is registered of a person was wrong."""

    person_id: str
    is_adult: bool = True
    household_id: str | None = None


@reads("steward", "resident_came_of_age.v1")
class ResidentCameOfAgeHeard:
    """A resident is an adult from now on."""

    person_id: str


@reads("steward", "resident_deactivated.v1")
class ResidentDeactivatedHeard:
    """A resident left the district or died."""

    person_id: str
    reason: str = "MOVED_OUT"


@reads("steward", "person_merged.v1")
class PersonMergedHeard:
    """A person was registered twice: one id is given up, and means the other one."""

    person_id: str
    into: str


@reads("steward", "request_submitted.v1")
class RequestSubmittedHeard:
    """A request came in; complaints about a project open a complaint here."""

    request_id: str
    kind: str
    category: str
    grid: str
    number: str | None = None
    project_id: str | None = None
    reporter_id: str | None = None
    building: str | None = None
    filed_at: datetime | None = None


@reads("steward", "request_corrected.v1")
class RequestCorrectedHeard:
    """A request's kind, category or place was wrong."""

    request_id: str
    kind: str
    category: str
    grid: str
    project_id: str | None = None
    building: str | None = None
    number: str | None = None
    reporter_id: str | None = None
    filed_at: datetime | None = None


@reads("steward", "request_reopened.v1")
class RequestReopenedHeard:
    """A request was opened again by its reporter."""

    request_id: str
    reopen_count: int = 1


@reads("steward", "request_rejected.v1")
class RequestRejectedHeard:
    """Nobody handles a request: it is none of ours."""

    request_id: str


@reads("steward", "request_cancelled.v1")
class RequestCancelledHeard:
    """Its reporter took a request back; one that was merged into it may go on in its place."""

    request_id: str
    carried_on_by: str | None = None


@reads("steward", "request_merged.v1")
class RequestMergedHeard:
    """A request is the same matter as another one, which stays."""

    request_id: str
    into: str
    into_kind: str
    into_category: str
    into_project_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectRequests:
    """What steward counted of one project in a month."""

    project_id: str
    requests: int = 0
    contacted_on_time: int = 0
    due_resolutions: int = 0
    resolved_on_time: int = 0
    rated: int = 0
    satisfied: int = 0


@reads("steward", "month_measured.v1")
class StewardMonthHeard:
    """Steward's marker of a month in one partition."""

    period: str
    partition: int
    partitions: int = 4
    projects: list[ProjectRequests] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Consumed of credit


@dataclass(frozen=True, slots=True)
class FinalEntry:
    """The final score of one organisation."""

    kind: str
    ref: str
    score: int | None = None
    grade: str | None = None
    gates_failed: list[str] = field(default_factory=list)


@reads("credit", "settlement_finalised.v1")
class SettlementFinalisedHeard:
    """A month's settlement is final: grades for the project's card."""

    settlement_id: str
    period: str
    entries: list[FinalEntry] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Consumed of forum


@reads("forum", "liaison_assigned.v1")
class LiaisonAssignedHeard:
    """An official is linked to an area: whom an overdue order goes up to."""

    link_id: str
    tier: str
    target_kind: str
    target: str
    official_id: str
    person_id: str | None = None


@reads("forum", "liaison_ended.v1")
class LiaisonEndedHeard:
    """A link ended."""

    link_id: str


@reads("forum", "task_assigned.v1")
class TaskAssignedHeard:
    """A resolution gives a task; a project's task becomes a work order."""

    task_id: str
    topic_id: str
    responsible_kind: str
    responsible_id: str
    due_at: datetime | None = None
    title: str | None = None


@reads("forum", "task_accepted.v1")
class TaskAcceptedHeard:
    """The supervisor and the community accepted the work."""

    task_id: str


@reads("forum", "task_rework.v1")
class TaskReworkHeard:
    """The work must be done again."""

    task_id: str
    reason: str | None = None
    # The forum takes the task away for good.
    final: bool = False
    why: str | None = None


@reads("forum", "task_overdue.v1")
class TaskOverdueHeard:
    """A task was not done in time."""

    task_id: str
    responsible_kind: str
    responsible_id: str
    level: int | None = None
