"""What the forum says, and its own readers of what it hears.

Facts carry ids, codes, numbers and times. Never the content of a vote, an opinion or an objection:
nothing that a person thinks or says may reach the service that scores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from chassis.calendar import DeadlineMoved, YearHeard


@dataclass(frozen=True, slots=True)
class LiaisonAssigned:
    """An official answers for a street, a community, a grid or a household from now on."""

    FACT: ClassVar[str] = "liaison_assigned.v1"
    AGGREGATE: ClassVar[str] = "liaison"
    VISIBILITY: ClassVar[str] = "internal"
    link_id: str
    tier: str
    target_kind: str
    target: str
    official_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class LiaisonEnded:
    """The link has ended."""

    FACT: ClassVar[str] = "liaison_ended.v1"
    AGGREGATE: ClassVar[str] = "liaison"
    VISIBILITY: ClassVar[str] = "internal"
    link_id: str
    tier: str
    target_kind: str
    target: str
    official_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class TopicAdopted:
    """A topic was adopted for deliberation for the first time."""

    FACT: ClassVar[str] = "topic_adopted.v1"
    AGGREGATE: ClassVar[str] = "topic"
    VISIBILITY: ClassVar[str] = "public"
    topic_id: str
    community: str
    proposer: str
    level: str
    owners_matter: bool


@dataclass(frozen=True, slots=True)
class TopicRedirected:
    """A matter of one household goes to the stewards, who register it in the proposer's name.

    What he wrote travels with it, to the stewards only: it is his request.
    """

    FACT: ClassVar[str] = "topic_redirected.v1"
    AGGREGATE: ClassVar[str] = "topic"
    VISIBILITY: ClassVar[str] = "internal"
    topic_id: str
    community: str
    proposer: str
    title: str
    text: str
    grid: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class AttendanceRecorded:
    """A person was present when a vote of the session closed; said once per person and session."""

    FACT: ClassVar[str] = "attendance_recorded.v1"
    AGGREGATE: ClassVar[str] = "session"
    VISIBILITY: ClassVar[str] = "internal"
    session_id: str
    topic_id: str
    person_id: str
    capacity: str


@dataclass(frozen=True, slots=True)
class AttendanceCorrected:
    """Somebody said to have been present was not; what he was credited with is taken back."""

    FACT: ClassVar[str] = "attendance_corrected.v1"
    AGGREGATE: ClassVar[str] = "session"
    VISIBILITY: ClassVar[str] = "internal"
    session_id: str
    person_id: str
    capacity: str
    attended: bool


@dataclass(frozen=True, slots=True)
class SupervisionFulfilled:
    """A supervisor has kept watch until the end, with a record at least every 14 days."""

    FACT: ClassVar[str] = "supervision_fulfilled.v1"
    AGGREGATE: ClassVar[str] = "topic"
    VISIBILITY: ClassVar[str] = "internal"
    topic_id: str
    person_id: str
    records: int


@dataclass(frozen=True, slots=True)
class ResolutionEffective:
    """A resolution stands; `binding` is false while the owners' assembly has still to decide."""

    FACT: ClassVar[str] = "resolution_effective.v1"
    AGGREGATE: ClassVar[str] = "topic"
    VISIBILITY: ClassVar[str] = "public"
    topic_id: str
    community: str
    binding: bool


@dataclass(frozen=True, slots=True)
class TaskAssigned:
    """Somebody has to carry out a part of a resolution; said again when its term is extended."""

    FACT: ClassVar[str] = "task_assigned.v1"
    AGGREGATE: ClassVar[str] = "task"
    VISIBILITY: ClassVar[str] = "internal"
    task_id: str
    topic_id: str
    community: str
    responsible_kind: str
    responsible_id: str
    due_at: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class TaskAccepted:
    """A supervisor and a cadre have both accepted the work."""

    FACT: ClassVar[str] = "task_accepted.v1"
    AGGREGATE: ClassVar[str] = "task"
    VISIBILITY: ClassVar[str] = "internal"
    task_id: str
    topic_id: str
    responsible_kind: str
    responsible_id: str


@dataclass(frozen=True, slots=True)
class TaskRework:
    """The work was not accepted, or, with `final`, is taken away for good.

    `reason` says how: CANCELLED, REASSIGNED, DISCONTINUED (the whole topic was), TOPIC_RETURNED
    (another task failed and the topic is analysed again), or what was found wrong. `why` is the
    reason that was made public of a task that is not to be done.
    """

    FACT: ClassVar[str] = "task_rework.v1"
    AGGREGATE: ClassVar[str] = "task"
    VISIBILITY: ClassVar[str] = "internal"
    task_id: str
    topic_id: str
    responsible_kind: str
    responsible_id: str
    reason: str
    final: bool = False
    why: str | None = None


