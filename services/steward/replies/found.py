"""What is answered to who looks for requests."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.replies import Reply
from fivered.services.steward.replies import RequestCard


class RequestsFound(Reply, kw_only=True):
    """查到的诉求 / Requests that a search found; what is kept under the key names nobody."""

    state: Literal["DONE"]
    items: Annotated[list[RequestCard], Meta(max_length=200)]
    next: Annotated[str, Meta(description="继续查找的游标 / cursor to go on from")] | None = None
    prev: (
        Annotated[str, Meta(description="前一页;按字句查找没有 / page before; none of words")]
        | None
    ) = None
    total: (
        Annotated[int, Meta(description="共有几件;按字句查找不计 / how many; not of words")]
        | UnsetType
    ) = UNSET
    looked_through: Annotated[
        int, Meta(description="本次查看的件数 / how many were looked through this time")
    ]
