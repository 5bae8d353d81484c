"""What is answered about points, budgets, figures and files of them."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from chassis.fields import Instant
from chassis.replies import Page, Reply
from services.credit.replies.common import Done


class BudgetGrantCard(Done, kw_only=True):
    """一次预算拨付 / A grant of the budget: proposed by one person, granted by another."""

    points: int
    basis: str
    proposed_by: str
    proposed_at: Instant
    decided_by: str | None = None
    decided_at: Instant | None = None
    reason: str | None = None


class BudgetReply(BudgetGrantCard, kw_only=True):
    """预算余额 / What the budget has left."""

    budget: int
    unfunded_points: int


class TrialBalance(Reply, kw_only=True):
    """试算平衡:全部账户之和为零 / All accounts sum to zero."""

    at: Instant
    accounts: dict[str, int]
    sum: int
    balanced: bool
    budget: dict[str, Any]


class IndicatorsReply(Reply, kw_only=True):
    """指标,均附分子与分母 / M-12, M-14, M-22, M-23, M-26, M-28, each with its denominator."""

    period: str
    scope: str
    at: Instant


class SumsReply(Page[dict[str, Any]], kw_only=True):
    """按月末归属汇总 / Sums by where everybody belonged when the month ended."""

    period: str
    scope: str
    by: str


class StatementLine(Reply, kw_only=True):
    """对账单的一行 / One line: `at` orders and cuts the statement, whenever the deed was done."""

    at: Annotated[Instant, Meta(description="入账时间 / when it was posted")]
    deed_at: Annotated[Instant, Meta(description="行为时间 / when what it is about was done")]
    kind: str
    ref: str
    period: str
    account: str
    amount: int


class StatementReply(Reply, kw_only=True):
    """积分对账单 / A statement of points."""

    subject: str
    until: Instant
    opening: dict[str, int]
    lines: list[StatementLine]
    closing: dict[str, int]


class ExportStarted(Done, kw_only=True):
    """The file and the job that makes it."""

    job_id: str


class ExportReply(Reply, kw_only=True):
    """导出文件的状态 / How far a file is."""

    id: str
    kind: str
    format: str
    state: Literal["QUEUED", "READY", "EXPIRED"]
    version: int
    name: str
    size: int | None = None
    expires_at: Instant | None = None