@dataclass(frozen=True, slots=True)
class TaskOverdue:
    """The task was not delivered in time; `level` counts the steps of the escalation."""

    FACT: ClassVar[str] = "task_overdue.v1"
    AGGREGATE: ClassVar[str] = "task"
    VISIBILITY: ClassVar[str] = "internal"
    task_id: str
    topic_id: str
    responsible_kind: str
    responsible_id: str
    level: int


@dataclass(frozen=True, slots=True)
class TopicClosed:
    """The topic went through all five steps and is closed."""

    FACT: ClassVar[str] = "topic_closed.v1"
    AGGREGATE: ClassVar[str] = "topic"
    VISIBILITY: ClassVar[str] = "public"
    topic_id: str
    community: str
    tasks: int
    days: int


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """One community's month in the forum."""

    community: str
    topics_adopted: int
    sessions: int
    attendances: int


@dataclass(frozen=True, slots=True)
class MonthMeasured:
    """The month as the forum saw it; what comes behind this marker is late."""

    FACT: ClassVar[str] = "month_measured.v1"
    AGGREGATE: ClassVar[str] = "month"
    VISIBILITY: ClassVar[str] = "internal"
    period: str
    partition: int
    partitions: int
    communities: list[CommunityMonth]


@dataclass(frozen=True, slots=True)
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""

    SOURCE: ClassVar[str] = "steward"


SAYS = (
    DeadlineMoved,
    LiaisonAssigned,
    LiaisonEnded,
    TopicAdopted,
    TopicRedirected,
    AttendanceRecorded,
    AttendanceCorrected,
    SupervisionFulfilled,
    ResolutionEffective,
    TaskAssigned,
    TaskAccepted,
    TaskRework,
    TaskOverdue,
    TopicClosed,
    MonthMeasured,
)


# --------------------------------------------------------------------------------------------------
# What is heard: only the fields used


@dataclass(frozen=True, slots=True)
class AreaDefinedHeard:
    """The ground: which areas exist."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "area_defined.v1"
    code: str
    kind: str


@dataclass(frozen=True, slots=True)
class ResidentRegisteredHeard:
    """Who may be drawn, sign and supervise."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_registered.v1"
    person_id: str
    community: str
    grid: str | None = None
    is_adult: bool = True
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentMovedHeard:
    """A resident belongs to another grid from now on."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_moved.v1"
    person_id: str
    to_grid: str | None = None
    community: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentDeactivatedHeard:
    """A resident has left or died."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_deactivated.v1"
    person_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResidentCameOfAgeHeard:
    """A resident is an adult from now on."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_came_of_age.v1"
    person_id: str


@dataclass(frozen=True, slots=True)
class ResidentReturnedHeard:
    """Somebody who had left lives here again."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_returned.v1"
    person_id: str
    community: str
    grid: str | None = None
    household_id: str | None = None
    is_adult: bool = True


@dataclass(frozen=True, slots=True)
class ResidentCorrectedHeard:
    """The registry had something wrong about a resident."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_corrected.v1"
    person_id: str
    is_adult: bool
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class PersonMergedHeard:
    """One human was registered twice: `person_id` is given up for `into`."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "person_merged.v1"
    person_id: str
    into: str


@dataclass(frozen=True, slots=True)
class RequestSubmittedHeard:
    """A request was registered; with a topic it is one that we redirected."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_submitted.v1"
    request_id: str
    number: str
    topic_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestEscalatedHeard:
    """An overdue request goes up the liaison chain."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_escalated.v1"
    request_id: str
    level: int
    grid: str | None = None
    number: str | None = None
    reporter_id: str | None = None
    barred: list[str] | None = None


@dataclass(frozen=True, slots=True)
class RequestCorrectedHeard:
    """Whose a request is may be known only now."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_corrected.v1"
    request_id: str
    reporter_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestResolvedHeard:
    """A request was dealt with; nobody has to urge it any more."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_resolved.v1"
    request_id: str


@dataclass(frozen=True, slots=True)
class RequestClosedHeard:
    """A request is closed."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_closed.v1"
    request_id: str


@dataclass(frozen=True, slots=True)
class RequestMergedHeard:
    """A request goes on in another one."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_merged.v1"
    request_id: str


@dataclass(frozen=True, slots=True)
class RectificationEscalatedHeard:
    """An overdue order goes up the liaison chain."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "rectification_escalated.v1"
    rectification_id: str
    level: int


@dataclass(frozen=True, slots=True)
class RectificationPassedHeard:
    """An order was carried out."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "rectification_passed.v1"
    rectification_id: str


