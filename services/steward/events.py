"""What the steward service says, and how it reads what it hears."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from chassis.calendar import DeadlineMoved


@dataclass(frozen=True, slots=True)
class CalendarYearLoaded:
    """年度工作日历 / A year's working days are known: what the State Council's notice says."""

    FACT: ClassVar[str] = "calendar_year_loaded.v1"
    AGGREGATE: ClassVar[str] = "calendar"
    VISIBILITY: ClassVar[str] = "public"
    year: int
    off: list[date]
    make_up: list[date]
    source: str


@dataclass(frozen=True, slots=True)
class AreaDefined:
    """An area stands in the tree."""

    FACT: ClassVar[str] = "area_defined.v1"
    AGGREGATE: ClassVar[str] = "area"
    VISIBILITY: ClassVar[str] = "public"
    code: str
    name: str
    kind: str
    parent: str


@dataclass(frozen=True, slots=True)
class ResidentRegistered:
    """A person who lives in a grid was registered."""

    FACT: ClassVar[str] = "resident_registered.v1"
    AGGREGATE: ClassVar[str] = "person"
    VISIBILITY: ClassVar[str] = "internal"
    person_id: str
    community: str
    grid: str
    is_adult: bool
    household_id: str | None
    synthetic: bool


@dataclass(frozen=True, slots=True)
class PersonRegistered:
    """人员登记 / Who is registered and lives in no grid: he works here, or runs a shop.

    Said again when it was wrong, and when he is 18; and once of everybody, wherever he lives, who
    was registered before it was said at all.
    """

    FACT: ClassVar[str] = "person_registered.v1"
    AGGREGATE: ClassVar[str] = "person"
    VISIBILITY: ClassVar[str] = "internal"
    person_id: str
    is_adult: bool


@dataclass(frozen=True, slots=True)
class ResidentMoved:
    """A resident lives in another grid from now on."""

    FACT: ClassVar[str] = "resident_moved.v1"
    AGGREGATE: ClassVar[str] = "person"
    VISIBILITY: ClassVar[str] = "internal"
    person_id: str
    from_grid: str
    to_grid: str
    community: str
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentDeactivated:
    """A person left the district or died, whether he lived in a grid or not."""

    FACT: ClassVar[str] = "resident_deactivated.v1"
    AGGREGATE: ClassVar[str] = "person"
    VISIBILITY: ClassVar[str] = "internal"
    person_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResidentReturned:
    """居民回迁 / A person lives here again: he came back, or was never gone."""

    FACT: ClassVar[str] = "resident_returned.v1"
    AGGREGATE: ClassVar[str] = "person"
    VISIBILITY: ClassVar[str] = "internal"
    person_id: str
    community: str
    grid: str
    is_adult: bool
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResidentCameOfAge:
    """居民成年 / A minor is 18 from today on."""

    FACT: ClassVar[str] = "resident_came_of_age.v1"
    AGGREGATE: ClassVar[str] = "person"
    VISIBILITY: ClassVar[str] = "internal"
    person_id: str
    community: str
    grid: str


@dataclass(frozen=True, slots=True)
class ResidentCorrected:
    """居民信息更正 / What was registered of a resident was wrong; this holds now."""

    FACT: ClassVar[str] = "resident_corrected.v1"
    AGGREGATE: ClassVar[str] = "person"
    VISIBILITY: ClassVar[str] = "internal"
    person_id: str
    is_adult: bool
    household_id: str | None = None


@dataclass(frozen=True, slots=True)
class PersonMerged:
    """重复登记合并 / Two registrations are one human: `person_id` is given up for `into`."""

    FACT: ClassVar[str] = "person_merged.v1"
    AGGREGATE: ClassVar[str] = "person"
    VISIBILITY: ClassVar[str] = "internal"
    person_id: str
    into: str
    community: str


@dataclass(frozen=True, slots=True)
class StewardEnrolled:
    """A person became a steward."""

    FACT: ClassVar[str] = "steward_enrolled.v1"
    AGGREGATE: ClassVar[str] = "steward"
    VISIBILITY: ClassVar[str] = "internal"
    steward_id: str
    person_id: str
    type: str
    duty: str
    grids: list[str]
    community: str
    spendable: bool


@dataclass(frozen=True, slots=True)
class StewardLeft:
    """A steward left his post."""

    FACT: ClassVar[str] = "steward_left.v1"
    AGGREGATE: ClassVar[str] = "steward"
    VISIBILITY: ClassVar[str] = "internal"
    steward_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class RequestSubmitted:
    """A resident's request arrived and its clocks run."""

    FACT: ClassVar[str] = "request_submitted.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "public"
    request_id: str
    number: str
    channel: str
    kind: str
    category: str
    priority: str
    grid: str
    project_id: str | None
    reporter_id: str | None
    due_contact: datetime | None
    due_resolve: datetime
    building: str | None = None
    topic_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestResolved:
    """The handler says that a request is done."""

    FACT: ClassVar[str] = "request_resolved.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "public"
    request_id: str
    handler: str
    outcome: str
    on_time: bool
    project_id: str | None


