"""What property publishes of a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact
from fivered.chassis.fields import (
    Community,
    CompanyId,
    Partition,
    Partitions,
    Period,
    ProjectId,
)
from fivered.services.property.fields import (
    ActiveOnLastDay,
    Agreements,
    Commitments,
    CommitmentsOnTime,
    Complaints,
    GapDays,
    Households,
    MeanHouseholds,
    OnTime,
    OrdersOverdue,
    Rated,
    Requests,
    Resolutions,
    Rolling,
    Satisfied,
    Twelfths,
)


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """What one community counts in a month."""

    community: Community
    complaints_valid: Complaints


@dataclass(frozen=True, slots=True)
class ProjectMonth:
    """Every input of the bands and gates of one project, as of the month's last day.

    Attributes:
        rolling_households: Mean of the month-end counts of the twelve months, half up.
        rolling_households_before: Likewise of the twelve before; 0 where a month of the two windows
            is not known, so that they cannot be compared.
        rolling_households_twelfths: The same mean exactly, in twelfths of a household; none where
            the two windows cannot be compared.
        rolling_households_before_twelfths: Likewise of the twelve before.
        p2c_gap_days: Days of the gap that runs on the last day, from its beginning; else 0.
        cross_full_month: Both directions were active on every day.
        agreements_full_month: Least number of agreements active on any day.
        overdue_rectifications_open: Orders that were overdue and open when the month ended.
        served_from: First day of the month on which it was in service; none where it never was.
        served_to: Likewise the last one. Of a project that was closed or handed over in the month
            all that is said as of the last day is said as of this one.
        took_over: The day on which the company took the project over from another one.
    """

    project_id: ProjectId
    company_id: CompanyId
    community: Community
    in_service: Annotated[bool, Meta(description="月末在服务 / in service on the last day")]
    households: Households
    requests: Requests
    contacted_on_time: OnTime
    due_resolutions: Resolutions
    resolved_on_time: OnTime
    rated: Rated
    satisfied: Satisfied
    complaints_valid: Complaints
    rolling_complaints: Rolling
    rolling_complaints_before: Rolling
    rolling_households: MeanHouseholds
    rolling_households_before: MeanHouseholds
    p2c_active_last_day: ActiveOnLastDay
    c2p_active_last_day: ActiveOnLastDay
    p2c_gap_days: GapDays
    c2p_gap_days: GapDays
    cross_full_month: Annotated[
        bool, Meta(description="两个方向整月在任 / both directions were active on every day")
    ]
    agreements_active_last_day: Agreements
    agreements_full_month: Agreements
    commitments_due: Commitments
    commitments_on_time: CommitmentsOnTime
    tripartite_held: Annotated[
        bool, Meta(description="是否召开三方联席会议 / whether the three parties met")
    ]
    overdue_rectifications_open: OrdersOverdue
    served_from: (
        Annotated[date, Meta(description="当月首个服务日 / the first day of the month in service")]
        | None
    ) = None
    served_to: (
        Annotated[date, Meta(description="当月最后服务日 / the last day of the month in service")]
        | None
    ) = None
    took_over: (
        Annotated[date, Meta(description="接管之日 / the day on which the company took it over")]
        | None
    ) = None
    rolling_households_twelfths: Twelfths | None = None
    rolling_households_before_twelfths: Twelfths | None = None


@fact(
    "month_measured.v1",
    about="month",
    when="每月截止、且红色管家的标记已到时,每个分区一条 / when a month is cut off and the "
    "marker of steward is there; one per partition",
    by=("on_cutoff", "steward.month_measured.v1"),
)
class MonthMeasured:
    """月度计量 / The marker of a month in one partition: what lies before it in its stream
    counts."""

    period: Period
    partition: Partition
    partitions: Partitions
    communities: Annotated[list[CommunityMonth], Meta(description="各社区 / the communities")]
    projects: Annotated[list[ProjectMonth], Meta(description="各物业项目 / the property projects")]
