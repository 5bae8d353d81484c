"""What is answered about plans of visits."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class PlannedVisit(Reply, kw_only=True):
    """一行计划的结果 / What became of one line of a plan; of one that was refused, why."""

    id: str | None
    household_id: str | None = None
    person_id: str | None = None
    result: Annotated[str, Meta(examples=["planned"])]
    field: str | UnsetType = UNSET
    message_zh: str | UnsetType = UNSET
    message_en: str | UnsetType = UNSET


class VisitsPlanned(Reply, kw_only=True):
    """走访计划结果 / What came of a plan, line by line."""

    state: str
    planned: int
    unchanged: int
    refused: int
    items: list[PlannedVisit]


class PlanCard(Reply, kw_only=True):
    """走访计划一行 / A line of a steward's plan of a month: whom, how often, and what was done."""

    id: str
    steward_id: str
    period: str
    grid: str
    household_id: str | None = None
    person_id: str | None = None
    care: str
    care_zh: str
    care_en: str
    times: Annotated[int, Meta(description="计划次数 / how often")]
    visited: Annotated[int, Meta(description="已走访次数 / how often it was done")]
    last_visit: Instant | None = None
    state: Annotated[
        str, Meta(description="DUE:待走访,DONE:已完成,REMOVED:已取消 / to be done, done, taken out")
    ]
    due_at: Annotated[Instant, Meta(description="当月结束 / the end of its month")]
    created_at: Instant
    version: int


class VisitMonth(Reply, kw_only=True):
    """管家当月走访 / A steward's month of visits."""

    steward_id: str
    person_id: str
    duty: str
    duty_zh: str
    duty_en: str
    period: str
    planned: Annotated[int, Meta(description="计划户、人 / lines of the plan")]
    done: Annotated[int, Meta(description="其中已完成 / of these done")]
    visits: int
    visit_quota: Annotated[int, Meta(description="岗位应走访次数 / asked of the duty")]
    concerns: Annotated[int, Meta(description="由走访立案的诉求 / requests that came of visits")]


class ToVisit(Reply, kw_only=True):
    """待走访的人 / Somebody who was not visited since."""

    person_id: str
    household_id: str | None = None
    name: str
    building: str | None = None
    unit: str | None = None
    room: str | None = None
    last_visit: Instant | None = None
