"""Doors of the toy service, declared as the gateway declares its own."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from fivered.chassis.replies import Page, Reply
from fivered.chassis.requests import Request
from fivered.chassis.tests.toy.service import AddReadings
from fivered.gateway.doors import ANY, PUBLIC, Doors

DOORS = Doors("toy", tag="玩具 / Toy")
DISTRICT = ("R_DISTRICT",)


class AddAmount(Request, frozen=True):
    """计数 / Add to a counter."""

    counter_id: Annotated[str, Meta(max_length=20, examples=["c1"])]
    amount: Annotated[int, Meta(ge=-5000, description="数量 / amount", examples=[5])]
    note: str = ""
    words: list[str] = field(default_factory=list)


class CountUp(Request, frozen=True):
    counter_id: str
    amount: int


class CounterReply(Reply):
    id: str
    state: str
    version: int | UnsetType = UNSET


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


class Readings(Reply):
    id: str
    said: list[str]


DOORS.command(
    "POST",
    "/readings",
    "add_readings",
    body=AddReadings,
    reply=Readings,
    roles=DISTRICT,
    summary="抄表 / Add readings",
)
DOORS.query(
    "GET", "/counters/{counter_id}", "total", reply=Total, roles=ANY, summary="总数 / Total"
)


class Filter(Request, frozen=True):
    """筛选 / Filter."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None
    ids: list[str] = field(default_factory=list)


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
