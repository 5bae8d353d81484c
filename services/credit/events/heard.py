"""What credit reads of what it consumes."""

from __future__ import annotations

from dataclasses import field
from typing import Any, TypeAlias

from fivered.chassis.calendar import YearHeard
from fivered.chassis.facts import reads

# A row of a month as its owner measured it. The rules name the members that they read; others come
# and go with the owner's releases.
MonthRow: TypeAlias = dict[str, Any]


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


@reads("steward", "person_erased.v1")
class PersonErasedHeard:
    """The data of a person were erased; those that are kept here go as well."""

    person_id: str


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


@reads("property", "rectification_refuted.v1")
class RectificationRefutedHeard:
    """A fix was none: what was given for it is taken back, what was taken for the order stays."""

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
