"""Two releases of the toy whose doors stand in a table."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta, field

from fivered.chassis.api import Leaving
from fivered.chassis.fields import Cursor, Day, Instant, Limit, Period
from fivered.chassis.messages import ANY_ROLE, PUBLIC
from fivered.chassis.replies import Page, Reply
from fivered.chassis.requests import Request
from fivered.chassis.table import command, query
from fivered.chassis.tests.toy.service import Add, Toy, Which, counters
from fivered.chassis.transaction import Tx

DISTRICT = ("R_DISTRICT",)
GOING = Leaving(date(2026, 11, 30), date(2027, 6, 30), "GET /v1/toy/counters/{counter_id}")


class Counter(Reply, kw_only=True):
    """计数器 / A counter."""

    id: str
    total: Annotated[int, Meta(description="现值 / what it stands at", examples=[12])]


class Changed(Reply, kw_only=True):
    """变更结果 / What a command left behind."""

    id: str
    state: str
    version: int


class Part(Request, frozen=True):
    """A part of what is added."""

    title: Annotated[str, Meta(max_length=9)]
    until: Instant | None = None


class Raise(Request, frozen=True):
    """计数 / Add to a counter.

    Attributes:
        kind: Nothing depends on it.
    """

    counter_id: Annotated[str, Meta(max_length=20, examples=["c1"])]
    amount: Annotated[int, Meta(ge=1, le=1000, description="数量 / amount", examples=[5])]
    kind: Literal["PLAIN", "FANCY"] = "PLAIN"
    on: Day | None = None
    at: Instant | None = None
    parts: Annotated[list[Part], Meta(max_length=3)] = field(default_factory=list)


class Listing(Request, frozen=True):
    """筛选 / Filter."""

    ids: Annotated[list[str], Meta(max_length=3)] | None = None
    least: int = 0
    level: Literal[0, 1, 2] = 0
    limit: Limit = 50
    cursor: Cursor | None = None


class OfMonth(Request, frozen=True):
    period: Period


def raise_counter(tx: Tx, order: Raise) -> Changed:
    """计数 / Add.

    This is for who reads the code.

    另有说明。
    More is said here.

    Raises:
        TooMuch: Never.
    """
    return Changed(**tx.runtime.instance().add(tx, Add(order.counter_id, order.amount)))


def raise_more(tx: Tx, order: Raise) -> Changed:
    """再计数 / Add more."""
    return raise_counter(tx, order)


def counter(tx: Tx, asked: Which) -> Counter:
    """总数 / Total."""
    return Counter(**tx.runtime.instance().total(tx, asked))


def list_counters(tx: Tx, asked: Listing) -> Page[Counter]:
    """列表 / List."""
    found = sa.select(counters).where(counters.c.total >= asked.least).limit(asked.limit)
    if asked.ids:
        found = found.where(counters.c.counter_id.in_(asked.ids))
    rows = tx.conn.execute(found.order_by(counters.c.counter_id))
    return Page[Counter](items=[Counter(id=row.counter_id, total=row.total) for row in rows])


def month(_tx: Tx, asked: OfMonth) -> Counter:
    """月份 / A month."""
    return Counter(id=asked.period, total=0)


class First(Toy):
    """The release that runs today."""

    title = "玩具 / Toy"
    doors = (
        command("POST /counters", raise_counter, roles=DISTRICT, status=201),
        command("POST /counters/{counter_id}/more", raise_more, roles=DISTRICT),
        query("GET /counters/{counter_id}", counter, roles=(ANY_ROLE,)),
        query("GET /tallies/{counter_id}", counter, roles=(ANY_ROLE,), leaving=GOING, name="tally"),
        query("GET /counters", list_counters, roles=(PUBLIC,), cost=2),
    )


class Second(Toy):
    """The next one: a door more, one fewer."""

    title = "玩具 / Toy"
    doors = (
        First.doors[0],
        First.doors[2],
        query("GET /months/{period}", month, roles=(PUBLIC,)),
    )
