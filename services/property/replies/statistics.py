"""What is counted by category, grid, project and day."""

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.few import PEOPLE, Counts
from fivered.chassis.replies import Reply

By = Literal["CATEGORY", "GRID", "PROJECT", "DAY"]


class Statistic(Counts, kw_only=True):
    """一行统计 / One line: complaints that came in, and what was ordered."""

    key: Annotated[
        str,
        Meta(description="事项、网格、项目或日期 / the category, grid, project or day"),
    ]
    filed: Annotated[int, PEOPLE, Meta(description="收到投诉 / complaints that came in")]
    not_valid: Annotated[int, PEOPLE, Meta(description="其中不成立 / of these not valid")]
    closed: Annotated[int, PEOPLE, Meta(description="其中已办结 / of these closed")]
    orders: Annotated[
        int | None,
        Meta(description="签发整改单,按项目、日期 / orders issued: by project and day"),
    ] = None
    orders_late: Annotated[int | None, Meta(description="其中逾期 / of these late")] = None
    orders_met: Annotated[int | None, Meta(description="其中已整改 / of these met")] = None


class Statistics(Reply, kw_only=True):
    """统计 / Lines of an area and a time."""

    scope: str
    by: By
    items: list[Statistic]
    total: Statistic
