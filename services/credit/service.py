"""The way in to credit: entrypoints only; no rule."""

from __future__ import annotations

from typing import Any

from chassis import deadlines
from chassis.bus import (
    ANY_ROLE,
    PUBLIC,
    Due,
    Heard,
    Job,
    Nothing,
    Service,
    Tx,
    command,
    job,
    query,
    shown,
    subscribe,
    timer,
)
from chassis.imports import Imports
from services.credit import events, views
from services.credit.actions import (
    budget,
    calendar,
    commendations,
    consents,
    drafts,
    exports,
    heard,
    imports,
    ledger,
    manual,
    month_logs,
    months,
    notices,
    objections,
    repairs,
    retention,
    rule_sets,
    settlement,
    subjects,
    what_if,
)
from services.credit.settings import CreditSettings
from services.credit.storage import tables
from services.credit.views import drafts as draft_views
from services.credit.views import figures, honours, replays, screening, statements
from services.credit.views import messages as message_views

STAFF = views.STAFF
# Figures of whole communities: a grid worker's scope is a part of one.
OFFICES = tuple(role for role in STAFF if role != "R_GRID")


class Credit(Imports, Service):
    """红色信用: consent, rules, awards, points, settlement, notice, objection."""

    name = "credit"
    shown_by = shown(
        rule_set_id="rule_set",
        subject_id="subject",
        award_id="award",
        settlement_id="settlement",
        notice_id="notice",
        objection_id="objection",
        export_id="export",
        repair_id="repair",
        commendation_id="commendation",
        decide_nominee="",
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
    settings_type = CreditSettings
    says = events.SAYS
    importers = imports.IMPORTERS

    # ---------------------------------------------------------------------------------- rule sets

    @command(roles=("R_DISTRICT",))
    def import_rule_set(self, tx: Tx, order: rule_sets.ImportRuleSet) -> dict[str, Any]:
        """Publish a rule set that comes with the service."""
        return rule_sets.import_rule_set(tx, order)

    @query(roles=(PUBLIC,))
    def rules(self, tx: Tx, question: views.RulesAt) -> dict[str, Any]:
        """Show every rule in force on a day."""
        return views.rules_at(tx, question, rule_sets.in_force(tx.conn))

    @command(roles=("R_DISTRICT",))
    def create_rule_set(self, tx: Tx, order: drafts.CreateRuleSet) -> dict[str, Any]:
        """Make a draft of a rule set."""
        return drafts.create_rule_set(tx, order)

    @command(roles=("R_DISTRICT",), if_match=True)
    def edit_rule_set(self, tx: Tx, order: drafts.EditRuleSet) -> dict[str, Any]:
        """Change a draft."""
        return drafts.edit_rule_set(tx, order)

    @command(roles=("R_DISTRICT",), if_match=True)
    def consult_rule_set(self, tx: Tx, order: drafts.WhichRuleSet) -> dict[str, Any]:
        """Put a draft before the public."""
        return drafts.consult_rule_set(tx, order)

    @command(roles=(ANY_ROLE,))
    def comment_on_rule_set(self, tx: Tx, order: drafts.CommentOnRuleSet) -> dict[str, Any]:
        """Comment on a draft that is before the public."""
        return drafts.comment_on_rule_set(tx, order)

    @command(roles=("R_DISTRICT",), if_match=True)
    def revise_rule_set(self, tx: Tx, order: drafts.WhichRuleSet) -> dict[str, Any]:
        """Take a rule set that is not published back to draft."""
        return drafts.revise_rule_set(tx, order)

    @command(roles=("R_DISTRICT",), if_match=True)
    def approve_rule_set(self, tx: Tx, order: drafts.ApproveRuleSet) -> dict[str, Any]:
        """Approve a draft whose consultation is over."""
        return drafts.approve_rule_set(tx, order)

    @command(roles=("R_DISTRICT",), if_match=True)
    def publish_rule_set(self, tx: Tx, order: drafts.PublishRuleSet) -> dict[str, Any]:
        """Publish an approved rule set."""
        return drafts.publish_rule_set(tx, order)

    @command(roles=("R_DISTRICT",), if_match=True)
    def retire_rule_set(self, tx: Tx, order: drafts.RetireRuleSet) -> dict[str, Any]:
        """Retire a published rule set."""
        return drafts.retire_rule_set(tx, order)

    @query(roles=(PUBLIC,))
    def rule_set(self, tx: Tx, question: draft_views.OneRuleSet) -> dict[str, Any]:
        """Show a rule set."""
        return draft_views.rule_set(tx, question)

    @query(roles=(PUBLIC,))
    def rule_sets(self, tx: Tx, question: draft_views.RuleSets) -> dict[str, Any]:
        """List rule sets, those under consultation too."""
        return draft_views.listed(tx, question)

    @query(roles=(PUBLIC,))
    def rule_comments(self, tx: Tx, question: draft_views.Comments) -> dict[str, Any]:
        """List the comments on a rule set."""
        return draft_views.comments(tx, question)

    @query(roles=(PUBLIC,))
    def rule_set_diff(self, tx: Tx, question: draft_views.Difference) -> dict[str, Any]:
        """Show what a rule set changes of another."""
        return draft_views.difference(tx, question, rule_sets.in_force(tx.conn))

    @command(roles=("R_DISTRICT",))
    def what_if(self, tx: Tx, order: what_if.WhatIf) -> dict[str, Any]:
        """Replay the last months under a rule set."""
        return what_if.what_if(tx, order)

    @query(roles=("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR"))
    def what_if_result(self, tx: Tx, question: replays.WhatIfResult) -> dict[str, Any]:
        """Show what a replay has found."""
        return replays.result(tx, question)

    # ------------------------------------------------------------------------ consent and subjects

    @command(roles=("R_RESIDENT", *consents.ASSISTANTS))
    def grant_consent(self, tx: Tx, order: consents.GrantConsent) -> dict[str, Any]:
        """Consent to scoring."""
        return consents.grant_consent(tx, order)

    @command(roles=(ANY_ROLE,))
    def withdraw_consent(self, tx: Tx, order: consents.WithdrawConsent) -> dict[str, Any]:
        """Withdraw consent."""
        return consents.withdraw_consent(tx, order)

    @command(roles=consents.CONFIRMERS, if_match=True)
    def confirm_consent(self, tx: Tx, order: consents.WhichProposal) -> dict[str, Any]:
        """Confirm a consent that was proposed in a person's name."""
        return consents.confirm_consent(tx, order)

    @command(roles=(ANY_ROLE,), if_match=True)
    def refuse_consent(self, tx: Tx, order: consents.WhichProposal) -> dict[str, Any]:
        """Refuse a consent that was proposed in a person's name."""
        return consents.refuse_consent(tx, order)

    @query(roles=consents.ASSISTANTS)
    def consent_proposals(self, tx: Tx, question: views.ConsentProposals) -> dict[str, Any]:
        """List consents that are proposed in the name of persons."""
        return views.consent_proposals(tx, question)

    @query(roles=(ANY_ROLE,))
    def messages(self, tx: Tx, question: message_views.Messages) -> dict[str, Any]:
        """List what the caller was told."""
        return message_views.mine(tx, question)

    @query(roles=(ANY_ROLE,))
    def consents(self, tx: Tx, question: views.OneConsent) -> dict[str, Any]:
        """Show consents."""
        return views.consents(tx, question)

    @command(roles=("R_STREET", "R_DISTRICT"))
    def open_subject(self, tx: Tx, order: subjects.OpenSubject) -> dict[str, Any]:
        """Open a merchant or unit as a subject."""
        return subjects.open_subject(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT"), if_match=True)
    def close_subject(self, tx: Tx, order: subjects.CloseSubject) -> dict[str, Any]:
        """Close a merchant or unit."""
        return subjects.close_subject(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT"), if_match=True)
    def name_holder(self, tx: Tx, order: subjects.NameHolder) -> dict[str, Any]:
        """Say who speaks for a merchant or unit."""
        return subjects.name_holder(tx, order)

    @query(roles=(ANY_ROLE,))
    def me(self, tx: Tx, _question: Nothing) -> dict[str, Any]:
        """Show all that credit knows about the caller."""
        return views.me(tx, rule_sets.in_force(tx.conn))

    @query(roles=STAFF)
    def subjects(self, tx: Tx, question: views.Subjects) -> dict[str, Any]:
        """List organisations and stewards that are subjects."""
        return views.subject_list(tx, question)

    @query(roles=(ANY_ROLE,))
    def subject(self, tx: Tx, question: views.OneSubject) -> dict[str, Any]:
        """Show a subject."""
        return views.subject(tx, question, rule_sets.in_force(tx.conn))

    @query(roles=(ANY_ROLE,))
    def explain(self, tx: Tx, question: views.Explain) -> dict[str, Any]:
        """Show every input of a score."""
        return views.explain(tx, question, rule_sets.in_force(tx.conn))

    # ------------------------------------------------------------------------------------- awards

    @command(roles=("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"))
    def propose_award(self, tx: Tx, order: manual.ProposeAward) -> dict[str, Any]:
        """Propose an award by hand."""
        return manual.propose_award(tx, order)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"), if_match=True)
    def approve_award(self, tx: Tx, order: manual.DecideAward) -> dict[str, Any]:
        """Approve a proposed award."""
        return manual.approve_award(tx, order)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"), if_match=True)
    def reject_award(self, tx: Tx, order: manual.DecideAward) -> dict[str, Any]:
        """Reject a proposed award."""
        return manual.reject_award(tx, order)

    @query(roles=(ANY_ROLE,))
    def award(self, tx: Tx, question: views.OneAward) -> dict[str, Any]:
        """Show an award and why it was given."""
        return views.award(tx, question, rule_sets.in_force(tx.conn))

    @query(roles=STAFF)
    def awards(self, tx: Tx, question: views.Awards) -> dict[str, Any]:
        """List awards that a person decides."""
        return views.award_list(tx, question, rule_sets.in_force(tx.conn))

    @query(roles=OFFICES)
    def screen(self, tx: Tx, question: screening.Screen) -> dict[str, Any]:
        """Show what a week's volunteer hours give reason to look at."""
        return screening.screen(tx, question, rule_sets.in_force(tx.conn))

    # --------------------------------------------------------------------------------- settlement

    @command(roles=("R_STREET", "R_DISTRICT"))
    def draft_settlement(self, tx: Tx, order: settlement.DraftSettlement) -> dict[str, Any]:
        """Draft a month again."""
        return settlement.draft_settlement(tx, order)

    @command(roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"), if_match=True)
    def review_settlement(self, tx: Tx, order: settlement.ReviewSettlement) -> dict[str, Any]:
        """Review a draft."""
        return settlement.review_settlement(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT", "R_DISTRICT_LEAD"), if_match=True)
    def confirm_settlement(self, tx: Tx, order: settlement.ConfirmSettlement) -> dict[str, Any]:
        """Confirm a reviewed draft."""
        return settlement.confirm_settlement(tx, order)

    @query(roles=STAFF)
    def settlements(self, tx: Tx, question: views.Settlements) -> dict[str, Any]:
        """List settlements."""
        return views.settlements(tx, question)

    @query(roles=STAFF)
    def settlement(self, tx: Tx, question: views.OneSettlement) -> dict[str, Any]:
        """Show a settlement with its entries."""
        return views.settlement(tx, question)

    @command(roles=("R_STREET", "R_DISTRICT"), if_match=True)
    def withdraw_notice(self, tx: Tx, order: notices.WithdrawNotice) -> dict[str, Any]:
        """Take a notice down before its time."""
        return notices.withdraw_notice(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT"), if_match=True)
    def correct_notice(self, tx: Tx, order: notices.WithdrawNotice) -> dict[str, Any]:
        """Publish another notice in place of one that was wrong."""
        return notices.correct_notice(tx, order)

    @command(roles=("R_AUDITOR", "R_DISTRICT"))
    def export_month(self, tx: Tx, order: month_logs.ExportMonth) -> dict[str, Any]:
        """Write the log of a published month as a file."""
        return month_logs.export_month(tx, order)

    @query(roles=("R_AUDITOR", "R_DISTRICT"))
    def month_log(self, tx: Tx, question: month_logs.MonthLog) -> dict[str, Any]:
        """Show one part of the log of a published month."""
        return month_logs.month_log(tx, question)

    @query(roles=(PUBLIC,))
    def notices(self, tx: Tx, question: views.Notices) -> dict[str, Any]:
        """List public notices."""
        return views.notices(tx, question)

    @query(roles=(PUBLIC,))
    def notice(self, tx: Tx, question: views.OneNotice) -> dict[str, Any]:
        """Show a public notice."""
        return views.notice(tx, question, settlement.published_now)

    @query(roles=(PUBLIC,))
    def notice_feed(self, tx: Tx, question: views.Notices) -> dict[str, Any]:
        """List public notices for a feed."""
        return views.notices(tx, question)

    @query(roles=(PUBLIC,))
    def settlement_entry(self, tx: Tx, question: statements.OneEntry) -> dict[str, Any]:
        """Show an entry as the caller may see it."""
        return statements.entry(tx, question, rule_sets.in_force(tx.conn))

    # ---------------------------------------------------------------------------------- objection

    @command(roles=(ANY_ROLE,))
    def file_objection(self, tx: Tx, order: objections.FileObjection) -> dict[str, Any]:
        """File an objection."""
        return objections.file_objection(tx, order)

    @command(roles=("R_CADRE",))
    def start_correction(self, tx: Tx, order: objections.StartCorrection) -> dict[str, Any]:
        """Start the correction of the register."""
        return objections.start_correction(tx, order)

    @command(roles=(ANY_ROLE,), if_match=True)
    def withdraw_objection(self, tx: Tx, order: objections.WhichObjection) -> dict[str, Any]:
        """Take one's objection back."""
        return objections.withdraw_objection(tx, order)

    @command(roles=objections.DECIDERS, if_match=True)
    def accept_objection(self, tx: Tx, order: objections.WhichObjection) -> dict[str, Any]:
        """Take an objection up."""
        return objections.accept_objection(tx, order)

    @command(roles=objections.DECIDERS, if_match=True)
    def extend_objection(self, tx: Tx, order: objections.ExtendObjection) -> dict[str, Any]:
        """Give a decision more time."""
        return objections.extend_objection(tx, order)

    @command(roles=objections.DECIDERS, if_match=True)
    def decide_objection(self, tx: Tx, order: objections.DecideObjection) -> dict[str, Any]:
        """Decide an objection."""
        return objections.decide_objection(tx, order)

    @command(roles=(ANY_ROLE,), if_match=True)
    def request_review(self, tx: Tx, order: objections.RequestReview) -> dict[str, Any]:
        """Ask a higher level to review a decision."""
        return objections.request_review(tx, order)

    @command(roles=objections.REVIEWERS, if_match=True)
    def review_objection(self, tx: Tx, order: objections.DecideObjection) -> dict[str, Any]:
        """Review the decision of an objection."""
        return objections.review_objection(tx, order)

    @query(roles=(ANY_ROLE,))
    def objection(self, tx: Tx, question: views.OneObjection) -> dict[str, Any]:
        """Show an objection."""
        return views.objection(tx, question)

    @query(roles=STAFF)
    def objections(self, tx: Tx, question: views.Objections) -> dict[str, Any]:
        """List objections."""
        return views.objection_list(tx, question)

    # ------------------------------------------------------------------------------------- points

    @command(roles=budget.GRANTERS)
    def grant_budget(self, tx: Tx, order: budget.GrantBudget) -> dict[str, Any]:
        """Propose points that the district pays for."""
        return budget.propose(tx, order)

    @command(roles=budget.GRANTERS, if_match=True)
    def approve_budget(self, tx: Tx, order: budget.WhichGrant) -> dict[str, Any]:
        """Grant points that another person has proposed."""
        return budget.approve(tx, order)

    @command(roles=budget.GRANTERS, if_match=True)
    def reject_budget(self, tx: Tx, order: budget.RejectGrant) -> dict[str, Any]:
        """Do not grant points that another person has proposed."""
        return budget.reject(tx, order)

    @query(roles=(*budget.GRANTERS, "R_AUDITOR"))
    def budget_grants(self, tx: Tx, question: views.BudgetGrants) -> dict[str, Any]:
        """List the grants of the district's budget."""
        return views.budget_grants(tx, question, budget.card)

    @query(roles=STAFF)
    def trial_balance(self, tx: Tx, question: statements.TrialBalance) -> dict[str, Any]:
        """Show that all accounts sum to zero, now or as of a time."""
        return statements.trial_balance(tx, question)

    @query(roles=OFFICES)
    def indicators(self, tx: Tx, question: figures.MonthInArea) -> dict[str, Any]:
        """Show the indicators of an area's month, each with its denominator."""
        return figures.indicators(tx, question)

    @query(roles=OFFICES)
    def sums(self, tx: Tx, question: figures.Sums) -> dict[str, Any]:
        """Show the sums of a month by household, grid, compound or area."""
        return figures.sums(tx, question)

    @query(roles=(ANY_ROLE,))
    def statement(self, tx: Tx, question: statements.Statement) -> dict[str, Any]:
        """Show the lines of one's own accounts."""
        return statements.statement(tx, question)

    # -------------------------------------------------------------------------------------- files

    @command(roles=(ANY_ROLE,))
    def start_export(self, tx: Tx, order: exports.StartExport) -> dict[str, Any]:
        """Ask for a file."""
        return exports.start_export(tx, order)

    @query(roles=(ANY_ROLE,))
    def export(self, tx: Tx, question: statements.OneExport) -> dict[str, Any]:
        """Show how far a file is."""
        return statements.export(tx, question)

    @query(roles=(ANY_ROLE,))
    def export_file(self, tx: Tx, question: statements.OneExport) -> dict[str, Any]:
        """Say where the bytes of a file lie."""
        return statements.export_file(tx, question)

    # ------------------------------------------------------------------------- repairs and vetoes

    @command(roles=(ANY_ROLE,))
    def apply_for_repair(self, tx: Tx, order: repairs.ApplyForRepair) -> dict[str, Any]:
        """Apply for the repair of a negative item."""
        return repairs.apply_for_repair(tx, order)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"), if_match=True)
    def accept_repair(self, tx: Tx, order: repairs.WhichRepair) -> dict[str, Any]:
        """Take an application for repair up."""
        return repairs.accept_repair(tx, order)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"), if_match=True)
    def return_repair(self, tx: Tx, order: repairs.ReasonedRepair) -> dict[str, Any]:
        """Give an application for repair back."""
        return repairs.return_repair(tx, order)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"), if_match=True)
    def check_repair(self, tx: Tx, order: repairs.ReasonedRepair) -> dict[str, Any]:
        """Write down what was found when a correction was looked at."""
        return repairs.check_repair(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT"), if_match=True)
    def approve_repair(self, tx: Tx, order: repairs.ReasonedRepair) -> dict[str, Any]:
        """Repair a negative item."""
        return repairs.approve_repair(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT"), if_match=True)
    def reject_repair(self, tx: Tx, order: repairs.ReasonedRepair) -> dict[str, Any]:
        """Leave a negative item as it is."""
        return repairs.reject_repair(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT"))
    def impose_veto(self, tx: Tx, order: repairs.ImposeVeto) -> dict[str, Any]:
        """Veto an organisation."""
        return repairs.impose_veto(tx, order)

    @command(roles=("R_STREET", "R_DISTRICT"), if_match=True)
    def lift_veto(self, tx: Tx, order: repairs.LiftVeto) -> dict[str, Any]:
        """Lift a veto."""
        return repairs.lift_veto(tx, order)

    @query(roles=(ANY_ROLE,))
    def repair(self, tx: Tx, question: honours.OneRepair) -> dict[str, Any]:
        """Show a repair."""
        return honours.repair(tx, question)

    @query(roles=STAFF)
    def repairs(self, tx: Tx, question: honours.Repairs) -> dict[str, Any]:
        """List repairs."""
        return honours.repair_list(tx, question)

    @query(roles=(PUBLIC,))
    def negatives(self, tx: Tx, question: honours.OfOrganisation) -> dict[str, Any]:
        """Show the published negative items of an organisation."""
        return honours.negatives(tx, question, rule_sets.in_force(tx.conn))

    @query(roles=(PUBLIC,))
    def leaderboard(self, tx: Tx, question: honours.Board) -> dict[str, Any]:
        """Show organisations by their score."""
        return honours.board(tx, question)

    # ------------------------------------------------------------------------------- commendation

    @command(roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"))
    def open_commendation(self, tx: Tx, order: commendations.OpenCommendation) -> dict[str, Any]:
        """Open a commendation."""
        return commendations.open_commendation(tx, order)

    @command(roles=("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"))
    def nominate(self, tx: Tx, order: commendations.Nominate) -> dict[str, Any]:
        """Nominate somebody."""
        return commendations.nominate(tx, order)

    @command(roles=commendations.REVIEWERS, if_match=True)
    def check_nominees(self, tx: Tx, order: commendations.WhichCommendation) -> dict[str, Any]:
        """Check who may be commended."""
        return commendations.check_nominees(tx, order)

    @command(roles=commendations.REVIEWERS, if_match=True)
    def review_nominees(self, tx: Tx, order: commendations.ReviewNominees) -> dict[str, Any]:
        """Review nominees, with written reasons."""
        return commendations.review_nominees(tx, order)

    @command(roles=commendations.REVIEWERS, if_match=True)
    def publicise_commendation(
        self, tx: Tx, order: commendations.WhichCommendation
    ) -> dict[str, Any]:
        """Publish who shall be commended."""
        return commendations.publicise_commendation(tx, order)

    @command(roles=(ANY_ROLE,))
    def object_to_nominee(self, tx: Tx, order: commendations.ObjectToNominee) -> dict[str, Any]:
        """Object to a nominee."""
        return commendations.object_to_nominee(tx, order)

    @command(roles=commendations.REVIEWERS, if_match=True)
    def decide_nominee(self, tx: Tx, order: commendations.DecideNominee) -> dict[str, Any]:
        """Decide an objection to a nominee."""
        return commendations.decide_nominee(tx, order)

    @command(roles=("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD"), if_match=True)
    def approve_commendation(
        self, tx: Tx, order: commendations.WhichCommendation
    ) -> dict[str, Any]:
        """Approve a commendation after its notice."""
        return commendations.approve_commendation(tx, order)

    @command(roles=("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD"), if_match=True)
    def grant_commendation(self, tx: Tx, order: commendations.WhichCommendation) -> dict[str, Any]:
        """Issue the certificates."""
        return commendations.grant_commendation(tx, order)

    @command(roles=("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD"), if_match=True)
    def revoke_commendation(
        self, tx: Tx, order: commendations.RevokeCommendation
    ) -> dict[str, Any]:
        """Take a commendation back."""
        return commendations.revoke_commendation(tx, order)

    @query(roles=STAFF)
    def commendation(self, tx: Tx, question: honours.OneCommendation) -> dict[str, Any]:
        """Show a commendation with its nominees."""
        return honours.commendation(tx, question)

    @query(roles=STAFF)
    def commendations(self, tx: Tx, question: honours.Commendations) -> dict[str, Any]:
        """List commendations."""
        return honours.commendation_list(tx, question)

    @query(roles=STAFF)
    def candidates(self, tx: Tx, question: honours.Candidates) -> dict[str, Any]:
        """Show who may be commended by the rule."""
        return honours.candidates(tx, question, rule_sets.in_force(tx.conn))

    @query(roles=(PUBLIC,))
    def certificate(self, tx: Tx, question: honours.OneCertificate) -> dict[str, Any]:
        """Tell whether a certificate holds."""
        return honours.certificate(tx, question)

    @query(roles=(PUBLIC,))
    def certificate_document(self, tx: Tx, question: honours.OneCertificate) -> dict[str, Any]:
        """Show what stands on a certificate."""
        return honours.certificate(tx, question)

    @query(roles=(PUBLIC,))
    def revocations(self, tx: Tx, question: honours.Revocations) -> dict[str, Any]:
        """List certificates that were revoked."""
        return honours.revocations(tx, question)

    @query(roles=(ANY_ROLE,))
    def honours(self, tx: Tx, _question: Nothing) -> dict[str, Any]:
        """List one's own certificates."""
        return honours.honours(tx)

    # -------------------------------------------------------------------------------------- heard

    @subscribe("steward", events.CalendarYearHeard)
    def on_calendar(self, tx: Tx, said: list[Heard]) -> None:
        """A year's working days are known: open deadlines are counted again."""
        deadlines.hear(tx, said, calendar.COUNTED)

    def deadline_moved(self, tx: Tx, move: deadlines.Move) -> None:
        """Write down that a deadline is later, and tell whoever waits."""
        calendar.deadline_moved(tx, move)

    @subscribe("steward", *events.STEWARD)
    def on_steward(self, tx: Tx, said: list[Heard]) -> None:
        """Persons, stewards, ratings, hours, the month."""
        heard.steward(tx, said)

    @subscribe("property", *events.PROPERTY)
    def on_property(self, tx: Tx, said: list[Heard]) -> None:
        """Projects, rectifications, disclosures, the month."""
        heard.property_(tx, said)

    @subscribe("partner", *events.PARTNER)
    def on_partner(self, tx: Tx, said: list[Heard]) -> None:
        """Partners, redemptions, the month."""
        heard.partner(tx, said)

    @subscribe("forum", *events.FORUM)
    def on_forum(self, tx: Tx, said: list[Heard]) -> None:
        """Topics, attendance, the month."""
        heard.forum(tx, said)

    # --------------------------------------------------------------------------------- timers, jobs

    @timer("cutoff", schedule=lambda now, calendar: calendar.next_cutoff(now))
    def on_cutoff(self, tx: Tx, due: Due) -> None:
        """Cut a month off."""
        months.cut_off(tx, due)

    @timer("draft_overdue")
    def on_draft_overdue(self, tx: Tx, due: Due) -> None:
        """Draft without the markers that did not come."""
        months.draft_overdue(tx, due)

    @timer("publish")
    def on_publish(self, tx: Tx, due: Due) -> None:
        """Publish a confirmed settlement."""
        settlement.on_publish(tx, due)

    @timer("notice_end")
    def on_notice_end(self, tx: Tx, due: Due) -> None:
        """Make a published settlement final."""
        settlement.on_notice_end(tx, due)

    @timer("settlement_close")
    def on_settlement_close(self, tx: Tx, due: Due) -> None:
        """Close a settlement that still has held entries."""
        settlement.on_close(tx, due)

    @timer("objection_accept")
    def on_objection_accept(self, tx: Tx, due: Due) -> None:
        """Accept an objection that nobody took up."""
        objections.on_accept_due(tx, due)

    @timer("objection_decide")
    def on_objection_decide(self, tx: Tx, due: Due) -> None:
        """Mark an objection that nobody decided."""
        objections.on_decide_due(tx, due)

    @timer("objection_review")
    def on_objection_review(self, tx: Tx, due: Due) -> None:
        """Mark a review that nobody has made."""
        objections.on_review_due(tx, due)

    @timer("consultation_end")
    def on_consultation_end(self, tx: Tx, due: Due) -> None:
        """End the consultation on a draft."""
        drafts.on_consultation_end(tx, due)

    @timer("rule_set_begins")
    def on_rule_set_begins(self, tx: Tx, due: Due) -> None:
        """Retire the rules that another rule set takes over from."""
        drafts.on_rule_set_turn(tx, due)

    @timer("rule_set_ends")
    def on_rule_set_ends(self, tx: Tx, due: Due) -> None:
        """Retire the rules that persons have ended with this day."""
        drafts.on_rule_set_turn(tx, due)

    @timer("repair_accept")
    def on_repair_accept(self, tx: Tx, due: Due) -> None:
        """Accept an application for repair that nobody took up."""
        repairs.on_accept_due(tx, due)

    @timer("repair_decide")
    def on_repair_decide(self, tx: Tx, due: Due) -> None:
        """Mark a repair that nobody decided."""
        repairs.on_decide_due(tx, due)

    @timer("commendation_end")
    def on_commendation_end(self, tx: Tx, due: Due) -> None:
        """End the notice of a commendation."""
        commendations.on_notice_end(tx, due)

    @timer("award_lapse", schedule=manual.next_lapse_run)
    def on_award_lapse(self, tx: Tx, due: Due) -> None:
        """Pass proposals that nobody decided to the next level."""
        manual.lapse(tx, due)

    @timer("draft_check")
    def on_draft_check(self, tx: Tx, due: Due) -> None:
        """Look by night whether a draft is still what would be drafted."""
        settlement.look_again(tx, due)

    @timer("expire_points", schedule=ledger.next_expiry_run)
    def on_expire_points(self, tx: Tx, due: Due) -> None:
        """Expire points whose time is over."""
        ledger.expire_points(tx, due)

    @timer("retention", schedule=retention.next_run)
    def on_retention(self, tx: Tx, due: Due) -> None:
        """Delete facts and month logs whose time is over."""
        retention.on_due(tx, due)

    @job("sweep")
    def sweep(self, running: Job) -> dict[str, Any]:
        """Delete facts and month logs in small steps."""
        return retention.run(running)

    @job("what_if")
    def replay(self, running: Job) -> dict[str, Any]:
        """Replay months under other rules."""
        return what_if.run(running)

    @job("export")
    def make_export(self, running: Job) -> dict[str, Any]:
        """Make a file that was asked for."""
        return exports.run_export(running)

    @job("draft")
    def draft(self, running: Job) -> dict[str, Any]:
        """Draft a month, area by area."""
        return settlement.run_draft(running)

    @job("export_month")
    def write_month(self, running: Job) -> dict[str, Any]:
        """Write the log of a published month, part by part."""
        return month_logs.run_export(running)
