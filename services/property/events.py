"""What the property service says, and its own reader types for what it hears."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from chassis.calendar import DeadlineMoved, YearHeard

# --------------------------------------------------------------------------------------------------
# Said


@dataclass(frozen=True, slots=True)
class CompanyRegistered:
    """A property company is registered."""

    FACT: ClassVar[str] = "company_registered.v1"
    AGGREGATE: ClassVar[str] = "company"
    VISIBILITY: ClassVar[str] = "public"
    company_id: str
    uscc: str
    # The persons who speak for it; said again when the company is corrected.
    representatives: list[str] | None = None


@dataclass(frozen=True, slots=True)
class CompanyRepresentativesChanged:
    """Other persons speak for a company from now on; nobody does where there are none."""

    FACT: ClassVar[str] = "company_representatives_changed.v1"
    AGGREGATE: ClassVar[str] = "company"
    VISIBILITY: ClassVar[str] = "internal"
    company_id: str
    representatives: list[str]


@dataclass(frozen=True, slots=True)
class ProjectRegistered:
    """A project is registered; said again when its name, places, households or status change."""

    FACT: ClassVar[str] = "project_registered.v1"
    AGGREGATE: ClassVar[str] = "project"
    VISIBILITY: ClassVar[str] = "public"
    project_id: str
    company_id: str
    community: str
    grids: list[str]
    households: int
    status: str
    # Only where they are needed to tell which project of a grid is meant.
    buildings: list[str] | None = None


@dataclass(frozen=True, slots=True)
class ProjectManagerChanged:
    """A project has a new manager; also said of its first one."""

    FACT: ClassVar[str] = "project_manager_changed.v1"
    AGGREGATE: ClassVar[str] = "project"
    VISIBILITY: ClassVar[str] = "internal"
    project_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class ProjectManagerEnded:
    """A project's manager has died; nobody manages it until another one is named."""

    FACT: ClassVar[str] = "project_manager_ended.v1"
    AGGREGATE: ClassVar[str] = "project"
    VISIBILITY: ClassVar[str] = "internal"
    project_id: str
    person_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class AppointmentActivated:
    """A cross-appointment is filed with the street and takes effect."""

    FACT: ClassVar[str] = "appointment_activated.v1"
    AGGREGATE: ClassVar[str] = "project"
    VISIBILITY: ClassVar[str] = "public"
    appointment_id: str
    project_id: str
    direction: str
    person_id: str
    post: str


@dataclass(frozen=True, slots=True)
class AppointmentEnded:
    """A cross-appointment ended, or its nomination lapsed."""

    FACT: ClassVar[str] = "appointment_ended.v1"
    AGGREGATE: ClassVar[str] = "project"
    VISIBILITY: ClassVar[str] = "public"
    appointment_id: str
    project_id: str
    direction: str
    person_id: str
    post: str
    reason: str


@dataclass(frozen=True, slots=True)
class ComplaintAccepted:
    """A complaint about a project counts (from its filing, or again after a new decision)."""

    FACT: ClassVar[str] = "complaint_accepted.v1"
    AGGREGATE: ClassVar[str] = "complaint"
    VISIBILITY: ClassVar[str] = "public"
    complaint_id: str
    project_id: str
    community: str
    category: str
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class ComplaintInvalidated:
    """A complaint was found not valid and no longer counts."""

    FACT: ClassVar[str] = "complaint_invalidated.v1"
    AGGREGATE: ClassVar[str] = "complaint"
    VISIBILITY: ClassVar[str] = "public"
    complaint_id: str
    project_id: str
    community: str
    category: str
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class RectificationIssued:
    """A project is ordered to put something right before `due_at`."""

    FACT: ClassVar[str] = "rectification_issued.v1"
    AGGREGATE: ClassVar[str] = "rectification"
    VISIBILITY: ClassVar[str] = "public"
    rectification_id: str
    project_id: str
    severity: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class RectificationPassed:
    """The fix was checked and found good."""

    FACT: ClassVar[str] = "rectification_passed.v1"
    AGGREGATE: ClassVar[str] = "rectification"
    VISIBILITY: ClassVar[str] = "internal"
    rectification_id: str
    project_id: str
    severity: str
    late: bool


@dataclass(frozen=True, slots=True)
class RectificationOverdue:
    """The order was not met in time; said once per order."""

    FACT: ClassVar[str] = "rectification_overdue.v1"
    AGGREGATE: ClassVar[str] = "rectification"
    VISIBILITY: ClassVar[str] = "internal"
    rectification_id: str
    project_id: str
    severity: str


@dataclass(frozen=True, slots=True)
class RectificationEscalated:
    """An overdue order goes up the liaison chain: 1 to the street, 2 to the district."""

    FACT: ClassVar[str] = "rectification_escalated.v1"
    AGGREGATE: ClassVar[str] = "rectification"
    VISIBILITY: ClassVar[str] = "internal"
    rectification_id: str
    project_id: str
    severity: str
    level: int
    official_id: str | None


