"""What credit says, and its own reader types for what it hears. Ids, codes, numbers and times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from chassis.calendar import DeadlineMoved, YearHeard

# --------------------------------------------------------------------------------------------------
# Said


@dataclass(frozen=True, slots=True)
class PointsHeld:
    """积分已冻结 / Points are held for a redemption."""

    FACT: ClassVar[str] = "points_held.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    points: int


@dataclass(frozen=True, slots=True)
class HoldRejected:
    """积分冻结被拒绝 / Points cannot be held, and why."""

    FACT: ClassVar[str] = "hold_rejected.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    points: int
    reason: str
    # The member of the question that is at fault.
    field: str | None = None


@dataclass(frozen=True, slots=True)
class PointsCaptured:
    """积分已核销 / Held points have gone to the partner."""

    FACT: ClassVar[str] = "points_captured.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    points: int


@dataclass(frozen=True, slots=True)
class PointsReleased:
    """冻结积分已退回 / Held points have returned to their owner."""

    FACT: ClassVar[str] = "points_released.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    points: int


@dataclass(frozen=True, slots=True)
class PointsRefunded:
    """已核销积分已退还 / Captured points have returned to their owner."""

    FACT: ClassVar[str] = "points_refunded.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    points: int


@dataclass(frozen=True, slots=True)
class SettlementPublished:
    """月度赋分已公示 / The month of an area is published; objections are open."""

    FACT: ClassVar[str] = "settlement_published.v1"
    AGGREGATE: ClassVar[str] = "settlement"
    VISIBILITY: ClassVar[str] = "public"
    settlement_id: str
    period: str
    community: str
    notice_id: str
    objection_until: str


@dataclass(frozen=True, slots=True)
class FinalEntry:
    """The final standing of one organisation or steward."""

    subject: str
    kind: str
    ref: str
    score: int | None
    grade: str
    gates_failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SettlementFinalised:
    """月度赋分已生效 / Entries have become final; organisations and stewards only."""

    FACT: ClassVar[str] = "settlement_finalised.v1"
    AGGREGATE: ClassVar[str] = "settlement"
    VISIBILITY: ClassVar[str] = "internal"
    settlement_id: str
    period: str
    community: str
    entries: list[FinalEntry]


@dataclass(frozen=True, slots=True)
class NoticePublished:
    """公告已发布 / A public notice is published."""

    FACT: ClassVar[str] = "notice_published.v1"
    AGGREGATE: ClassVar[str] = "notice"
    VISIBILITY: ClassVar[str] = "public"
    notice_id: str
    kind: str
    scope: str
    ends_at: str


# --------------------------------------------------------------------------------------------------
# Heard of steward


@dataclass(frozen=True, slots=True)
class AreaDefinedHeard:
    """An area of the tree."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "area_defined.v1"
    code: str
    name: str
    kind: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentRegisteredHeard:
    """A person of the registry."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_registered.v1"
    person_id: str
    community: str | None
    is_adult: bool
    grid: str | None = None
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentMovedHeard:
    """A person lives elsewhere now."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_moved.v1"
    person_id: str
    community: str
    to_grid: str | None = None
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentDeactivatedHeard:
    """A person is no resident any more."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_deactivated.v1"
    person_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResidentReturnedHeard:
    """A person lives here again."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_returned.v1"
    person_id: str
    community: str
    grid: str | None
    is_adult: bool
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentCameOfAgeHeard:
    """A minor is 18 from today on."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_came_of_age.v1"
    person_id: str
    community: str | None = None
    grid: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentCorrectedHeard:
    """What was registered of a person was wrong; this holds now.

    Attributes:
        household_id: Null where he belongs to none; empty where nothing is said of it.
    """

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_corrected.v1"
    person_id: str
    is_adult: bool
    household_id: str | None = ""


@dataclass(frozen=True, slots=True)
class PersonMergedHeard:
    """Two registrations are one person: `person_id` is given up for `into`."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "person_merged.v1"
    person_id: str
    into: str
    community: str | None = None


