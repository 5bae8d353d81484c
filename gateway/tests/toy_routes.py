"""Doors of the toy service, declared as the gateway declares its own."""

from __future__ import annotations

from pydantic import Field

from gateway.doors import ANY, PUBLIC, Body, Doors, Page, Params, Reply

DOORS = Doors("toy", tag="玩具 / Toy")
DISTRICT = ("R_DISTRICT",)


class AddAmount(Body):
    """计数 / Add to a counter."""

    counter_id: str = Field(max_length=20, examples=["c1"])
    amount: int = Field(ge=-5000, description="数量 / amount", examples=[5])
    note: str = ""
    words: list[str] = Field(default_factory=list)


class CountUp(Body):
    counter_id: str
    amount: int


class CounterReply(Reply):
    id: str
    state: str
    version: int | None = None


class Total(Reply):
    id: str
    total: int


DOORS.command(
    "POST",
    "/counters",
    "add",
    body=AddAmount,
    reply=CounterReply,
    roles=DISTRICT,
    status=201,
    summary="计数 / Add",
)
DOORS.command(
    "POST",
    "/counters/{counter_id}/reset",
    "reset",
    reply=CounterReply,
    roles=DISTRICT,
    if_match=True,
    summary="清零 / Reset",
)
DOORS.command(
    "POST",
    "/counts",
    "count_up",
    body=CountUp,
    reply=CounterReply,
    roles=DISTRICT,
    status=202,
    summary="后台计数 / Count up",
)
DOORS.query(
    "GET", "/counters/{counter_id}", "total", reply=Total, roles=ANY, summary="总数 / Total"
)


class Filter(Params):
    """筛选 / Filter."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None
    ids: list[str] = Field(default_factory=list)


# The toy has no list; a door whose method does not exist shows what a version skew looks like.
DOORS.query(
    "GET",
    "/counters",
    "counters",
    params=Filter,
    reply=Page[Total],
    roles=PUBLIC,
    summary="列表 / List",
)
