"""What the partner service says, and its own readers of what it hears."""

from dataclasses import dataclass, field
from typing import ClassVar

from chassis.calendar import DeadlineMoved, YearHeard

# --------------------------------------------------------------------------------------------------
# Says


@dataclass(frozen=True, slots=True)
class PartnerAdmitted:
    """合伙人生效 / A partner is active; said again when a suspended one resumes."""

    FACT: ClassVar[str] = "partner_admitted.v1"
    AGGREGATE: ClassVar[str] = "partner"
    VISIBILITY: ClassVar[str] = "public"
    partner_id: str
    org_id: str
    level: str
    area: str


@dataclass(frozen=True, slots=True)
class PartnerOperatorsChanged:
    """合伙人经办人 / Who acts for a partner, said at its admission and at each change."""

    FACT: ClassVar[str] = "partner_operators_changed.v1"
    AGGREGATE: ClassVar[str] = "partner"
    VISIBILITY: ClassVar[str] = "internal"
    partner_id: str
    org_id: str
    operators: list[str]


@dataclass(frozen=True, slots=True)
class PartnerSuspended:
    """合伙人暂停 / A partner may not offer anything for now."""

    FACT: ClassVar[str] = "partner_suspended.v1"
    AGGREGATE: ClassVar[str] = "partner"
    VISIBILITY: ClassVar[str] = "internal"
    partner_id: str


@dataclass(frozen=True, slots=True)
class PartnerExited:
    """合伙人退出 / A partner has left."""

    FACT: ClassVar[str] = "partner_exited.v1"
    AGGREGATE: ClassVar[str] = "partner"
    VISIBILITY: ClassVar[str] = "internal"
    partner_id: str


@dataclass(frozen=True, slots=True)
class OfferPublished:
    """兑换项目首次上架 / An offer can be redeemed; said once per offer."""

    FACT: ClassVar[str] = "offer_published.v1"
    AGGREGATE: ClassVar[str] = "offer"
    VISIBILITY: ClassVar[str] = "public"
    offer_id: str
    partner_id: str
    kind: str
    points_price: int


@dataclass(frozen=True, slots=True)
class RedemptionRequested:
    """申请兑换 / Points are to be held. Said again with the same redemption until answered."""

    FACT: ClassVar[str] = "redemption_requested.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    holder: str
    partner_id: str
    offer_id: str
    points: int


@dataclass(frozen=True, slots=True)
class RedemptionRedeemed:
    """兑换单核销 / The voucher was verified; the held points are to be captured."""

    FACT: ClassVar[str] = "redemption_redeemed.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    settle_fen: int


@dataclass(frozen=True, slots=True)
class RedemptionCancelled:
    """兑换单取消 / Whatever is held for it is to be released."""

    FACT: ClassVar[str] = "redemption_cancelled.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RedemptionExpired:
    """兑换单过期 / The voucher was not used in time; what is held is to be released."""

    FACT: ClassVar[str] = "redemption_expired.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    partner_id: str
    points: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RedemptionRefunded:
    """兑换单退回 / Captured points are to be given back to the wallet."""

    FACT: ClassVar[str] = "redemption_refunded.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    wallet: str
    partner_id: str
    points: int


@dataclass(frozen=True, slots=True)
class PartnerSettled:
    """合伙人结算 / A month's statement is paid; its points leave the partner's receivable."""

    FACT: ClassVar[str] = "partner_settled.v1"
    AGGREGATE: ClassVar[str] = "statement"
    VISIBILITY: ClassVar[str] = "internal"
    statement_id: str
    partner_id: str
    period: str
    points: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class RefundOverdue:
    """退回逾期未审 / A refund that nobody has decided in time: 1 the street, 2 the district."""

    FACT: ClassVar[str] = "refund_overdue.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    number: str
    partner_id: str
    level: int


@dataclass(frozen=True, slots=True)
class RefundDecided:
    """逾期退回已审 / A refund that was overdue is decided: REFUNDED or DENIED."""

    FACT: ClassVar[str] = "refund_decided.v1"
    AGGREGATE: ClassVar[str] = "redemption"
    VISIBILITY: ClassVar[str] = "internal"
    redemption_id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class DisputeOverdue:
    """结算异议逾期 / A dispute that nobody has reviewed in time: 1 the street, 2 the district."""

    FACT: ClassVar[str] = "dispute_overdue.v1"
    AGGREGATE: ClassVar[str] = "statement"
    VISIBILITY: ClassVar[str] = "internal"
    statement_id: str
    partner_id: str
    period: str
    level: int


@dataclass(frozen=True, slots=True)
class DisputeReviewed:
    """逾期结算异议已复核 / A dispute that was overdue is reviewed: UPHELD or ADJUSTED."""

    FACT: ClassVar[str] = "dispute_reviewed.v1"
    AGGREGATE: ClassVar[str] = "statement"
    VISIBILITY: ClassVar[str] = "internal"
    statement_id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class StatementHeld:
    """结算单待资金 / A confirmed statement waits, because the street's fund does not cover it."""

    FACT: ClassVar[str] = "statement_held.v1"
    AGGREGATE: ClassVar[str] = "statement"
    VISIBILITY: ClassVar[str] = "internal"
    statement_id: str
    partner_id: str
    period: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class StatementFunded:
    """待资金的结算单已有资金 / A statement that waited for money has it: CONFIRMED or PAID."""

    FACT: ClassVar[str] = "statement_funded.v1"
    AGGREGATE: ClassVar[str] = "statement"
    VISIBILITY: ClassVar[str] = "internal"
    statement_id: str
    state: str


