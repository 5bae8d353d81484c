"""What the partner service publishes, and its own readers of what it consumes."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from fivered.chassis.calendar import YearHeard
from fivered.chassis.facts import fact, measure, reads, words
from fivered.chassis.fields import (
    Community,
    Concerned,
    Fen,
    Level,
    Partition,
    Partitions,
    Period,
    PersonId,
    Points,
    RedemptionId,
    StreetOrCommunity,
    Wallet,
)
from fivered.services.partner.fields import (
    EndedBy,
    EndedWhy,
    LevelOfPartner,
    NewOffers,
    OfferId,
    OfferKind,
    Operators,
    OrgId,
    PartnerId,
    Rated,
    RedemptionNumber,
    Redemptions,
    Satisfied,
    StatementId,
)

# --------------------------------------------------------------------------------------------------
# Says


@fact(
    "partner_admitted.v1",
    about="partner",
    visibility="public",
    when="合伙人签约生效时;暂停后恢复再发一条 / when a partner's agreement is signed; again when "
    "a suspended one resumes",
    by=("agree_partner", "resume_partner"),
)
class PartnerAdmitted:
    """合伙人生效 / A partner is active; said again when a suspended one resumes."""

    partner_id: PartnerId
    org_id: OrgId
    level: LevelOfPartner
    area: StreetOrCommunity


@fact(
    "partner_operators_changed.v1",
    about="partner",
    when="合伙人生效、恢复或更换经办人,经办人去世或迁出,以及升级后补报时 / when a partner is "
    "admitted or resumes, its operators change, or one dies or leaves; once more after an "
    "upgrade",
    by=(
        "agree_partner",
        "resume_partner",
        "set_operators",
        "steward.resident_deactivated.v1",
        "on_tell_operators",
    ),
)
class PartnerOperatorsChanged:
    """合伙人经办人 / Who acts for a partner, said at its admission and at each change."""

    partner_id: PartnerId
    org_id: OrgId
    operators: Operators


@fact(
    "partner_suspended.v1",
    about="partner",
    when="合伙人被暂停时,每次一条 / when a partner is suspended; each time",
    by=("suspend_partner",),
    after=("partner_admitted.v1",),
)
class PartnerSuspended:
    """合伙人暂停 / A partner may not offer anything for now."""

    partner_id: PartnerId


@fact(
    "partner_exited.v1",
    about="partner",
    when="合伙人退出时,一次 / when a partner leaves; once",
    by=("exit_partner",),
    after=("partner_admitted.v1",),
)
class PartnerExited:
    """合伙人退出 / A partner has left."""

    partner_id: PartnerId


@fact(
    "offer_published.v1",
    about="offer",
    visibility="public",
    when="兑换项目首次上架时;每个项目一条,下架后再上架不再发 / when an offer is on the list for "
    "the first time; once per offer, not again after a pause",
    by=("publish_offer",),
)
class OfferPublished:
    """兑换项目首次上架 / An offer can be redeemed; said once per offer."""

    offer_id: OfferId
    partner_id: PartnerId
    kind: Annotated[str, words("兑换项目种类 / what is offered", OfferKind)]
    points_price: Annotated[int, measure("兑换所需积分 / points that it costs", "积分 / points")]


@fact(
    "redemption_requested.v1",
    about="redemption",
    when="申请兑换时;未得到答复则再发,编号相同 / when points are asked for; again with the "
    "same redemption until it is answered",
    by=("request_redemption", "on_hold_retry"),
)
class RedemptionRequested:
    """申请兑换 / Points are to be held. Said again with the same redemption until answered."""

    redemption_id: RedemptionId
    wallet: Wallet
    holder: Annotated[PersonId, Meta(description="兑换人 / who redeems")]
    partner_id: PartnerId
    offer_id: OfferId
    points: Points


@fact(
    "redemption_redeemed.v1",
    about="redemption",
    when="核验兑换码时,一次 / when the voucher is verified; once",
    by=("verify_redemption",),
    after=("redemption_requested.v1",),
)
class RedemptionRedeemed:
    """兑换单核销 / The voucher was verified; the held points are to be captured."""

    redemption_id: RedemptionId
    wallet: Wallet
    partner_id: PartnerId
    points: Points
    settle_fen: Fen


@fact(
    "redemption_cancelled.v1",
    about="redemption",
    when="兑换单取消时,一次:本人取消、积分不足、久无答复、合伙人暂停或退出、本人去世 / when a "
    "redemption is cancelled, once: by its owner, for want of points or of an answer, since "
    "the partner is suspended or has left, or its owner has died",
    by=(
        "cancel_redemption",
        "exit_partner",
        "suspend_partner",
        "on_hold_retry",
        "credit.hold_rejected.v1",
        "credit.points_held.v1",
        "steward.resident_deactivated.v1",
    ),
    after=("redemption_requested.v1",),
)
class RedemptionCancelled:
    """兑换单取消 / Whatever is held for it is to be released."""

    redemption_id: RedemptionId
    wallet: Wallet
    partner_id: PartnerId
    points: Points
    by: EndedBy
    reason: EndedWhy


@fact(
    "redemption_expired.v1",
    about="redemption",
    when="兑换码到期未用时,一次 / when the voucher was not used in time; once",
    by=("on_voucher_expire",),
    after=("redemption_requested.v1",),
)
class RedemptionExpired:
    """兑换单过期 / The voucher was not used in time; what is held is to be released."""

    redemption_id: RedemptionId
    wallet: Wallet
    partner_id: PartnerId
    points: Points
    by: EndedBy
    reason: EndedWhy


@fact(
    "redemption_refunded.v1",
    about="redemption",
    when="同意退回时,一次 / when a refund is approved; once",
    by=("approve_refund",),
    after=("redemption_redeemed.v1",),
)
class RedemptionRefunded:
    """兑换单退回 / Captured points are to be given back to the wallet."""

    redemption_id: RedemptionId
    wallet: Wallet
    partner_id: PartnerId
    points: Points
    borne_by: (
        Annotated[
            str,
            words(
                "合伙人已退出时由谁承担 / who bears it where the partner has left and has "
                "nothing open",
                "DISTRICT",
            ),
        ]
        | None
    ) = None


@fact(
    "refund_denied.v1",
    about="redemption",
    when="不同意退回时,每次申请至多一次 / when a refund is denied; once per application",
    by=("deny_refund",),
    after=("redemption_redeemed.v1",),
)
class RefundDenied:
    """退回未获同意 / A refund is denied; the redemption says why."""

    redemption_id: RedemptionId
    number: RedemptionNumber


@fact(
    "partner_settled.v1",
    about="statement",
    when="结算单付款时,一次 / when a statement is paid; once",
    by=("pay_statement",),
)
class PartnerSettled:
    """合伙人结算 / A month's statement is paid; its points leave the partner's receivable."""

    statement_id: StatementId
    partner_id: PartnerId
    period: Period
    points: Points
    amount_fen: Fen


@fact(
    "refund_overdue.v1",
    about="redemption",
    when="退回申请逾期未审,每升一级一条 / when nobody has decided a refund in time; once per level",
    by=("on_refund_review",),
    after=("redemption_redeemed.v1",),
)
class RefundOverdue:
    """退回逾期未审 / A refund that nobody has decided in time: 1 the street, 2 the district.

    Attributes:
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    redemption_id: RedemptionId
    number: RedemptionNumber
    partner_id: PartnerId
    level: Level
    concerned: Concerned | None = None


