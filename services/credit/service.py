"""The way in to credit: entrypoints only; no rule."""

from __future__ import annotations

from collections.abc import Iterable

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
from fivered.chassis.metrics import Sample
from fivered.chassis.table import command, job, query, subscribe, timer
from fivered.services.credit import errors, events
from fivered.services.credit.actions import (
    budget,
    calendar,
    commendation_notices,
    commendations,
    consent_notices,
    consents,
    decisions,
    drafting,
    drafts,
    exports,
    finalising,
    heard,
    honours,
    imports,
    ledger,
    manual,
    month_logs,
    months,
    nominee_objections,
    nominees,
    notices,
    objections,
    repairs,
    retention,
    reviews,
    rule_sets,
    running_out,
    settlement,
    subjects,
    vetoes,
    what_if,
)
from fivered.services.credit.settings import CreditSettings
from fivered.services.credit.storage import personal, registry, tables
from fivered.services.credit.storage.first_steps import FIRST_STEPS
from fivered.services.credit.views import awards as awards_views
from fivered.services.credit.views import budget as budget_views
from fivered.services.credit.views import cards as cards_views
from fivered.services.credit.views import consent_notices as notice_texts
from fivered.services.credit.views import consents as consents_views
from fivered.services.credit.views import drafts as draft_views
from fivered.services.credit.views import figures, gauges, replays, screening, statements
from fivered.services.credit.views import honours as honours_views
from fivered.services.credit.views import messages as message_views
from fivered.services.credit.views import notices as notices_views
from fivered.services.credit.views import objections as objections_views
from fivered.services.credit.views import repairs as repairs_views
from fivered.services.credit.views import rules as rules_views
from fivered.services.credit.views import settlement as settlement_views
from fivered.services.credit.views import subjects as subjects_views
from fivered.services.credit.views import vetoes as vetoes_views
from fivered.services.credit.views.waiting import WAITS

STAFF = cards_views.STAFF
# Figures of whole communities: a grid worker's scope is a part of one.
OFFICES = tuple(role for role in STAFF if role != "R_GRID")
OVER_COMMUNITIES = ("R_STREET", "R_DISTRICT")


