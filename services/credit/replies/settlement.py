"""What is answered about months, their notices and logs."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.credit.replies.awards import AwardReply
from fivered.services.credit.replies.common import Done

Viewer = Literal["PUBLIC", "SELF", "REVIEWER", "AUDITOR"]


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
    rule_set: str | None
    entries: int
    to_check: list[str]
    checked: list[str]
    unfunded_points: int
    notice_id: str | None
    drafted_at: Instant | None
    reviewed_at: Instant | None
    confirmed_at: Instant | None
    published_at: Instant | None
    objection_until: Instant | None
    settled_at: Instant | None


class EntryCard(Reply, kw_only=True):
    """赋分条目 / An entry of a settlement."""

    settlement_id: str
    subject: str
    kind: str
    period: str
    good: int
    bad: int
    score: int | None
    raw_grade: str
    grade: str
    gates_failed: list[str]
    points_pending: int
    points_released: int
    state: str


class Before(Reply, kw_only=True):
    """The newest final month before."""

    score: int | None
    grade: str


class EntryCompared(EntryCard, kw_only=True):
    """赋分条目与上期 / An entry beside the newest final one before it."""

    before: Before | None


class SettlementDetail(SettlementCard, kw_only=True):
    """月度赋分及全部条目 / With its entries."""

    items: list[EntryCompared]


class SettlementReviewed(Done, kw_only=True):
    """核对结果 / What a review leaves to be done."""

    hash: str | None
    unchecked: int
    missing: list[str]


class SettlementConfirmed(Done, kw_only=True):
    """确认结果 / Confirmed; its notice hangs already where it was late, else `due` says when."""

    notice_id: str | UnsetType = UNSET


class Drafted(Reply, kw_only=True):
    """A month that a job has drafted."""

    period: str
    areas: int


class MonthLogReply(Reply, kw_only=True):
    """已公示月份的日志,可据此重新计算 / The log from which a published month is recomputed."""

    settlement_id: str
    period: str
    community: str
    part: int
    parts: int
    lines: Annotated[list[str], Meta(description="JSON 行 / JSON lines")]
    next: int | None = None


class MonthExported(Reply, kw_only=True):
    """The log of a month as a file of the installation."""

    settlement_id: str
    period: str
    community: str
    sha256: str
    size: int
    lines: int


class NoticeCard(Reply, kw_only=True):
    """公示 / A public notice."""

    id: str
    number: str
    kind: str
    scope: str
    period: str
    state: str
    version: int
    digest: str
    published_at: Instant
    ends_at: Instant
    down_at: Instant
    title: str | None
    corrects: str | None
    corrected_by: str | None


class NoticeDetail(NoticeCard, kw_only=True):
    """公示全文,只含编号 / With its content, which holds ids only."""

    settlement_id: str | None
    commendation_id: str | None
    withdrawn_at: Instant | UnsetType = UNSET
    withdrawn_because: str | UnsetType | None = UNSET
    body: dict[str, object]


class EntryReason(Reply, kw_only=True):
    """Why an organisation has its score, as everybody reads it."""

    rule: str
    reason: str
    score: int


class EntryReply(Reply, kw_only=True):
    """按查看人展示的条目 / An entry as the caller may see it; of persons, the grade alone."""

    viewer: Viewer
    settlement_id: str | UnsetType = UNSET
    subject: str
    kind: str | UnsetType = UNSET
    period: str
    good: int | UnsetType = UNSET
    bad: int | UnsetType = UNSET
    score: int | UnsetType | None = UNSET
    raw_grade: str | UnsetType = UNSET
    grade: str
    gates_failed: list[str] | UnsetType = UNSET
    points_pending: int | UnsetType = UNSET
    points_released: int | UnsetType = UNSET
    state: str | UnsetType = UNSET
    note: str | UnsetType | None = UNSET
    reasons: list[EntryReason] | UnsetType = UNSET
    awards: list[AwardReply] | UnsetType = UNSET
    settlement_digest: str | UnsetType | None = UNSET
    notice_digest: str | UnsetType | None = UNSET
    reviewed_by: str | UnsetType | None = UNSET
    confirmed_by: str | UnsetType | None = UNSET


class NoticeCorrected(Done, kw_only=True):
    """更正后的公示 / The notice that stands for another one."""

    corrects: str