@fact(
    "refund_decided.v1",
    about="redemption",
    when="曾逾期的退回申请作出决定时,一次 / when a refund that was overdue is decided; once",
    by=("approve_refund", "deny_refund"),
    after=("refund_overdue.v1",),
)
class RefundDecided:
    """逾期退回已审 / A refund that was overdue is decided: REFUNDED or DENIED."""

    redemption_id: RedemptionId
    outcome: Annotated[
        str,
        words(
            "如何审定 / how it was decided", "REFUNDED", DENIED="不同意退回 / the refund is denied"
        ),
    ]


@fact(
    "dispute_overdue.v1",
    about="statement",
    when="结算异议逾期未复核,每升一级一条 / when nobody has reviewed a dispute in time; once "
    "per level",
    by=("on_statement_review",),
)
class DisputeOverdue:
    """结算异议逾期 / A dispute that nobody has reviewed in time: 1 the street, 2 the district.

    Attributes:
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    statement_id: StatementId
    partner_id: PartnerId
    period: Period
    level: Level
    concerned: Concerned | None = None


@fact(
    "dispute_reviewed.v1",
    about="statement",
    when="曾逾期的结算异议复核时,一次 / when a dispute that was overdue is reviewed; once",
    by=("review_statement",),
    after=("dispute_overdue.v1",),
)
class DisputeReviewed:
    """逾期结算异议已复核 / A dispute that was overdue is reviewed: UPHELD or ADJUSTED."""

    statement_id: StatementId
    outcome: Annotated[str, words("如何复核 / how it was reviewed", "UPHELD", "ADJUSTED")]


@fact(
    "statement_held.v1",
    about="statement",
    when="结算单确认而街道资金不足时,一次 / when a statement is confirmed and the fund does "
    "not cover it; once",
    by=("confirm_statement", "review_statement", "on_statement_confirm"),
)
class StatementHeld:
    """结算单待资金 / A confirmed statement waits, because the street's fund does not cover it.

    Attributes:
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    statement_id: StatementId
    partner_id: PartnerId
    period: Period
    amount_fen: Fen
    concerned: Concerned | None = None


