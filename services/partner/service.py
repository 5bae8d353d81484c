"""Way in: what the partner service can be told, asked, and what it hears. No rule stands here."""

import functools
from collections.abc import Callable
from typing import Any

from chassis import deadlines
from chassis.bus import (
    ANY_ROLE,
    PUBLIC,
    Call,
    Due,
    Heard,
    Service,
    Tx,
    command,
    query,
    shown,
    subscribe,
    timer,
)
from chassis.imports import Imports
from services.partner import events
from services.partner.actions import calendar, imports, months, projections, refunds
from services.partner.actions import offers as offering
from services.partner.actions import partners as register
from services.partner.actions import redemptions as saga
from services.partner.actions import statements as billing
from services.partner.rules.statements import next_issue
from services.partner.settings import PartnerSettings
from services.partner.storage import metadata
from services.partner.views import partners as partner_views
from services.partner.views import redemptions as redemption_views
from services.partner.views import statements as statement_views

HOLDERS = ("R_RESIDENT", "R_STEWARD", "R_GRID")
LOCAL = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
MONEY = ("R_PARTNER", *LOCAL, "R_AUDITOR")


def counts_tries(door: Callable[..., Any]) -> Callable[..., Any]:
    """Count a try at a voucher in its own transaction before the door opens.

    What stands inside the door's transaction goes with it when the voucher is refused.
    """

    @functools.wraps(door)
    def enter(self: Service, call: Any) -> Any:
        if isinstance(call, Call):
            body = self.runtime.read_body(call.method, call.body)
            with self.runtime.transaction(call.actor) as tx:
                saga.count_try(tx, body)
        return door(self, call)

    return enter