@dataclass(frozen=True, slots=True)
class StewardEnrolledHeard:
    """A steward, his duty, and whether he may spend points."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "steward_enrolled.v1"
    steward_id: str
    person_id: str
    type: str
    duty: str
    community: str
    spendable: bool
    grids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StewardLeftHeard:
    """A steward has left his post."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "steward_left.v1"
    steward_id: str
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestRatedHeard:
    """A resident rated the service of a steward."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_rated.v1"
    request_id: str
    handler: str | None
    stars: int
    solved: bool
    handler_person: str | None = None
    rater: str | None = None
    project_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestDeadlineMissedHeard:
    """A deadline of a request has passed."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_deadline_missed.v1"
    request_id: str
    which: str
    handler: str | None = None
    handler_person: str | None = None
    on_shift: bool = False


@dataclass(frozen=True, slots=True)
class BadRatingUpheldHeard:
    """A bad rating was reviewed and is justified."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "bad_rating_upheld.v1"
    request_id: str
    handler: str | None
    handler_person: str | None = None


@dataclass(frozen=True, slots=True)
class RequestSelfFoundClosedHeard:
    """A matter that a steward found himself is closed."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "request_self_found_closed.v1"
    request_id: str
    handler: str | None
    handler_person: str | None = None


@dataclass(frozen=True, slots=True)
class EmergencyArrivalHeard:
    """A steward arrived at an emergency."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "emergency_arrival.v1"
    request_id: str
    handler: str | None
    minutes: int
    handler_person: str | None = None


@dataclass(frozen=True, slots=True)
class VolunteerHoursConfirmedHeard:
    """Hours of a volunteer are confirmed."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "volunteer_hours_confirmed.v1"
    record_id: str
    person_id: str
    minutes: int
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class VolunteerHoursCorrectedHeard:
    """Confirmed hours were wrong."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "volunteer_hours_corrected.v1"
    record_id: str
    person_id: str
    minutes: int
    source: str
    date: str
    previous_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class HazardVerifiedHeard:
    """A hazard that a resident reported was looked at."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "hazard_verified.v1"
    hazard_id: str
    reporter: str | None
    category: str
    verified: bool


@dataclass(frozen=True, slots=True)
class StewardMonthHeard:
    """The month of steward is over in one partition; what rules and gates need of it."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "month_measured.v1"
    period: str
    partition: int
    partitions: int
    communities: list[dict[str, Any]] = field(default_factory=list)
    stewards: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Heard of property


@dataclass(frozen=True, slots=True)
class CompanyRegisteredHeard:
    """A property company."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "company_registered.v1"
    company_id: str
    representatives: list[str] | None = None


@dataclass(frozen=True, slots=True)
class CompanyRepresentativesHeard:
    """Who speaks for a property company from now on."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "company_representatives_changed.v1"
    company_id: str
    representatives: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ProjectRegisteredHeard:
    """A property project, or a change of it."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_registered.v1"
    project_id: str
    company_id: str
    community: str
    households: int
    status: str = "IN_SERVICE"
    grids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ProjectManagerChangedHeard:
    """A project has a new manager."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_manager_changed.v1"
    project_id: str
    person_id: str | None


@dataclass(frozen=True, slots=True)
class ProjectManagerEndedHeard:
    """A project's manager has died; nobody manages it."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_manager_ended.v1"
    project_id: str


@dataclass(frozen=True, slots=True)
class AppointmentActivatedHeard:
    """Somebody holds a post in a project, or of a project in the community."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "appointment_activated.v1"
    appointment_id: str
    project_id: str
    direction: str
    person_id: str
    post: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentEndedHeard:
    """Such a post has ended."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "appointment_ended.v1"
    appointment_id: str
    project_id: str
    direction: str
    person_id: str
    post: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RectificationPassedHeard:
    """A rectification passed its check."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "rectification_passed.v1"
    rectification_id: str
    project_id: str
    severity: str
    late: bool


@dataclass(frozen=True, slots=True)
class RectificationOverdueHeard:
    """A rectification was not done in time."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "rectification_overdue.v1"
    rectification_id: str
    project_id: str
    severity: str