@dataclass(frozen=True, slots=True)
class RequestRated:
    """The reporter rated a resolved request."""

    FACT: ClassVar[str] = "request_rated.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    handler: str
    handler_person: str
    rater: str
    stars: int
    solved: bool
    project_id: str | None


@dataclass(frozen=True, slots=True)
class RequestReopened:
    """The reporter says that a request was not done."""

    FACT: ClassVar[str] = "request_reopened.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    reopen_count: int
    project_id: str | None


@dataclass(frozen=True, slots=True)
class RequestMerged:
    """诉求已合并 / A cadre confirmed that a request is the same matter as another one, which stays.

    Attributes:
        into: The request that stays; its kind and project say what it is.
    """

    FACT: ClassVar[str] = "request_merged.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    into: str
    into_kind: str
    into_category: str
    into_project_id: str | None


@dataclass(frozen=True, slots=True)
class RequestCorrected:
    """诉求更正 / What a request is about, where, or whose it is was put right; so it is now."""

    FACT: ClassVar[str] = "request_corrected.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    kind: str
    category: str
    grid: str
    project_id: str | None = None
    building: str | None = None
    reporter_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestRejected:
    """诉求不予受理 / Nobody handles a request: it is none of ours."""

    FACT: ClassVar[str] = "request_rejected.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RequestCancelled:
    """诉求撤回 / Its reporter took a request back."""

    FACT: ClassVar[str] = "request_cancelled.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str


@dataclass(frozen=True, slots=True)
class RequestClosed:
    """A request is closed; unrated ones say nothing about satisfaction."""

    FACT: ClassVar[str] = "request_closed.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "public"
    request_id: str
    rated: bool


@dataclass(frozen=True, slots=True)
class RequestDeadlineMissed:
    """A clock ran out: ACCEPT, CONTACT or RESOLVE."""

    FACT: ClassVar[str] = "request_deadline_missed.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    which: str
    handler: str | None
    handler_person: str | None
    on_shift: bool


@dataclass(frozen=True, slots=True)
class RequestEscalated:
    """An overdue request was laid before the next level of the liaison chain."""

    FACT: ClassVar[str] = "request_escalated.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "public"
    request_id: str
    level: int
    official_id: str | None
    grid: str | None = None
    number: str | None = None
    # Whose it is; and which officials of the place are a party of it, so that it is not theirs.
    reporter_id: str | None = None
    barred: list[str] | None = None


@dataclass(frozen=True, slots=True)
class BadRatingUpheld:
    """A reviewer outside the handling chain found a bad rating to be right."""

    FACT: ClassVar[str] = "bad_rating_upheld.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    handler: str
    handler_person: str


@dataclass(frozen=True, slots=True)
class RequestSelfFoundClosed:
    """A steward found a matter himself, solved it, and it is closed."""

    FACT: ClassVar[str] = "request_self_found_closed.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    handler: str
    handler_person: str


@dataclass(frozen=True, slots=True)
class EmergencyArrival:
    """A steward was on site of an emergency in time."""

    FACT: ClassVar[str] = "emergency_arrival.v1"
    AGGREGATE: ClassVar[str] = "request"
    VISIBILITY: ClassVar[str] = "internal"
    request_id: str
    handler: str
    handler_person: str
    minutes: int


@dataclass(frozen=True, slots=True)
class VolunteerHoursConfirmed:
    """Volunteer service was confirmed by its organiser."""

    FACT: ClassVar[str] = "volunteer_hours_confirmed.v1"
    AGGREGATE: ClassVar[str] = "volunteer_record"
    VISIBILITY: ClassVar[str] = "internal"
    record_id: str
    person_id: str
    minutes: int
    source: str
    date: date


@dataclass(frozen=True, slots=True)
class VolunteerHoursCorrected:
    """Confirmed volunteer service was corrected."""

    FACT: ClassVar[str] = "volunteer_hours_corrected.v1"
    AGGREGATE: ClassVar[str] = "volunteer_record"
    VISIBILITY: ClassVar[str] = "internal"
    record_id: str
    person_id: str
    minutes: int
    previous_minutes: int
    source: str
    date: date


@dataclass(frozen=True, slots=True)
class HazardVerified:
    """A reported hazard was looked at."""

    FACT: ClassVar[str] = "hazard_verified.v1"
    AGGREGATE: ClassVar[str] = "hazard"
    VISIBILITY: ClassVar[str] = "internal"
    hazard_id: str
    reporter: str
    category: str
    verified: bool


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """What one community counted in a month."""

    community: str
    requests: int
    rated: int
    hours_minutes: int