class Credit(Imports, Service):
    """红色信用: consent, rules, awards, points, settlement, notice, objection."""

    name = "credit"
    data_map = personal.DATA_MAP
    shown_by = shown(
        rule_set_id="rule_set",
        subject_id="subject",
        award_id="award",
        settlement_id="settlement",
        notice_id="notice",
        objection_id="objection",
        export_id="export",
        repair_id="repair",
        veto_id="veto",
        commendation_id="commendation",
        decide_nominee="nominee_objection",
        negatives="",
        nominate="",
        object_to_nominee="",
    )
    counts = frozenset(
        {
            "accept_due",
            "comments_until",
            "consulted_until",
            "decide_due",
            "down_at",
            "due",
            "due_at",
            "ends_at",
            "objection_until",
            "public_until",
            "review_due",
            "review_until",
        }
    )
    tables = tables.metadata
    first_steps = FIRST_STEPS
    waits = WAITS
    told_elsewhere = (message_views.TOLD,)
    settings_type = CreditSettings
    standing = registry.standing
    merged = errors.CallerMerged
    deceased = errors.CallerDeceased
    after_told = staticmethod(going_out.after_told)
    publishes = (DeadlineMoved, going_out.MessagesTold, *published_in(events))
    deadline_words = (
        "objection_accept", "objection_decide", "objection_review", "repair_accept",
        "repair_decide", "veto_confirm", "nominee_objection", "notice_end", "publish",
        "settlement_close", "commendation_end", "consultation_end", "cutoff", "award",
    )  # fmt: skip
    importers = imports.IMPORTERS
    title = "红色信用 / Red Credit"
    about = (
        "自愿参与的信用积分：每月赋分、公示、异议与修复，只奖不罚个人。"
        " / Voluntary credit: monthly scoring, public notice, objection and repair."
    )
    doors = (
        # ------------------------------------------------------------ rule sets
        command(
            "POST /rule-sets/import",
            rule_sets.import_rule_set,
            roles=("R_DISTRICT",),
            status=201,
        ),
        query(
            "GET /rules",
            rules_views.rules,
            roles=(PUBLIC,),
        ),
        command(
            "POST /rule-sets",
            drafts.create_rule_set,
            roles=("R_DISTRICT",),
            status=201,
        ),
        command(
            "POST /rule-sets/{rule_set_id}/edit",
            drafts.edit_rule_set,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        command(
            "POST /rule-sets/{rule_set_id}/discard",
            drafts.discard_rule_set,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        command(
            "POST /rule-sets/{rule_set_id}/consult",
            drafts.consult_rule_set,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        command(
            "POST /rule-sets/{rule_set_id}/comments",
            drafts.comment_on_rule_set,
            roles=(ANY_ROLE,),
            status=201,
        ),
        command(
            "POST /rule-sets/{rule_set_id}/revise",
            drafts.revise_rule_set,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        command(
            "POST /rule-sets/{rule_set_id}/approve",
            rule_sets.approve_rule_set,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        command(
            "POST /rule-sets/{rule_set_id}/publish",
            rule_sets.publish_rule_set,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        command(
            "POST /rule-sets/{rule_set_id}/retire",
            rule_sets.retire_rule_set,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        query(
            "GET /rule-sets/{rule_set_id}",
            draft_views.rule_set,
            roles=(PUBLIC,),
        ),
        query(
            "GET /rule-sets",
            draft_views.rule_sets,
            roles=(PUBLIC,),
        ),
        query(
            "GET /rule-sets/{rule_set_id}/comments",
            draft_views.rule_comments,
            roles=(PUBLIC,),
        ),
        query(
            "GET /rule-sets/{rule_set_id}/diff",
            draft_views.rule_set_diff,
            roles=(PUBLIC,),
        ),
        command(
            "POST /rule-sets/{rule_set_id}/what-if",
            what_if.what_if,
            roles=("R_DISTRICT",),
            status=202,
        ),
        query(
            "GET /what-if/{job_id}",
            replays.what_if_result,
            roles=("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR"),
        ),
        # ------------------------------------------------------------ consent and subjects
        command(
            "POST /consents",
            consents.grant_consent,
            roles=("R_RESIDENT", *consents.ASSISTANTS),
            status=201,
        ),
        command(
            "POST /consents/{consent_id}/withdraw",
            consents.withdraw_consent,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /consents/proposals/{proposal_id}/confirm",
            consents.confirm_consent,
            roles=consents.CONFIRMERS,
            if_match=True,
        ),
        command(
            "POST /consents/proposals/{proposal_id}/refuse",
            consents.refuse_consent,
            roles=(ANY_ROLE,),
            if_match=True,
        ),
        query(
            "GET /consents/proposals",
            consents_views.consent_proposals,
            roles=consents.ASSISTANTS,
        ),
        command(
            "POST /consent-notices",
            consent_notices.propose_consent_notice,
            roles=consent_notices.PUBLISHERS,
            status=201,
        ),
        command(
            "POST /consent-notices/{consent_notice_id}/approve",
            consent_notices.approve_consent_notice,
            roles=consent_notices.PUBLISHERS,
            if_match=True,
        ),
        command(
            "POST /consent-notices/{consent_notice_id}/reject",
            consent_notices.reject_consent_notice,
            roles=consent_notices.PUBLISHERS,
            if_match=True,
        ),
        query("GET /consent-notices", notice_texts.consent_notices, roles=(PUBLIC,)),
        query(
            "GET /consent-notices/{consent_notice_id}",
            notice_texts.consent_notice,
            roles=(PUBLIC,),
        ),
        query(
            "GET /consent-notices/{consent_notice_id}/texts/{purpose}",
            notice_texts.consent_notice_of_purpose,
            roles=(PUBLIC,),
        ),
        query(
            "GET /messages",
            message_views.messages,
            roles=(ANY_ROLE,),
        ),
        query("GET /consents", consents_views.consents, roles=(ANY_ROLE,)),
        query("GET /consents/history", consents_views.consent_history, roles=(ANY_ROLE,)),
        command(
            "POST /subjects",
            subjects.open_subject,
            roles=OVER_COMMUNITIES,
            status=201,
        ),
        command(
            "POST /subjects/{subject_id}/close",
            subjects.close_subject,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        command(
            "POST /subjects/{subject_id}/reopen",
            subjects.reopen_subject,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        command(
            "POST /subjects/{subject_id}/holder",
            subjects.name_holder,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        query("GET /me", subjects_views.me, roles=(ANY_ROLE,)),
        query("GET /subjects", subjects_views.subjects, roles=STAFF),
        query(
            "GET /subjects/{subject_id}",
            subjects_views.subject,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /subjects/{subject_id}/explain",
            subjects_views.explain,
            roles=(ANY_ROLE,),
        ),
        # ------------------------------------------------------------ awards
        command(
            "POST /awards",
            manual.propose_award,
            roles=("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            status=201,
        ),
        command(
            "POST /awards/{award_id}/approve",
            manual.approve_award,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /awards/{award_id}/reject",
            manual.reject_award,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        query(
            "GET /awards/{award_id}",
            awards_views.award,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /awards",
            awards_views.award_list,
            roles=STAFF,
            name="awards",
        ),
        query("GET /screen", screening.screen, roles=OFFICES),
        # ------------------------------------------------------------ settlement
        command(
            "POST /settlements/draft",
            settlement.draft_settlement,
            roles=OVER_COMMUNITIES,
            status=202,
        ),
        command(
            "POST /settlements/{settlement_id}/review",
            settlement.review_settlement,
            roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /settlements/{settlement_id}/confirm",
            settlement.confirm_settlement,
            roles=("R_STREET", "R_DISTRICT", "R_DISTRICT_LEAD"),
            if_match=True,
        ),
        query(
            "GET /settlements",
            settlement_views.settlements,
            roles=STAFF,
        ),
        query(
            "GET /settlements/{settlement_id}",
            settlement_views.settlement,
            roles=STAFF,
        ),
        command(
            "POST /notices/{notice_id}/withdraw",
            notices.withdraw_notice,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        command(
            "POST /notices/{notice_id}/correct",
            notices.correct_notice,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        command(
            "POST /settlements/{settlement_id}/export",
            month_logs.export_month,
            roles=("R_AUDITOR", "R_DISTRICT"),
            status=202,
        ),
        query(
            "GET /settlements/{settlement_id}/log",
            month_logs.month_log,
            roles=("R_AUDITOR", "R_DISTRICT"),
        ),
        query(
            "GET /notices",
            notices_views.notices,
            roles=(PUBLIC,),
        ),
        query(
            "GET /notices/{notice_id}",
            notices_views.notice,
            roles=(PUBLIC,),
        ),
        query(
            "GET /notices.atom",
            notices_views.notice_feed,
            roles=(PUBLIC,),
            produces="application/atom+xml",
        ),
        query(
            "GET /settlements/{settlement_id}/entries/{subject_id}",
            statements.settlement_entry,
            roles=(PUBLIC,),
        ),
        # ------------------------------------------------------------ objection
        command(
            "POST /objections",
            objections.file_objection,
            roles=(ANY_ROLE,),
            status=201,
        ),
        command(
            "POST /corrections",
            objections.start_correction,
            roles=("R_CADRE",),
            status=201,
        ),
        command(
            "POST /objections/{objection_id}/withdraw",
            objections.withdraw_objection,
            roles=(ANY_ROLE,),
            if_match=True,
        ),
        command(
            "POST /objections/{objection_id}/accept",
            objections.accept_objection,
            roles=objections.DECIDERS,
            if_match=True,
        ),
        command(
            "POST /objections/{objection_id}/extend",
            objections.extend_objection,
            roles=objections.DECIDERS,
            if_match=True,
        ),
        command(
            "POST /objections/{objection_id}/decide",
            decisions.decide_objection,
            roles=objections.DECIDERS,
            if_match=True,
        ),
        command(
            "POST /objections/{objection_id}/request-review",
            reviews.request_review,
            roles=(ANY_ROLE,),
            if_match=True,
        ),
        command(
            "POST /objections/{objection_id}/review",
            reviews.review_objection,
            roles=reviews.REVIEWERS,
            if_match=True,
        ),
        query(
            "GET /objections/{objection_id}",
            objections_views.objection,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /objections",
            objections_views.objections,
            roles=STAFF,
        ),
        # ------------------------------------------------------------ points
        command(
            "POST /budget-grants",
            budget.grant_budget,
            roles=budget.GRANTERS,
            status=201,
        ),
        command(
            "POST /budget-grants/{grant_id}/approve",
            budget.approve_budget,
            roles=budget.GRANTERS,
            if_match=True,
        ),
        command(
            "POST /budget-grants/{grant_id}/reject",
            budget.reject_budget,
            roles=budget.GRANTERS,
            if_match=True,
        ),
        query(
            "GET /budget-grants",
            budget_views.budget_grants,
            roles=(*budget.GRANTERS, "R_AUDITOR"),
        ),
        query("GET /trial-balance", budget_views.trial_balance, roles=STAFF),
        query("GET /indicators", figures.indicators, roles=OFFICES),
        query("GET /sums", figures.sums, roles=OFFICES),
        query(
            "GET /me/statement",
            statements.statement,
            roles=(ANY_ROLE,),
        ),
        # ------------------------------------------------------------ files
        command(
            "POST /exports",
            exports.start_export,
            roles=(ANY_ROLE,),
            status=202,
        ),
        query(
            "GET /exports/{export_id}",
            statements.export,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /exports/{export_id}/file",
            statements.export_file,
            roles=(ANY_ROLE,),
            produces="application/octet-stream",
        ),
        # ------------------------------------------------------------ repairs and vetoes
        command(
            "POST /repairs",
            repairs.apply_for_repair,
            roles=(ANY_ROLE,),
            status=201,
        ),
        command(
            "POST /repairs/{repair_id}/withdraw",
            repairs.withdraw_repair,
            roles=(ANY_ROLE,),
            if_match=True,
        ),
        command(
            "POST /repairs/{repair_id}/accept",
            repairs.accept_repair,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /repairs/{repair_id}/return",
            repairs.return_repair,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /repairs/{repair_id}/check",
            repairs.check_repair,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /repairs/{repair_id}/approve",
            repairs.approve_repair,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        command(
            "POST /repairs/{repair_id}/reject",
            repairs.reject_repair,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        command(
            "POST /vetoes",
            vetoes.impose_veto,
            roles=OVER_COMMUNITIES,
            status=201,
        ),
        command(
            "POST /vetoes/{veto_id}/confirm",
            vetoes.confirm_veto,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        command(
            "POST /vetoes/{veto_id}/lift",
            vetoes.lift_veto,
            roles=OVER_COMMUNITIES,
            if_match=True,
        ),
        query("GET /vetoes/{veto_id}", vetoes_views.veto, roles=(ANY_ROLE,)),
        query("GET /repairs/{repair_id}", repairs_views.repair, roles=(ANY_ROLE,)),
        query("GET /repairs", repairs_views.repairs, roles=STAFF),
        query(
            "GET /organisations/{subject_id}/negatives", repairs_views.negatives, roles=(PUBLIC,)
        ),
        query(
            "GET /leaderboards/{scope}",
            honours_views.leaderboard,
            roles=(PUBLIC,),
        ),
        # ------------------------------------------------------------ commendation
        command(
            "POST /commendations",
            commendations.open_commendation,
            roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"),
            status=201,
        ),
        command(
            "POST /commendations/{commendation_id}/nominate",
            nominees.nominate,
            roles=("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
        ),
        command(
            "POST /commendations/{commendation_id}/check",
            nominees.check_nominees,
            roles=nominees.REVIEWERS,
            if_match=True,
        ),
        command(
            "POST /commendations/{commendation_id}/review",
            nominees.review_nominees,
            roles=nominees.REVIEWERS,
            if_match=True,
        ),
        command(
            "POST /commendations/{commendation_id}/publicise",
            commendation_notices.publicise_commendation,
            roles=nominees.REVIEWERS,
            if_match=True,
        ),
        command(
            "POST /commendations/{commendation_id}/object",
            nominee_objections.object_to_nominee,
            roles=(ANY_ROLE,),
            status=201,
        ),
        command(
            "POST /nominee-objections/{objection_id}/decide",
            nominee_objections.decide_nominee,
            roles=nominees.REVIEWERS,
            if_match=True,
        ),
        command(
            "POST /commendations/{commendation_id}/cancel",
            commendations.cancel_commendation,
            roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /commendations/{commendation_id}/approve",
            honours.approve_commendation,
            roles=("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD"),
            if_match=True,
        ),
        command(
            "POST /commendations/{commendation_id}/grant",
            honours.grant_commendation,
            roles=("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD"),
            if_match=True,
        ),
        command(
            "POST /commendations/{commendation_id}/revoke",
            honours.revoke_commendation,
            roles=("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD"),
            if_match=True,
        ),
        query(
            "GET /nominee-objections/{objection_id}",
            objections_views.nominee_objection,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /nominee-objections",
            objections_views.nominee_objections,
            roles=STAFF,
        ),
        query(
            "GET /commendations/{commendation_id}",
            honours_views.commendation,
            roles=STAFF,
        ),
        query(
            "GET /commendations",
            honours_views.commendations,
            roles=STAFF,
        ),
        query(
            "GET /commendations/{commendation_id}/candidates",
            honours_views.candidates,
            roles=STAFF,
        ),
        query(
            "GET /certificates/{code}",
            honours_views.certificate,
            roles=(PUBLIC,),
        ),
        query(
            "GET /certificates/{code}/document",
            honours_views.certificate_document,
            roles=(PUBLIC,),
            produces="application/pdf",
        ),
        query(
            "GET /certificates/revoked",
            honours_views.revocations,
            roles=(PUBLIC,),
        ),
        query("GET /me/honours", honours_views.honours, roles=(ANY_ROLE,)),
        # ------------------------------------------------------------ heard
        subscribe(
            "steward", events.CalendarYearHeard, then=calendar.year_loaded, name="on_calendar"
        ),
        subscribe("steward", events.PersonErasedHeard, then=own_data.consume, name="on_erased"),
        subscribe(
            "steward",
            *read_in(events, "steward", but=(events.CalendarYearHeard, events.PersonErasedHeard)),
            then=heard.steward,
        ),
        subscribe("property", *read_in(events, "property"), then=heard.property_),
        subscribe("partner", *read_in(events, "partner"), then=heard.partner),
        subscribe("forum", *read_in(events, "forum"), then=heard.forum),
        # ------------------------------------------------------------ timers, jobs
        timer(going_out.TIMER, going_out.say, together=going_out.SPAN),
        timer("cutoff", months.cut_off, schedule=lambda now, calendar: calendar.next_cutoff(now)),
        timer("draft_overdue", months.draft_overdue),
        timer("publish", settlement.on_publish),
        timer("notice_end", finalising.on_notice_end),
        timer("settlement_close", finalising.on_close),
        timer("objection_accept", objections.on_accept_due),
        timer("objection_decide", objections.on_decide_due),
        timer("objection_review", reviews.on_review_due),
        timer("consultation_end", drafts.on_consultation_end),
        timer("rule_set_begins", rule_sets.on_rule_set_turn),
        timer("rule_set_ends", rule_sets.on_rule_set_turn),
        timer("repair_accept", repairs.on_accept_due),
        timer("repair_decide", repairs.on_decide_due),
        timer(vetoes.CONFIRM_TIMER, vetoes.on_confirm_due),
        timer("commendation_end", commendation_notices.on_notice_end),
        timer(nominee_objections.DECIDE_TIMER, nominee_objections.on_decide_due),
        timer("nominee_days", nominee_objections.give_time, schedule=manual.next_lapse_run),
        timer("veto_days", vetoes.give_time, schedule=manual.next_lapse_run),
        timer("award_lapse", manual.lapse, schedule=manual.next_lapse_run),
        timer("draft_check", drafting.look_again),
        timer("points_remind", running_out.remind, schedule=running_out.next_run),
        timer(running_out.AGAIN, running_out.remind_again),
        timer("expire_points", ledger.expire_points, schedule=ledger.next_expiry_run),
        timer("budget_freed", budget.release_freed, schedule=budget.next_release),
        timer("retention", retention.on_due, schedule=retention.next_run),
        job("sweep", retention.run),
        job("what_if", what_if.run),
        job("export", exports.run_export),
        job("draft", drafting.run_draft),
        job("export_month", month_logs.run_export),
    )

    def gauges(self, tx: Tx) -> Iterable[Sample]:
        """Return the sum of the ledger and the months by their state."""
        return gauges.gauges(tx)

    def deadline_moved(self, tx: Tx, move: deadlines.Move) -> None:
        """Write down that a deadline is later, and tell the people who wait."""
        calendar.deadline_moved(tx, move)
