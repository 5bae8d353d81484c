"""What property reads of what it consumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fivered.chassis.calendar import YearHeard
from fivered.chassis.facts import reads
from fivered.services.property.events.projects import ProjectRequests


@reads("steward", "calendar_year_loaded.v1")
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""


@reads("steward", "area_defined.v1")
class AreaDefinedHeard:
    """An area exists; communities count in the month with zeros too."""

    code: str
    kind: str


@reads("steward", "place_defined.v1")
class PlaceDefinedHeard:
    """A place stands in steward's register, or does no more: rooms are known by its code."""

    place_code: str
    kind: str
    name: str
    community: str
    ended: bool = False


@reads("steward", "grids_changed.v1")
class GridsChangedHeard:
    """Grids were split or merged: projects and announcements go by what there is now."""

    change_id: str
    community: str
    ended: list[str]
    into: list[str]
    buildings: dict[str, str] = field(default_factory=dict)


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


@reads("steward", "person_erased.v1")
class PersonErasedHeard:
    """The data of a person were erased; those that are kept here go as well."""

    person_id: str


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
    parted_from: str | None = None


@reads("steward", "request_described.v1")
class RequestDescribedHeard:
    """What was said of a request when it was filed: a complaint is described by it."""

    request_id: str
    place: str | None = None
    problem: str | None = None
    room_id: str | None = None
    contact_id: str | None = None
    emergency: bool | None = None
    warranty: bool | None = None
    paid: bool | None = None
    tell_project: bool | None = None


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


@reads("steward", "month_measured.v1")
class StewardMonthHeard:
    """Steward's marker of a month in one partition."""

    period: str
    partition: int
    partitions: int = 4
    projects: list[ProjectRequests] = field(default_factory=list)


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


@reads("steward", "request_rated.v1")
class RequestRatedHeard:
    """Who complained says whether it is solved."""

    request_id: str
    solved: bool


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


@reads("forum", "topic_adopted.v1")
class TopicAdoptedHeard:
    """There is a topic: an owners' vote may name it once it waits for them."""

    topic_id: str
    community: str


@reads("forum", "resolution_effective.v1")
class ResolutionEffectiveHeard:
    """A resolution stands; one that does not bind waits for the owners."""

    topic_id: str
    community: str
    binding: bool


@reads("forum", "topic_closed.v1")
class TopicClosedHeard:
    """A topic is over: no vote names it any more."""

    topic_id: str
    community: str


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