@dataclass(frozen=True, slots=True)
class RectificationEscalatedHeard:
    """An overdue rectification went a level up."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "rectification_escalated.v1"
    rectification_id: str
    project_id: str
    severity: str
    level: int
    official_id: str | None = None


@dataclass(frozen=True, slots=True)
class RectificationWithdrawnHeard:
    """An order was issued in error: what followed from it is taken back."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "rectification_withdrawn.v1"
    rectification_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class DisclosurePublishedHeard:
    """A project disclosed what it must."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "disclosure_published.v1"
    disclosure_id: str
    project_id: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DisclosureOverdueHeard:
    """A project did not disclose in time."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "disclosure_overdue.v1"
    disclosure_id: str
    project_id: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DisclosureWithdrawnHeard:
    """It was scheduled in error: what followed from its being overdue is taken back."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "disclosure_withdrawn.v1"
    disclosure_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class PropertyMonthHeard:
    """The month of property is over in one partition."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "month_measured.v1"
    period: str
    partition: int
    partitions: int
    communities: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Heard of partner


@dataclass(frozen=True, slots=True)
class PartnerAdmittedHeard:
    """A partner may offer."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_admitted.v1"
    partner_id: str
    area: str
    level: str = ""
    org_id: str | None = None
    operators: list[str] | None = None


@dataclass(frozen=True, slots=True)
class PartnerOperatorsHeard:
    """Who acts for a partner from now on."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_operators_changed.v1"
    partner_id: str
    org_id: str | None = None
    operators: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PartnerSuspendedHeard:
    """A partner may not offer for now."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_suspended.v1"
    partner_id: str


@dataclass(frozen=True, slots=True)
class PartnerExitedHeard:
    """A partner has gone."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_exited.v1"
    partner_id: str


@dataclass(frozen=True, slots=True)
class RedemptionRequestedHeard:
    """Somebody wants to redeem: hold the points."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "redemption_requested.v1"
    redemption_id: str
    wallet: str
    holder: str
    partner_id: str
    points: int
    offer_id: str | None = None


@dataclass(frozen=True, slots=True)
class RedemptionRedeemedHeard:
    """The partner has served: capture the points."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "redemption_redeemed.v1"
    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    settle_fen: int = 0


@dataclass(frozen=True, slots=True)
class RedemptionCancelledHeard:
    """A redemption will not be: release the points."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "redemption_cancelled.v1"
    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RedemptionExpiredHeard:
    """Nobody came with the voucher: release the points."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "redemption_expired.v1"
    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RedemptionRefundedHeard:
    """A redeemed service was taken back: give the points back."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "redemption_refunded.v1"
    redemption_id: str
    wallet: str
    partner_id: str
    points: int


@dataclass(frozen=True, slots=True)
class PartnerSettledHeard:
    """A statement is paid: the partner's points are burnt."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_settled.v1"
    statement_id: str
    partner_id: str
    period: str
    points: int
    amount_fen: int = 0


@dataclass(frozen=True, slots=True)
class PartnerMonthHeard:
    """The month of partner is over in one partition."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "month_measured.v1"
    period: str
    partition: int
    partitions: int
    communities: list[dict[str, Any]] = field(default_factory=list)
    partners: list[dict[str, Any]] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Heard of forum


@dataclass(frozen=True, slots=True)
class TopicAdoptedHeard:
    """A resident's topic was taken up."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "topic_adopted.v1"
    topic_id: str
    community: str
    proposer: str | None
    level: str = ""
    owners_matter: bool = False


@dataclass(frozen=True, slots=True)
class AttendanceRecordedHeard:
    """Somebody was present when a vote closed."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "attendance_recorded.v1"
    session_id: str
    topic_id: str
    person_id: str
    capacity: str


@dataclass(frozen=True, slots=True)
class AttendanceCorrectedHeard:
    """Somebody said to have been present was not."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "attendance_corrected.v1"
    session_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class SupervisionFulfilledHeard:
    """A supervisor did all of his duty."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "supervision_fulfilled.v1"
    topic_id: str
    person_id: str
    records: int


@dataclass(frozen=True, slots=True)
class ForumMonthHeard:
    """The month of forum is over in one partition."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "month_measured.v1"
    period: str
    partition: int
    partitions: int
    communities: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""

    SOURCE: ClassVar[str] = "steward"


