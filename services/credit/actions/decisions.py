"""Decisions about objections and corrections, and what they do.

A decision is final when it was reviewed, or when nobody may ask for a review any more: it was
upheld, the district decided it, or five working days have passed. Nothing has to be stored for
that; it follows from `review_until`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis.bus import Tx, is_uuid
from fivered.chassis.fields import Id
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.credit import replies
from fivered.services.credit.actions import (
    amounts,
    finalising,
    months,
    objection_news,
    repair_ends,
    reversals,
    telling,
    vetoes,
)
from fivered.services.credit.actions import objection_cases as cases
from fivered.services.credit.errors import (
    InChain,
    ReasonsRequired,
)
from fivered.services.credit.rules.causes import OBJECTION, Cause
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import objections as store
from fivered.services.credit.storage import vetoes as veto_store

REQUEST_REVIEW_WORKING_DAYS = 5
LEAST_REASONS = 20
# Best for who filed it first.
OUTCOMES = ("UPHELD", "PARTLY", "DISMISSED")


class DecideObjection(Request, frozen=True):
    """裁定异议、复核裁定 / Decide an objection or its review, with reasons."""

    objection_id: str
    outcome: Literal["UPHELD", "PARTLY", "DISMISSED"]
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["经核查,该超时系平台派单错误所致,扣分依据不足,应予撤销。"]),
    ]
    score: (
        Annotated[
            int,
            Meta(
                description="对单项赋分 PARTLY 时保留的分值 / what is left of an award, for PARTLY"
            ),
        ]
        | None
    ) = None
    award_ids: Annotated[
        list[Id],
        UNIQUE,
        Meta(
            max_length=500,
            description="ENTRY 异议成立或部分成立时撤销的赋分;当事人对本人加分提出异议的,"
            "仅在此列明时才撤销或减少 / awards taken back, for ENTRY; what a subject has gained is "
            "taken back or lessened upon its own objection only where it is named here",
        ),
    ] = field(default_factory=list)
    veto_ids: Annotated[
        list[Annotated[str, Meta(max_length=64)]],
        UNIQUE,
        Meta(
            max_length=20,
            description="ENTRY 异议成立或部分成立时终止的一票否决 / vetoes that end, for ENTRY",
        ),
    ] = field(default_factory=list)
    together: Annotated[
        bool,
        Meta(description="一并答复对同一事项的其他异议 / answers the other objections to it, too"),
    ] = False


def decide_objection(tx: Tx, payload: DecideObjection) -> replies.ObjectionDone:
    """裁定异议 / Decide an objection.

    Raises:
        Invalid: An unknown outcome, or PARTLY without what is left.
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such objection, or no such award of the subject.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not accepted; or it shall have an effect on a month that is confirmed
            and not published yet, or on an award that is gone already.
        InChain: The caller had a hand in it, is its subject, or filed it.
        ConflictOfInterest: The caller holds a post in the subject's matters.
    """
    check_order(payload)
    known = cases.locked(tx, payload.objection_id)
    if known.state != "ACCEPTED":
        raise StateConflict(state=known.state)
    case = cases.case_of(tx, known)
    check_partly(payload, known, case)
    cases.check_chain(tx, known, case)
    others = store.others_undecided(tx.conn, known) if payload.together else []
    for other in others:
        cases.check_chain(tx, other, case)
    if payload.outcome != "DISMISSED":
        take_effect(tx, payload, known, case)
    else:
        _approve_waiting(tx, case.award)
    reviewable = payload.outcome != "UPHELD" and cases.LEVELS[tx.actor.role] < cases.HIGHEST
    until = tx.calendar.due(tx.now, REQUEST_REVIEW_WORKING_DAYS) if reviewable else None
    decided, *also = [_decide(tx, payload, one, until) for one in (known, *others)]
    if case.row is not None and cases.is_open(tx, known, case.row):
        finalising.finalise_held(tx, case.row, known.subject_id)
    return cases.done(
        decided,
        outcome=payload.outcome,
        review_until=until,
        also=[other.number for other in also],
    )


def _decide(tx: Tx, payload: DecideObjection, known: Row, until: datetime | None) -> Row:
    """Write the decision of one objection, tell of it, and return it."""
    decided = store.change(
        tx.conn,
        known,
        state="DECIDED",
        accepted_at=known.accepted_at or tx.now,
        decided_by=tx.actor.id,
        decided_role=tx.actor.role,
        decided_at=tx.now,
        outcome=payload.outcome,
        reasons=payload.reasons,
        review_until=until,
    )
    tx.disarm("objection_accept", known.objection_id)
    tx.disarm("objection_decide", known.objection_id)
    objection_news.tell(
        tx,
        known,
        "OBJECTION_DECIDED",
        outcome=payload.outcome,
        reasons=payload.reasons,
        filer={} if until is None else {"until": telling.last_day(until)},
    )
    objection_news.ended(tx, known, "DECIDED")
    return decided


def check_order(payload: DecideObjection) -> None:
    """Refuse an unknown outcome and too few reasons.

    Raises:
        Invalid: An unknown outcome.
        ReasonsRequired: Fewer than 20 characters.
    """
    if payload.outcome not in OUTCOMES:
        raise Invalid(
            field="outcome",
            reason=said(
                "outcome 应为 {known} / outcome is one of {known}", known="、".join(OUTCOMES)
            ),
        )
    if len(payload.reasons.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")


def _keeps_gain(payload: DecideObjection, known: Row, award: Row | None) -> bool:
    """Tell whether the award stays, and is not what is decided: a subject objects to what it has
    gained itself, and the decision does not name the award as taken back.

    It asks for more, as a rule. Then what it lacks is made good like an OMISSION.
    """
    if award is None or known.kind != "OBJECTION" or award.deduction:
        return False
    return str(award.award_id) not in payload.award_ids


def check_partly(payload: DecideObjection, known: Row, case: cases.Case) -> None:
    """Refuse a PARTLY that does not say what is left: of an award its score, of an entry which
    awards are taken back. That something was left out in part its reasons say."""
    if payload.score is not None and known.target != "AWARD":
        raise Invalid(
            field="score",
            reason=said(
                "score 仅用于对单项赋分的异议 / score is for an objection to one award only"
            ),
        )
    named = payload.award_ids or payload.veto_ids
    if payload.outcome == "DISMISSED" and named:
        raise Invalid(
            field="award_ids" if payload.award_ids else "veto_ids",
            reason=said(
                "不予支持的,不撤销赋分,也不终止一票否决"
                " / what is dismissed takes no award back and ends no veto"
            ),
        )
    if known.target == "ENTRY" and payload.outcome != "DISMISSED" and not named:
        raise Invalid(
            field="award_ids",
            reason=said(
                "对信用条目支持或部分支持须列明撤销哪些赋分(award_ids)、终止哪些一票否决(veto_ids);"
                "未列明的维持不变 / upholding an objection to an entry, wholly or partly, lists "
                "awards to take back (award_ids) and vetoes to end (veto_ids); others stay"
            ),
        )
    if _keeps_gain(payload, known, case.award):
        if payload.score is not None:
            raise Invalid(
                field="award_ids",
                reason=said(
                    "当事人对本人加分提出异议,减少该项赋分须在 award_ids 中列明"
                    " / a subject objects to its own gain: to lessen it, name it in award_ids"
                ),
            )
        return
    if payload.outcome != "PARTLY":
        if payload.score is not None:
            raise Invalid(
                field="score",
                reason=said("score 仅用于部分支持 / score is for a partly upheld objection only"),
            )
        return
    if known.target == "AWARD" and payload.score is None:
        raise Invalid(
            field="score",
            reason=said(
                "对单项赋分部分支持须给出保留的分值(score)"
                " / partly upholding an objection to one award says the score that stays"
            ),
        )
    # A review that lets a part stand may name what is left; all others leave less.
    lessened = known.outcome == "PARTLY"
    if (
        not lessened
        and case.award is not None
        and case.award.score
        and payload.score == case.award.score
    ):
        raise Invalid(
            field="score",
            reason=said(
                "部分支持须少于原来的分值 / a partly upheld objection leaves less than there was"
            ),
        )


_GONE = frozenset({"REJECTED", "REVERSED"})


def _within(tx: Tx, known: Row, row: Row | None) -> str | None:
    """Return the month in which a change still counts; None for the open month.

    Until an entry is final, what is decided about it works in its own month. Between confirmation
    and publication nothing can be changed that was confirmed by its digest: a day later it can.

    Raises:
        StateConflict: The month is confirmed and not published yet.
    """
    if not known.holds_entry:
        return None
    if row is None:
        return str(known.period)
    if row.state == "CONFIRMED":
        raise StateConflict(state=row.state, period=row.period)
    if row.state in {"PUBLISHED", "FINALISING", "SETTLED"} and not cases.is_open(tx, known, row):
        return None
    return str(known.period)


def take_effect(tx: Tx, payload: DecideObjection, known: Row, case: cases.Case) -> None:
    """Do what a decision that is not DISMISSED asks for: awards are lessened or taken back, vetoes
    end.

    Raises:
        StateConflict: The month is confirmed and not published yet, or an award is gone already.
        NotFound: An award or veto that it names is not the subject's.
        Invalid: More would be left than there was.
        InChain: The caller imposed or confirmed a veto that would end.
    """
    cause = Cause(OBJECTION, known.number)
    award = case.award
    within = _within(tx, known, case.row)
    if _keeps_gain(payload, known, award):
        _approve_waiting(tx, award)
        award = None
    if payload.outcome == "PARTLY" and award is not None and payload.score is not None:
        _lessen(tx, award, payload.score, cause, within)
        return
    if award is not None:
        _reverse(tx, award, cause, within)
    for award_id in payload.award_ids:
        found = award_store.award(tx.conn, award_id, lock=True) if is_uuid(award_id) else None
        if found is None or found.subject_id != known.subject_id:
            raise NotFound(kind="award", id=award_id)
        _reverse(tx, found, cause, within)
    for veto_id in payload.veto_ids:
        _end_veto(tx, veto_id, known, cause, within)


def _lessen(tx: Tx, award: Row, score: int, cause: Cause, within: str | None) -> None:
    """Leave of an award what a decision says, and of its points as much."""
    if award.state in _GONE:
        raise StateConflict(state=award.state)
    if abs(score) > abs(award.score) or score * award.score < 0:
        raise Invalid(
            field="score",
            reason=said(
                "保留的分值不得超过原来的 {former} 分,且同为加分或扣分"
                " / the score that stays is no more than the former {former}, of the same sign",
                former=award.score,
            ),
        )
    points = award.points * abs(score) // abs(award.score) if award.score else 0
    _approve_waiting(tx, award)
    changed = [amounts.Change(award, score, points, award.capped)]
    for other in reversals.same_of_merged(tx, award):
        # It has its points in one of them only.
        left = points if other.points else 0
        changed.append(amounts.Change(other, score, min(left, other.points), other.capped))
        months.draft_again(tx, other.subject_id, other.period)
    for change in changed:
        # A person has changed it: no later count of its window undoes that.
        award_store.change(tx.conn, str(change.award.award_id), **cause.columns())
    amounts.adjust(tx, changed)
    if award.deduction and score == 0:
        repair_ends.item_gone(tx, award, by=tx.actor.id)
    opened = within or months.open_period(tx, award.subject_id, award.period)
    months.draft_again(tx, award.subject_id, opened)


def _end_veto(tx: Tx, veto_id: str, known: Row, cause: Cause, within: str | None) -> None:
    """End a veto that persons imposed. One that an award brought ends with the award."""
    found = veto_store.veto(tx.conn, veto_id) if is_uuid(veto_id) else None
    by_person = found is not None and found.award_id is None
    if found is None or found.subject_id != known.subject_id or not by_person:
        raise NotFound(kind="veto", id=veto_id)
    if found.state != "ACTIVE" or found.lifted_at is not None:
        raise StateConflict(state="LIFTED" if found.lifted_at is not None else found.state)
    if tx.actor.id in (found.imposed_by, found.confirmed_by):
        raise InChain
    opened = within or months.open_period(tx, known.subject_id, known.period)
    vetoes.end(tx, found, tx.calendar.next_period(opened, -1), cause.text)
    months.draft_again(tx, known.subject_id, opened)


def _approve_waiting(tx: Tx, award: Row | None) -> None:
    """Approve an award that stays, if it waits for its month: who decides has confirmed it."""
    if award is not None and award.state == "PROPOSED" and award.decides == "SETTLEMENT":
        award_store.change(
            tx.conn,
            str(award.award_id),
            state="APPROVED",
            decided_by=tx.actor.id,
            decided_at=tx.now,
        )


def _reverse(tx: Tx, award: Row, cause: Cause, within: str | None) -> None:
    # What another decision has taken back meanwhile is not taken back twice.
    if award.state not in _GONE:
        reversals.reverse(tx, award, cause=cause, by=tx.actor.id, opened=within)
