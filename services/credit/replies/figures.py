"""What is answered about points, budgets, figures and files of them."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Page, Reply
from fivered.services.credit.replies.common import Done


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


class BudgetLeft(Struct, kw_only=True):
    """预算执行情况 / What the budget has left; `enforced` from the first grant on."""

    enforced: bool
    left: int
    unfunded_points: int | UnsetType = UNSET


class TrialBalance(Reply, kw_only=True):
    """试算平衡:全部账户之和为零 / All accounts sum to zero.

    Of the present, `lines`, `lots`, `holds` and `postings` are what the balances are proved by.
    """

    at: Instant
    accounts: dict[str, int]
    sum: int
    balanced: bool
    budget: BudgetLeft
    lines: dict[str, int] | UnsetType = UNSET
    lots: int | UnsetType = UNSET
    holds: int | UnsetType = UNSET
    postings: int | UnsetType = UNSET


class PendingMonth(Struct, kw_only=True):
    """待发积分 / Points that wait for the settlement of their month."""

    period: str
    points: int


class LotCard(Struct, kw_only=True):
    """一批积分 / Points of one release, which expire together."""

    period: str
    points: int
    left: int
    expires_at: Instant


class HoldCard(Struct, kw_only=True):
    """一笔冻结 / Points that are held for a redemption."""

    redemption_id: str
    partner_id: str
    points: int
    held_at: Instant


class Wallet(Struct, kw_only=True):
    """积分账户 / A subject's balances, lots and holds."""

    pending: int
    available: int
    held: int
    receivable: int
    clawback: int
    pending_by_month: list[PendingMonth]
    lots: list[LotCard]
    holds: list[HoldCard]


class Share(Struct, kw_only=True):
    """占比及分子、分母 / A share with both its numbers; of nothing there is no share."""

    part: int
    whole: int
    percent: str | None


class Redeemed(Share, kw_only=True):
    """兑换率 / Of the points released, those redeemed; and those that were given back."""

    refunded: int


class Redemption(Struct, kw_only=True):
    """兑换率:当月及累计 / In the month, and to date."""

    window: Redeemed
    to_date: Redeemed


class LateCommunity(Struct, kw_only=True):
    """逾期公示的社区 / A community that was published late, or is not published yet."""

    community: str
    published_at: Instant | None
    working_days_late: int


class Punctuality(Share, kw_only=True):
    """按时公示率 / How many communities were published in time."""

    planned_at: Instant
    late: list[LateCommunity]


class Upheld(Share, kw_only=True):
    """异议成立率 / Of what was decided, what was upheld; wholly or in part."""

    in_part: int


class Appeals(Struct, kw_only=True):
    """异议率与办理情况 / How often a month is objected to, and how that ends."""

    filed: int
    entries: int
    per_1000_entries: str | None
    upheld: Upheld
    in_time: Share
    rule_review: Annotated[
        bool, Meta(description="成立率超过一成,应检视规则 / the rules are to be looked at")
    ]


class Spread(Struct, kw_only=True):
    """积分分布 / How evenly points are spread; `null_because` says why that is not told."""

    persons: int
    gini: str | None
    top_tenth: Share | None
    null_because: str | None


class Distribution(Struct, kw_only=True):
    """等级与积分分布 / Grades by kind, and the spread of points."""

    grades: dict[str, dict[str, int]]
    points: Spread


class Liability(Struct, kw_only=True):
    """未兑付积分 / What the points are worth that can still be redeemed or paid out."""

    available: int
    held: int
    receivable: int
    pending: int
    outstanding: int
    liability_fen: int


class IndicatorsReply(Reply, kw_only=True):
    """指标,均附分子与分母 / M-12, M-14, M-22, M-23, M-26, M-28, each with its denominator."""

    period: str
    scope: str
    at: Instant
    consent: Share = field(name="M-12")
    redemption: Redemption = field(name="M-14")
    punctuality: Punctuality = field(name="M-22")
    appeals: Appeals = field(name="M-23")
    distribution: Distribution = field(name="M-26")
    liability: Liability = field(name="M-28")


class GroupSum(Struct, kw_only=True):
    """一组的汇总 / One group of one kind; of persons no score is told."""

    group: str
    kind: str
    entries: int
    rated: int
    good: int
    bad: int
    points: int
    average_score: str | None


class SumsReply(Page[GroupSum], kw_only=True):
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
    since: Instant | None
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
    requested_at: Instant
    expires_at: Instant | None = None


class FileReply(Reply, kw_only=True):
    """文件内容的位置 / Where the bytes of a file lie among the installation's files."""

    name: str
    media_type: str
    sha256: str
    size: int
