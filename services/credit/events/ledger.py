"""What credit publishes of points."""

from __future__ import annotations

from fivered.chassis.facts import fact
from fivered.chassis.fields import Points, RedemptionId, Wallet
from fivered.services.credit.fields import (
    AtFault,
    Refusal,
)


@fact(
    "points_held.v1",
    about="redemption",
    when="申请兑换且余额足够、积分被冻结时;同一兑换重复申请则再答一次 / when points are held "
    "for a redemption; said again where the same redemption asks again",
    by=("partner.redemption_requested.v1",),
)
class PointsHeld:
    """积分已冻结 / Points are held for a redemption."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points


@fact(
    "hold_rejected.v1",
    about="redemption",
    when="申请兑换而积分不能冻结时,附原因;同一兑换重复申请则再答一次 / when points cannot be "
    "held for a redemption, with the reason; said again where it asks again",
    by=("partner.redemption_requested.v1",),
)
class HoldRejected:
    """积分冻结被拒绝 / Points cannot be held, and why."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points
    reason: Refusal
    field: AtFault | None = None


@fact(
    "points_captured.v1",
    about="redemption",
    when="兑换单核销、冻结的积分转给合伙人时,一次 / when a redemption is redeemed and its "
    "points go to the partner; once",
    by=("partner.redemption_redeemed.v1",),
    after=("points_held.v1",),
)
class PointsCaptured:
    """积分已核销 / Held points have gone to the partner."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points


@fact(
    "points_released.v1",
    about="redemption",
    when="兑换单取消或过期、冻结的积分退回时,一次 / when a redemption is cancelled or expires "
    "and its points return; once",
    by=("partner.redemption_cancelled.v1", "partner.redemption_expired.v1"),
    after=("points_held.v1",),
)
class PointsReleased:
    """冻结积分已退回 / Held points have returned to their owner."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points


@fact(
    "points_refunded.v1",
    about="redemption",
    when="已核销的兑换退回、积分回到原主时,一次 / when a redemption is refunded and its points "
    "return to their owner; once",
    by=("partner.redemption_refunded.v1",),
    after=("points_captured.v1",),
)
class PointsRefunded:
    """已核销积分已退还 / Captured points have returned to their owner."""

    redemption_id: RedemptionId
    wallet: Wallet
    points: Points
