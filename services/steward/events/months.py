"""What steward publishes of a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, measure
from fivered.chassis.fields import (
    Community,
    Partition,
    Partitions,
    Period,
    PersonId,
    ProjectId,
)
from fivered.services.steward.fields import (
    DutyOfSteward,
    OnTime,
    Orders,
    Rated,
    Requests,
    Resolutions,
    Satisfied,
    SelfFound,
    StewardId,
    TypeOfSteward,
    Visits,
)


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """What one community counted in a month."""

    community: Community
    requests: Requests
    rated: Rated
    hours_minutes: Annotated[int, measure("志愿服务时长 / volunteer service", "分钟 / minutes")]


@dataclass(frozen=True, slots=True)
class StewardMonth:
    """Every input of the rules about a steward, as of the month's end.

    Attributes:
        visit_quota: Visits that are asked of the duty; 0 where none are.
    """

    steward_id: StewardId
    person_id: PersonId
    community: Community
    duty: DutyOfSteward
    type: TypeOfSteward
    orders: Orders
    accepted_on_time: OnTime
    proactive_closed: SelfFound
    visits: Visits
    visit_quota: Annotated[
        int,
        measure(
            "岗位要求的走访次数;不要求为 0 / visits that are asked of the duty; 0 where none are",
            "次 / visits",
        ),
    ]
    attendance_full: Annotated[bool, Meta(description="专职且全勤 / full time, and on every shift")]
    on_roster: Annotated[bool, Meta(description="月末仍在岗 / in the post at the month's end")]


@dataclass(frozen=True, slots=True)
class ProjectMonth:
    """What the requests say about a property project in a month."""

    project_id: ProjectId
    community: Community
    requests: Requests
    contacted_on_time: OnTime
    due_resolutions: Resolutions
    resolved_on_time: OnTime
    rated: Rated
    satisfied: Satisfied


@fact(
    "month_measured.v1",
    about="month",
    when="每月截止时,每个分区一条 / when a month is cut off; one per partition",
    by=("on_cutoff",),
)
class MonthMeasured:
    """月度计量 / The month is cut off: what lies before this marker counts in it (one per
    partition)."""

    period: Period
    partition: Partition
    partitions: Partitions
    communities: Annotated[list[CommunityMonth], Meta(description="各社区 / the communities")]
    stewards: Annotated[list[StewardMonth], Meta(description="各管家 / the stewards")]
    projects: Annotated[list[ProjectMonth], Meta(description="各物业项目 / the property projects")]
