"""What the property service publishes, and its own readers of what it consumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from chassis.calendar import YearHeard
from chassis.facts import fact, reads

# --------------------------------------------------------------------------------------------------
# Said


@fact("company_registered.v1", about="company", visibility="public")
class CompanyRegistered:
    """A property company is registered."""

    company_id: str
    uscc: str
    # The persons who speak for it; said again when the company is corrected.
    representatives: list[str] | None = None


@fact("company_representatives_changed.v1", about="company")
class CompanyRepresentativesChanged:
    """Other persons speak for a company from now on; nobody does where there are none."""

    company_id: str
    representatives: list[str]


@fact("project_registered.v1", about="project", visibility="public")
class ProjectRegistered:
    """A project is registered; said again when its name, places, households or status change."""

    project_id: str
    company_id: str
    community: str
    grids: list[str]
    households: int
    status: str
    # Only where they are needed to tell which project of a grid is meant.
    buildings: list[str] | None = None
    # The closed project whose compound it has taken over.
    predecessor_id: str | None = None


@fact("project_manager_changed.v1", about="project")
class ProjectManagerChanged:
    """A project has a new manager; also said of its first one."""

    project_id: str
    person_id: str


@fact("project_manager_ended.v1", about="project")
class ProjectManagerEnded:
    """A project's manager has died; nobody manages it until another one is named."""

    project_id: str
    person_id: str
    reason: str


@fact("appointment_activated.v1", about="project", visibility="public")
class AppointmentActivated:
    """A cross-appointment is filed with the street and takes effect."""

    appointment_id: str
    project_id: str
    direction: str
    person_id: str
    post: str


@fact("appointment_ended.v1", about="project", visibility="public")
class AppointmentEnded:
    """A cross-appointment ended, or its nomination lapsed."""

    appointment_id: str
    project_id: str
    direction: str
    person_id: str
    post: str
    reason: str


@fact("owners_committee_changed.v1", about="committee")
class OwnersCommitteeChanged:
    """Who sits for the owners of a project's compound, and whether their term runs."""

    committee_id: str
    project_id: str
    members: list[str]
    # IN_TERM or EXPIRED.
    state: str


@fact("complaint_accepted.v1", about="complaint", visibility="public")
class ComplaintAccepted:
    """A complaint about a project counts (from its filing, or again after a new decision)."""

    complaint_id: str
    project_id: str
    community: str
    category: str
    filed_at: datetime


@fact("complaint_invalidated.v1", about="complaint", visibility="public")
class ComplaintInvalidated:
    """A complaint was found not valid and no longer counts."""

    complaint_id: str
    project_id: str
    community: str
    category: str
    filed_at: datetime


@fact("rectification_issued.v1", about="rectification", visibility="public")
class RectificationIssued:
    """A project is ordered to put something right before `due_at`."""

    rectification_id: str
    project_id: str
    severity: str
    due_at: datetime


@fact("rectification_passed.v1", about="rectification")
class RectificationPassed:
    """The fix was checked and found good."""

    rectification_id: str
    project_id: str
    severity: str
    late: bool


@fact("rectification_overdue.v1", about="rectification")
class RectificationOverdue:
    """The order was not met in time; said once per order."""

    rectification_id: str
    project_id: str
    severity: str


@fact("rectification_escalated.v1", about="rectification")
class RectificationEscalated:
    """An overdue order goes up the liaison chain: 1 to the street, 2 to the district."""

    rectification_id: str
    project_id: str
    severity: str
    level: int
    official_id: str | None


@fact("rectification_withdrawn.v1", about="rectification")
class RectificationWithdrawn:
    """The order was issued in error; its effects are to be reversed."""

    rectification_id: str
    project_id: str


@fact("rectification_ended.v1", about="rectification")
class RectificationEnded:
    """Nothing is to be put right any more: the project or the task is over. What it cost stays."""

    rectification_id: str
    project_id: str


@fact("disclosure_published.v1", about="disclosure", visibility="public")
class DisclosurePublished:
    """A project published what it had to disclose, in time; late ones are history only."""

    disclosure_id: str
    project_id: str
    kind: str


@fact("disclosure_overdue.v1", about="disclosure")
class DisclosureOverdue:
    """A project did not publish in time what it had to disclose."""

    disclosure_id: str
    project_id: str
    kind: str


@fact("disclosure_withdrawn.v1", about="disclosure")
class DisclosureWithdrawn:
    """公示逾期撤销 / An overdue one was scheduled in error; its effects are to be reversed."""

    disclosure_id: str
    project_id: str


@fact("work_delivered.v1", about="work")
class WorkDelivered:
    """A project reports a deliberated task as done, with evidence."""

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
    served_from: date | None = None
    served_to: date | None = None
    took_over: date | None = None
    rolling_households_twelfths: int | None = None
    rolling_households_before_twelfths: int | None = None


@fact("month_measured.v1", about="month")
class MonthMeasured:
    """The marker of a month in one partition: what lies before it in its stream counts."""

    period: str
    partition: int
    partitions: int
    communities: list[CommunityMonth]
    projects: list[ProjectMonth]


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
