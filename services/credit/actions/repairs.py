"""Repair of negative items of organisations."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import files
from fivered.chassis.bus import Due, Tx, is_uuid
from fivered.chassis.calendar import Calendar
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.services.credit import events, replies
from fivered.services.credit.actions import escalating, manual, months, telling, vetoes
from fivered.services.credit.actions import repair_ends as ends
from fivered.services.credit.errors import (
    AlreadyApplied,
    EvidenceRequired,
    InChain,
    NotADeduction,
    NotSubject,
    SamePerson,
    TextTooShort,
    TooEarly,
)
from fivered.services.credit.rules import severity as rules
from fivered.services.credit.rules.causes import REPAIR, Cause
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import numbers, registry, voices
from fivered.services.credit.storage import repairs as store
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage import vetoes as veto_store
from fivered.services.credit.storage.in_force import rules_in_force

LEAST_TEXT = 5
# Who hands in the paper of an organisation that has no account of its own.
ASSISTANTS = ("R_CADRE", "R_STREET", "R_DISTRICT")


class ApplyForRepair(Request, frozen=True):
    """申请信用修复 / Apply for the repair of a negative item.

    Attributes:
        evidence: References of the proof; a person who assists adds the organisation's paper.
    """

    award_id: Annotated[str, Meta(max_length=64)]
    text: Annotated[
        PublicText, Meta(min_length=1, max_length=2000, examples=["问题已整改完毕,附验收记录。"])
    ]
    evidence: Annotated[list[manual.Evidence], Meta(max_length=20, examples=[["ZG-2025-001"]])] = (
        field(default_factory=list)
    )


class WhichRepair(Request, frozen=True):
    """Which repair is meant."""

    repair_id: str


class ReasonedRepair(Request, frozen=True):
    """理由,不少于 20 个字 / Reasons, at least 20 characters."""

    repair_id: str
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["经现场核查,整改内容已全部完成,证明材料齐全,同意修复。"]),
    ]


def apply_for_repair(tx: Tx, payload: ApplyForRepair) -> replies.RepairDone:
    """申请信用修复 / Apply for repair.

    Apply for the repair of a negative item.

    Raises:
        TextTooShort: Nothing is said about how it was put right.
        EvidenceRequired: Nothing proves it.
        NotFound: There is no such award.
        NotSubject: It concerns another organisation.
        NotADeduction: It is none, or does not count for good.
        TooEarly: The shortest time of its severity is not over.
        AlreadyApplied: An application about it is open.
    """
    if len(payload.text.strip()) < LEAST_TEXT:
        raise TextTooShort(field="text", least=LEAST_TEXT)
    if not any(ref.strip() for ref in payload.evidence):
        raise EvidenceRequired(field="evidence")
    award = (
        award_store.award(tx.conn, payload.award_id, lock=True)
        if is_uuid(payload.award_id)
        else None
    )
    if award is None:
        raise NotFound(kind="award", id=payload.award_id)
    subject = registry.subject(tx.conn, award.subject_id)
    area = (subject.area if subject is not None else None) or award.area
    _check_applicant(tx, award.subject_id, area)
    if not (award.deduction and award.effective and award.state == "APPROVED"):
        raise NotADeduction(field="award_id")
    severity = severity_of(tx, award)
    earliest = rules.earliest_repair(severity, award.period)
    if tx.calendar.period(tx.now) < earliest:
        raise TooEarly(severity=severity, earliest=earliest)
    known = store.open_of(tx.conn, str(award.award_id))
    if known is not None:
        raise AlreadyApplied(number=known.number)
    repair_id = tx.new_id("rpr")
    number = numbers.following(tx, t.repairs.c.number, "XF", area)
    accept_due = tx.calendar.due(tx.now, rules.ACCEPT_WORKING_DAYS)
    decide_due = tx.calendar.due(tx.now, rules.DECIDE_WORKING_DAYS)
    row = store.add(
        tx.conn,
        repair_id=repair_id,
        number=number,
        award_id=str(award.award_id),
        subject_id=award.subject_id,
        severity=severity,
        state="APPLIED",
        person_id=tx.actor.id,
        text=payload.text,
        evidence=payload.evidence,
        applied_at=tx.now,
        accept_due=accept_due,
        decide_due=decide_due,
        overdue=False,
        area=area,
        version=1,
    )
    files.attach(tx, payload.evidence, field="evidence", repair_id=repair_id)
    tx.arm("repair_accept", repair_id, accept_due)
    tx.arm("repair_decide", repair_id, decide_due)
    ends.tell(tx, "REPAIR_APPLIED", award.subject_id, repair_id, number=number)
    return _done(row, due=accept_due)


def severity_of(tx: Tx, award: Row) -> str:
    """Return the severity of a deduction: that of its rule; where none is known, the lightest."""
    rule = rules_in_force(tx.conn).rule_of(award)
    return (rule.severity if rule is not None else None) or "MINOR"


def _check_applicant(tx: Tx, subject_id: str, area: str) -> None:
    if voices.speaks_for(tx.conn, subject_id, tx.actor.id, tx.now):
        return
    if tx.actor.role in ASSISTANTS and tx.actor.covers(area):
        return
    raise NotSubject


def _locked(tx: Tx, repair_id: str, *states: str) -> Row:
    known = store.repair(tx.conn, repair_id, lock=True)
    if known is None:
        raise NotFound(kind="repair", id=repair_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    if known.state not in states:
        raise StateConflict(state=known.state)
    manual.check_independent(tx, known.subject_id, registry.subject(tx.conn, known.subject_id))
    if tx.actor.id == known.person_id:
        raise SamePerson
    return known


def _done(row: Row, **more: object) -> replies.RepairDone:
    return replies.RepairDone.of(row, id=row.repair_id, number=row.number, **more)


def accept_repair(tx: Tx, payload: WhichRepair) -> replies.RepairDone:
    """受理修复申请 / Accept an application.

    Raises:
        NotFound: There is no such repair.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not just applied for.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the organisation.
        SamePerson: The caller applied.
    """
    known = _locked(tx, payload.repair_id, "APPLIED")
    return _done(_accept(tx, known, tx.actor.id), due=known.decide_due)


def _accept(tx: Tx, known: Row, by: str | None) -> Row:
    accepted = store.change(tx.conn, known, state="ACCEPTED", accepted_by=by, accepted_at=tx.now)
    tx.disarm("repair_accept", known.repair_id)
    ends.tell(
        tx,
        "REPAIR_ACCEPTED",
        known.subject_id,
        known.repair_id,
        number=known.number,
        until=telling.last_day(known.decide_due),
    )
    return accepted


def withdraw_repair(tx: Tx, payload: WhichRepair) -> replies.RepairDone:
    """撤回修复申请 / Withdraw an application.

    Take an application back that is not decided; one may apply again.

    Raises:
        NotFound: There is no such repair, or the caller neither applied nor speaks for the
            organisation.
        StateConflict: It is decided, given back or withdrawn.
    """
    known = store.repair(tx.conn, payload.repair_id, lock=True)
    mine = known is not None and (
        known.person_id == tx.actor.id
        or voices.speaks_for(tx.conn, known.subject_id, tx.actor.id, tx.now)
    )
    if known is None or not mine:
        raise NotFound(kind="repair", id=payload.repair_id)
    if known.state not in store.OPEN:
        raise StateConflict(state=known.state)
    tx.check_version(known.version)
    ended = ends.end(tx, known, "WITHDRAWN", by=tx.actor.id)
    ends.tell(tx, "REPAIR_WITHDRAWN", known.subject_id, known.repair_id, number=known.number)
    return _done(ended)


def return_repair(tx: Tx, payload: ReasonedRepair) -> replies.RepairDone:
    """退回修复申请 / Return an application.

    Give an application back, for example because the proof is not complete.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: And the other refusals of `accept_repair`.
    """
    vetoes.require_reasons(payload.reasons)
    known = _locked(tx, payload.repair_id, "APPLIED")
    return _done(_decide(tx, known, "RETURNED", payload.reasons))


def check_repair(tx: Tx, payload: ReasonedRepair) -> replies.RepairDone:
    """核查整改情况 / Check the correction.

    Write down what was found when the correction was looked at.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: And the other refusals of `accept_repair`.
    """
    vetoes.require_reasons(payload.reasons)
    known = _locked(tx, payload.repair_id, "ACCEPTED")
    checked = store.change(
        tx.conn,
        known,
        state="CHECKED",
        checked_by=tx.actor.id,
        checked_at=tx.now,
        finding=payload.reasons,
    )
    return _done(checked, due=known.decide_due)


def approve_repair(tx: Tx, payload: ReasonedRepair) -> replies.RepairDone:
    """同意修复 / Approve a repair.

    Repair the item: it does not count from the open month on and is not published any more.

    Months that are final stay as they are, and the history is kept.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        InChain: The caller checked it, or decided the deduction.
        NotADeduction: It was taken back meanwhile.
        NotFound: And the other refusals of `accept_repair`.
    """
    vetoes.require_reasons(payload.reasons)
    # The award first: a person who takes it back locks it before the repair, too.
    seen = store.repair(tx.conn, payload.repair_id)
    if seen is None:
        raise NotFound(kind="repair", id=payload.repair_id)
    award = award_store.known(tx.conn, str(seen.award_id), lock=True)
    known = _locked(tx, payload.repair_id, "CHECKED")
    _check_chain(tx, known, award)
    if award.state != "APPROVED" or not award.effective:
        raise NotADeduction(field="repair_id")
    opened = months.open_period(tx, known.subject_id, award.period)
    last = Calendar.next_period(opened, -1)
    cause = Cause(REPAIR, known.number)
    award_store.change(
        tx.conn,
        str(award.award_id),
        state="REPAIRED",
        to_period=min(award.to_period, last),
        **cause.columns(),
    )
    veto = veto_store.of_award(tx.conn, str(award.award_id))
    if veto is not None and veto.state == "ACTIVE":
        vetoes.end(tx, veto, last, cause.text)
    decided = _decide(tx, known, "APPROVED", payload.reasons, from_period=opened)
    months.draft_again(tx, known.subject_id, opened)
    return _done(decided, from_period=opened)


def reject_repair(tx: Tx, payload: ReasonedRepair) -> replies.RepairDone:
    """不同意修复 / Reject a repair.

    Leave the item as it is, with reasons; one may apply again.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        InChain: The caller checked it, or decided the deduction.
        NotFound: And the other refusals of `accept_repair`.
    """
    vetoes.require_reasons(payload.reasons)
    known = _locked(tx, payload.repair_id, "CHECKED")
    _check_chain(tx, known, award_store.known(tx.conn, str(known.award_id)))
    return _done(_decide(tx, known, "REJECTED", payload.reasons))


def _check_chain(tx: Tx, known: Row, award: Row) -> None:
    chain = {known.checked_by, award.proposed_by, award.decided_by}
    # What is final names who did it then, also where that id was given up for another since.
    chain |= set(registry.merged(tx.conn, filter(None, chain)).values())
    if tx.actor.id in chain:
        raise InChain


def _decide(tx: Tx, known: Row, state: str, reasons: str, **more: object) -> Row:
    return ends.decide(tx, known, state, reasons, by=tx.actor.id, **more)


def on_accept_due(tx: Tx, due: Due) -> None:
    """Nobody looked at it in two working days: it counts as accepted."""
    known = store.repair(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "APPLIED":
        _accept(tx, known, None)


def on_decide_due(tx: Tx, due: Due) -> None:
    """Nobody decided in ten working days: it is marked and goes up, and up once more."""
    known = store.repair(tx.conn, due.ref, lock=True)
    if known is None or known.state not in store.OPEN:
        return
    level = escalating.go_up(tx, due, escalating.first_level(known.area))
    late = store.change(tx.conn, known, overdue=True)
    concerned = escalating.concerned(tx, known.subject_id, known.person_id)
    ends.say(tx, late, events.RepairEscalated(known.repair_id, known.number, level, concerned))
    if not known.overdue:
        ends.tell(tx, "REPAIR_OVERDUE", known.subject_id, known.repair_id, number=known.number)
