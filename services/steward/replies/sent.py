"""What is answered about messages that went out, or could not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Area
from fivered.chassis.records import Row
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request
from fivered.services.steward.rules import access

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx


class MessageDelivery(Reply, kw_only=True):
    """消息推送 / A message on its way out; neither its text nor the address."""

    id: str
    area: Annotated[Area, Meta(description="收件人所属社区 / where the person is registered")]
    channel: Annotated[str, Meta(description="渠道 / channel", examples=["SMS"])]
    service: Annotated[str, Meta(description="由哪个服务告知 / which service has told it")]
    state: Annotated[
        str,
        Meta(
            description="待发、已发、无地址、过时、未送达或已另行告知 / WAITING, SENT, NOBODY (no"
            " address), LATE, DEAD (given up), SETTLED (told otherwise)",
            examples=["DEAD"],
        ),
    ]
    attempts: Annotated[int, Meta(description="已尝试次数 / tries so far")]
    status: Annotated[
        int | None, Meta(description="对方最后的答复码 / code of the receiver's last answer")
    ]
    error: Annotated[
        str | None, Meta(description="未送达的原因 / why it was not taken", examples=["refused"])
    ]
    created_at: datetime
    next_at: Annotated[datetime | None, Meta(description="下次尝试 / when it is tried next")]
    ended_at: Annotated[datetime | None, Meta(description="结束时间 / when it came to its end")]
    retried_at: Annotated[
        datetime | None, Meta(description="最近一次重发 / when it was last sent again by hand")
    ]
    settled: Annotated[
        str | None, Meta(description="另行告知的方式 / how the person was told otherwise")
    ]
    person_id: Annotated[
        str | UnsetType, Meta(description="收件人,仅本社区可见 / whom, for the own community")
    ] = UNSET


class DeliveriesRetried(Reply, kw_only=True):
    """重发 / What is sent again."""

    retried: Annotated[int, Meta(description="重新发送的条数 / how many are sent again")]
    more: Annotated[bool, Meta(description="是否还有,可再次重发 / whether others are left")]


class WhichDelivery(Request, frozen=True):
    """Which of them is meant."""

    delivery_id: Annotated[str, Meta(max_length=64)]


def delivery_of(tx: Tx, row: Row) -> MessageDelivery:
    """Return a delivery as the office reads it."""
    named = access.may_see(tx.actor, "name", row.area)
    return MessageDelivery.of(
        row,
        id=row.delivery_id,
        service=row.source or tx.runtime.name,
        person_id=row.person_id if named else UNSET,
    )