@fact(
    "statement_funded.v1",
    about="statement",
    when="等待资金的结算单有了资金时,一次 / when a statement that waited for money has it; once",
    by=("set_fund", "pay_statement", "review_statement", "approve_refund"),
    after=("statement_held.v1",),
)
class StatementFunded:
    """待资金的结算单已有资金 / A statement that waited for money has it: CONFIRMED or PAID."""

    statement_id: StatementId
    state: Annotated[str, words("结算单现状 / how it stands now", "CONFIRMED", "PAID")]


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """Redemptions of one community in a month, zeros included."""

    community: Community
    redemptions: Redemptions


@dataclass(frozen=True, slots=True)
class PartnerMonth:
    """Every input of every rule about one partner, as of the last day of the month."""

    partner_id: PartnerId
    area: StreetOrCommunity
    level: LevelOfPartner
    active: Annotated[bool, Meta(description="月末生效 / active on the last day")]
    points_redeemed: Points
    redeemed: Redemptions
    new_service_offers: NewOffers
    rated: Rated
    satisfied: Satisfied
    sponsor_fen: Fen


@fact(
    "month_measured.v1",
    about="month",
    when="每月截止时,每个分区一条 / when a month is cut off; one per partition",
    by=("on_cutoff",),
)
class MonthMeasured:
    """合伙人月度计量 / The marker of a month: what lies before it counts in that month."""

    period: Period
    partition: Partition
    partitions: Partitions
    communities: Annotated[list[CommunityMonth], Meta(description="各社区 / the communities")]
    partners: Annotated[list[PartnerMonth], Meta(description="各合伙人 / the partners")]


# --------------------------------------------------------------------------------------------------
# Hears


@reads("steward", "area_defined.v1")
class AreaDefinedHeard:
    """An area of the tree that steward keeps."""

    code: str
    kind: str
    parent: str | None = None


@reads("steward", "steward_enrolled.v1")
class StewardEnrolledHeard:
    """A person has a steward's wallet."""

    steward_id: str
    person_id: str
    community: str
    spendable: bool = True


@reads("steward", "steward_left.v1")
class StewardLeftHeard:
    """A steward has left; the wallet can be spent for some time."""

    steward_id: str


@dataclass(frozen=True, slots=True)
class _Person:
    """What is read of a registered person."""

    person_id: str
    is_adult: bool = False
    household_id: str | None = None


@reads("steward", "person_registered.v1")
class PersonRegisteredHeard(_Person):
    """A person is registered, here or elsewhere."""


@reads("steward", "resident_registered.v1")
class ResidentRegisteredHeard(_Person):
    """A person who lives in a grid is registered."""


@reads("steward", "resident_returned.v1")
class ResidentReturnedHeard(_Person):
    """A person who had left lives here again."""


@reads("steward", "resident_corrected.v1")
class ResidentCorrectedHeard(_Person):
    """What is registered of a person was wrong."""


@reads("steward", "resident_moved.v1")
class ResidentMovedHeard:
    """A resident lives elsewhere, and with others, from now on."""

    person_id: str
    household_id: str | None = None


@reads("steward", "resident_came_of_age.v1")
class ResidentCameOfAgeHeard:
    """A resident is an adult from now on."""

    person_id: str


@reads("steward", "resident_deactivated.v1")
class ResidentDeactivatedHeard:
    """A person is no longer registered, or has died; the open vouchers end."""

    person_id: str
    reason: str = "MOVED_OUT"


@reads("steward", "person_erased.v1")
class PersonErasedHeard:
    """The data of a person were erased; those that are kept here go as well."""

    person_id: str


@reads("steward", "person_merged.v1")
class PersonMergedHeard:
    """A person was registered twice; `person_id` is given up, `into` is kept."""

    person_id: str
    into: str


@reads("credit", "points_held.v1")
class PointsHeldHeard:
    """The points are held: the voucher may be given out."""

    redemption_id: str


@reads("credit", "hold_rejected.v1")
class HoldRejectedHeard:
    """The points could not be held."""

    redemption_id: str
    reason: str = "REJECTED"


@reads("credit", "points_captured.v1")
class PointsCapturedHeard:
    """The held points are the partner's."""

    redemption_id: str


@reads("credit", "points_released.v1")
class PointsReleasedHeard:
    """The held points are the holder's again, or there were none."""

    redemption_id: str


@reads("credit", "points_refunded.v1")
class PointsRefundedHeard:
    """The captured points are the holder's again."""

    redemption_id: str


@dataclass(frozen=True, slots=True)
class FinalisedEntry:
    """One organisation's or steward's result of a settlement."""

    kind: str
    ref: str
    subject: str = ""
    score: int | None = None
    grade: str | None = None
    gates_failed: list[str] = field(default_factory=list)


@reads("credit", "settlement_finalised.v1")
class SettlementFinalisedHeard:
    """A month's results are final; those of partners go onto their cards."""

    settlement_id: str
    period: str
    entries: list[FinalisedEntry]


@reads("steward", "calendar_year_loaded.v1")
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""
