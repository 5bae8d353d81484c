"""What is answered of what a desk does with a case beside its steps."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class NoteReply(Reply, kw_only=True):
    """已写入 / A note was kept."""

    id: str
    request_id: str
    kind: Annotated[str, Meta(examples=["REPLY"])]
    state: str
    version: int


class NoteCard(Reply, kw_only=True):
    """备注、答复或补充 / What was written to a case; internal notes are for its staff alone."""

    id: str
    request_id: str
    kind: Annotated[
        str,
        Meta(
            description="NOTE 内部备注,REPLY 答复,INFO 诉求人补充,URGE 催办 / internal, a reply, "
            "what the reporter added or said when urging",
            examples=["REPLY"],
        ),
    ]
    text: Annotated[str, Meta(description="保存期满后为空 / null once its time was over")] | None
    at: Instant
    by_role: str
    by_role_zh: str
    by_role_en: str
    author_id: str | UnsetType = UNSET
    receipt: str | UnsetType | None = UNSET


class CallReply(Reply, kw_only=True):
    """已登记通话 / A call was noted."""

    id: str
    request_id: str
    state: str
    version: int


class CallCard(Reply, kw_only=True):
    """通话记录 / A call about a case; its number masked."""

    id: str
    request_id: str
    direction: Annotated[str, Meta(description="IN 来电,OUT 去电 / called in, was called")]
    reached: bool
    phone: Annotated[str, Meta(description="遮蔽 / masked", examples=["128****5678"])] | None
    seconds: int | None
    record_ref: str | None
    note: str | None
    at: Instant
    by_id: str
    by_role: str
    by_role_zh: str
    by_role_en: str


class CallerShown(Reply, kw_only=True):
    """来电号码 / The caller's number, this once; it is kept in no reply, event or log."""

    id: str
    state: Literal["REVEALED"]
    value: Annotated[str, Meta(examples=["12812345678"])]
    at: Instant
    left: Annotated[int, Meta(description="今天还可查看的次数 / how many are left of the day")]


class PauseReply(Reply, kw_only=True):
    """暂停 / A pause after a step."""

    id: str
    request_id: str
    state: Annotated[str, Meta(examples=["RUNNING"])]
    until: Instant | None
    due_resolve: Annotated[Instant, Meta(description="暂停期满时的办结时限 / the request's end")]
    version: Annotated[int, Meta(description="诉求的版本 / of the request")]


class PauseCard(Reply, kw_only=True):
    """暂停 / When, why and how long the clock of a case rested, and what its end became."""

    id: str
    request_id: str
    ground: str
    ground_zh: str
    ground_en: str
    days: int
    reason: str | None
    state: str
    state_zh: str
    state_en: str
    asked_at: Instant
    started_at: Instant | None
    until: Instant | None
    ended_at: Instant | None
    due_before: Instant | None
    due_after: Instant | None
    version: Annotated[int, Meta(description="诉求的版本 / of the request")]
    asked_by: str | UnsetType = UNSET
    decided_by: str | UnsetType | None = UNSET


class PausesReply(Reply, kw_only=True):
    """暂停记录 / All pauses of a case."""

    items: list[PauseCard]
    next: None = None


class PauseGroundCard(Reply, kw_only=True):
    """暂停事由 / A ground, and for how long."""

    ground: str
    ground_zh: str
    ground_en: str
    own_days: Annotated[
        int,
        Meta(
            description="承办人可自行决定的天数,同一诉求合计 / the handlers' own days, per request"
        ),
    ]
    most_days: Annotated[int, Meta(description="一次最多天数 / days at once at most")]


class PauseGrounds(Reply, kw_only=True):
    """暂停事由 / On which grounds a clock may rest, and how long in all by the kind of clock."""

    items: list[PauseGroundCard]
    in_all: Annotated[dict[str, int], Meta(description="合计最多天数 / days in all, by clock")]
    next: None = None


class ReceiptReply(Reply, kw_only=True):
    """受理回执 / What is handed over to who reported something."""

    id: str
    number: str
    state: str
    channel: str
    category: str
    grid: str
    building: str | None
    text: str
    caller: Annotated[str, Meta(description="来电号码,遮蔽 / the caller's number, masked")] | None
    created_at: Instant
    due_contact: Instant | None
    due_resolve: Instant
    receipt_no: Annotated[
        str,
        Meta(
            description="回执编号,无账号的诉求人凭此请工作人员代办"
            " / by which staff act for a reporter without an account",
            examples=["HZ-3F9A27C1"],
        ),
    ]
    receipt: Annotated[str, Meta(description="可打印的文本 / a text to print")]


class SimilarRequest(Reply, kw_only=True):
    """可能相同的诉求 / What helps to recognise a matter: no text, no reporter."""

    id: str
    number: str
    category: str
    building: str | None = None
    state: str
    created_at: Instant
    due_resolve: Instant
    likeness: (
        Annotated[
            int, Meta(description="文字相似度,百分比 / how much the texts are alike, in percent")
        ]
        | UnsetType
    ) = UNSET


class SimilarReply(Reply, kw_only=True):
    """可能相同的诉求 / Open requests that may be the same."""

    items: list[SimilarRequest]
    next: None = None


class PoolCard(Reply, kw_only=True):
    """待认领的诉求 / A case that may be taken up: no words, no reporter."""

    id: str
    number: str
    state: str
    version: int
    kind: str
    category: str
    priority: str
    grid: str
    building: str | None
    created_at: Instant
    due_accept: Instant | None
    due_contact: Instant | None
    due_resolve: Instant
    late: bool
    level: int


class BatchOutcome(Reply, kw_only=True):
    """一条结果 / What became of one case; of one that was refused, why."""

    id: str
    result: Annotated[str, Meta(examples=["done"])]
    state: str | UnsetType = UNSET
    version: int | UnsetType = UNSET
    handler: str | UnsetType | None = UNSET
    field: str | UnsetType = UNSET
    message_zh: str | UnsetType = UNSET
    message_en: str | UnsetType = UNSET


class BatchReply(Reply, kw_only=True):
    """逐条结果 / One result for each case, in the order given."""

    id: None = None
    state: str
    items: list[BatchOutcome]


class Ending(Reply, kw_only=True):
    """办结类别 / How requests ended, and how many."""

    ending: Annotated[
        str,
        Meta(
            description="SOLVED、EXPLAINED、UNSOLVABLE:已结案的结果;REJECTED、MERGED、CANCELLED:"
            "其他终结;每件只在一类 / what came of those closed, and what ended otherwise; each "
            "request is in one class",
            examples=["SOLVED"],
        ),
    ]
    ending_zh: str
    ending_en: str
    ground: Annotated[str, Meta(description="不予受理的理由 / why rejected")] | None = None
    requests: int
    confirmed: (
        Annotated[
            int, Meta(description="已结案的:诉求人评价为已解决 / closed, and rated as solved")
        ]
        | UnsetType
    ) = UNSET
    disputed: (
        Annotated[
            int, Meta(description="已结案的:诉求人评价为未解决 / closed, and rated as not solved")
        ]
        | UnsetType
    ) = UNSET
    unrated: (
        Annotated[int, Meta(description="已结案的:未评价 / closed, and not rated")] | UnsetType
    ) = UNSET
