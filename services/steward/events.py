"""What the steward service publishes, and its own readers of what it consumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from chassis.facts import fact, reads


@fact("calendar_year_loaded.v1", about="calendar", visibility="public")
class CalendarYearLoaded:
    """年度工作日历 / A year's working days are known: what the State Council's notice says."""

    year: int
    off: list[date]
    make_up: list[date]
    source: str


@fact("area_defined.v1", about="area", visibility="public")
class AreaDefined:
    """An area stands in the tree."""

    code: str
    name: str
    kind: str
    parent: str


@fact("resident_registered.v1", about="person")
class ResidentRegistered:
    """A person who lives in a grid was registered."""

    person_id: str
    community: str
    grid: str
    is_adult: bool
    household_id: str | None
    synthetic: bool


@fact("person_registered.v1", about="person")
class PersonRegistered:
    """人员登记 / Who is registered and lives in no grid: somebody who works here, or runs a shop.

    Said again when it was wrong, and at 18; and once of everybody, here or elsewhere, who
    was registered before it was said at all.
    """

    person_id: str
    is_adult: bool


@fact("resident_moved.v1", about="person")
class ResidentMoved:
    """A resident lives in another grid from now on."""

    person_id: str
    from_grid: str
    to_grid: str
    community: str
    household_id: str | None = None


@fact("resident_deactivated.v1", about="person")
class ResidentDeactivated:
    """A person left the district or died, with a grid of residence or without."""

    person_id: str
    reason: str


@fact("resident_returned.v1", about="person")
class ResidentReturned:
    """居民回迁 / A person lives here again: came back, or was never gone."""

    person_id: str
    community: str
    grid: str
    is_adult: bool
    household_id: str | None = None


@fact("resident_came_of_age.v1", about="person")
class ResidentCameOfAge:
    """居民成年 / A minor is 18 from today on."""

    person_id: str
    community: str
    grid: str


@fact("resident_corrected.v1", about="person")
class ResidentCorrected:
    """居民信息更正 / What was registered of a resident was wrong; this holds now."""

    person_id: str
    is_adult: bool
    household_id: str | None = None


@fact("person_merged.v1", about="person")
class PersonMerged:
    """重复登记合并 / Two registrations are one human: `person_id` is given up for `into`."""

    person_id: str
    into: str
    community: str


@fact("steward_enrolled.v1", about="steward")
class StewardEnrolled:
    """A person became a steward."""

    steward_id: str
    person_id: str
    type: str
    duty: str
    grids: list[str]
    community: str
    spendable: bool


@fact("steward_left.v1", about="steward")
class StewardLeft:
    """A steward left a post."""

    steward_id: str
    person_id: str
    duty: str | None = None


@fact("request_submitted.v1", about="request", visibility="public")
class RequestSubmitted:
    """A resident's request arrived and its clocks run."""

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


@fact("request_resolved.v1", about="request", visibility="public")
class RequestResolved:
    """The handler says that a request is done."""

    request_id: str
    handler: str
    outcome: str
    on_time: bool
    project_id: str | None


@fact("request_rated.v1", about="request")
class RequestRated:
    """The reporter rated a resolved request."""

    request_id: str
    handler: str
    handler_person: str
    rater: str
    stars: int
    solved: bool
    project_id: str | None


@fact("request_reopened.v1", about="request")
class RequestReopened:
    """The reporter says that a request was not done."""

    request_id: str
    reopen_count: int
    project_id: str | None


@fact("request_merged.v1", about="request")
class RequestMerged:
    """诉求已合并 / A cadre confirmed that a request is the same matter as another one, which stays.

    Attributes:
        into: The request that stays; its kind and project say what it is.
    """

    request_id: str
    into: str
    into_kind: str
    into_category: str
    into_project_id: str | None


@fact("request_corrected.v1", about="request")
class RequestCorrected:
    """诉求更正 / What a request is about, where, or whose it is was put right; so it is now.

    Attributes:
        number: The request's own, by which its reporter knows it.
        filed_at: When it was submitted.
    """

    request_id: str
    kind: str
    category: str
    grid: str
    project_id: str | None = None
    building: str | None = None
    reporter_id: str | None = None
    number: str | None = None
    filed_at: datetime | None = None


@fact("request_rejected.v1", about="request")
class RequestRejected:
    """诉求不予受理 / Nobody handles a request: it is none of ours."""

    request_id: str
    reason: str


@fact("request_cancelled.v1", about="request")
class RequestCancelled:
    """诉求撤回 / Its reporter took a request back.

    Attributes:
        carried_on_by: The request merged into it that goes on in its place.
    """

    request_id: str
    carried_on_by: str | None = None


@fact("request_closed.v1", about="request", visibility="public")
class RequestClosed:
    """A request is closed; unrated ones say nothing about satisfaction."""

    request_id: str
    rated: bool


@fact("request_deadline_missed.v1", about="request")
class RequestDeadlineMissed:
    """A clock ran out: ACCEPT, CONTACT or RESOLVE."""

    request_id: str
    which: str
    handler: str | None
    handler_person: str | None
    on_shift: bool


