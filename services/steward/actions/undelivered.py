"""Messages that could not be delivered: sent again, or the person was told otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from fivered.chassis.fields import Area
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.services.steward import storage
from fivered.services.steward.actions import sending
from fivered.services.steward.replies.sent import (
    DeliveriesRetried,
    MessageDelivery,
    WhichDelivery,
    delivery_of,
)

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx
    from fivered.chassis.records import Row

# Sent again by one call.
MOST = 1000


class RetryDeliveries(Request, frozen=True):
    """重发哪些 / Which are sent again."""

    scope: Annotated[Area, Meta(description="哪个区域的 / of which area")]
    channel: Literal["SMS", "EMAIL", "APP", "WECHAT"] | None = None


class SettleDelivery(WhichDelivery, frozen=True):
    """另行告知 / How the person was told otherwise."""

    how: Annotated[
        Literal["PHONE", "VISIT", "NOT_NEEDED"],
        Meta(description="电话、上门或不必再告知 / by phone, by a visit, or not needed any more"),
    ]


def retry_delivery(tx: Tx, payload: WhichDelivery) -> MessageDelivery:
    """重发未送达的消息 / Send a message again that could not be delivered.

    Raises:
        NotFound: There is none, or its person is registered outside the caller's area.
        StateConflict: It is not one that was given up.
    """
    row = _dead(tx, payload.delivery_id)
    _again(tx, [row.delivery_id])
    return _card(tx, row.delivery_id)


def retry_deliveries(tx: Tx, payload: RetryDeliveries) -> DeliveriesRetried:
    """重发全部未送达的消息 / Send all messages again that could not be delivered.

    该区域内已放弃的消息,每次最多一千条,新的在先。
    Of the area, the newest first, a thousand at a time.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    tx.require_scope(payload.scope)
    dead = storage.deliveries.dead(tx.conn, payload.scope, payload.channel, MOST + 1)
    _again(tx, dead[:MOST])
    return DeliveriesRetried(retried=len(dead[:MOST]), more=len(dead) > MOST)


def settle_delivery(tx: Tx, payload: SettleDelivery) -> MessageDelivery:
    """已另行告知 / The person was told otherwise.

    Raises:
        NotFound: There is none, or its person is registered outside the caller's area.
        StateConflict: It is not one that was given up.
    """
    row = _dead(tx, payload.delivery_id)
    storage.deliveries.change(
        tx.conn, row.delivery_id, state="SETTLED", settled=payload.how, said=None
    )
    return _card(tx, row.delivery_id)


def _again(tx: Tx, delivery_ids: list[str]) -> None:
    storage.deliveries.again(tx.conn, delivery_ids, by=tx.actor.id, at=tx.now)
    for delivery_id in delivery_ids:
        sending.start(tx, delivery_id, tx.now)


def _dead(tx: Tx, delivery_id: str) -> Row:
    row = storage.deliveries.of_area(tx.conn, delivery_id, lock=True)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="message_delivery", id=delivery_id)
    if row.state != "DEAD":
        raise StateConflict(state=row.state)
    return row


def _card(tx: Tx, delivery_id: str) -> MessageDelivery:
    row = storage.deliveries.of_area(tx.conn, delivery_id)
    if row is None:
        raise LookupError(delivery_id)
    return delivery_of(tx, row)
