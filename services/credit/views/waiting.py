"""What can wait for somebody to act, each by the list in which it stands."""

from __future__ import annotations

from collections.abc import Callable

from fivered.chassis.bus import Tx
from fivered.chassis.fields import PartOfList
from fivered.chassis.requests import Request
from fivered.chassis.typed import converted
from fivered.chassis.waiting import MOST, Waits, by_another, not_mine, to
from fivered.services.credit import replies
from fivered.services.credit.rules.commendations import APPROVERS
from fivered.services.credit.rules.settlement import CONFIRMERS, REVIEWERS
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import repairs as repair_store
from fivered.services.credit.storage.consent_notices import known
from fivered.services.credit.views import (
    awards,
    budget,
    consent_notices,
    consents,
    drafts,
    honours,
    objections,
    vetoes,
)
from fivered.services.credit.views import repairs as repair_views
from fivered.services.credit.views import settlement as settlement_views


def _awards_of_level(tx: Tx) -> Request:
    asked = {"state": "PROPOSED", "waits_for": tx.actor.role, "limit": MOST}
    return converted(asked, awards.Awards)


def _award_of_another(tx: Tx, item: replies.AwardReply) -> bool:
    row = award_store.award(tx.conn, item.id)
    return item.own_matter is not True and row is not None and row.proposed_by != tx.actor.id


def _at_level(roles: dict[int, tuple[str, ...]]) -> Callable[[Tx, object], bool]:
    return to(
        replies.SettlementCard,
        lambda tx, item: tx.actor.role in roles.get(len(item.community), ()),
    )


def _objection(
    kind: str, text: str, state: objections.State, act: str, moments: tuple[str, str]
) -> Waits:
    since, due = moments
    return Waits(
        kind, text, act=act, view=objections.objections,
        asked=objections.Objections(state=state, limit=MOST), since=since, due=due, to=not_mine,
    )  # fmt: skip


def _repair_of_another(tx: Tx, item: replies.RepairCard) -> bool:
    """Tell whether the caller has neither applied for it nor checked it."""
    row = repair_store.repair(tx.conn, item.id)
    mine = row is not None and tx.actor.id in {row.person_id, row.checked_by}
    return item.own_matter is not True and not mine


def _repair(kind: str, text: str, state: repair_views.State, act: str, due: str) -> Waits:
    return Waits(
        kind, text, act=act, view=repair_views.repairs,
        asked=repair_views.Repairs(state=state, limit=MOST), since="applied_at", due=due,
        to=to(replies.RepairCard, _repair_of_another),
    )  # fmt: skip


def _commendation(
    kind: str,
    text: str,
    state: replies.CommendationState,
    act: str,
    test: Callable[[Tx, replies.CommendationCard], bool] | None = None,
) -> Waits:
    return Waits(
        kind, text, act=act, view=honours.commendations,
        asked=honours.Commendations(state=state, limit=MOST), since="opened_at",
        to=None if test is None else to(replies.CommendationCard, test),
    )  # fmt: skip


def _approves(tx: Tx, item: replies.CommendationCard) -> bool:
    ended = item.public_until is None or item.public_until <= tx.now
    return ended and tx.actor.role in APPROVERS[item.level]


def _consulted(tx: Tx, item: replies.RuleSetCard) -> bool:
    """Tell whether the public has had its time."""
    return item.comments_until is not None and item.comments_until <= tx.now


def _drafted_by_caller(tx: Tx, item: replies.RuleSetCard) -> bool:
    return item.author == tx.actor.id


def _of_a_former_notice(tx: Tx, item: replies.ConsentCard) -> bool:
    """Tell whether the caller has consented under a notice that is in force no longer."""
    mine = item.person_id == tx.actor.id and item.state == "GRANTED"
    return mine and item.notice_version != known(tx).current