@dataclass(frozen=True, slots=True)
class ObjectionEscalated:
    """异议逾期升级 / An overdue objection goes up: 1 to the street, 2 to the district (review)."""

    FACT: ClassVar[str] = "objection_escalated.v1"
    AGGREGATE: ClassVar[str] = "objection"
    VISIBILITY: ClassVar[str] = "internal"
    objection_id: str
    number: str
    level: int


@dataclass(frozen=True, slots=True)
class ObjectionEnded:
    """升级的异议已办结 / An objection that went up was decided, or has ended otherwise."""

    FACT: ClassVar[str] = "objection_ended.v1"
    AGGREGATE: ClassVar[str] = "objection"
    VISIBILITY: ClassVar[str] = "internal"
    objection_id: str
    number: str
    state: str


@dataclass(frozen=True, slots=True)
class RepairEscalated:
    """修复申请逾期升级 / An overdue repair goes up: 1 to the street, 2 to the district."""

    FACT: ClassVar[str] = "repair_escalated.v1"
    AGGREGATE: ClassVar[str] = "repair"
    VISIBILITY: ClassVar[str] = "internal"
    repair_id: str
    number: str
    level: int


@dataclass(frozen=True, slots=True)
class RepairEnded:
    """升级的修复申请已办结 / One that went up was decided, given back or withdrawn."""

    FACT: ClassVar[str] = "repair_ended.v1"
    AGGREGATE: ClassVar[str] = "repair"
    VISIBILITY: ClassVar[str] = "internal"
    repair_id: str
    number: str
    state: str


SAYS = (
    DeadlineMoved,
    PointsHeld,
    HoldRejected,
    PointsCaptured,
    PointsReleased,
    PointsRefunded,
    SettlementPublished,
    RepairEscalated,
    RepairEnded,
    SettlementFinalised,
    NoticePublished,
    ObjectionEscalated,
    ObjectionEnded,
)
STEWARD = (
    AreaDefinedHeard,
    ResidentRegisteredHeard,
    ResidentMovedHeard,
    ResidentDeactivatedHeard,
    ResidentReturnedHeard,
    ResidentCameOfAgeHeard,
    ResidentCorrectedHeard,
    PersonMergedHeard,
    StewardEnrolledHeard,
    StewardLeftHeard,
    RequestRatedHeard,
    RequestDeadlineMissedHeard,
    BadRatingUpheldHeard,
    RequestSelfFoundClosedHeard,
    EmergencyArrivalHeard,
    VolunteerHoursConfirmedHeard,
    VolunteerHoursCorrectedHeard,
    HazardVerifiedHeard,
    StewardMonthHeard,
)
PROPERTY = (
    CompanyRegisteredHeard,
    CompanyRepresentativesHeard,
    ProjectRegisteredHeard,
    ProjectManagerChangedHeard,
    ProjectManagerEndedHeard,
    AppointmentActivatedHeard,
    AppointmentEndedHeard,
    RectificationPassedHeard,
    RectificationOverdueHeard,
    RectificationEscalatedHeard,
    RectificationWithdrawnHeard,
    DisclosurePublishedHeard,
    DisclosureOverdueHeard,
    DisclosureWithdrawnHeard,
    PropertyMonthHeard,
)
PARTNER = (
    PartnerAdmittedHeard,
    PartnerOperatorsHeard,
    PartnerSuspendedHeard,
    PartnerExitedHeard,
    RedemptionRequestedHeard,
    RedemptionRedeemedHeard,
    RedemptionCancelledHeard,
    RedemptionExpiredHeard,
    RedemptionRefundedHeard,
    PartnerSettledHeard,
    PartnerMonthHeard,
)
FORUM = (
    TopicAdoptedHeard,
    AttendanceRecordedHeard,
    AttendanceCorrectedHeard,
    SupervisionFulfilledHeard,
    ForumMonthHeard,
)
