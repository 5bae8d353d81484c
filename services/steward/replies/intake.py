"""What is answered of what other systems bring in."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.steward.replies.desk import SimilarRequest

ItemState = Annotated[
    str,
    Meta(
        description="WAITING 待确认,FILED 已立案,JOINED 已并入,REFUSED 不予立案 / waits, became a"
        " request, was joined to one, was refused",
        examples=["WAITING"],
    ),
]


class ItemReply(Reply, kw_only=True):
    """来件 / An item after a step."""

    id: str
    state: ItemState
    external_ref: str | None
    request_id: str | None
    number: Annotated[str, Meta(description="诉求编号 / number of its request")] | UnsetType = UNSET
    case_number: (
        Annotated[str, Meta(description="并入的诉求 / the case it was joined to")] | UnsetType
    ) = UNSET
    duplicate: (
        Annotated[bool, Meta(description="此前已送达 / it was brought before")] | UnsetType
    ) = UNSET
    version: int


class ItemCard(Reply, kw_only=True):
    """来件 / What another system brought, and what became of it."""

    id: str
    channel: str
    channel_zh: str
    channel_en: str
    source: Annotated[str, Meta(description="系统账号 / the service account")]
    external_ref: Annotated[str, Meta(description="来源编号 / number at its source")] | None
    area: str
    building: str | None
    kind: str | None
    category: str | None
    state: ItemState
    state_zh: str
    state_en: str
    sent_at: Instant
    received_at: Instant
    answer_by: Annotated[Instant, Meta(description="来源要求的答复时限 / the source's term")] | None
    request_id: str | None
    reason: str | None
    reason_zh: str | UnsetType = UNSET
    reason_en: str | UnsetType = UNSET
    note: str | None
    decided_at: Instant | None
    version: int


class ItemDetail(ItemCard, kw_only=True):
    """来件详情 / An item with its words, and open requests that may be the same matter."""

    text: Annotated[str, Meta(description="保存期满后为空 / null once its time was over")] | None
    phone: Annotated[str, Meta(description="遮蔽 / masked", examples=["128****5678"])] | None
    sender: (
        Annotated[str, Meta(description="群内发言人代号 / who wrote it, as the chat calls it")]
        | None
    )
    reporter_id: (
        Annotated[
            str,
            Meta(description="按来电号码认出的居民 / the resident whose phone it is"),
        ]
        | None
    )
    similar: list[SimilarRequest]


class ResultCard(Reply, kw_only=True):
    """回传结果 / A step of which the source of an item is told."""

    id: Annotated[str, Meta(description="来件编号 / id of the item")]
    sequence: Annotated[int, Meta(description="序号,用作 after / its place, for `after`")]
    channel: str
    external_ref: str | None
    step: Annotated[
        str,
        Meta(
            description="FILED 已立案,JOINED 已并入,REFUSED 不予立案,DISPATCHED 已派单,"
            "ACCEPTED 已接单,RESOLVED 已办结,CLOSED 已结案,REJECTED 不予受理,REOPENED 重办,"
            "CANCELLED 撤回,PARTED 单独办理 / what happened",
            examples=["RESOLVED"],
        ),
    ]
    step_zh: str
    step_en: str
    at: Instant
    number: Annotated[str, Meta(description="诉求编号 / number of its request")] | None
    case_number: Annotated[str, Meta(description="在办诉求 / number of the case")] | None
    duty: Annotated[str, Meta(description="承办人岗位 / the post that has it")] | UnsetType = UNSET
    due: Annotated[Instant, Meta(description="办结时限 / to be resolved by")] | UnsetType = UNSET
    outcome: Annotated[str, Meta(examples=["SOLVED"])] | UnsetType = UNSET
    reason: Annotated[str, Meta(description="理由代码 / code of the reason")] | UnsetType = UNSET
    note: (
        Annotated[str, Meta(description="办理结果或理由 / what was done, or why not")]
        | UnsetType
        | None
    ) = UNSET
