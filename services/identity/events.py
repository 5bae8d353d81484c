"""What the identity service reads of the facts of others; it publishes nothing of its own."""

from dataclasses import dataclass
from datetime import datetime

from fivered.chassis.calendar import YearHeard
from fivered.chassis.facts import reads


@dataclass(frozen=True, slots=True)
class _Here:
    """What is read of a person who lives in a grid."""

    person_id: str
    grid: str
    community: str


@reads("steward", "person_registered.v1")
class PersonRegisteredHeard:
    """A person is registered, here or elsewhere."""

    person_id: str


@reads("steward", "area_defined.v1")
class AreaDefinedHeard:
    """An area of the tree that steward keeps."""

    code: str


@reads("steward", "resident_registered.v1")
class ResidentRegisteredHeard(_Here):
    """A person who lives in a grid is registered."""


@reads("steward", "resident_returned.v1")
class ResidentReturnedHeard(_Here):
    """A person who had left lives here again."""


@reads("steward", "resident_moved.v1")
class ResidentMovedHeard:
    """A resident lives in another grid from now on."""

    person_id: str
    to_grid: str


@reads("steward", "resident_deactivated.v1")
class ResidentDeactivatedHeard:
    """A person is no longer registered, or has died; the account ends, or the resident's right."""

    person_id: str
    reason: str = "MOVED_OUT"


@reads("steward", "person_erased.v1")
class PersonErasedHeard:
    """The data of a person were erased; those that are kept here go as well."""

    person_id: str


@reads("steward", "sign_in_code_made.v1")
class SignInCodeHeard:
    """A code was sent to a person's phone; what is shown to sign in is compared with its digest."""

    code_id: str
    person_id: str
    digest: str
    until: datetime


@reads("steward", "sign_in_phone_ended.v1")
class SignInPhoneEndedHeard:
    """The phone by which a person signed in shows that no more: sessions and codes of it end."""

    person_id: str
    code_ids: list[str]


@reads("steward", "person_merged.v1")
class PersonMergedHeard:
    """A person was registered twice; `person_id` is given up, `into` is kept."""

    person_id: str
    into: str


@reads("steward", "steward_enrolled.v1")
class StewardEnrolledHeard:
    """A person has a post in a community."""

    steward_id: str
    person_id: str
    community: str
    duty: str = ""


@reads("steward", "steward_left.v1")
class StewardLeftHeard:
    """A post has ended, and what it gave the right to."""

    steward_id: str


@reads("steward", "calendar_year_loaded.v1")
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""


@reads("property", "project_registered.v1")
class ProjectRegisteredHeard:
    """Where a project is, and whether it is served."""

    project_id: str
    community: str
    status: str = "IN_SERVICE"


@reads("property", "project_manager_changed.v1")
class ProjectManagerChangedHeard:
    """Who manages a project from now on."""

    project_id: str
    person_id: str


@reads("property", "project_manager_ended.v1")
class ProjectManagerEndedHeard:
    """Nobody manages a project until another one is named."""

    project_id: str
    person_id: str


@reads("property", "company_registered.v1")
class CompanyRegisteredHeard:
    """A company, and who speaks for it."""

    company_id: str
    representatives: list[str] | None = None


@reads("property", "company_representatives_changed.v1")
class RepresentativesChangedHeard:
    """Who speaks for a company from now on."""

    company_id: str
    representatives: list[str]


@reads("property", "owners_committee_changed.v1")
class OwnersCommitteeHeard:
    """Who sits for the owners of a compound, and whether their term runs."""

    committee_id: str
    project_id: str
    members: list[str]
    state: str = "IN_TERM"


@reads("partner", "partner_admitted.v1")
class PartnerAdmittedHeard:
    """A partner is active, or active again."""

    partner_id: str
    area: str


@reads("partner", "partner_operators_changed.v1")
class PartnerOperatorsHeard:
    """Who acts for a partner from now on."""

    partner_id: str
    operators: list[str]


@reads("partner", "partner_exited.v1")
class PartnerExitedHeard:
    """A partner has left; nobody acts for it."""

    partner_id: str


@reads("forum", "liaison_assigned.v1")
class LiaisonAssignedHeard:
    """An official answers for an area or a household from now on."""

    link_id: str
    tier: str
    target_kind: str
    target: str
    person_id: str


@reads("forum", "deputy_began.v1")
class DeputyBeganHeard:
    """A deputy speaks for streets from now on."""

    deputy_id: str
    person_id: str
    streets: list[str]


@reads("forum", "deputy_ended.v1")
class DeputyEndedHeard:
    """The mandate has ended."""

    deputy_id: str


@reads("forum", "liaison_ended.v1")
class LiaisonEndedHeard:
    """The link has ended."""

    link_id: str
