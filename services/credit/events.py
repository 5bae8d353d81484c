"""What credit publishes, and its own readers of what it consumes. Ids, codes, numbers and times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from msgspec import Meta

from fivered.chassis.calendar import YearHeard
from fivered.chassis.facts import fact, moment, reads, words
from fivered.chassis.fields import Area, Concerned, Level, Period, Points, RedemptionId, Wallet
from fivered.services.credit.fields import (
    AtFault,
    DocumentNumber,
    EndState,
    Gates,
    Grade,
    NoticeId,
    ObjectionId,
    Ref,
    Refusal,
    RepairId,
    Score,
    SettledArea,
    SettlementId,
    Subject,
    SubjectKind,
    VetoId,
)

# A row of a month as its owner measured it. The rules name the members that they read; others come
# and go with the owner's releases.
MonthRow: TypeAlias = dict[str, Any]

# --------------------------------------------------------------------------------------------------
# Said


@fact("points_held.v1", about="redemption")
class PointsHeld:
    """积分已冻结 / Points are held for a redemption."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points


@fact("hold_rejected.v1", about="redemption")
class HoldRejected:
    """积分冻结被拒绝 / Points cannot be held, and why."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points
    reason: Refusal
    field: AtFault | None = None


@fact("points_captured.v1", about="redemption")
class PointsCaptured:
    """积分已核销 / Held points have gone to the partner."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points


@fact("points_released.v1", about="redemption")
class PointsReleased:
    """冻结积分已退回 / Held points have returned to their owner."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points


@fact("points_refunded.v1", about="redemption")
class PointsRefunded:
    """已核销积分已退还 / Captured points have returned to their owner."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points


@fact(
    "settlement_published.v1",
    about="settlement",
    visibility="public",
    when="区域的月度赋分确认后公示时;撤回确认后重新公示再发一条 / when the month of an area is "
    "published after its confirmation; again where it had to be published anew",
    by=("confirm_settlement", "on_publish"),
)
class SettlementPublished:
    """月度赋分已公示 / The month of an area is published; objections are open."""

    settlement_id: SettlementId
    period: Period
    community: SettledArea
    notice_id: NoticeId
    objection_until: Annotated[
        str,
        moment("异议截止,ISO 8601 时间,UTC / until when it may be objected to, ISO 8601, in UTC"),
    ]


@dataclass(frozen=True, slots=True)
class FinalEntry:
    """The final standing of one organisation or steward."""

    subject: Subject
    kind: SubjectKind
    ref: Ref
    score: Score | None
    grade: Grade
    gates_failed: Gates = field(default_factory=list)


@fact("settlement_finalised.v1", about="settlement")
class SettlementFinalised:
    """月度赋分已生效 / Entries have become final; organisations and stewards only."""

    settlement_id: SettlementId
    period: Period
    community: SettledArea
    entries: Annotated[
        list[FinalEntry], Meta(description="各组织与管家 / organisations and stewards")
    ]


@fact(
    "notice_published.v1",
    about="notice",
    visibility="public",
    when="发布公告时;更正的公告是另一份,另发一条 / when a public notice is put up; one that "
    "corrects it is another notice",
    by=(
        "confirm_settlement",
        "on_publish",
        "correct_notice",
        "consult_rule_set",
        "publish_rule_set",
        "publicise_commendation",
        "retire_rule_set",
    ),
)
class NoticePublished:
    """公告已发布 / A public notice is published."""

    notice_id: NoticeId
    kind: Annotated[
        str,
        words(
            "公告种类 / what it is about",
            "SETTLEMENT",
            "COMMENDATION",
            CONSULTATION="规则征求意见 / a draft of rules, open to comments",
            RULES="规则发布或停用 / rules that are published or retired",
        ),
    ]
    scope: Annotated[Area, Meta(description="公告的区域 / the area for which it is put up")]
    ends_at: Annotated[
        str,
        moment("公示期满,ISO 8601 时间,UTC / when its term ends, ISO 8601, in UTC"),
    ]


# --------------------------------------------------------------------------------------------------
# Consumed of steward


@reads("steward", "area_defined.v1")
class AreaDefinedHeard:
    """An area of the tree."""

    code: str
    name: str
    kind: str
    parent: str | None = None