WAITS = (
    Waits(
        "AWARD_TO_APPROVE",
        "待审核的人工赋分 / An award that a person has proposed",
        act="approve_award", view=awards.award_list, asked=_awards_of_level,
        since="occurred_at", to=to(replies.AwardReply, _award_of_another),
    ),
    Waits(
        "SETTLEMENT_TO_REVIEW",
        "待核对的月度赋分 / A month's draft to review",
        act="review_settlement", view=settlement_views.settlements,
        asked=settlement_views.Settlements(state="DRAFTED", limit=MOST),
        since="drafted_at", to=_at_level(REVIEWERS),
    ),
    Waits(
        "SETTLEMENT_TO_CONFIRM",
        "待确认的月度赋分 / A reviewed month to confirm",
        act="confirm_settlement", view=settlement_views.settlements,
        asked=settlement_views.Settlements(state="REVIEWED", limit=MOST),
        since="reviewed_at", to=_at_level(CONFIRMERS),
    ),
    _objection(
        "OBJECTION_TO_ACCEPT", "待受理的异议 / An objection to accept", "FILED",
        "accept_objection", ("filed_at", "accept_due"),
    ),
    _objection(
        "OBJECTION_TO_DECIDE", "待决定的异议 / An objection to decide", "ACCEPTED",
        "decide_objection", ("accepted_at", "decide_due"),
    ),
    _objection(
        "OBJECTION_TO_REVIEW", "待复核的异议 / An objection to review", "REVIEW_REQUESTED",
        "review_objection", ("decided_at", "review_due"),
    ),
    _repair(
        "REPAIR_TO_ACCEPT", "待受理的信用修复 / A repair to accept", "APPLIED", "accept_repair",
        "accept_due",
    ),
    _repair(
        "REPAIR_TO_CHECK", "待核查的信用修复 / A repair to check", "ACCEPTED", "check_repair",
        "decide_due",
    ),
    _repair(
        "REPAIR_TO_APPROVE", "待批准的信用修复 / A repair to approve", "CHECKED",
        "approve_repair", "decide_due",
    ),
    Waits(
        "VETO_TO_CONFIRM",
        "待确认的一票否决 / A veto that another person has proposed, to confirm",
        act="confirm_veto", view=vetoes.proposed, asked=PartOfList(limit=MOST),
        since="imposed_at", due="due",
        to=to(
            replies.VetoReply,
            lambda tx, item: item.own_matter is not True and item.imposed_by != tx.actor.id,
        ),
    ),
    Waits(
        "CONSENT_TO_CONFIRM",
        "待确认的代办同意 / A consent that another person has entered, to confirm",
        act="confirm_consent", view=consents.consent_proposals,
        asked=consents.ConsentProposals(limit=MOST), since="proposed_at", due="due",
        to=to(
            replies.ConsentProposalCard,
            lambda tx, item: item.own_matter is not True and item.proposed_by != tx.actor.id,
        ),
    ),
    Waits(
        "CONSENT_TO_RENEW",
        "告知书已更新,请重新确认授权 / A consent under a former notice: read the one in force, and"
        " consent again",
        act="grant_consent", view=consents.consents, asked=consents.OneConsent(),
        since="granted_at", to=to(replies.ConsentCard, _of_a_former_notice),
        roles=("R_RESIDENT",),
    ),
    Waits(
        "CONSENT_NOTICE_TO_APPROVE",
        "待审核的授权告知书 / A version of the consent notice that another person has proposed",
        act="approve_consent_notice", view=consent_notices.consent_notices,
        asked=consent_notices.ConsentNotices(state="PROPOSED", limit=MOST),
        since="proposed_at", to=by_another("proposed_by"),
    ),
    Waits(
        "BUDGET_TO_APPROVE",
        "待批准的积分预算 / A budget of points to approve",
        act="approve_budget", view=budget.budget_grants,
        asked=budget.BudgetGrants(state="PROPOSED", limit=MOST),
        since="proposed_at", due="due", to=by_another("proposed_by"),
    ),
    Waits(
        "RULES_TO_CONSULT",
        "自己起草、待公开征求意见的规则 / Rules of one's own draft, to lay before the public",
        act="consult_rule_set", view=drafts.rule_sets,
        asked=drafts.RuleSets(state="DRAFT", limit=MOST), since="consulted_from",
        due="effective_from", to=to(replies.RuleSetCard, _drafted_by_caller),
    ),
    Waits(
        "RULES_TO_APPROVE",
        "征求意见期满、待审定的规则 / Rules whose consultation has ended, to approve",
        act="approve_rule_set", view=drafts.rule_sets,
        asked=drafts.RuleSets(state="CONSULTING", limit=MOST), since="consulted_from",
        to=to(replies.RuleSetCard, _consulted),
    ),
    Waits(
        "RULES_TO_PUBLISH",
        "待发布的规则 / Approved rules to publish",
        act="publish_rule_set", view=drafts.rule_sets,
        asked=drafts.RuleSets(state="APPROVED", limit=MOST), since="comments_until",
        to=by_another("author"),
    ),
    _commendation(
        "NOMINEES_TO_CHECK", "待核验的表彰提名 / Nominees to check", "NOMINATED",
        "check_nominees",
    ),
    _commendation(
        "NOMINEES_TO_REVIEW", "待评审的表彰提名 / Nominees to review", "CHECKED",
        "review_nominees",
    ),
    _commendation(
        "COMMENDATION_TO_PUBLICISE", "待公示的表彰 / A commendation to publicise", "REVIEWED",
        "publicise_commendation",
    ),
    _commendation(
        "COMMENDATION_TO_APPROVE", "待批准的表彰 / A commendation to approve", "PUBLICISED",
        "approve_commendation", _approves,
    ),
    _commendation(
        "COMMENDATION_TO_GRANT", "待授予的表彰 / A commendation to grant", "APPROVED",
        "grant_commendation", lambda tx, item: tx.actor.role in APPROVERS[item.level],
    ),
    Waits(
        "NOMINEE_OBJECTION_TO_DECIDE",
        "待决定的提名异议 / An objection to a nominee, to decide",
        act="decide_nominee", view=objections.nominee_objections,
        asked=objections.NomineeObjections(state="OPEN", limit=MOST),
        since="filed_at", due="decide_due", to=not_mine,
    ),
)  # fmt: skip