@dataclass(frozen=True, slots=True)
class RectificationWithdrawn:
    """The order was issued in error; its effects are to be reversed."""

    FACT: ClassVar[str] = "rectification_withdrawn.v1"
    AGGREGATE: ClassVar[str] = "rectification"
    VISIBILITY: ClassVar[str] = "internal"
    rectification_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class RectificationEnded:
    """Nothing is to be put right any more: the project or the task is over. What it cost stays."""

    FACT: ClassVar[str] = "rectification_ended.v1"
    AGGREGATE: ClassVar[str] = "rectification"
    VISIBILITY: ClassVar[str] = "internal"
    rectification_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class DisclosurePublished:
    """A project published what it had to disclose, in time; late ones are history only."""

    FACT: ClassVar[str] = "disclosure_published.v1"
    AGGREGATE: ClassVar[str] = "disclosure"
    VISIBILITY: ClassVar[str] = "public"
    disclosure_id: str
    project_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class DisclosureOverdue:
    """A project did not publish in time what it had to disclose."""

    FACT: ClassVar[str] = "disclosure_overdue.v1"
    AGGREGATE: ClassVar[str] = "disclosure"
    VISIBILITY: ClassVar[str] = "internal"
    disclosure_id: str
    project_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class DisclosureWithdrawn:
    """公示逾期撤销 / An overdue one was scheduled in error; its effects are to be reversed."""

    FACT: ClassVar[str] = "disclosure_withdrawn.v1"
    AGGREGATE: ClassVar[str] = "disclosure"
    VISIBILITY: ClassVar[str] = "internal"
    disclosure_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class WorkDelivered:
    """A project reports a deliberated task as done, with evidence."""

    FACT: ClassVar[str] = "work_delivered.v1"
    AGGREGATE: ClassVar[str] = "work"
    VISIBILITY: ClassVar[str] = "internal"
    work_id: str
    task_id: str
    topic_id: str
    project_id: str
    evidence: list[str]


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """What one community counts in a month."""

    community: str
    complaints_valid: int


@dataclass(frozen=True, slots=True)
class ProjectMonth:
    """Every input of the bands and gates of one project, as of the month's last day.

    Attributes:
        rolling_households: Mean of the month-end counts of the twelve months, half up.
        p2c_gap_days: Days of the gap that runs on the last day, from its beginning; else 0.
        cross_full_month: Both directions were active on every day.
        agreements_full_month: Least number of agreements active on any day.
        overdue_rectifications_open: Orders that were overdue and open when the month ended.
    """

    project_id: str
    company_id: str
    community: str
    in_service: bool
    households: int
    requests: int
    contacted_on_time: int
    due_resolutions: int
    resolved_on_time: int
    rated: int
    satisfied: int
    complaints_valid: int
    rolling_complaints: int
    rolling_complaints_before: int
    rolling_households: int
    rolling_households_before: int
    p2c_active_last_day: bool
    c2p_active_last_day: bool
    p2c_gap_days: int
    c2p_gap_days: int
    cross_full_month: bool
    agreements_active_last_day: int
    agreements_full_month: int
    commitments_due: int
    commitments_on_time: int
    tripartite_held: bool
    overdue_rectifications_open: int


@dataclass(frozen=True, slots=True)
class MonthMeasured:
    """The marker of a month in one partition: what lies before it in its stream counts."""

    FACT: ClassVar[str] = "month_measured.v1"
    AGGREGATE: ClassVar[str] = "month"
    VISIBILITY: ClassVar[str] = "internal"
    period: str
    partition: int
    partitions: int
    communities: list[CommunityMonth]
    projects: list[ProjectMonth]


@dataclass(frozen=True, slots=True)
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""

    SOURCE: ClassVar[str] = "steward"


SAYS: tuple[type[Any], ...] = (
    DeadlineMoved,
    CompanyRegistered,
    CompanyRepresentativesChanged,
    ProjectRegistered,
    ProjectManagerChanged,
    ProjectManagerEnded,
    AppointmentActivated,
    AppointmentEnded,
    ComplaintAccepted,
    ComplaintInvalidated,
    RectificationIssued,
    RectificationPassed,
    RectificationOverdue,
    RectificationEscalated,
    RectificationWithdrawn,
    RectificationEnded,
    DisclosurePublished,
    DisclosureOverdue,
    DisclosureWithdrawn,
    WorkDelivered,
    MonthMeasured,
)

# --------------------------------------------------------------------------------------------------
# Heard of steward