@reads("steward", "resident_registered.v1")
class ResidentRegisteredHeard:
    """A person of the registry."""

    person_id: str
    community: str | None
    is_adult: bool
    grid: str | None = None
    household_id: str | None = None


@reads("steward", "resident_moved.v1")
class ResidentMovedHeard:
    """A person lives elsewhere now."""

    person_id: str
    community: str
    to_grid: str | None = None
    household_id: str | None = None


@reads("steward", "resident_deactivated.v1")
class ResidentDeactivatedHeard:
    """A person is no resident any more."""

    person_id: str
    reason: str = ""


@reads("steward", "resident_returned.v1")
class ResidentReturnedHeard:
    """A person lives here again."""

    person_id: str
    community: str
    grid: str | None
    is_adult: bool
    household_id: str | None = None


@reads("steward", "resident_came_of_age.v1")
class ResidentCameOfAgeHeard:
    """A minor is 18 from today on."""

    person_id: str
    community: str | None = None
    grid: str | None = None


@reads("steward", "resident_corrected.v1")
class ResidentCorrectedHeard:
    """What was registered of a person was wrong; this holds now.

    Attributes:
        household_id: Null where the person belongs to none; empty where nothing is said of it.
    """

    person_id: str
    is_adult: bool
    household_id: str | None = ""


@reads("steward", "person_merged.v1")
class PersonMergedHeard:
    """Two registrations are one person: `person_id` is given up for `into`."""

    person_id: str
    into: str
    community: str | None = None


@reads("steward", "steward_enrolled.v1")
class StewardEnrolledHeard:
    """A steward, the duty, and whether points may be spent."""

    steward_id: str
    person_id: str
    type: str
    duty: str
    community: str
    spendable: bool
    grids: list[str] = field(default_factory=list)


@reads("steward", "steward_left.v1")
class StewardLeftHeard:
    """A steward has left the post."""

    steward_id: str
    person_id: str | None = None


@reads("steward", "request_rated.v1")
class RequestRatedHeard:
    """A resident rated the service of a steward."""

    request_id: str
    handler: str | None
    stars: int
    solved: bool
    handler_person: str | None = None
    rater: str | None = None
    project_id: str | None = None


@reads("steward", "request_deadline_missed.v1")
class RequestDeadlineMissedHeard:
    """A deadline of a request has passed."""

    request_id: str
    which: str
    handler: str | None = None
    handler_person: str | None = None
    on_shift: bool = False


@reads("steward", "bad_rating_upheld.v1")
class BadRatingUpheldHeard:
    """A bad rating was reviewed and is justified."""

    request_id: str
    handler: str | None
    handler_person: str | None = None


@reads("steward", "request_self_found_closed.v1")
class RequestSelfFoundClosedHeard:
    """A matter that a steward found, and nobody had reported, is closed."""

    request_id: str
    handler: str | None
    handler_person: str | None = None


@reads("steward", "emergency_arrival.v1")
class EmergencyArrivalHeard:
    """A steward arrived at an emergency."""

    request_id: str
    handler: str | None
    minutes: int
    handler_person: str | None = None


@reads("steward", "volunteer_hours_confirmed.v1")
class VolunteerHoursConfirmedHeard:
    """Hours of a volunteer are confirmed."""

    record_id: str
    person_id: str
    minutes: int
    source: str
    date: str


@reads("steward", "volunteer_hours_corrected.v1")
class VolunteerHoursCorrectedHeard:
    """Confirmed hours were wrong."""

    record_id: str
    person_id: str
    minutes: int
    source: str
    date: str
    previous_minutes: int | None = None


@reads("steward", "hazard_verified.v1")
class HazardVerifiedHeard:
    """A hazard that a resident reported was looked at."""

    hazard_id: str
    reporter: str | None
    category: str
    verified: bool


@reads("steward", "month_measured.v1")
class StewardMonthHeard:
    """The month of steward is over in one partition; what rules and gates need of it."""

    period: str
    partition: int
    partitions: int
    communities: list[MonthRow] = field(default_factory=list)
    stewards: list[MonthRow] = field(default_factory=list)
    projects: list[MonthRow] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Consumed of property


@reads("property", "company_registered.v1")
class CompanyRegisteredHeard:
    """A property company."""

    company_id: str
    representatives: list[str] | None = None


