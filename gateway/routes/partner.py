"""红色合伙人: partners, offers, redemptions, statements and the money fund over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from chassis.text import AREA
from chassis.text import PERIOD as MONTH
from gateway.doors import ANY, PUBLIC, Body, Doors, ListParams, Page, Params, Reply

DOORS = Doors("partner", tag="红色合伙人 / Red Partner")

HOLDERS = ("R_RESIDENT", "R_STEWARD", "R_GRID")
LOCAL = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
MONEY = ("R_PARTNER", *LOCAL, "R_AUDITOR")
OFFERING = ("R_PARTNER", "R_CADRE", "R_STREET")
READERS = (*LOCAL, "R_STREET_LEAD", "R_DISTRICT_LEAD", "R_AUDITOR")

Level = Literal["STREET", "COMMUNITY"]
OfferKind = Literal["GOODS", "SERVICE", "DISCOUNT"]
Wallet = Literal["RES", "HH", "STW"]
PartnerState = Literal["APPLIED", "VETTED", "REFUSED", "WITHDRAWN", "ACTIVE", "SUSPENDED", "EXITED"]
RedemptionState = Literal[
    "REQUESTED", "RESERVED", "REJECTED", "REDEEMING", "REDEEMED", "CANCELLING", "CANCELLED",
    "EXPIRING", "EXPIRED", "REFUND_REVIEW", "REFUNDED", "SETTLED",
]  # fmt: skip
StatementState = Literal["ISSUED", "DISPUTED", "CONFIRMED", "HELD", "PAID"]


# --------------------------------------------------------------------------------------------------
# Partners


class RegisterPartner(Body):
    """登记合伙人申请 / Enter an application.

    A code of the wrong shape is refused. A wrong check character is refused too, unless an official
    says in `uscc_override` why the licence really says so; the reason is kept and shown.
    """

    partner_id: str | None = Field(None, description="导入时自定编号 / id chosen by a loader")
    org_name: str = Field(max_length=200, examples=["巧云理发店"])
    uscc: str = Field(max_length=40, examples=["92370899MA0000000B"])
    category: Literal[
        "RESTAURANT",
        "GROCERY",
        "SUPERMARKET",
        "CONVENIENCE_STORE",
        "MARKET_STALL",
        "PHARMACY",
        "BARBER",
        "CLINIC",
        "LAUNDRY",
        "CINEMA",
        "HOSPITAL",
        "BOOKSHOP",
        "UNIT",
        "OTHER",
    ] = Field(examples=["BARBER"])
    level: Level = Field(description="街道级或社区级 / level", examples=["COMMUNITY"])
    area: str = Field(
        pattern=AREA, description="街道 9 位或社区 12 位 / area", examples=["370811015901"]
    )
    settle_mode: Literal["FUND", "SPONSOR", "MIXED"] = Field(
        description="基金结算、让利不结算、混合 / who pays", examples=["FUND"]
    )
    operators: list[str] = Field(
        min_length=1, description="经办人编号 / persons who act for it", examples=[["per_barber"]]
    )
    uscc_override: str | None = Field(
        None, max_length=500, description="校验位不符仍登记的理由 / reason to register all the same"
    )


class AgreePartner(Body):
    """签约 / The agreement is signed."""

    agreement_ref: str | None = Field(None, max_length=200, examples=["2025-共建-014"])


REASON = Field(
    min_length=2,
    max_length=500,
    description="理由,申请人可见 / reason; whoever applied reads it",
    examples=["营业执照已过期"],
)


class EndApplication(Body):
    """申请终止 / An application comes to nothing."""

    reason: str = REASON


class RefuseOffer(Body):
    """不予批准 / Not approved."""

    reason: str = REASON


class StopPartner(Body):
    """暂停或退出 / Stop; open vouchers are honoured until they expire, or cancelled."""

    vouchers: Literal["HONOUR", "CANCEL"] = Field(examples=["HONOUR"])
    reason: str = Field(min_length=1, max_length=500, examples=["门店装修"])


class SetOperators(Body):
    """更换经办人 / Replace the operators."""

    operators: list[str] = Field(min_length=1, examples=[["per_barber"]])


class PartnerReply(Reply):
    """合伙人的状态 / The state of a partner."""

    id: str
    state: str
    version: int


class Step(Reply):
    """一步历史 / One step of a history."""

    step: str
    state: str
    at: datetime


class PartnerCard(Reply):
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


class PartnerFilter(Params):
    """合伙人筛选 / Filter of partners."""

    scope: str | None = Field(None, pattern=AREA)
    level: Level | None = None
    state: PartnerState | None = Field(None, description="公众只见 ACTIVE / others see ACTIVE only")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


DOORS.command(
    "POST", "/partners", "register_partner",
    body=RegisterPartner, reply=PartnerReply, roles=("R_PARTNER", "R_MERCHANT", *LOCAL),
    status=201, summary="登记合伙人 / Register a partner",
)  # fmt: skip
DOORS.command(
    "POST", "/partners/{partner_id}/vet", "vet_partner",
    reply=PartnerReply, roles=LOCAL, if_match=True, summary="资质核验 / Vet",
)  # fmt: skip
DOORS.command(
    "POST", "/partners/{partner_id}/refuse", "refuse_partner",
    body=EndApplication, reply=PartnerReply, roles=LOCAL, if_match=True,
    summary="不予受理 / Refuse an application",
)  # fmt: skip
DOORS.command(
    "POST", "/partners/{partner_id}/withdraw", "withdraw_partner",
    body=EndApplication, reply=PartnerReply, roles=("R_PARTNER", "R_MERCHANT"), if_match=True,
    summary="撤回申请 / Take one's application back",
)  # fmt: skip
DOORS.command(
    "POST", "/partners/{partner_id}/agree", "agree_partner",
    body=AgreePartner, reply=PartnerReply, roles=LOCAL, if_match=True,
    summary="签约生效 / Sign the agreement; the partner is active",
)  # fmt: skip
DOORS.command(
    "POST", "/partners/{partner_id}/suspend", "suspend_partner",
    body=StopPartner, reply=PartnerReply, roles=LOCAL, if_match=True, summary="暂停 / Suspend",
)  # fmt: skip
DOORS.command(
    "POST", "/partners/{partner_id}/resume", "resume_partner",
    reply=PartnerReply, roles=LOCAL, if_match=True, summary="恢复 / Resume",
)  # fmt: skip
DOORS.command(
    "POST", "/partners/{partner_id}/exit", "exit_partner",
    body=StopPartner, reply=PartnerReply, roles=("R_PARTNER", *LOCAL), if_match=True,
    summary="退出 / Exit",
)  # fmt: skip
DOORS.command(
    "POST", "/partners/{partner_id}/operators", "set_operators",
    body=SetOperators, reply=PartnerReply, roles=LOCAL, if_match=True,
    summary="更换经办人 / Replace the operators",
)  # fmt: skip
DOORS.query(
    "GET", "/partners", "partners",
    params=PartnerFilter, reply=Page[PartnerCard], roles=PUBLIC,
    summary="合伙人名录 / Partners of an area",
)  # fmt: skip
DOORS.query(
    "GET", "/partners/{partner_id}", "partner",
    reply=PartnerCard, roles=PUBLIC, summary="合伙人 / One partner",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Offers


class DraftOffer(Body):
    """拟定兑换项目 / Enter an offer.

    Not for treatment, tobacco, alcohol, cash, prepaid cards or financial products.
    """

    offer_id: str | None = Field(None, description="导入时自定编号 / id chosen by a loader")
    partner_id: str
    kind: OfferKind = Field(examples=["SERVICE"])
    title: str = Field(min_length=1, max_length=200, examples=["理发一次"])
    category: str | None = Field(None, max_length=30)
    points_price: int = Field(description="1–2000;折扣可为 0 / points per piece", examples=[60])
    face_value_fen: int = Field(ge=0, description="面值(分)/ value in fen", examples=[2500])
    settle_fen_per_point: int = Field(description="0–10,每积分付 / fen per point", examples=[10])
    stock_total: int = Field(ge=0, examples=[50])
    per_person_month: int | None = Field(None, ge=1, examples=[2])
    audience: Literal["RESIDENT", "STEWARD", "BOTH"] = Field(examples=["BOTH"])
    scope: str = Field(pattern=AREA, examples=["370811015901"])
    valid_from: str = Field(description="日期或时间 / ISO date or time", examples=["2025-01-02"])
    valid_to: str = Field(
        description="日期(含当日)或时间(不含)/ date (included) or time", examples=["2025-12-31"]
    )
    voucher_ttl_h: int = Field(72, ge=1, le=2160)


class Restock(Body):
    """调整库存 / How many pieces there are in all, those that are taken included."""

    stock_total: int = Field(ge=0, examples=[80])


class Reprice(Body):
    """调价 / New prices: they wait for approval, and open redemptions keep theirs."""

    points_price: int = Field(examples=[70])
    face_value_fen: int = Field(ge=0, examples=[2800])
    settle_fen_per_point: int = Field(examples=[10])


class OfferReply(Reply):
    """兑换项目的状态 / The state of an offer."""

    id: str
    state: str
    version: int
    terms: int | None = None
    stock_left: int | None = None


class OfferCard(Reply):
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
    valid_from: datetime
    valid_to: datetime
    voucher_ttl_h: int
    state: str
    version: int


class OfferFilter(Params):
    """项目筛选 / Filter of offers."""

    scope: str | None = Field(None, pattern=AREA, description="住在哪里 / where the asker lives")
    kind: OfferKind | None = None
    wallet: Wallet | None = None
    max_points: int | None = Field(None, ge=0, description="我付得起的 / what I can afford")
    partner_id: str | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


DOORS.command(
    "POST", "/offers", "draft_offer",
    body=DraftOffer, reply=OfferReply, roles=OFFERING, status=201,
    summary="拟定兑换项目 / Draft an offer",
)  # fmt: skip
DOORS.command(
    "POST", "/offers/{offer_id}/approve", "approve_offer",
    reply=OfferReply, roles=("R_CADRE", "R_STREET"), if_match=True,
    summary="审批项目或新价格 / Approve an offer or its new prices",
)  # fmt: skip
DOORS.command(
    "POST", "/offers/{offer_id}/refuse", "refuse_offer",
    body=RefuseOffer, reply=OfferReply, roles=("R_CADRE", "R_STREET"), if_match=True,
    summary="不予批准项目或新价格 / Refuse an offer or its new prices",
)  # fmt: skip
DOORS.query(
    "GET", "/offers-waiting", "waiting_offers",
    params=ListParams, reply=Page[OfferCard], roles=("R_CADRE", "R_STREET"),
    summary="待我审批的项目与价格 / Offers and prices that wait for my approval",
)  # fmt: skip
DOORS.command(
    "POST", "/offers/{offer_id}/publish", "publish_offer",
    reply=OfferReply, roles=OFFERING, if_match=True, summary="上架 / Publish",
)  # fmt: skip
DOORS.command(
    "POST", "/offers/{offer_id}/pause", "pause_offer",
    reply=OfferReply, roles=OFFERING, if_match=True, summary="暂停 / Pause",
)  # fmt: skip
DOORS.command(
    "POST", "/offers/{offer_id}/end", "end_offer",
    reply=OfferReply, roles=OFFERING, if_match=True, summary="下架 / End",
)  # fmt: skip
DOORS.command(
    "POST", "/offers/{offer_id}/stock", "restock_offer",
    body=Restock, reply=OfferReply, roles=OFFERING, if_match=True, summary="库存 / Stock",
)  # fmt: skip
DOORS.command(
    "POST", "/offers/{offer_id}/price", "reprice_offer",
    body=Reprice, reply=OfferReply, roles=OFFERING, if_match=True,
    summary="调价(待审批)/ Propose new prices",
)  # fmt: skip
DOORS.query(
    "GET", "/offers", "offers",
    params=OfferFilter, reply=Page[OfferCard], roles=PUBLIC,
    summary="可兑换项目 / What can be redeemed now",
)  # fmt: skip
DOORS.query(
    "GET", "/offers/{offer_id}", "offer",
    reply=OfferCard, roles=PUBLIC, summary="兑换项目 / One offer",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Redemptions


class RequestRedemption(Body):
    """申请兑换 / Take pieces of an offer, paid from one of the caller's wallets."""

    offer_id: str
    qty: int = Field(1, ge=1, le=20, examples=[1])
    wallet: Wallet = Field("RES", description="居民、家庭或管家积分账户 / wallet", examples=["RES"])