@dataclass(frozen=True, slots=True)
class AreaDefinedHeard:
    """An area exists; communities count in the month with zeros too."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "area_defined.v1"
    code: str
    kind: str


@dataclass(frozen=True, slots=True)
class StewardEnrolledHeard:
    """A cadre (a member of the two committees) or a project's own staff is enrolled."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "steward_enrolled.v1"
    steward_id: str
    person_id: str
    duty: str
    community: str
    grids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StewardLeftHeard:
    """A steward left."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "steward_left.v1"
    steward_id: str


@dataclass(frozen=True, slots=True)
class PersonRegisteredHeard:
    """A person is registered, wherever he lives."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "person_registered.v1"
    person_id: str
    is_adult: bool = False


@dataclass(frozen=True, slots=True)
class ResidentRegisteredHeard:
    """A person who lives in a grid is registered."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_registered.v1"
    person_id: str
    grid: str
    is_adult: bool = True
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentMovedHeard:
    """A resident lives elsewhere."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_moved.v1"
    person_id: str
    to_grid: str
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentReturnedHeard:
    """A person who had left lives here again."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_returned.v1"
    person_id: str
    grid: str
    is_adult: bool = True
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentCorrectedHeard:
    """What is registered of a person was wrong."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_corrected.v1"
    person_id: str
    is_adult: bool = True
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentCameOfAgeHeard:
    """A resident is an adult from now on."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_came_of_age.v1"
    person_id: str


@dataclass(frozen=True, slots=True)
class ResidentDeactivatedHeard:
    """A resident left the district or died."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_deactivated.v1"
    person_id: str
    reason: str = "MOVED_OUT"


@dataclass(frozen=True, slots=True)
class PersonMergedHeard:
    """A person was registered twice: one id is given up, and means the other one."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "person_merged.v1"
    person_id: str
    into: str


@dataclass(frozen=True, slots=True)
class RequestSubmittedHeard:
    """A request came in; complaints about a project open a complaint here."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_submitted.v1"
    request_id: str
    kind: str
    category: str
    grid: str
    number: str | None = None
    project_id: str | None = None
    reporter_id: str | None = None
    building: str | None = None
    filed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestCorrectedHeard:
    """A request's kind, category or place was wrong."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_corrected.v1"
    request_id: str
    kind: str
    category: str
    grid: str
    project_id: str | None = None
    building: str | None = None
    number: str | None = None
    reporter_id: str | None = None
    filed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestReopenedHeard:
    """A request was opened again by its reporter."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_reopened.v1"
    request_id: str
    reopen_count: int = 1


@dataclass(frozen=True, slots=True)
class RequestRejectedHeard:
    """Nobody handles a request: it is none of ours."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_rejected.v1"
    request_id: str


@dataclass(frozen=True, slots=True)
class RequestCancelledHeard:
    """Its reporter took a request back."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_cancelled.v1"
    request_id: str


@dataclass(frozen=True, slots=True)
class RequestMergedHeard:
    """A request is the same matter as another one, which stays."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_merged.v1"
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


@dataclass(frozen=True, slots=True)
class StewardMonthHeard:
    """Steward's marker of a month in one partition."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "month_measured.v1"
    period: str
    partition: int
    partitions: int = 4
    projects: list[ProjectRequests] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Heard of credit


@dataclass(frozen=True, slots=True)
class FinalEntry:
    """The final score of one organisation."""

    kind: str
    ref: str
    score: int | None = None
    grade: str | None = None
    gates_failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SettlementFinalisedHeard:
    """A month's settlement is final: grades for the project's card."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "settlement_finalised.v1"
    settlement_id: str
    period: str
    entries: list[FinalEntry] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Heard of forum


@dataclass(frozen=True, slots=True)
class LiaisonAssignedHeard:
    """An official is linked to an area: whom an overdue order goes up to."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "liaison_assigned.v1"
    link_id: str
    tier: str
    target_kind: str
    target: str
    official_id: str
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class LiaisonEndedHeard:
    """A link ended."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "liaison_ended.v1"
    link_id: str


@dataclass(frozen=True, slots=True)
class TaskAssignedHeard:
    """A resolution gives a task; a project's task becomes a work order."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "task_assigned.v1"
    task_id: str
    topic_id: str
    responsible_kind: str
    responsible_id: str
    due_at: datetime | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class TaskAcceptedHeard:
    """The supervisor and the community accepted the work."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "task_accepted.v1"
    task_id: str


@dataclass(frozen=True, slots=True)
class TaskReworkHeard:
    """The work must be done again."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "task_rework.v1"
    task_id: str
    reason: str | None = None
    # The forum takes the task away for good.
    final: bool = False
    why: str | None = None


@dataclass(frozen=True, slots=True)
class TaskOverdueHeard:
    """A task was not done in time."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "task_overdue.v1"
    task_id: str
    responsible_kind: str
    responsible_id: str
    level: int | None = None
