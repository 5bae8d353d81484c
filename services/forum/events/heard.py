"""What the forum reads of what it consumes: only the fields used."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from fivered.chassis.calendar import YearHeard
from fivered.chassis.facts import reads


@reads("steward", "calendar_year_loaded.v1")
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""


@reads("steward", "area_defined.v1")
class AreaDefinedHeard:
    """The ground: which areas exist."""

    code: str
    kind: str


@reads("steward", "grids_changed.v1")
class GridsChangedHeard:
    """Grids were split or merged: who answered for one that ended answers for what it became."""

    grids: list[str]
    ended: list[str]
    into: list[str]
    rest: str


@reads("steward", "resident_registered.v1")
class ResidentRegisteredHeard:
    """Who may be drawn, sign and supervise."""

    person_id: str
    community: str
    grid: str | None = None
    is_adult: bool = True
    household_id: str | None = None


@reads("steward", "resident_moved.v1")
class ResidentMovedHeard:
    """A resident belongs to another grid from now on."""

    person_id: str
    to_grid: str | None = None
    community: str | None = None
    household_id: str | None = None


@reads("steward", "resident_deactivated.v1")
class ResidentDeactivatedHeard:
    """A resident has left or died."""

    person_id: str
    reason: str = ""


@reads("steward", "resident_came_of_age.v1")
class ResidentCameOfAgeHeard:
    """A resident is an adult from now on."""

    person_id: str


@reads("steward", "resident_returned.v1")
class ResidentReturnedHeard:
    """Somebody who had left lives here again."""

    person_id: str
    community: str
    grid: str | None = None
    household_id: str | None = None
    is_adult: bool = True


@reads("steward", "resident_corrected.v1")
class ResidentCorrectedHeard:
    """The registry had something wrong about a resident."""

    person_id: str
    is_adult: bool
    household_id: str | None = None


@reads("steward", "steward_left.v1")
class StewardLeftHeard:
    """Somebody has left a post; a grid worker answers for the grid no longer."""

    person_id: str
    duty: str | None = None


@reads("steward", "person_erased.v1")
class PersonErasedHeard:
    """The data of a person were erased; those that are kept here go as well."""

    person_id: str


@reads("steward", "person_merged.v1")
class PersonMergedHeard:
    """One human was registered twice: `person_id` is given up for `into`."""

    person_id: str
    into: str


@reads("steward", "request_submitted.v1")
class RequestSubmittedHeard:
    """A request was registered; a topic may name it, and with one it is one that we redirected."""

    request_id: str
    number: str
    topic_id: str | None = None


@reads("steward", "request_escalated.v1")
class RequestEscalatedHeard:
    """An overdue request goes up the liaison chain."""

    request_id: str
    level: int
    grid: str | None = None
    number: str | None = None
    reporter_id: str | None = None
    barred: list[str] | None = None


@reads("steward", "request_corrected.v1")
class RequestCorrectedHeard:
    """Whose a request is may be known only now."""

    request_id: str
    reporter_id: str | None = None


@reads("steward", "request_resolved.v1")
class RequestResolvedHeard:
    """A request was dealt with; nobody has to urge it any more."""

    request_id: str


@reads("steward", "request_closed.v1")
class RequestClosedHeard:
    """A request is closed."""

    request_id: str


@reads("steward", "request_merged.v1")
class RequestMergedHeard:
    """A request goes on in another one."""

    request_id: str


@reads("property", "rectification_escalated.v1")
class RectificationEscalatedHeard:
    """An overdue order goes up the liaison chain."""

    rectification_id: str
    level: int


@reads("property", "rectification_passed.v1")
class RectificationPassedHeard:
    """An order was carried out."""

    rectification_id: str


@reads("property", "rectification_withdrawn.v1")
class RectificationWithdrawnHeard:
    """An order was taken back."""

    rectification_id: str


@reads("property", "rectification_ended.v1")
class RectificationEndedHeard:
    """The order ended with its project or its task."""

    rectification_id: str


@reads("credit", "objection_escalated.v1")
class ObjectionEscalatedHeard:
    """An overdue objection to somebody's credit goes up one level."""

    objection_id: str
    number: str
    level: int
    concerned: list[str] | None = None


@reads("credit", "objection_ended.v1")
class ObjectionEndedHeard:
    """It was decided, or has ended otherwise."""

    objection_id: str


@reads("credit", "repair_escalated.v1")
class RepairEscalatedHeard:
    """An overdue application for the repair of an organisation's credit goes up one level."""

    repair_id: str
    number: str
    level: int
    concerned: list[str] | None = None


