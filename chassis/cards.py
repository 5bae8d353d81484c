"""What every service answers of itself: its health, its clock, its jobs. The gateway passes these
on, and what it tells of all services is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NotRequired, TypedDict

import sqlalchemy as sa

from fivered.chassis.json_values import JsonObject
from fivered.chassis.refusal import Problem


class Outlook(TypedDict):
    """How far the working days are known, and whether that is soon."""

    until: str
    days_left: int
    ends_soon: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a new installation needs before it can be used.

    Attributes:
        code: Its name, such as AREAS.
        text: What is there when it is done, "中文 / English", and by which call.
        done: Asks this service's database whether it is; or the name of the member of its settings
            that says so.
        needed: False for what a district may do without.
    """

    code: str
    text: str
    done: sa.ColumnElement[bool] | str
    needed: bool = True


class StepCard(TypedDict):
    """A step of `GET /v1/setup`."""

    code: str
    text: str
    done: bool
    needed: bool


class Steps(TypedDict):
    """The steps of one service."""

    steps: list[StepCard]


class KeysInUse(TypedDict):
    """Which keys the sealed values of a service need, by their ids."""

    present: str
    before: list[str]


class Health(TypedDict):
    """What waits in a service; `state` is UP, or DEGRADED where somebody should look."""

    service: str
    state: str
    now: str
    outbox_unsent: int
    outbox_oldest_s: float
    parked: int
    timers_late: int
    calendar: Outlook
    keys: KeysInUse | None


class Clock(TypedDict):
    """The domain time of a service, and whether it may be set."""

    now: str
    demo: bool


class ClockSet(TypedDict):
    """The domain time of a service after its clock was moved."""

    now: str


class JobState(TypedDict):
    """A job and its state."""

    id: str
    state: str


class JobProblem(Problem):
    """Why a job ended as FAILED, as a command would be refused; `where` names the place in a file:
    {sheet, row} of a workbook, {line, byte} of a text."""

    where: dict[str, int]


class JobCard(JobState):
    """How far long work is."""

    kind: str
    done: int
    total: int | None
    note: str | None
    result: object
    error: str | None
    problem: JobProblem | None


class PublishedEvent(TypedDict):
    """An event of the history: its place, when it was recorded, and the CloudEvent."""

    place: int
    recorded_at: str
    event: JsonObject


class History(TypedDict):
    """A part of what a service has published: how it goes on after `next`, and whether something
    may stand there already; up to which place events were forgotten (`first`), and the place of the
    last one; of the types that were asked for those that are no public event of the service.

    `marks` says by which events the places after which was asked (`after`), `next` and `last` are
    known again (see `fivered.chassis.history.mark_of`); where nothing stands, or nobody knows, the
    place is missing. Of `after` 0 says that no event stands there, and something was kept. A
    release before says neither `unknown` nor `marks`."""

    items: list[PublishedEvent]
    next: int
    more: bool
    first: int
    last: int
    unknown: NotRequired[list[str]]
    marks: NotRequired[dict[str, int]]
