"""What the partner service answers: the types that a caller may rely on."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.few import PEOPLE, Counts
from fivered.chassis.fields import Instant, OwnMatter
from fivered.chassis.replies import Reply

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
    org_id: str | UnsetType = UNSET


class MessageCard(Reply, kw_only=True):
    """消息 / What a partner was told; `ref` is the offer, redemption or statement it speaks of."""

    id: str
    partner_id: str
    code: Annotated[str, Meta(examples=["VOUCHER_WAITS"])]
    ref: str
    at: Instant
    text: str


class Step(Reply, kw_only=True):
    """一步历史 / One step of a history."""

    step: str
    state: str
    at: Instant
    role: str
    note: str | None


class PartnerCard(Counts, kw_only=True):
    """合伙人名片 / A partner as everybody may know it; more to those who act for it."""

    id: str
    org_id: str
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
    created_at: Instant
    rated: Annotated[int, PEOPLE] | UnsetType = UNSET
    satisfied: Annotated[int, PEOPLE] | UnsetType = UNSET
    winding_down: bool | UnsetType = UNSET
    operators: list[str] | UnsetType = UNSET
    agreement_ref: str | UnsetType | None = UNSET
    uscc_override: str | UnsetType | None = UNSET
    history: list[Step] | UnsetType = UNSET
    own_matter: OwnMatter = UNSET


class OfferReply(Reply, kw_only=True):
    """兑换项目的状态 / The state of an offer."""

    id: str
    state: str
    version: int
    terms: int | UnsetType = UNSET
    stock_left: int | UnsetType = UNSET


class Terms(Reply, kw_only=True):
    """一版价格 / A version of an offer's prices."""

    terms: int
    points_price: int
    face_value_fen: int
    settle_fen_per_point: int
    state: str
    proposed_at: Instant
    approved_at: Instant | None = None


class OfferCard(Reply, kw_only=True):
    """兑换项目 / An offer; how it is settled, its prices and history to those concerned."""

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
    created_at: Instant
    settle_fen_per_point: int | UnsetType = UNSET
    prices: list[Terms] | UnsetType = UNSET
    history: list[Step] | UnsetType = UNSET


class OfferOutcome(Reply, kw_only=True):
    """一项的结果 / What became of one of several; `code` and messages where it was refused."""

    id: str
    state: Annotated[str, Meta(examples=["APPROVED"])]
    version: int | UnsetType = UNSET
    terms: int | UnsetType = UNSET
    code: Annotated[str, Meta(examples=["CONFLICT_OF_INTEREST"])] | UnsetType = UNSET
    message_zh: str | UnsetType = UNSET
    message_en: str | UnsetType = UNSET


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
    terms: int
    kind: str
    qty: int
    points: int
    state: RedemptionState
    ended_by: str | None = None
    reason: str | None = None
    reason_zh: Annotated[str, Meta(examples=["可用积分不足"])] | UnsetType = UNSET
    reason_en: Annotated[str, Meta(examples=["not enough points"])] | UnsetType = UNSET
    created_at: Instant
    expires_at: Instant | None = None
    redeemed_at: Instant | None = None
    ended_at: Instant | None = None
    stars: int | None = None
    voucher: str | UnsetType = UNSET
    holder: str | UnsetType = UNSET
    refund_asked_at: Instant | None = None
    refund_due: Instant | None = None
    refund_late: bool = False
    refund_denied: str | None = None
    refunded_at: Instant | None = None
    settled_at: Instant | None = None
    version: int
    history: list[Step] | UnsetType = UNSET


class DeskLine(Reply, kw_only=True):
    """柜台上的一单 / One redemption at the desk."""

    id: str
    number: str
    offer_id: str
    qty: int
    points: int
    state: str
    expires_at: Instant | None = None
    redeemed_at: Instant | None = None
    refund_text: str | None = None
    refund_asked_at: Instant | None = None
    refund_due: Instant | None = None
    refund_late: bool = False
    version: int


class WaitingRefund(DeskLine, kw_only=True):
    """待审理的退回 / A refund that waits for the caller's decision."""

    partner_id: str
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
    confirmed_at: Instant | None = None
    confirmed_by: str | None = None
    dispute_reason: str | None = None
    disputed_lines: list[str]
    review_due: Instant | None = None
    review_late: bool
    paid_at: Instant | None = None
    payment_ref: str | None = None
    version: int
    created_at: Instant
    own_matter: OwnMatter = UNSET


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