@dataclass(frozen=True, slots=True)
class CommunityMonth:
    """Redemptions of one community in a month, zeros included."""

    community: str
    redemptions: int


@dataclass(frozen=True, slots=True)
class PartnerMonth:
    """Every input of every rule about one partner, as of the last day of the month."""

    partner_id: str
    area: str
    level: str
    active: bool
    points_redeemed: int
    redeemed: int
    new_service_offers: int
    rated: int
    satisfied: int
    sponsor_fen: int


@dataclass(frozen=True, slots=True)
class MonthMeasured:
    """合伙人月度计量 / The marker of a month: what lies before it counts in that month."""

    FACT: ClassVar[str] = "month_measured.v1"
    AGGREGATE: ClassVar[str] = "month"
    VISIBILITY: ClassVar[str] = "internal"
    period: str
    partition: int
    partitions: int
    communities: list[CommunityMonth]
    partners: list[PartnerMonth]


# --------------------------------------------------------------------------------------------------
# Hears


@dataclass(frozen=True, slots=True)
class AreaDefinedHeard:
    """An area of the tree that steward keeps."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "area_defined.v1"
    code: str
    kind: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class StewardEnrolledHeard:
    """A person has a steward's wallet."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "steward_enrolled.v1"
    steward_id: str
    person_id: str
    community: str
    spendable: bool = True


@dataclass(frozen=True, slots=True)
class StewardLeftHeard:
    """A steward has left; his wallet can be spent for some time."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "steward_left.v1"
    steward_id: str


@dataclass(frozen=True, slots=True)
class _Person:
    """What is read of whoever is registered."""

    SOURCE: ClassVar[str] = "steward"
    person_id: str
    is_adult: bool = False


@dataclass(frozen=True, slots=True)
class PersonRegisteredHeard(_Person):
    """A person is registered, wherever he lives."""

    FACT: ClassVar[str] = "person_registered.v1"


@dataclass(frozen=True, slots=True)
class ResidentRegisteredHeard(_Person):
    """A person who lives in a grid is registered."""

    FACT: ClassVar[str] = "resident_registered.v1"


@dataclass(frozen=True, slots=True)
class ResidentReturnedHeard(_Person):
    """A person who had left lives here again."""

    FACT: ClassVar[str] = "resident_returned.v1"


@dataclass(frozen=True, slots=True)
class ResidentCorrectedHeard(_Person):
    """What is registered of a person was wrong."""

    FACT: ClassVar[str] = "resident_corrected.v1"


@dataclass(frozen=True, slots=True)
class ResidentCameOfAgeHeard:
    """A resident is an adult from now on."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_came_of_age.v1"
    person_id: str


@dataclass(frozen=True, slots=True)
class ResidentDeactivatedHeard:
    """A person is no longer registered, or has died; his open vouchers end."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "resident_deactivated.v1"
    person_id: str
    reason: str = "MOVED_OUT"


@dataclass(frozen=True, slots=True)
class PersonMergedHeard:
    """A person was registered twice; `person_id` is given up, `into` is kept."""

    SOURCE: ClassVar[str] = "steward"
    FACT: ClassVar[str] = "person_merged.v1"
    person_id: str
    into: str


@dataclass(frozen=True, slots=True)
class PointsHeldHeard:
    """The points are held: the voucher may be given out."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "points_held.v1"
    redemption_id: str


@dataclass(frozen=True, slots=True)
class HoldRejectedHeard:
    """The points could not be held."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "hold_rejected.v1"
    redemption_id: str
    reason: str = "REJECTED"


@dataclass(frozen=True, slots=True)
class PointsCapturedHeard:
    """The held points are the partner's."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "points_captured.v1"
    redemption_id: str


@dataclass(frozen=True, slots=True)
class PointsReleasedHeard:
    """The held points are the holder's again, or there were none."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "points_released.v1"
    redemption_id: str


@dataclass(frozen=True, slots=True)
class PointsRefundedHeard:
    """The captured points are the holder's again."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "points_refunded.v1"
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


@dataclass(frozen=True, slots=True)
class SettlementFinalisedHeard:
    """A month's results are final; those of partners go onto their cards."""

    SOURCE: ClassVar[str] = "credit"
    FACT: ClassVar[str] = "settlement_finalised.v1"
    settlement_id: str
    period: str
    entries: list[FinalisedEntry]


@dataclass(frozen=True, slots=True)
class CalendarYearHeard(YearHeard):
    """A year's working days are known."""

    SOURCE: ClassVar[str] = "steward"


SAYS = (
    DeadlineMoved,
    PartnerAdmitted,
    PartnerOperatorsChanged,
    PartnerSuspended,
    PartnerExited,
    OfferPublished,
    RedemptionRequested,
    RedemptionRedeemed,
    RedemptionCancelled,
    RedemptionExpired,
    RedemptionRefunded,
    PartnerSettled,
    RefundOverdue,
    RefundDecided,
    DisputeOverdue,
    DisputeReviewed,
    StatementHeld,
    StatementFunded,
    MonthMeasured,
)
HEARD_OF_STEWARD = (
    AreaDefinedHeard,
    StewardEnrolledHeard,
    StewardLeftHeard,
    PersonRegisteredHeard,
    ResidentRegisteredHeard,
    ResidentReturnedHeard,
    ResidentCorrectedHeard,
    ResidentCameOfAgeHeard,
    ResidentDeactivatedHeard,
    PersonMergedHeard,
)
HEARD_OF_CREDIT = (
    PointsHeldHeard,
    HoldRejectedHeard,
    PointsCapturedHeard,
    PointsReleasedHeard,
    PointsRefundedHeard,
    SettlementFinalisedHeard,
)