@dataclass(frozen=True, slots=True)
class StewardMonth:
    """Every input of the rules about a steward, as of the month's end.

    Attributes:
        visit_quota: Visits that are asked of the duty; 0 where none are.
    """

    steward_id: str
    person_id: str
    community: str
    duty: str
    type: str
    orders: int
    accepted_on_time: int
    proactive_closed: int
    visits: int
    visit_quota: int
    attendance_full: bool
    on_roster: bool


@dataclass(frozen=True, slots=True)
class ProjectMonth:
    """What the requests say about a property project in a month."""

    project_id: str
    community: str
    requests: int
    contacted_on_time: int
    due_resolutions: int
    resolved_on_time: int
    rated: int
    satisfied: int


@dataclass(frozen=True, slots=True)
class MonthMeasured:
    """The month is cut off: what lies before this marker counts in it (one per partition)."""

    FACT: ClassVar[str] = "month_measured.v1"
    AGGREGATE: ClassVar[str] = "month"
    VISIBILITY: ClassVar[str] = "internal"
    period: str
    partition: int
    partitions: int
    communities: list[CommunityMonth]
    stewards: list[StewardMonth]
    projects: list[ProjectMonth]


SAYS: tuple[type[Any], ...] = (
    CalendarYearLoaded,
    DeadlineMoved,
    AreaDefined,
    ResidentRegistered,
    PersonRegistered,
    ResidentMoved,
    ResidentDeactivated,
    ResidentReturned,
    ResidentCameOfAge,
    ResidentCorrected,
    PersonMerged,
    StewardEnrolled,
    StewardLeft,
    RequestSubmitted,
    RequestResolved,
    RequestRated,
    RequestReopened,
    RequestMerged,
    RequestCorrected,
    RequestRejected,
    RequestCancelled,
    RequestClosed,
    RequestDeadlineMissed,
    RequestEscalated,
    BadRatingUpheld,
    RequestSelfFoundClosed,
    EmergencyArrival,
    VolunteerHoursConfirmed,
    VolunteerHoursCorrected,
    HazardVerified,
    MonthMeasured,
)


# --------------------------------------------------------------------------------------------------
# What is heard


@dataclass(frozen=True, slots=True)
class ProjectRegisteredHeard:
    """A property project serves these grids."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_registered.v1"
    project_id: str
    community: str
    grids: list[str]
    households: int = 0
    status: str = "IN_SERVICE"
    company_id: str | None = None
    buildings: list[str] | None = None


@dataclass(frozen=True, slots=True)
class AppointmentActivatedHeard:
    """A person holds a post in a project, or for it in the community."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "appointment_activated.v1"
    appointment_id: str
    project_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class AppointmentEndedHeard:
    """He holds it no longer."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "appointment_ended.v1"
    appointment_id: str
    project_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class ProjectManagerChangedHeard:
    """Who manages a project from now on."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_manager_changed.v1"
    project_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class ProjectManagerEndedHeard:
    """A project's manager has died; nobody manages it."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "project_manager_ended.v1"
    project_id: str


@dataclass(frozen=True, slots=True)
class CompanyRegisteredHeard:
    """A property company, and who speaks for it."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "company_registered.v1"
    company_id: str
    representatives: list[str] | None = None


@dataclass(frozen=True, slots=True)
class CompanyRepresentativesChangedHeard:
    """Who speaks for a company from now on."""

    SOURCE: ClassVar[str] = "property"
    FACT: ClassVar[str] = "company_representatives_changed.v1"
    company_id: str
    representatives: list[str]


@dataclass(frozen=True, slots=True)
class PartnerAdmittedHeard:
    """A partner, and who acts for it."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_admitted.v1"
    partner_id: str
    org_id: str
    operators: list[str] | None = None


@dataclass(frozen=True, slots=True)
class PartnerOperatorsChangedHeard:
    """Who acts for a partner from now on."""

    SOURCE: ClassVar[str] = "partner"
    FACT: ClassVar[str] = "partner_operators_changed.v1"
    partner_id: str
    org_id: str
    operators: list[str]


@dataclass(frozen=True, slots=True)
class TopicRedirectedHeard:
    """A topic is a matter of one household: it becomes a request."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "topic_redirected.v1"
    topic_id: str
    community: str
    proposer: str | None = None
    title: str = ""
    text: str = ""
    grid: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class LiaisonAssignedHeard:
    """An official is responsible for a target."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "liaison_assigned.v1"
    link_id: str
    target_kind: str
    target: str
    official_id: str
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class LiaisonEndedHeard:
    """An official is no longer responsible for a target."""

    SOURCE: ClassVar[str] = "forum"
    FACT: ClassVar[str] = "liaison_ended.v1"
    link_id: str


@dataclass(frozen=True, slots=True)
class FinalEntry:
    """One subject's standing in a finalised settlement."""

    kind: str
    ref: str
    score: int | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class SettlementFinalisedHeard:
    """A community's month became final; we keep what concerns stewards."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "settlement_finalised.v1"
    settlement_id: str
    period: str
    entries: list[FinalEntry] = field(default_factory=list)