@reads("property", "company_representatives_changed.v1")
class CompanyRepresentativesHeard:
    """Who speaks for a property company from now on."""

    company_id: str
    representatives: list[str] = field(default_factory=list)


@reads("property", "project_registered.v1")
class ProjectRegisteredHeard:
    """A property project, or a change of it."""

    project_id: str
    company_id: str
    community: str
    households: int
    status: str = "IN_SERVICE"
    grids: list[str] = field(default_factory=list)


@reads("property", "project_manager_changed.v1")
class ProjectManagerChangedHeard:
    """A project has a new manager."""

    project_id: str
    person_id: str | None


@reads("property", "project_manager_ended.v1")
class ProjectManagerEndedHeard:
    """A project's manager has died; nobody manages it."""

    project_id: str


@reads("property", "appointment_activated.v1")
class AppointmentActivatedHeard:
    """Somebody holds a post in a project, or of a project in the community."""

    appointment_id: str
    project_id: str
    direction: str
    person_id: str
    post: str = ""


@reads("property", "appointment_ended.v1")
class AppointmentEndedHeard:
    """Such a post has ended."""

    appointment_id: str
    project_id: str
    direction: str
    person_id: str
    post: str = ""
    reason: str = ""


@reads("property", "rectification_passed.v1")
class RectificationPassedHeard:
    """A rectification passed its check."""

    rectification_id: str
    project_id: str
    severity: str
    late: bool


@reads("property", "rectification_overdue.v1")
class RectificationOverdueHeard:
    """A rectification was not done in time."""

    rectification_id: str
    project_id: str
    severity: str


@reads("property", "rectification_escalated.v1")
class RectificationEscalatedHeard:
    """An overdue rectification went a level up."""

    rectification_id: str
    project_id: str
    severity: str
    level: int
    official_id: str | None = None


@reads("property", "rectification_withdrawn.v1")
class RectificationWithdrawnHeard:
    """An order was issued in error: what followed from it is taken back."""

    rectification_id: str
    project_id: str


@reads("property", "disclosure_published.v1")
class DisclosurePublishedHeard:
    """A project disclosed what it must."""

    disclosure_id: str
    project_id: str
    kind: str = ""


@reads("property", "disclosure_overdue.v1")
class DisclosureOverdueHeard:
    """A project did not disclose in time."""

    disclosure_id: str
    project_id: str
    kind: str = ""


@reads("property", "disclosure_withdrawn.v1")
class DisclosureWithdrawnHeard:
    """It was scheduled in error: what followed from its being overdue is taken back."""

    disclosure_id: str
    project_id: str


@reads("property", "month_measured.v1")
class PropertyMonthHeard:
    """The month of property is over in one partition."""

    period: str
    partition: int
    partitions: int
    communities: list[MonthRow] = field(default_factory=list)
    projects: list[MonthRow] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Consumed of partner


@reads("partner", "partner_admitted.v1")
class PartnerAdmittedHeard:
    """A partner may offer."""

    partner_id: str
    area: str
    level: str = ""
    org_id: str | None = None
    operators: list[str] | None = None


@reads("partner", "partner_operators_changed.v1")
class PartnerOperatorsHeard:
    """Who acts for a partner from now on."""

    partner_id: str
    org_id: str | None = None
    operators: list[str] = field(default_factory=list)


@reads("partner", "partner_suspended.v1")
class PartnerSuspendedHeard:
    """A partner may not offer for now."""

    partner_id: str


@reads("partner", "partner_exited.v1")
class PartnerExitedHeard:
    """A partner has gone."""

    partner_id: str


@reads("partner", "redemption_requested.v1")
class RedemptionRequestedHeard:
    """Somebody wants to redeem: hold the points."""

    redemption_id: str
    wallet: str
    holder: str
    partner_id: str
    points: int
    offer_id: str | None = None


@reads("partner", "redemption_redeemed.v1")
class RedemptionRedeemedHeard:
    """The partner has served: capture the points."""

    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    settle_fen: int = 0


@reads("partner", "redemption_cancelled.v1")
class RedemptionCancelledHeard:
    """A redemption will not be: release the points."""

    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    by: str = ""
    reason: str = ""


