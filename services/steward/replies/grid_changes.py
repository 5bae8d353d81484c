"""What is answered about grids that are split and merged."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class Part(Reply, kw_only=True):
    """调整后的一个网格 / One of the grids that there are afterwards, and what will be in it."""

    code: str
    name: str
    new: Annotated[bool, Meta(description="新代码 / whether its code is new")]
    buildings: Annotated[list[str], Meta(description="楼栋名称 / its buildings, by name")]
    persons: int
    households: int
    open_requests: Annotated[int, Meta(description="未办结诉求 / requests that are not closed")]
    stewards: Annotated[int, Meta(description="管家 / stewards who will serve there")]
    shifts: Annotated[int, Meta(description="生效后的排班 / shifts from that day on")]
    warnings: list[str]


class GridChangeReply(Reply, kw_only=True):
    """已处理 / The change as it stands now; at a dry look with what it would do."""

    id: str
    state: str
    version: int
    effective_on: date
    parts: list[Part] | UnsetType = UNSET


class GridChangeCard(Reply, kw_only=True):
    """网格调整 / A change of grids."""

    id: str
    kind: str
    community: str
    grids: Annotated[list[str], Meta(description="被调整的网格 / which ones are changed")]
    into: Annotated[list[str], Meta(description="调整后的网格 / which ones there are afterwards")]
    rest: str
    effective_on: date
    reason: str
    state: str
    proposed_by: str
    proposed_at: Instant
    decided_by: str | None = None
    decided_at: Instant | None = None
    note: (
        Annotated[
            str,
            Meta(description="退回、撤回或未能执行的原因 / why turned down, taken back or failed"),
        ]
        | None
    ) = None
    applied_at: Instant | None = None
    version: int
    parts: list[Part] | UnsetType = UNSET