@fact("request_escalated.v1", about="request", visibility="public")
class RequestEscalated:
    """An overdue request was laid before the next level of the liaison chain."""

    request_id: str
    level: int
    official_id: str | None
    grid: str | None = None
    number: str | None = None
    # Whose it is; and which officials of the place are a party of it, so that it is not theirs.
    reporter_id: str | None = None
    barred: list[str] | None = None


@fact("bad_rating_upheld.v1", about="request")
class BadRatingUpheld:
    """A reviewer outside the handling chain found a bad rating to be right."""

    request_id: str
    handler: str
    handler_person: str


@fact("request_self_found_closed.v1", about="request")
class RequestSelfFoundClosed:
    """A steward found a matter and solved it, and it is closed."""

    request_id: str
    handler: str
    handler_person: str


@fact("emergency_arrival.v1", about="request")
class EmergencyArrival:
    """A steward was on site of an emergency in time."""

    request_id: str
    handler: str
    handler_person: str
    minutes: int


@fact("volunteer_hours_confirmed.v1", about="volunteer_record")
class VolunteerHoursConfirmed:
    """Volunteer service was confirmed by its organiser."""

    record_id: str
    person_id: str
    minutes: int
    source: str
    date: date


@fact("volunteer_hours_corrected.v1", about="volunteer_record")
class VolunteerHoursCorrected:
    """Confirmed volunteer service was corrected."""

    record_id: str
    person_id: str
    minutes: int
    previous_minutes: int
    source: str
    date: date


@fact("hazard_verified.v1", about="hazard")
class HazardVerified:
    """A reported hazard was looked at."""

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


@fact("month_measured.v1", about="month")
class MonthMeasured:
    """The month is cut off: what lies before this marker counts in it (one per partition)."""

    period: str
    partition: int
    partitions: int
    communities: list[CommunityMonth]
    stewards: list[StewardMonth]
    projects: list[ProjectMonth]


# --------------------------------------------------------------------------------------------------
# What is heard


@reads("property", "project_registered.v1")
class ProjectRegisteredHeard:
    """A property project serves these grids."""

    project_id: str
    community: str
    grids: list[str]
    households: int = 0
    status: str = "IN_SERVICE"
    company_id: str | None = None
    buildings: list[str] | None = None


@reads("property", "appointment_activated.v1")
class AppointmentActivatedHeard:
    """A person holds a post in a project, or for it in the community."""

    appointment_id: str
    project_id: str
    person_id: str


@reads("property", "appointment_ended.v1")
class AppointmentEndedHeard:
    """The person holds it no longer."""

    appointment_id: str
    project_id: str
    person_id: str


@reads("property", "project_manager_changed.v1")
class ProjectManagerChangedHeard:
    """Who manages a project from now on."""

    project_id: str
    person_id: str


@reads("property", "project_manager_ended.v1")
class ProjectManagerEndedHeard:
    """A project's manager has died; nobody manages it."""

    project_id: str


@reads("property", "company_registered.v1")
class CompanyRegisteredHeard:
    """A property company, and who speaks for it."""

    company_id: str
    representatives: list[str] | None = None


@reads("property", "company_representatives_changed.v1")
class CompanyRepresentativesChangedHeard:
    """Who speaks for a company from now on."""

    company_id: str
    representatives: list[str]


@reads("partner", "partner_admitted.v1")
class PartnerAdmittedHeard:
    """A partner, and who acts for it."""

    partner_id: str
    org_id: str
    operators: list[str] | None = None


@reads("partner", "partner_operators_changed.v1")
class PartnerOperatorsChangedHeard:
    """Who acts for a partner from now on."""

    partner_id: str
    org_id: str
    operators: list[str]


@reads("forum", "topic_redirected.v1")
class TopicRedirectedHeard:
    """A topic is a matter of one household: it becomes a request."""

    topic_id: str
    community: str
    proposer: str | None = None
    title: str = ""
    text: str = ""
    grid: str | None = None
    category: str | None = None


@reads("forum", "topic_request_named.v1")
class TopicRequestNamedHeard(TopicRedirectedHeard):
    """A redirected topic is said to be a request already."""

    request_id: str | None = None


@reads("forum", "liaison_assigned.v1")
class LiaisonAssignedHeard:
    """An official is responsible for a target."""

    link_id: str
    target_kind: str
    target: str
    official_id: str
    person_id: str | None = None


@reads("forum", "liaison_ended.v1")
class LiaisonEndedHeard:
    """An official is no longer responsible for a target."""

    link_id: str


@dataclass(frozen=True, slots=True)
class FinalEntry:
    """One subject's standing in a finalised settlement."""

    kind: str
    ref: str
    score: int | None = None
    grade: str | None = None


@reads("credit", "settlement_finalised.v1")
class SettlementFinalisedHeard:
    """A community's month became final; we keep what concerns stewards."""

    settlement_id: str
    period: str
    entries: list[FinalEntry] = field(default_factory=list)