@reads("partner", "redemption_expired.v1")
class RedemptionExpiredHeard:
    """Nobody came with the voucher: release the points."""

    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    by: str = ""
    reason: str = ""


@reads("partner", "redemption_refunded.v1")
class RedemptionRefundedHeard:
    """A redeemed service was taken back: give the points back."""

    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    borne_by: str | None = None


@reads("partner", "refund_denied.v1")
class RefundDeniedHeard:
    """A refund is denied."""

    redemption_id: str
    number: str


@reads("partner", "partner_settled.v1")
class PartnerSettledHeard:
    """A statement is paid: the partner's points are burnt."""

    statement_id: str
    partner_id: str
    period: str
    points: int
    amount_fen: int = 0


@reads("partner", "month_measured.v1")
class PartnerMonthHeard:
    """The month of partner is over in one partition."""

    period: str
    partition: int
    partitions: int
    communities: list[MonthRow] = field(default_factory=list)
    partners: list[MonthRow] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------
# Consumed of forum


@reads("forum", "topic_adopted.v1")
class TopicAdoptedHeard:
    """A resident's topic was taken up."""

    topic_id: str
    community: str
    proposer: str | None
    level: str = ""
    owners_matter: bool = False


@reads("forum", "attendance_recorded.v1")
class AttendanceRecordedHeard:
    """Somebody was present when a vote closed."""

    session_id: str
    topic_id: str
    person_id: str
    capacity: str


@reads("forum", "attendance_corrected.v1")
class AttendanceCorrectedHeard:
    """Somebody said to have been present was not."""

    session_id: str
    person_id: str


@reads("forum", "supervision_fulfilled.v1")
class SupervisionFulfilledHeard:
    """A supervisor watched until the end."""

    topic_id: str
    person_id: str
    records: int


@reads("forum", "month_measured.v1")
class ForumMonthHeard:
    """The month of forum is over in one partition."""

    period: str
    partition: int
    partitions: int
    communities: list[MonthRow] = field(default_factory=list)


@reads("steward", "calendar_year_loaded.v1")
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""


@fact("objection_escalated.v1", about="objection")
class ObjectionEscalated:
    """异议逾期升级 / An overdue objection goes up: 1 to the street, 2 to the district.

    Attributes:
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    objection_id: ObjectionId
    number: DocumentNumber
    level: Level
    concerned: Concerned | None = None


@fact("objection_ended.v1", about="objection")
class ObjectionEnded:
    """升级的异议已办结 / An objection that went up was decided, or has ended otherwise."""

    objection_id: ObjectionId
    number: DocumentNumber
    state: EndState


@fact("repair_escalated.v1", about="repair")
class RepairEscalated:
    """修复申请逾期升级 / An overdue repair goes up: 1 to the street, 2 to the district.

    Attributes:
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    repair_id: RepairId
    number: DocumentNumber
    level: Level
    concerned: Concerned | None = None


@fact("repair_ended.v1", about="repair")
class RepairEnded:
    """升级的修复申请已办结 / One that went up was decided, given back or withdrawn."""

    repair_id: RepairId
    number: DocumentNumber
    state: EndState


@fact("veto_escalated.v1", about="veto")
class VetoEscalated:
    """一票否决提议逾期升级 / A veto nobody confirmed goes up: 1 to the street, 2 to the district.

    Attributes:
        number: Of the document on which it rests.
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    veto_id: VetoId
    number: DocumentNumber
    level: Level
    concerned: Concerned | None = None


@fact("veto_ended.v1", about="veto")
class VetoEnded:
    """升级的一票否决提议已办结 / One that went up was confirmed or dropped."""

    veto_id: VetoId
    state: EndState


@fact("nominee_objection_escalated.v1", about="objection")
class NomineeObjectionEscalated:
    """对候选对象的异议逾期升级 / An overdue objection to a nominee goes up, as others do.

    Attributes:
        number: That of the commendation.
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    objection_id: ObjectionId
    number: DocumentNumber
    level: Level
    concerned: Concerned | None = None


@fact("nominee_objection_ended.v1", about="objection")
class NomineeObjectionEnded:
    """升级的候选对象异议已办结 / One that went up was decided, or has ended otherwise."""

    objection_id: ObjectionId
    state: EndState
