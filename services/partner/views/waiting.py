"""What can wait for somebody to act, each by the list in which it stands."""

from __future__ import annotations

from fivered.chassis.fields import PartOfList
from fivered.chassis.waiting import MOST, Waits, not_mine
from fivered.services.partner.views import partners, redemptions, statements

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