class VerifyRedemption(Body):
    """核销 / The 13 digits that the holder shows. Five wrong ones an hour are answered."""

    voucher: str = Field(min_length=1, max_length=40, examples=["1234567890128"])


class CancelRedemption(Body):
    """取消 / A partner must say OUT_OF_STOCK or CLOSED."""

    reason: str | None = Field(None, max_length=500, examples=["OUT_OF_STOCK"])


class RateRedemption(Body):
    """评价 / 1 to 5, once, within 14 days."""

    stars: int = Field(ge=1, le=5, examples=[5])


class AskRefund(Body):
    """申请退回 / Within seven days, where the partner is at fault."""

    reason: str = Field(min_length=1, max_length=500, examples=["理发中途停电,未完成"])


class DecideRefund(Body):
    """审理退回 / Why it is decided so."""

    reasons: str = Field("", max_length=500)


class DenyRefund(Body):
    """不同意退回 / Why not; the holder reads it."""

    reasons: str = Field(min_length=2, max_length=500, examples=["现场核实服务已完成"])


class RedemptionReply(Reply):
    """兑换单的状态 / The state of a redemption; `due` is when the voucher ends."""

    id: str
    number: str
    state: str
    version: int
    points: int
    due: datetime | None = None


class RedemptionCard(Reply):
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
    created_at: datetime
    expires_at: datetime | None = None
    redeemed_at: datetime | None = None
    stars: int | None = None
    voucher: str | None = None
    refund_due: datetime | None = None
    refund_late: bool = False
    refund_denied: str | None = None
    version: int