@dataclass(frozen=True, slots=True)
class RectificationWithdrawnHeard:
    """An order was taken back."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "rectification_withdrawn.v1"
    rectification_id: str


@dataclass(frozen=True, slots=True)
class RectificationEndedHeard:
    """The order ended with its project or its task."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "rectification_ended.v1"
    rectification_id: str


@dataclass(frozen=True, slots=True)
class ObjectionEscalatedHeard:
    """An overdue objection to somebody's credit goes up one level."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "objection_escalated.v1"
    objection_id: str
    number: str
    level: int


@dataclass(frozen=True, slots=True)
class ObjectionEndedHeard:
    """It was decided, or has ended otherwise."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "objection_ended.v1"
    objection_id: str


@dataclass(frozen=True, slots=True)
class RepairEscalatedHeard:
    """An overdue application for the repair of an organisation's credit goes up one level."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "repair_escalated.v1"
    repair_id: str
    number: str
    level: int


@dataclass(frozen=True, slots=True)
class RepairEndedHeard:
    """It was decided, or has ended otherwise."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "repair_ended.v1"
    repair_id: str


@dataclass(frozen=True, slots=True)
class CompanyRegisteredHeard:
    """Who speaks for a property company."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "company_registered.v1"
    company_id: str
    representatives: list[str] | None = None


@dataclass(frozen=True, slots=True)
class CompanyRepresentativesChangedHeard:
    """Others speak for a property company."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "company_representatives_changed.v1"
    company_id: str
    representatives: list[str]


@dataclass(frozen=True, slots=True)
class PartnerAdmittedHeard:
    """Who may speak for a shop or a unit."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_admitted.v1"
    partner_id: str
    area: str
    operators: list[str] | None = None


@dataclass(frozen=True, slots=True)
class PartnerOperatorsChangedHeard:
    """Others speak for a shop or a unit."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_operators_changed.v1"
    partner_id: str
    operators: list[str]


@dataclass(frozen=True, slots=True)
class PartnerExitedHeard:
    """A partner has left; nobody speaks for it any more."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_exited.v1"
    partner_id: str


@dataclass(frozen=True, slots=True)
class RefundOverdueHeard:
    """A partner's refund that nobody has decided in time goes up one level."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "refund_overdue.v1"
    redemption_id: str
    number: str
    level: int


@dataclass(frozen=True, slots=True)
class RefundDecidedHeard:
    """It was decided."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "refund_decided.v1"
    redemption_id: str


@dataclass(frozen=True, slots=True)
class DisputeOverdueHeard:
    """A disputed statement that nobody has reviewed in time goes up one level."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "dispute_overdue.v1"
    statement_id: str
    period: str
    level: int


@dataclass(frozen=True, slots=True)
class DisputeReviewedHeard:
    """It was reviewed."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "dispute_reviewed.v1"
    statement_id: str


@dataclass(frozen=True, slots=True)
class StatementHeldHeard:
    """A statement waits, because the street's fund does not cover it."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "statement_held.v1"
    statement_id: str
    period: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class StatementFundedHeard:
    """There is money for it, or it is paid."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "statement_funded.v1"
    statement_id: str


@dataclass(frozen=True, slots=True)
class ProjectRegisteredHeard:
    """A property project may carry out tasks of its community."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_registered.v1"
    project_id: str
    company_id: str
    community: str
    grids: list[str] = field(default_factory=list)
    households: int = 0
    status: str = "IN_SERVICE"


@dataclass(frozen=True, slots=True)
class ProjectManagerChangedHeard:
    """Who speaks for the project, and may not judge its work."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_manager_changed.v1"
    project_id: str
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectManagerEndedHeard:
    """A project's manager has died; nobody manages it."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_manager_ended.v1"
    project_id: str


@dataclass(frozen=True, slots=True)
class AppointmentActivatedHeard:
    """Somebody holds a post across project and community: a possible conflict of interest."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "appointment_activated.v1"
    appointment_id: str
    project_id: str
    direction: str
    person_id: str


@dataclass(frozen=True, slots=True)
class AppointmentEndedHeard:
    """The post has ended, and with it the conflict."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "appointment_ended.v1"
    appointment_id: str
    project_id: str
    direction: str
    person_id: str


@dataclass(frozen=True, slots=True)
class WorkDeliveredHeard:
    """A project has delivered the work of one of our tasks."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "work_delivered.v1"
    work_id: str
    task_id: str
    project_id: str
    evidence: list[Any] = field(default_factory=list)
