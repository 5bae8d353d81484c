"""Reviews of decisions: once, by a higher level, and never to the disadvantage of who asked."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Due, Tx
from fivered.chassis.free_text import PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import (
    decisions,
    escalating,
    finalising,
    objection_news,
    telling,
)
from fivered.services.credit.actions import objection_cases as cases
from fivered.services.credit.actions.objection_cases import ReceiptNo
from fivered.services.credit.errors import (
    DeadlinePassed,
    LevelTooLow,
    NoHigherLevel,
    NothingToReview,
    TextTooShort,
    WorseThanDecided,
)
from fivered.services.credit.storage import objections as store

REVIEW_WORKING_DAYS = 10
LEAST_TEXT = 5
REVIEWERS = ("R_STREET", "R_STREET_LEAD", "R_DISTRICT")


class RequestReview(Request, frozen=True):
    """申请复核 / Why a higher level should look at the decision."""

    objection_id: str
    grounds: Annotated[
        PublicText,
        Meta(min_length=1, max_length=2000, examples=["裁定没有核对我提交的排班表,请上级复核。"]),
    ]
    receipt_no: ReceiptNo | None = None


def request_review(tx: Tx, payload: RequestReview) -> replies.ObjectionDone:
    """申请复核 / Ask for a review.

    Ask a higher level to look at a decision. Meanwhile the decision stands: the entry is not
    held again.

    Raises:
        TextTooShort: No grounds are given.
        NotFound: There is no such objection.
        NotFiler: Somebody else filed it, not for a subject for which the caller speaks, and the
            caller shows no receipt of the filer's.
        StateConflict: It is not decided, or was reviewed already.
        NothingToReview: It was upheld: there is nothing more to gain.
        NoHigherLevel: The district has decided it.
        DeadlinePassed: The five working days are over.
    """
    if len(payload.grounds.strip()) < LEAST_TEXT:
        raise TextTooShort(field="grounds", least=LEAST_TEXT)
    known = cases.of_filer(tx, payload.objection_id, payload.receipt_no, of_subject=True)
    if known.state != "DECIDED":
        raise StateConflict(state=known.state)
    if known.outcome == "UPHELD":
        raise NothingToReview
    if known.review_until is None:
        raise NoHigherLevel
    if tx.now >= known.review_until:
        raise DeadlinePassed(until=telling.last_day(known.review_until))
    due = tx.calendar.due(tx.now, REVIEW_WORKING_DAYS)
    asked = store.change(
        tx.conn,
        known,
        state="REVIEW_REQUESTED",
        review_grounds=payload.grounds,
        receipt_no=payload.receipt_no or known.receipt_no,
        review_due=due,
    )
    tx.arm("objection_review", known.objection_id, due)
    return cases.done(asked, due=due)


def review_objection(tx: Tx, payload: decisions.DecideObjection) -> replies.ObjectionDone:
    """复核裁定 / Review a decision.

    Review a decision: it stands, or becomes better for the person who filed the objection, never
    worse.

    The decision stands by the same outcome again; for PARTLY without `score`.

    Raises:
        Invalid: An unknown outcome, or PARTLY without what is left.
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such objection, or no such award of the subject.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: No review is asked for; and as in `decide_objection`.
        LevelTooLow: The caller's level is not higher than that of the person who decided.
        InChain: The caller had a hand in it, is its subject, or filed it.
        SelfApproval: The subject is the caller's own.
        ConflictOfInterest: The caller holds a post in the subject's matters.
        WorseThanDecided: The outcome is worse than that of the decision.
    """
    decisions.check_order(payload)
    known = cases.locked(tx, payload.objection_id)
    if known.state != "REVIEW_REQUESTED":
        raise StateConflict(state=known.state)
    if cases.LEVELS[tx.actor.role] <= cases.LEVELS[known.decided_role]:
        raise LevelTooLow(role=tx.actor.role)
    case = cases.case_of(tx, known)
    cases.check_chain(tx, known, case)
    if decisions.OUTCOMES.index(payload.outcome) > decisions.OUTCOMES.index(known.outcome):
        raise WorseThanDecided(outcome=known.outcome)
    changed = payload.score is not None or bool(payload.award_ids or payload.veto_ids)
    stands = payload.outcome == known.outcome and not (payload.outcome == "PARTLY" and changed)
    if not stands:
        decisions.check_partly(payload, known, case)
        decisions.take_effect(tx, payload, known, case)
        if case.row is not None and cases.is_open(tx, known, case.row):
            finalising.finalise_held(tx, case.row, known.subject_id)
    reviewed = store.change(
        tx.conn,
        known,
        state="REVIEWED",
        reviewed_by=tx.actor.id,
        reviewed_at=tx.now,
        review_outcome=payload.outcome,
        review_reasons=payload.reasons,
    )
    tx.disarm("objection_review", known.objection_id)
    objection_news.tell(
        tx,
        known,
        "OBJECTION_REVIEWED",
        outcome=payload.outcome,
        reasons=payload.reasons,
    )
    objection_news.ended(tx, known, "REVIEWED")
    return cases.done(reviewed, outcome=payload.outcome)


def on_review_due(tx: Tx, due: Due) -> None:
    """Nobody reviewed in ten working days: it is marked and goes up one level, and the decision
    stands until then."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "REVIEW_REQUESTED":
        store.change(tx.conn, known, review_overdue=True)
        objection_news.tell(tx, known, "OBJECTION_REVIEW_OVERDUE")
        objection_news.escalate(tx, known, level=escalating.DISTRICT)
