"""Way in: its commands, queries, subscriptions, timers and jobs. No rule stands here."""

from fivered.chassis import deadlines, going_out, own_data
from fivered.chassis.bus import (
    ANY_ROLE,
    PUBLIC,
    Service,
    Tx,
    shown,
)
from fivered.chassis.calendar import DeadlineMoved
from fivered.chassis.facts import published_in, read_in
from fivered.chassis.file_imports import Imports
from fivered.chassis.table import command, query, subscribe, timer
from fivered.services.partner import errors, events
from fivered.services.partner.actions import calendar, heard, imports, months, refunds
from fivered.services.partner.actions import offers as offering
from fivered.services.partner.actions import partners as register
from fivered.services.partner.actions import redemptions as saga
from fivered.services.partner.actions import statements as billing
from fivered.services.partner.rules.statements import next_issue
from fivered.services.partner.settings import PartnerSettings
from fivered.services.partner.storage import metadata, personal
from fivered.services.partner.storage import partners as stored
from fivered.services.partner.storage.first_steps import FIRST_STEPS
from fivered.services.partner.views import messages as message_views
from fivered.services.partner.views import partners as partner_views
from fivered.services.partner.views import redemptions as redemption_views
from fivered.services.partner.views import statements as statement_views
from fivered.services.partner.views.waiting import WAITS