class RedemptionFilter(Params):
    """我的兑换单筛选 / Filter of the caller's own redemptions."""

    state: RedemptionState | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class DeskLine(Reply):
    """柜台上的一单 / One redemption at the desk."""

    id: str
    number: str
    offer_id: str
    qty: int
    points: int
    state: str
    refund_text: str | None = None
    refund_due: datetime | None = None
    refund_late: bool = False
    version: int


class WaitingRefund(DeskLine):
    """待审理的退回 / A refund that waits for the caller's decision."""

    partner_id: str
    refund_asked_at: datetime
    refund_denied: str | None = None


class StatementLine(Reply):
    """结算单 / A statement without its lines."""

    id: str
    partner_id: str
    period: str
    area: str
    points: int
    amount_fen: int
    state: StatementState
    confirm_due: datetime
    version: int


class Desk(PartnerCard):
    """合伙人柜台 / What an operator needs at the counter."""

    counts: dict[str, int]
    receivable_points: int
    to_verify: list[DeskLine]
    refunds: list[DeskLine]
    offers: list[OfferCard]
    statements: list[StatementLine]


class Share(Reply):
    """一个月的服务占比 / The service share of one month."""

    period: str
    points_services: int
    points_goods: int
    share_percent: str | None = None


class Shares(Reply):
    """服务占比 / How much of what was redeemed are services and discounts."""

    scope: str
    items: list[Share]


