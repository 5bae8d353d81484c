"""What the partner service answers: the types that a caller may rely on."""

from typing import Annotated, Literal

from msgspec import Meta

from chassis.fields import Instant
from chassis.replies import Reply

PartnerState = Literal["APPLIED", "VETTED", "REFUSED", "WITHDRAWN", "ACTIVE", "SUSPENDED", "EXITED"]
RedemptionState = Literal[
    "REQUESTED",
    "RESERVED",
    "REJECTED",
    "REDEEMING",
    "REDEEMED",
    "CANCELLING",
    "CANCELLED",
    "EXPIRING",
    "EXPIRED",
    "REFUND_REVIEW",
    "REFUNDED",
    "SETTLED",
]
StatementState = Literal["ISSUED", "DISPUTED", "CONFIRMED", "HELD", "PAID"]


class PartnerReply(Reply, kw_only=True):
    """合伙人的状态 / The state of a partner."""

    id: str
    state: str
    version: int


class Step(Reply, kw_only=True):
    """一步历史 / One step of a history."""

    step: str
    state: str
    at: Instant


class PartnerCard(Reply, kw_only=True):
    """合伙人名片 / A partner as everybody may know it; more to those who act for it."""

    id: str
    name: str
    uscc: str
    category: str
    level: str
    area: str
    settle_mode: str
    state: PartnerState
    grade: str | None = None
    score: int | None = None
    graded_period: str | None = None
    gates_failed: list[str]
    version: int


class OfferReply(Reply, kw_only=True):
    """兑换项目的状态 / The state of an offer."""

    id: str
    state: str
    version: int
    terms: int | None = None
    stock_left: int | None = None


class OfferCard(Reply, kw_only=True):
    """兑换项目 / An offer."""

    id: str
    partner_id: str
    kind: str
    title: str
    points_price: int
    face_value_fen: int
    terms: int
    stock_total: int
    stock_left: int
    per_person_month: int | None = None
    audience: str
    scope: str
    valid_from: Instant
    valid_to: Instant
    voucher_ttl_h: int
    state: str
    version: int


class OfferOutcome(Reply, kw_only=True):
    """一项的结果 / What became of one of several; `code` and messages where it was refused."""

    id: str
    state: Annotated[str, Meta(examples=["APPROVED"])]
    version: int | None = None
    terms: int | None = None
    code: Annotated[str, Meta(examples=["CONFLICT_OF_INTEREST"])] | None = None
    message_zh: str | None = None
    message_en: str | None = None


class OffersReply(Reply, kw_only=True):
    """批量审批结果 / How many are approved, and what became of each, in the order given."""

    approved: int
    items: list[OfferOutcome]


class RedemptionReply(Reply, kw_only=True):
    """兑换单的状态 / The state of a redemption; `due` is when the voucher ends."""

    id: str
    number: str
    state: str
    version: int
    points: int
    due: Instant | None = None


class RedemptionCard(Reply, kw_only=True):
    """兑换单 / A redemption; `voucher` only to its holder and while it can be used."""

    id: str
    number: str
    wallet: str
    partner_id: str
    offer_id: str
    title: str
    kind: str
    qty: int
    points: int
    state: RedemptionState
    reason: str | None = None
    reason_zh: Annotated[str, Meta(examples=["可用积分不足"])] | None = None
    reason_en: Annotated[str, Meta(examples=["not enough points"])] | None = None
    created_at: Instant
    expires_at: Instant | None = None
    redeemed_at: Instant | None = None
    stars: int | None = None
    voucher: str | None = None
    refund_due: Instant | None = None
    refund_late: bool = False
    refund_denied: str | None = None
    version: int


class DeskLine(Reply, kw_only=True):
    """柜台上的一单 / One redemption at the desk."""

    id: str
    number: str
    offer_id: str
    qty: int
    points: int
    state: str
    refund_text: str | None = None
    refund_due: Instant | None = None
    refund_late: bool = False
    version: int


class WaitingRefund(DeskLine, kw_only=True):
    """待审理的退回 / A refund that waits for the caller's decision."""

    partner_id: str
    refund_asked_at: Instant
    refund_denied: str | None = None


class StatementLine(Reply, kw_only=True):
    """结算单 / A statement without its lines."""

    id: str
    partner_id: str
    period: str
    area: str
    points: int
    amount_fen: int
    state: StatementState
    confirm_due: Instant
    review_late: bool
    version: int


class Desk(PartnerCard, kw_only=True):
    """合伙人柜台 / What an operator needs at the counter."""

    counts: dict[str, int]
    receivable_points: int
    to_verify: list[DeskLine]
    refunds: list[DeskLine]
    offers: list[OfferCard]
    statements: list[StatementLine]


class Share(Reply, kw_only=True):
    """一个月的服务占比 / The service share of one month."""

    period: str
    points_services: int
    points_goods: int
    share_percent: str | None = None


class Shares(Reply, kw_only=True):
    """服务占比 / How much of what was redeemed are services and discounts."""

    scope: str
    items: list[Share]


class StatementReply(Reply, kw_only=True):
    """结算单的状态 / The state of a statement."""

    id: str
    state: str
    version: int
    points: int
    amount_fen: int
    due: Instant | None = None


class BilledLine(Reply, kw_only=True):
    """结算明细 / One line; a refund's numbers are negative."""

    line_no: int
    redemption_id: str
    kind: str
    points: int
    amount_fen: int
    redeemed_at: Instant


class StatementCard(StatementLine, kw_only=True):
    """结算单及明细 / A statement with its lines and history."""

    lines: list[BilledLine]
    history: list[Step]


class FundReply(Reply, kw_only=True):
    """基金预算 / The budget; `confirmed` are statements that had waited for it."""

    id: str
    state: str
    version: int
    budget_fen: int
    confirmed: list[str]


class FundLine(Reply, kw_only=True):
    """基金 / A fund of a month."""

    id: str
    level: str
    area: str
    period: str
    budget_fen: int
    version: int
    created_at: Instant


class FundPosition(Reply, kw_only=True):
    """基金收支 / What the fund has, has promised, has paid, and what waits for it."""

    id: str
    level: str
    area: str
    period: str
    budget_fen: int
    committed_fen: int
    paid_fen: int
    burn_percent: (
        Annotated[
            str, Meta(description="已付占预算的百分比 / what was paid, in per cent of the budget")
        ]
        | None
    ) = None
    free_fen: int
    held_fen: int
    version: int