HOLDERS = ("R_RESIDENT", "R_STEWARD", "R_GRID")
LOCAL = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
MONEY = ("R_PARTNER", *redemption_views.READERS)
OFFERING = ("R_PARTNER", "R_CADRE", "R_STREET")
DECIDERS = ("R_CADRE", "R_STREET", "R_DISTRICT")


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
    data_map = personal.DATA_MAP
    first_steps = FIRST_STEPS
    waits = WAITS
    told_elsewhere = (message_views.TOLD,)
    standing = stored.standing
    merged = errors.CallerMerged
    deceased = errors.CallerDeceased
    settings_type = PartnerSettings
    after_told = staticmethod(going_out.after_told)
    publishes = (DeadlineMoved, going_out.MessagesTold, *published_in(events))
    deadline_words = (
        "statement_confirm", "statement_review", "refund_review", "statement_issue", "cutoff",
    )  # fmt: skip
    importers = imports.IMPORTERS
    title = "红色合伙人 / Red Partner"
    about = (
        "商户与单位提供积分兑换的服务，预占、核销、结算清楚。"
        " / Merchants and units offer services for points; held, verified, settled."
    )
    doors = (
        # ------------------------------------------------------------ partners
        command(
            "POST /partners",
            register.register_partner,
            roles=("R_PARTNER", "R_MERCHANT", *LOCAL),
            status=201,
        ),
        command(
            "POST /partners/{partner_id}/vet",
            register.vet_partner,
            roles=LOCAL,
            if_match=True,
        ),
        command(
            "POST /partners/{partner_id}/refuse",
            register.refuse_partner,
            roles=LOCAL,
            if_match=True,
        ),
        command(
            "POST /partners/{partner_id}/withdraw",
            register.withdraw_partner,
            roles=("R_PARTNER", "R_MERCHANT"),
            if_match=True,
        ),
        command(
            "POST /partners/{partner_id}/agree",
            register.agree_partner,
            roles=LOCAL,
            if_match=True,
        ),
        command(
            "POST /partners/{partner_id}/suspend",
            register.suspend_partner,
            roles=LOCAL,
            if_match=True,
        ),
        command(
            "POST /partners/{partner_id}/resume",
            register.resume_partner,
            roles=LOCAL,
            if_match=True,
        ),
        command(
            "POST /partners/{partner_id}/exit",
            register.exit_partner,
            roles=("R_PARTNER", *LOCAL),
            if_match=True,
        ),
        command(
            "POST /partners/{partner_id}/operators",
            register.set_operators,
            roles=LOCAL,
            if_match=True,
        ),
        # ------------------------------------------------------------ offers
        command(
            "POST /offers",
            offering.draft_offer,
            roles=OFFERING,
            status=201,
        ),
        command(
            "POST /offers/{offer_id}/approve",
            offering.approve_offer,
            roles=DECIDERS,
            if_match=True,
        ),
        command(
            "POST /offers/approve",
            offering.approve_offers,
            roles=DECIDERS,
        ),
        command(
            "POST /offers/{offer_id}/refuse",
            offering.refuse_offer,
            roles=DECIDERS,
            if_match=True,
        ),
        query(
            "GET /offers-waiting",
            partner_views.waiting_offers,
            roles=DECIDERS,
        ),
        command(
            "POST /offers/{offer_id}/publish",
            offering.publish_offer,
            roles=OFFERING,
            if_match=True,
        ),
        command(
            "POST /offers/{offer_id}/pause",
            offering.pause_offer,
            roles=OFFERING,
            if_match=True,
        ),
        command(
            "POST /offers/{offer_id}/end",
            offering.end_offer,
            roles=OFFERING,
            if_match=True,
        ),
        command(
            "POST /offers/{offer_id}/stock",
            offering.restock_offer,
            roles=OFFERING,
            if_match=True,
        ),
        command(
            "POST /offers/{offer_id}/price",
            offering.reprice_offer,
            roles=OFFERING,
            if_match=True,
        ),
        # ------------------------------------------------------------ redemptions
        command(
            "POST /redemptions",
            saga.request_redemption,
            roles=HOLDERS,
            status=202,
        ),
        command(
            "POST /redemptions/{redemption_id}/verify",
            saga.verify_redemption,
            roles=("R_PARTNER",),
            before=saga.count_try,
        ),
        command(
            "POST /redemptions/{redemption_id}/cancel",
            saga.cancel_redemption,
            roles=(*HOLDERS, "R_PARTNER"),
            if_match=True,
        ),
        command(
            "POST /redemptions/{redemption_id}/rate",
            saga.rate_redemption,
            roles=HOLDERS,
        ),
        command(
            "POST /redemptions/{redemption_id}/refund",
            refunds.ask_refund,
            roles=HOLDERS,
            if_match=True,
        ),
        command(
            "POST /redemptions/{redemption_id}/refund/approve",
            refunds.approve_refund,
            roles=DECIDERS,
            if_match=True,
        ),
        command(
            "POST /redemptions/{redemption_id}/refund/deny",
            refunds.deny_refund,
            roles=DECIDERS,
            if_match=True,
        ),
        # ------------------------------------------------------------ statements, fund
        command(
            "POST /statements/{statement_id}/confirm",
            billing.confirm_statement,
            roles=("R_PARTNER",),
            if_match=True,
        ),
        command(
            "POST /statements/{statement_id}/dispute",
            billing.dispute_statement,
            roles=("R_PARTNER",),
            if_match=True,
        ),
        command(
            "POST /statements/{statement_id}/review",
            billing.review_statement,
            roles=("R_STREET",),
            if_match=True,
        ),
        command(
            "POST /statements/{statement_id}/pay",
            billing.pay_statement,
            roles=("R_STREET",),
            if_match=True,
        ),
        command(
            "POST /funds",
            billing.set_fund,
            roles=("R_STREET", "R_DISTRICT"),
            status=201,
        ),
        # ------------------------------------------------------------ queries
        query(
            "GET /partners",
            partner_views.partners_list,
            roles=(PUBLIC,),
            name="partners",
        ),
        query(
            "GET /partners/{partner_id}",
            partner_views.partner,
            roles=(PUBLIC,),
        ),
        query(
            "GET /partners/{partner_id}/desk",
            partner_views.desk,
            roles=("R_PARTNER", *redemption_views.READERS),
        ),
        query(
            "GET /messages",
            message_views.partner_messages,
            roles=("R_PARTNER", "R_MERCHANT"),
        ),
        query(
            "GET /offers",
            partner_views.offers_list,
            roles=(PUBLIC,),
            name="offers",
        ),
        query("GET /offers/{offer_id}", partner_views.offer, roles=(PUBLIC,)),
        query(
            "GET /redemptions",
            redemption_views.redemptions_list,
            roles=(ANY_ROLE,),
            name="redemptions",
        ),
        query(
            "GET /refunds-waiting",
            redemption_views.waiting_refunds,
            roles=DECIDERS,
        ),
        query(
            "GET /redemptions/{redemption_id}",
            redemption_views.redemption,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /statements",
            statement_views.statements_list,
            roles=MONEY,
            name="statements",
        ),
        query(
            "GET /funds",
            statement_views.funds_list,
            roles=(*LOCAL, "R_AUDITOR"),
            name="funds",
        ),
        query(
            "GET /statements/{statement_id}",
            statement_views.statement,
            roles=MONEY,
        ),
        query(
            "GET /fund",
            statement_views.fund,
            roles=(*LOCAL, "R_AUDITOR"),
        ),
        query(
            "GET /service-share",
            redemption_views.service_share,
            roles=(PUBLIC,),
            cost=10,
        ),
        # ------------------------------------------------------------ consumed
        subscribe("steward", events.CalendarYearHeard, then=deadlines.consume, name="on_calendar"),
        subscribe("steward", events.PersonErasedHeard, then=own_data.consume, name="on_erased"),
        subscribe(
            "steward",
            *read_in(events, "steward", but=(events.CalendarYearHeard, events.PersonErasedHeard)),
            then=heard.consume_steward,
        ),
        subscribe("credit", *read_in(events, "credit"), then=heard.consume_credit),
        # ------------------------------------------------------------ timers
        timer(going_out.TIMER, going_out.say, together=going_out.SPAN),
        timer("tell_operators", register.tell_operators),
        timer(saga.HOLD_TIMER, saga.retry_hold),
        timer(saga.EXPIRY_TIMER, saga.expire),
        timer(refunds.REVIEW_TIMER, refunds.overdue),
        timer("statement_issue", billing.issue, schedule=next_issue),
        timer(billing.CONFIRM_TIMER, billing.confirm_by_silence),
        timer(billing.REVIEW_TIMER, billing.review_overdue),
        timer("cutoff", months.measure, schedule=lambda now, calendar: calendar.next_cutoff(now)),
    )

    def deadline_moved(self, tx: Tx, move: deadlines.Move) -> None:
        """Write down that a deadline is later, and tell the people who wait."""
        calendar.deadline_moved(tx, move)
