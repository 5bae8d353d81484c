"""What steward reads of what it consumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fivered.chassis.facts import reads


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


@reads("property", "incident_announced.v1")
class IncidentAnnouncedHeard:
    """An outage, works or a fault: shown to who files about it, told to who lives there."""

    incident_id: str
    number: str
    kind: str
    nature: str
    grids: list[str]
    buildings: list[str]
    title: str
    starts_at: datetime
    ends_at: datetime


@reads("property", "incident_updated.v1")
class IncidentUpdatedHeard(IncidentAnnouncedHeard):
    """What is known of it now."""


@reads("property", "incident_ended.v1")
class IncidentEndedHeard:
    """It is over or cancelled: requests about it are taken again, and who was told hears of it."""

    incident_id: str
    state: str = "ENDED"


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


@reads("partner", "partner_exited.v1")
class PartnerExitedHeard:
    """A partner is gone: nobody acts for it."""

    partner_id: str


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