@reads("credit", "repair_ended.v1")
class RepairEndedHeard:
    """It was decided, or has ended otherwise."""

    repair_id: str


@reads("credit", "veto_escalated.v1")
class VetoEscalatedHeard:
    """A veto of an organisation that nobody has confirmed goes up one level."""

    veto_id: str
    number: str
    level: int
    concerned: list[str] | None = None


@reads("credit", "veto_ended.v1")
class VetoEndedHeard:
    """It was confirmed or dropped."""

    veto_id: str


@reads("credit", "nominee_objection_escalated.v1")
class NomineeObjectionEscalatedHeard:
    """An overdue objection to a nominee of a commendation goes up one level."""

    objection_id: str
    number: str
    level: int
    concerned: list[str] | None = None


@reads("credit", "nominee_objection_ended.v1")
class NomineeObjectionEndedHeard:
    """It was decided, or has ended otherwise."""

    objection_id: str


@reads("property", "company_registered.v1")
class CompanyRegisteredHeard:
    """Who speaks for a property company."""

    company_id: str
    representatives: list[str] | None = None


@reads("property", "company_representatives_changed.v1")
class CompanyRepresentativesChangedHeard:
    """Others speak for a property company."""

    company_id: str
    representatives: list[str]


@reads("partner", "partner_admitted.v1")
class PartnerAdmittedHeard:
    """Who may speak for a shop or a unit."""

    partner_id: str
    area: str
    operators: list[str] | None = None


@reads("partner", "partner_operators_changed.v1")
class PartnerOperatorsChangedHeard:
    """Others speak for a shop or a unit."""

    partner_id: str
    operators: list[str]


@reads("partner", "partner_exited.v1")
class PartnerExitedHeard:
    """A partner has left; nobody speaks for it any more."""

    partner_id: str


@reads("partner", "refund_overdue.v1")
class RefundOverdueHeard:
    """A partner's refund that nobody has decided in time goes up one level."""

    redemption_id: str
    number: str
    level: int
    concerned: list[str] | None = None


@reads("partner", "refund_decided.v1")
class RefundDecidedHeard:
    """It was decided."""

    redemption_id: str


@reads("partner", "dispute_overdue.v1")
class DisputeOverdueHeard:
    """A disputed statement that nobody has reviewed in time goes up one level."""

    statement_id: str
    period: str
    level: int
    concerned: list[str] | None = None


@reads("partner", "dispute_reviewed.v1")
class DisputeReviewedHeard:
    """It was reviewed."""

    statement_id: str


@reads("partner", "statement_held.v1")
class StatementHeldHeard:
    """A statement waits, because the street's fund does not cover it."""

    statement_id: str
    period: str
    level: int = 1
    concerned: list[str] | None = None


@reads("partner", "statement_funded.v1")
class StatementFundedHeard:
    """There is money for it, or it is paid."""

    statement_id: str


@reads("property", "project_registered.v1")
class ProjectRegisteredHeard:
    """A property project may carry out tasks of its community."""

    project_id: str
    company_id: str
    community: str
    grids: list[str] = field(default_factory=list)
    households: int = 0
    status: str = "IN_SERVICE"
    predecessor_id: str | None = None


@reads("property", "project_manager_changed.v1")
class ProjectManagerChangedHeard:
    """Who speaks for the project, and may not judge its work."""

    project_id: str
    person_id: str | None = None


@reads("property", "project_manager_ended.v1")
class ProjectManagerEndedHeard:
    """A project's manager has died; nobody manages it."""

    project_id: str


@reads("property", "owners_committee_changed.v1")
class OwnersCommitteeHeard:
    """Who sits for the owners of a compound, and whether their term runs."""

    committee_id: str
    project_id: str
    members: list[str]
    state: str


@reads("property", "appointment_activated.v1")
class AppointmentActivatedHeard:
    """Somebody holds a post across project and community: a possible conflict of interest."""

    appointment_id: str
    project_id: str
    direction: str
    person_id: str


@reads("property", "appointment_ended.v1")
class AppointmentEndedHeard:
    """The post has ended, and with it the conflict."""

    appointment_id: str
    project_id: str
    direction: str
    person_id: str


@reads("property", "owners_vote_closed.v1")
class OwnersVoteClosedHeard:
    """What owners have decided; of a topic of ours it binds, or is voted on again."""

    passed: bool
    topic_id: str | None = None


@reads("property", "work_delivered.v1")
class WorkDeliveredHeard:
    """A project has delivered the work of one of our tasks."""

    work_id: str
    task_id: str
    project_id: str
    evidence: list[Any] = field(default_factory=list)
