"""What went out to people, and what could not: for the office of their area."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import storage
from fivered.services.steward.replies.sent import MessageDelivery, WhichDelivery, delivery_of

State = Literal["WAITING", "SENT", "NOBODY", "LATE", "DEAD", "SETTLED"]


class DeliveryList(Request, frozen=True):
    """消息推送筛选 / Which of the messages that go out."""

    state: Annotated[State, Meta(examples=["DEAD"])] | None = None
    channel: Literal["SMS", "EMAIL", "APP", "WECHAT"] | None = None
    scope: Annotated[Area, Meta(description="只看此区域 / of this area only")] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def message_deliveries(tx: Tx, payload: DeliveryList) -> Page[MessageDelivery]:
    """消息推送记录 / Messages that went out, or could not.

    本区域居民的消息推送:待发、已发、未送达及原因;不含正文、手机号和邮箱。
    Answer what goes out to the people of the area, newest first: what waits, what was taken, what
    could not be delivered and why; neither texts nor addresses.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    if payload.scope is not None:
        tx.require_scope(payload.scope)
    found = storage.deliveries.page(tx.conn, payload.scope or tx.actor.scope, payload)
    return found.listed(lambda row: delivery_of(tx, row))


def message_delivery(tx: Tx, payload: WhichDelivery) -> MessageDelivery:
    """一条消息推送 / One message that went out, or could not.

    Raises:
        NotFound: There is none, or its person is registered outside the caller's area.
    """
    row = storage.deliveries.of_area(tx.conn, payload.delivery_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="message_delivery", id=payload.delivery_id)
    return delivery_of(tx, row)
