"""What can wait for somebody to act, each by the list in which it stands."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.fields import PartOfList
from fivered.chassis.waiting import MOST, Waits, not_mine, to
from fivered.services.partner import replies
from fivered.services.partner.storage import partners as partner_store
from fivered.services.partner.views import partners, redemptions, statements


def _open(tx: Tx, item: replies.RedemptionCard) -> bool:
    """Tell whether its voucher still counts."""
    return item.expires_at is not None and tx.now < item.expires_at


def _listed_by_caller(tx: Tx, item: replies.OfferCard) -> bool:
    """Tell whether an approved offer may be put on the list: its partner is active."""
    partner = partner_store.card(tx.conn, item.partner_id)
    return item.state == "APPROVED" and partner is not None and partner.state == "ACTIVE"


WAITS = (
    Waits(
        "PARTNER_TO_VET",
        "待审核的入驻申请 / An application of a partner to vet",
        act="vet_partner", view=partners.partners_list,
        asked=lambda tx: partners.PartnersQuery(scope=tx.actor.scope, state="APPLIED", limit=MOST),
        since="created_at", to=not_mine,
    ),
    Waits(
        "PARTNER_TO_AGREE",
        "待签约的伙伴 / A partner to sign the agreement with",
        act="agree_partner", view=partners.partners_list,
        asked=lambda tx: partners.PartnersQuery(scope=tx.actor.scope, state="VETTED", limit=MOST),
        since="created_at", to=not_mine,
    ),
    Waits(
        "OFFER_TO_APPROVE",
        "待批准的兑换项目 / An offer to approve",
        act="approve_offer", view=partners.waiting_offers, asked=PartOfList(limit=MOST),
        since="created_at",
    ),
    Waits(
        "OFFER_TO_PUBLISH",
        "已批准、待上架的兑换项目 / An approved offer to put on the list",
        act="publish_offer", view=partners.offers_list,
        asked=partners.OffersQuery(mine=True, limit=MOST), since="created_at",
        to=to(replies.OfferCard, _listed_by_caller), roles=("R_PARTNER",),
    ),
    Waits(
        "REDEMPTION_TO_VERIFY",
        "待核销的兑换单 / A redemption to verify when its holder comes with the voucher",
        act="verify_redemption", view=redemptions.redemptions_list,
        asked=redemptions.RedemptionsQuery(state="RESERVED", desk=True, limit=MOST),
        since="created_at", due="expires_at", to=to(replies.RedemptionCard, _open),
    ),
    Waits(
        "REDEMPTION_TO_USE",
        "待到店使用的兑换券,逾期作废、积分退回,也可取消"
        " / A voucher to use at the shop: it ends by itself and the points come back; or cancel it",
        act="cancel_redemption", view=redemptions.redemptions_list,
        asked=redemptions.RedemptionsQuery(state="RESERVED", limit=MOST),
        since="created_at", due="expires_at", to=to(replies.RedemptionCard, _open),
        roles=("R_RESIDENT", "R_STEWARD", "R_GRID"),
    ),
    Waits(
        "REFUND_TO_DECIDE",
        "待审理的退回 / A refund to decide",
        act="approve_refund", view=redemptions.waiting_refunds,
        asked=PartOfList(limit=MOST), since="refund_asked_at", due="refund_due",
    ),
    Waits(
        "STATEMENT_TO_CONFIRM",
        "待确认的结算单 / A statement to confirm",
        act="confirm_statement", view=statements.statements_list,
        asked=statements.StatementsQuery(state="ISSUED", limit=MOST),
        since="created_at", due="confirm_due",
    ),
    Waits(
        "STATEMENT_TO_REVIEW",
        "待复核的结算异议 / A disputed statement to review",
        act="review_statement", view=statements.statements_list,
        asked=statements.StatementsQuery(state="DISPUTED", limit=MOST),
        since="created_at", due="review_due", to=not_mine,
    ),
    Waits(
        "STATEMENT_TO_PAY",
        "待付款的结算单 / A statement to pay",
        act="pay_statement", view=statements.statements_list,
        asked=statements.StatementsQuery(state="CONFIRMED", limit=MOST),
        since="confirmed_at", to=not_mine,
    ),
)  # fmt: skip