class ShareFilter(Params):
    """服务占比范围 / Area and months, both included."""

    scope: str = Field(pattern=AREA, examples=["370811015"])
    period_from: str = Field(pattern=MONTH, examples=["2025-01"])
    period_to: str = Field(pattern=MONTH, examples=["2025-03"])


DOORS.command(
    "POST", "/redemptions", "request_redemption",
    body=RequestRedemption, reply=RedemptionReply, roles=HOLDERS, status=202,
    summary="申请兑换 / Begin a redemption",
)  # fmt: skip
DOORS.command(
    "POST", "/redemptions/{redemption_id}/verify", "verify_redemption",
    body=VerifyRedemption, reply=RedemptionReply, roles=("R_PARTNER",), summary="核销 / Verify",
)  # fmt: skip
DOORS.command(
    "POST", "/redemptions/{redemption_id}/cancel", "cancel_redemption",
    body=CancelRedemption, reply=RedemptionReply, roles=(*HOLDERS, "R_PARTNER"), if_match=True,
    summary="取消 / Cancel",
)  # fmt: skip
DOORS.command(
    "POST", "/redemptions/{redemption_id}/rate", "rate_redemption",
    body=RateRedemption, reply=RedemptionReply, roles=HOLDERS, summary="评价 / Rate",
)  # fmt: skip
DOORS.command(
    "POST", "/redemptions/{redemption_id}/refund", "ask_refund",
    body=AskRefund, reply=RedemptionReply, roles=HOLDERS, if_match=True,
    summary="申请退回 / Ask for a refund",
)  # fmt: skip
DOORS.command(
    "POST", "/redemptions/{redemption_id}/refund/approve", "approve_refund",
    body=DecideRefund, reply=RedemptionReply, roles=("R_CADRE", "R_STREET"), if_match=True,
    summary="同意退回 / Approve a refund",
)  # fmt: skip
DOORS.command(
    "POST", "/redemptions/{redemption_id}/refund/deny", "deny_refund",
    body=DenyRefund, reply=RedemptionReply, roles=("R_CADRE", "R_STREET"), if_match=True,
    summary="不同意退回 / Deny a refund",
)  # fmt: skip
DOORS.query(
    "GET", "/refunds-waiting", "waiting_refunds",
    params=ListParams, reply=Page[WaitingRefund], roles=("R_CADRE", "R_STREET"),
    summary="待我审理的退回 / Refunds that wait for my decision",
)  # fmt: skip
DOORS.query(
    "GET", "/redemptions", "redemptions",
    params=RedemptionFilter, reply=Page[RedemptionCard], roles=ANY,
    summary="我的兑换单 / My redemptions",
)  # fmt: skip
DOORS.query(
    "GET", "/redemptions/{redemption_id}", "redemption",
    reply=RedemptionCard, roles=ANY, summary="兑换单 / One redemption",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------
# Statements and the fund


class DisputeStatement(Body):
    """结算异议 / What is wrong; without lines the whole statement."""

    reason: str = Field(min_length=1, max_length=500, examples=["3 月 6 日一单金额有误"])
    lines: list[str] | None = Field(None, description="兑换单编号 / redemption ids")


class Adjustment(Body):
    """更正 / The right amount of one line; points cannot be adjusted."""

    redemption_id: str
    amount_fen: int = Field(ge=0)


class ReviewStatement(Body):
    """复核 / The statement stands, or amounts are put right."""

    outcome: Literal["UPHELD", "ADJUSTED"]
    reasons: str = Field(max_length=500)
    adjustments: list[Adjustment] | None = None


class PayStatement(Body):
    """付款确认 / The fund's payment was made."""

    payment_ref: str | None = Field(None, max_length=200, examples=["银行回单 0412"])


class SetFund(Body):
    """设定共建基金 / The money of a street's or community's fund for a month."""

    area: str = Field(pattern=AREA, examples=["370811015901"])
    period: str = Field(pattern=MONTH, examples=["2025-03"])
    budget_fen: int = Field(ge=0, examples=[500000])


class StatementReply(Reply):
    """结算单的状态 / The state of a statement."""

    id: str
    state: str
    version: int
    points: int
    amount_fen: int
    due: datetime | None = None


class BilledLine(Reply):
    """结算明细 / One line; a refund's numbers are negative."""

    line_no: int
    redemption_id: str
    kind: str
    points: int
    amount_fen: int
    redeemed_at: datetime


class StatementCard(StatementLine):
    """结算单及明细 / A statement with its lines and history."""

    lines: list[BilledLine]
    history: list[Step]


class StatementFilter(Params):
    """结算单筛选 / Filter of statements."""

    partner_id: str | None = None
    period: str | None = Field(None, pattern=MONTH)
    state: StatementState | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class FundReply(Reply):
    """基金预算 / The budget; `confirmed` are statements that had waited for it."""

    id: str
    state: str
    version: int
    budget_fen: int
    confirmed: list[str]


class FundsFilter(ListParams):
    """基金筛选 / Which funds; those of one's own area when left out."""

    scope: str | None = Field(None, pattern=AREA)
    period: str | None = Field(None, pattern=MONTH)


class FundLine(Reply):
    """基金 / A fund of a month."""

    id: str
    level: str
    area: str
    period: str
    budget_fen: int
    version: int
    created_at: datetime


class FundPosition(Reply):
    """基金收支 / What the fund has, has promised, has paid, and what waits for it."""

    id: str
    level: str
    area: str
    period: str
    budget_fen: int
    committed_fen: int
    paid_fen: int
    burn_percent: str | None = Field(
        None, description="已付占预算的百分比 / what was paid, in per cent of the budget"
    )
    free_fen: int
    held_fen: int
    version: int


class FundFilter(Params):
    """基金 / Of which area and month."""

    area: str = Field(pattern=AREA)
    period: str = Field(pattern=MONTH)


DOORS.query(
    "GET", "/partners/{partner_id}/desk", "desk",
    reply=Desk, roles=("R_PARTNER", *READERS), summary="合伙人柜台 / A partner's desk",
)  # fmt: skip
DOORS.command(
    "POST", "/statements/{statement_id}/confirm", "confirm_statement",
    reply=StatementReply, roles=("R_PARTNER",), if_match=True,
    summary="确认结算单 / Confirm a statement",
)  # fmt: skip
DOORS.command(
    "POST", "/statements/{statement_id}/dispute", "dispute_statement",
    body=DisputeStatement, reply=StatementReply, roles=("R_PARTNER",), if_match=True,
    summary="提出异议 / Dispute a statement",
)  # fmt: skip
DOORS.command(
    "POST", "/statements/{statement_id}/review", "review_statement",
    body=ReviewStatement, reply=StatementReply, roles=("R_STREET",), if_match=True,
    summary="复核异议 / Decide a dispute",
)  # fmt: skip
DOORS.command(
    "POST", "/statements/{statement_id}/pay", "pay_statement",
    body=PayStatement, reply=StatementReply, roles=("R_STREET",), if_match=True,
    summary="付款确认 / Record the payment",
)  # fmt: skip
DOORS.query(
    "GET", "/statements", "statements",
    params=StatementFilter, reply=Page[StatementLine], roles=MONEY,
    summary="结算单 / Statements",
)  # fmt: skip
DOORS.query(
    "GET", "/statements/{statement_id}", "statement",
    reply=StatementCard, roles=MONEY, summary="结算单明细 / One statement",
)  # fmt: skip
DOORS.command(
    "POST", "/funds", "set_fund",
    body=SetFund, reply=FundReply, roles=("R_STREET", "R_DISTRICT"), status=201,
    summary="设定共建基金预算 / Set a fund's budget",
)  # fmt: skip
DOORS.query(
    "GET", "/funds", "funds",
    params=FundsFilter, reply=Page[FundLine], roles=(*LOCAL, "R_AUDITOR"),
    summary="共建基金列表 / Funds",
)  # fmt: skip
DOORS.query(
    "GET", "/fund", "fund",
    params=FundFilter, reply=FundPosition, roles=(*LOCAL, "R_AUDITOR"),
    summary="基金收支 / The position of a fund",
)  # fmt: skip
DOORS.query(
    "GET", "/service-share", "service_share",
    params=ShareFilter, reply=Shares, roles=PUBLIC, cost=10,
    summary="服务类占比 / The service share of redemption",
)  # fmt: skip
