"""What is answered about months, their notices and logs."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from chassis.fields import Instant
from chassis.replies import Reply


class SettlementCard(Reply, kw_only=True):
    """月度赋分 / The month of an area."""

    id: str
    period: str
    community: str
    state: str
    version: int
    complete: bool
    missing: list[str]
    hash: str | None = None
    to_check: list[str]


class SettlementDetail(SettlementCard, kw_only=True):
    """月度赋分及全部条目 / With its entries."""

    items: list[dict[str, Any]]


class MonthLogReply(Reply, kw_only=True):
    """已公示月份的日志,可据此重新计算 / The log from which a published month is recomputed."""

    settlement_id: str
    period: str
    community: str
    part: int
    parts: int
    lines: Annotated[list[str], Meta(description="JSON 行 / JSON lines")]
    next: int | None = None


class NoticeCard(Reply, kw_only=True):
    """公示 / A public notice."""

    id: str
    number: str
    kind: str
    scope: str
    period: str
    state: str
    published_at: Instant
    ends_at: Instant


class NoticeDetail(NoticeCard, kw_only=True):
    """公示全文,只含编号 / With its content, which holds ids only."""

    body: dict[str, Any]


class EntryReply(Reply, kw_only=True):
    """按查看人展示的条目 / An entry as the caller may see it."""

    viewer: Literal["PUBLIC", "SELF", "REVIEWER", "AUDITOR"]
    subject: str
    period: str
    grade: str