class Partner(Imports, Service):
    """红色合伙人: partners, offers, redemptions, statements and the money fund."""

    name = "partner"
    shown_by = shown(
        partner_id="partner",
        offer_id="offer",
        redemption_id="redemption",
        statement_id="statement",
    )
    counts = frozenset({"confirm_due", "due", "refund_due", "review_due"})
    tables = metadata
    settings_type = PartnerSettings
    says = events.SAYS
    importers = imports.IMPORTERS

    # ------------------------------------------------------------------------------------ partners

    @command(roles=("R_PARTNER", "R_MERCHANT", *LOCAL))
    def register_partner(self, tx: Tx, order: register.RegisterPartner) -> dict[str, Any]:
        """Enter an application."""
        return register.register(tx, order)

    @command(roles=LOCAL, if_match=True)
    def vet_partner(self, tx: Tx, order: register.WhichPartner) -> dict[str, Any]:
        """Record that licence and code were checked."""
        return register.vet(tx, order)

    @command(roles=LOCAL, if_match=True)
    def refuse_partner(self, tx: Tx, order: register.EndApplication) -> dict[str, Any]:
        """Refuse an application with a reason."""
        return register.refuse(tx, order)

    @command(roles=("R_PARTNER", "R_MERCHANT"), if_match=True)
    def withdraw_partner(self, tx: Tx, order: register.EndApplication) -> dict[str, Any]:
        """Take one's own application back."""
        return register.withdraw(tx, order)

    @command(roles=LOCAL, if_match=True)
    def agree_partner(self, tx: Tx, order: register.AgreePartner) -> dict[str, Any]:
        """Record the signed agreement; the partner is active."""
        return register.agree(tx, order)

    @command(roles=LOCAL, if_match=True)
    def suspend_partner(self, tx: Tx, order: register.StopPartner) -> dict[str, Any]:
        """Withdraw a partner's offers for now."""
        return register.suspend(tx, order)

    @command(roles=LOCAL, if_match=True)
    def resume_partner(self, tx: Tx, order: register.WhichPartner) -> dict[str, Any]:
        """Make a suspended partner active again."""
        return register.resume(tx, order)

    @command(roles=("R_PARTNER", *LOCAL), if_match=True)
    def exit_partner(self, tx: Tx, order: register.StopPartner) -> dict[str, Any]:
        """End a partnership."""
        return register.leave(tx, order)

    @command(roles=LOCAL, if_match=True)
    def set_operators(self, tx: Tx, order: register.SetOperators) -> dict[str, Any]:
        """Replace the persons who act for a partner."""
        return register.set_operators(tx, order)

    # -------------------------------------------------------------------------------------- offers

    @command(roles=("R_PARTNER", "R_CADRE", "R_STREET"))
    def draft_offer(self, tx: Tx, order: offering.DraftOffer) -> dict[str, Any]:
        """Enter an offer."""
        return offering.draft(tx, order)

    @command(roles=("R_CADRE", "R_STREET"), if_match=True)
    def approve_offer(self, tx: Tx, order: offering.WhichOffer) -> dict[str, Any]:
        """Approve an offer or its new prices."""
        return offering.approve(tx, order)

    @command(roles=("R_CADRE", "R_STREET"), if_match=True)
    def refuse_offer(self, tx: Tx, order: offering.RefuseOffer) -> dict[str, Any]:
        """Refuse an offer or its new prices, with a reason."""
        return offering.refuse(tx, order)

    @query(roles=("R_CADRE", "R_STREET"))
    def waiting_offers(self, tx: Tx, asked: partner_views.WaitingQuery) -> dict[str, Any]:
        """Answer which offers and prices wait for the caller's approval."""
        return partner_views.waiting_offers(tx, asked)

    @command(roles=("R_PARTNER", "R_CADRE", "R_STREET"), if_match=True)
    def publish_offer(self, tx: Tx, order: offering.WhichOffer) -> dict[str, Any]:
        """Put an offer on the list."""
        return offering.publish(tx, order)

    @command(roles=("R_PARTNER", "R_CADRE", "R_STREET"), if_match=True)
    def pause_offer(self, tx: Tx, order: offering.WhichOffer) -> dict[str, Any]:
        """Take an offer off the list for now."""
        return offering.pause(tx, order)

    @command(roles=("R_PARTNER", "R_CADRE", "R_STREET"), if_match=True)
    def end_offer(self, tx: Tx, order: offering.WhichOffer) -> dict[str, Any]:
        """End an offer for good."""
        return offering.end(tx, order)

    @command(roles=("R_PARTNER", "R_CADRE", "R_STREET"), if_match=True)
    def restock_offer(self, tx: Tx, order: offering.Restock) -> dict[str, Any]:
        """Set how many pieces there are in all."""
        return offering.restock(tx, order)

    @command(roles=("R_PARTNER", "R_CADRE", "R_STREET"), if_match=True)
    def reprice_offer(self, tx: Tx, order: offering.Reprice) -> dict[str, Any]:
        """Propose new prices."""
        return offering.reprice(tx, order)

    # --------------------------------------------------------------------------------- redemptions

    @command(roles=HOLDERS)
    def request_redemption(self, tx: Tx, order: saga.RequestRedemption) -> dict[str, Any]:
        """Begin a redemption."""
        return saga.request(tx, order)

    @counts_tries
    @command(roles=("R_PARTNER",))
    def verify_redemption(self, tx: Tx, order: saga.VerifyRedemption) -> dict[str, Any]:
        """Redeem a voucher at the desk."""
        return saga.verify(tx, order)

    @command(roles=(*HOLDERS, "R_PARTNER"), if_match=True)
    def cancel_redemption(self, tx: Tx, order: saga.CancelRedemption) -> dict[str, Any]:
        """Give a reserved redemption up."""
        return saga.cancel(tx, order)

    @command(roles=HOLDERS)
    def rate_redemption(self, tx: Tx, order: saga.RateRedemption) -> dict[str, Any]:
        """Rate what was redeemed."""
        return saga.rate(tx, order)

    @command(roles=HOLDERS, if_match=True)
    def ask_refund(self, tx: Tx, order: refunds.AskRefund) -> dict[str, Any]:
        """Ask for a refund."""
        return refunds.ask(tx, order)

    @command(roles=("R_CADRE", "R_STREET"), if_match=True)
    def approve_refund(self, tx: Tx, order: refunds.DecideRefund) -> dict[str, Any]:
        """Give the points back."""
        return refunds.approve(tx, order)

    @command(roles=("R_CADRE", "R_STREET"), if_match=True)
    def deny_refund(self, tx: Tx, order: refunds.DenyRefund) -> dict[str, Any]:
        """Refuse a refund."""
        return refunds.deny(tx, order)

    # -------------------------------------------------------------------------- statements, fund

    @command(roles=("R_PARTNER",), if_match=True)
    def confirm_statement(self, tx: Tx, order: billing.WhichStatement) -> dict[str, Any]:
        """Confirm a statement as its partner."""
        return billing.confirm(tx, order)

    @command(roles=("R_PARTNER",), if_match=True)
    def dispute_statement(self, tx: Tx, order: billing.DisputeStatement) -> dict[str, Any]:
        """Say as its partner that a statement is wrong."""
        return billing.dispute(tx, order)

    @command(roles=("R_STREET",), if_match=True)
    def review_statement(self, tx: Tx, order: billing.ReviewStatement) -> dict[str, Any]:
        """Decide a dispute."""
        return billing.review(tx, order)

    @command(roles=("R_STREET",), if_match=True)
    def pay_statement(self, tx: Tx, order: billing.PayStatement) -> dict[str, Any]:
        """Record that the fund has paid."""
        return billing.pay(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT"))
    def set_fund(self, tx: Tx, order: billing.SetFund) -> dict[str, Any]:
        """Set a fund's budget of a month."""
        return billing.set_fund(tx, order)

    # ------------------------------------------------------------------------------------- queries

    @query(roles=(PUBLIC,))
    def partners(self, tx: Tx, asked: partner_views.PartnersQuery) -> dict[str, Any]:
        """Partners of an area."""
        return partner_views.partners_list(tx, asked)

    @query(roles=(PUBLIC,))
    def partner(self, tx: Tx, asked: partner_views.PartnerQuery) -> dict[str, Any]:
        """One partner."""
        return partner_views.partner(tx, asked)

    @query(roles=("R_PARTNER", *partner_views.READERS))
    def desk(self, tx: Tx, asked: partner_views.PartnerQuery) -> dict[str, Any]:
        """What a partner's operator needs at the counter."""
        return partner_views.desk(tx, asked)

    @query(roles=(PUBLIC,))
    def offers(self, tx: Tx, asked: partner_views.OffersQuery) -> dict[str, Any]:
        """What can be redeemed now."""
        return partner_views.offers_list(tx, asked)

    @query(roles=(PUBLIC,))
    def offer(self, tx: Tx, asked: partner_views.OfferQuery) -> dict[str, Any]:
        """One offer."""
        return partner_views.offer(tx, asked)

    @query(roles=(ANY_ROLE,))
    def redemptions(self, tx: Tx, asked: redemption_views.RedemptionsQuery) -> dict[str, Any]:
        """The caller's own redemptions."""
        return redemption_views.redemptions_list(tx, asked)

    @query(roles=("R_CADRE", "R_STREET"))
    def waiting_refunds(self, tx: Tx, asked: redemption_views.WaitingQuery) -> dict[str, Any]:
        """Answer which refunds wait for the caller's decision."""
        return redemption_views.waiting_refunds(tx, asked)

    @query(roles=(ANY_ROLE,))
    def redemption(self, tx: Tx, asked: redemption_views.RedemptionQuery) -> dict[str, Any]:
        """One redemption; with its voucher for its holder."""
        return redemption_views.redemption(tx, asked)

    @query(roles=MONEY)
    def statements(self, tx: Tx, asked: statement_views.StatementsQuery) -> dict[str, Any]:
        """Statements of the caller's partners or area."""
        return statement_views.statements_list(tx, asked)

    @query(roles=(*LOCAL, "R_AUDITOR"))
    def funds(self, tx: Tx, asked: statement_views.FundsQuery) -> dict[str, Any]:
        """The funds of the caller's area."""
        return statement_views.funds_list(tx, asked)

    @query(roles=MONEY)
    def statement(self, tx: Tx, asked: statement_views.StatementQuery) -> dict[str, Any]:
        """One statement with its lines."""
        return statement_views.statement(tx, asked)

    @query(roles=(*LOCAL, "R_AUDITOR"))
    def fund(self, tx: Tx, asked: statement_views.FundQuery) -> dict[str, Any]:
        """The position of a fund."""
        return statement_views.fund(tx, asked)

    @query(roles=(PUBLIC,))
    def service_share(self, tx: Tx, asked: redemption_views.ShareQuery) -> dict[str, Any]:
        """How much of what was redeemed are services."""
        return redemption_views.service_share(tx, asked)

    # --------------------------------------------------------------------------------------- hears

    @subscribe("steward", events.CalendarYearHeard)
    def on_calendar(self, tx: Tx, heard: list[Heard]) -> None:
        """A year's working days are known: open deadlines are counted again."""
        deadlines.hear(tx, heard)

    def deadline_moved(self, tx: Tx, move: deadlines.Move) -> None:
        """Write down that a deadline is later, and tell whoever waits."""
        calendar.deadline_moved(tx, move)

    @subscribe("steward", *events.HEARD_OF_STEWARD)
    def on_steward(self, tx: Tx, heard: list[Heard]) -> None:
        """Areas, stewards, and people who are no longer registered."""
        projections.hear_steward(tx, heard)

    @subscribe("credit", *events.HEARD_OF_CREDIT)
    def on_credit(self, tx: Tx, heard: list[Heard]) -> None:
        """Answers about points, and final grades."""
        projections.hear_credit(tx, heard)

    # -------------------------------------------------------------------------------------- timers

    @timer(saga.HOLD_TIMER)
    def on_hold_retry(self, tx: Tx, due: Due) -> None:
        """Credit has not answered yet."""
        saga.retry_hold(tx, due)

    @timer(saga.EXPIRY_TIMER)
    def on_voucher_expire(self, tx: Tx, due: Due) -> None:
        """A voucher's time is over."""
        saga.expire(tx, due)

    @timer(refunds.REVIEW_TIMER)
    def on_refund_review(self, tx: Tx, due: Due) -> None:
        """Five working days without a decision on a refund."""
        refunds.overdue(tx, due)

    @timer("statement_issue", schedule=next_issue)
    def on_statement_issue(self, tx: Tx, due: Due) -> None:
        """Working day 3: the month's statements."""
        billing.issue(tx, due)

    @timer(billing.CONFIRM_TIMER)
    def on_statement_confirm(self, tx: Tx, due: Due) -> None:
        """Five working days of silence."""
        billing.confirm_by_silence(tx, due)

    @timer(billing.REVIEW_TIMER)
    def on_statement_review(self, tx: Tx, due: Due) -> None:
        """Five working days without a review."""
        billing.review_overdue(tx, due)

    @timer("cutoff", schedule=lambda now, calendar: calendar.next_cutoff(now))
    def on_cutoff(self, tx: Tx, due: Due) -> None:
        """The month is cut off."""
        months.measure(tx, due)
