"""Repair of negative items of organisations, and vetoes that a person imposes and lifts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from chassis.bus import is_uuid, new_uuid
from chassis.calendar import Calendar
from chassis.fields import Period
from chassis.free_text import PublicText
from chassis.refusal import NotFound, StateConflict
from chassis.text import fold
from services.credit import events
from services.credit.actions import escalating, manual, months, telling
from services.credit.actions import repair_ends as ends
from services.credit.actions.awards import PERSONS
from services.credit.errors import (
    AlreadyApplied,
    AlreadyVetoed,
    BasisRequired,
    EvidenceRequired,
    InChain,
    NotADeduction,
    NotForPersons,
    NotSubject,
    ReasonsRequired,
    SamePerson,
    SpanInvalid,
    TextTooShort,
    TooEarly,
)
from services.credit.rules import severity as rules
from services.credit.storage import awards as award_store
from services.credit.storage import numbers, registry, voices
from services.credit.storage import repairs as store
from services.credit.storage import tables as t
from services.credit.storage.in_force import rules_in_force

if TYPE_CHECKING:
    from chassis.bus import Due, Tx

LEAST_REASONS = 20
LEAST_TEXT = 5
# Who hands in the paper of an organisation that has no account of its own.
ASSISTANTS = ("R_CADRE", "R_STREET", "R_DISTRICT")


@dataclass(frozen=True, slots=True)
class ApplyForRepair:
    """申请信用修复 / Apply for the repair of a negative item.

    Attributes:
        evidence: References of the proof; whoever assists adds the organisation's paper.
    """

    award_id: Annotated[str, Meta(max_length=64)]
    text: Annotated[
        PublicText, Meta(min_length=1, max_length=2000, examples=["问题已整改完毕,附验收记录。"])
    ]
    evidence: Annotated[list[manual.Evidence], Meta(max_length=20, examples=[["ZG-2025-001"]])] = (
        field(default_factory=list)
    )


@dataclass(frozen=True, slots=True)
class WhichRepair:
    """Which repair is meant."""

    repair_id: str


@dataclass(frozen=True, slots=True)
class ReasonedRepair:
    """理由,不少于20个字 / Reasons, at least 20 characters."""

    repair_id: str
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["经现场核查,整改内容已全部完成,证明材料齐全,同意修复。"]),
    ]


@dataclass(frozen=True, slots=True)
class ImposeVeto:
    """对单位一票否决 / Veto an organisation."""

    subject: Annotated[str, Meta(max_length=80, examples=["PCO:pco_0001"])]
    document_no: Annotated[PublicText, Meta(max_length=120, examples=["济任住建罚〔2025〕3号"])]
    hearing_ref: Annotated[PublicText, Meta(max_length=200, examples=["TZ-2025-003"])]
    from_period: Annotated[Period, Meta(examples=["2025-06"])]
    to_period: Annotated[Period, Meta(examples=["2026-05"])]
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["因重大安全事故受到行政处罚,听取意见后予以一票否决。"]),
    ]


@dataclass(frozen=True, slots=True)
class WhichVeto:
    """Which veto is meant."""

    veto_id: str


@dataclass(frozen=True, slots=True)
class LiftVeto:
    """理由,不少于20个字 / Reasons, at least 20 characters."""

    veto_id: str
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["经现场核查,整改内容已全部完成,证明材料齐全,同意修复。"]),
    ]


def apply_for_repair(tx: Tx, payload: ApplyForRepair) -> dict[str, Any]:
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
    store.add(
        tx.conn,
        {
            "repair_id": repair_id,
            "number": number,
            "award_id": str(award.award_id),
            "subject_id": award.subject_id,
            "severity": severity,
            "state": "APPLIED",
            "person_id": tx.actor.id,
            "text": payload.text,
            "evidence": payload.evidence,
            "applied_at": tx.now,
            "accept_due": accept_due,
            "decide_due": decide_due,
            "overdue": False,
            "area": area,
            "version": 1,
        },
    )
    tx.arm("repair_accept", repair_id, accept_due)
    tx.arm("repair_decide", repair_id, decide_due)
    ends.tell(tx, "REPAIR_APPLIED", award.subject_id, repair_id, number=number)
    return {
        "id": repair_id,
        "number": number,
        "state": "APPLIED",
        "version": 1,
        "due": accept_due.isoformat(),
    }


def severity_of(tx: Tx, award: Any) -> str:
    """Return the severity of a deduction: that of its rule; where none is known, the lightest."""
    rule = rules_in_force(tx.conn).rule_of(award)
    return (rule.severity if rule is not None else None) or "MINOR"


def _check_applicant(tx: Tx, subject_id: str, area: str) -> None:
    if voices.speaks_for(tx.conn, subject_id, tx.actor.id, tx.now):
        return
    if tx.actor.role in ASSISTANTS and tx.actor.covers(area):
        return
    raise NotSubject


def _locked(tx: Tx, repair_id: str, *states: str) -> Any:
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


def _reply(known: Any, state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": known.repair_id,
        "number": known.number,
        "state": state,
        "version": known.version + 1,
        **more,
    }


def accept_repair(tx: Tx, payload: WhichRepair) -> dict[str, Any]:
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
    _accept(tx, known, tx.actor.id)
    return _reply(known, "ACCEPTED", due=known.decide_due.isoformat())


def _accept(tx: Tx, known: Any, by: str | None) -> None:
    store.change(tx.conn, known.repair_id, state="ACCEPTED", accepted_by=by, accepted_at=tx.now)
    tx.disarm("repair_accept", known.repair_id)
    ends.tell(
        tx,
        "REPAIR_ACCEPTED",
        known.subject_id,
        known.repair_id,
        number=known.number,
        until=telling.last_day(known.decide_due),
    )


def withdraw_repair(tx: Tx, payload: WhichRepair) -> dict[str, Any]:
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
    ends.end(tx, known, "WITHDRAWN", by=tx.actor.id)
    ends.tell(tx, "REPAIR_WITHDRAWN", known.subject_id, known.repair_id, number=known.number)
    return _reply(known, "WITHDRAWN")


def return_repair(tx: Tx, payload: ReasonedRepair) -> dict[str, Any]:
    """退回修复申请 / Return an application.

    Give an application back, for example because the proof is not complete.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: And the other refusals of `accept_repair`.
    """
    _require_reasons(payload.reasons)
    known = _locked(tx, payload.repair_id, "APPLIED")
    _decide(tx, known, "RETURNED", payload.reasons)
    return _reply(known, "RETURNED")


def check_repair(tx: Tx, payload: ReasonedRepair) -> dict[str, Any]:
    """核查整改情况 / Check the correction.

    Write down what was found when the correction was looked at.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: And the other refusals of `accept_repair`.
    """
    _require_reasons(payload.reasons)
    known = _locked(tx, payload.repair_id, "ACCEPTED")
    store.change(
        tx.conn,
        known.repair_id,
        state="CHECKED",
        checked_by=tx.actor.id,
        checked_at=tx.now,
        finding=payload.reasons,
    )
    return _reply(known, "CHECKED", due=known.decide_due.isoformat())


def approve_repair(tx: Tx, payload: ReasonedRepair) -> dict[str, Any]:
    """同意修复 / Approve a repair.

    Repair the item: it does not count from the open month on and is not published any more.

    Months that are final stay as they are, and the history is kept.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        InChain: The caller checked it, or decided the deduction.
        NotADeduction: It was taken back meanwhile.
        NotFound: And the other refusals of `accept_repair`.
    """
    _require_reasons(payload.reasons)
    # The award first: whoever takes it back locks it before the repair, too.
    seen = store.repair(tx.conn, payload.repair_id)
    if seen is None:
        raise NotFound(kind="repair", id=payload.repair_id)
    award: Any = award_store.award(tx.conn, str(seen.award_id), lock=True)
    known = _locked(tx, payload.repair_id, "CHECKED")
    _check_chain(tx, known, award)
    if award.state != "APPROVED" or not award.effective:
        raise NotADeduction(field="repair_id")
    opened = months.open_period(tx, known.subject_id, award.period)
    last = Calendar.next_period(opened, -1)
    award_store.change(
        tx.conn,
        str(award.award_id),
        state="REPAIRED",
        to_period=min(award.to_period, last),
        reason=f"repair:{known.number}",
    )
    veto = store.veto_of_award(tx.conn, str(award.award_id))
    if veto is not None and veto.state == "ACTIVE":
        end_veto(tx, veto, last, f"repair:{known.number}")
    _decide(tx, known, "APPROVED", payload.reasons, from_period=opened)
    months.draft_again(tx, known.subject_id, opened)
    return _reply(known, "APPROVED", from_period=opened)


def reject_repair(tx: Tx, payload: ReasonedRepair) -> dict[str, Any]:
    """不同意修复 / Reject a repair.

    Leave the item as it is, with reasons; one may apply again.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        InChain: The caller checked it, or decided the deduction.
        NotFound: And the other refusals of `accept_repair`.
    """
    _require_reasons(payload.reasons)
    known = _locked(tx, payload.repair_id, "CHECKED")
    _check_chain(tx, known, award_store.award(tx.conn, str(known.award_id)))
    _decide(tx, known, "REJECTED", payload.reasons)
    return _reply(known, "REJECTED")


def _require_reasons(text: str) -> None:
    if len(text.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")


def _check_chain(tx: Tx, known: Any, award: Any) -> None:
    if tx.actor.id in {known.checked_by, award.proposed_by, award.decided_by}:
        raise InChain


def _decide(tx: Tx, known: Any, state: str, reasons: str, **more: Any) -> None:
    ends.decide(tx, known, state, reasons, by=tx.actor.id, **more)


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
    store.change(tx.conn, known.repair_id, overdue=True)
    concerned = escalating.concerned(tx, known.subject_id, known.person_id)
    ends.say(tx, known, events.RepairEscalated(known.repair_id, known.number, level, concerned))
    if not known.overdue:
        ends.tell(tx, "REPAIR_OVERDUE", known.subject_id, known.repair_id, number=known.number)


# --------------------------------------------------------------------------------------------------
# Veto


def impose_veto(tx: Tx, payload: ImposeVeto) -> dict[str, Any]:
    """提出一票否决 / Propose a veto.

    Propose to veto an organisation; once another person has confirmed it, its grade is D in these
    months.

    Raises:
        NotForPersons: There is no veto of natural persons and households.
        NotFound: There is no such subject.
        RoleDenied: It lies outside the caller's scope.
        BasisRequired: No document, or nobody was heard.
        ReasonsRequired: Fewer than 20 characters.
        AlreadyVetoed: By the same document, which is not lifted.
        SpanInvalid: The months are final already, in disorder, or more than 36.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the organisation.
    """
    if payload.subject.partition(":")[0] in PERSONS:
        raise NotForPersons(field="subject")
    if not payload.document_no.strip():
        raise BasisRequired(field="document_no")
    if not payload.hearing_ref.strip():
        raise BasisRequired(field="hearing_ref")
    _require_reasons(payload.reasons)
    subject = registry.subject(tx.conn, payload.subject, lock=True)
    if subject is None or subject.area is None:
        raise NotFound(kind="subject", id=payload.subject)
    tx.require_scope(subject.area)
    manual.check_independent(tx, payload.subject, subject)
    for known in store.vetoes_of(tx.conn, payload.subject):
        together = known.from_period <= payload.to_period and payload.from_period <= known.to_period
        same = fold(known.document_no or "") == fold(payload.document_no)
        if known.state in ("PROPOSED", "ACTIVE") and same and together:
            raise AlreadyVetoed(field="document_no", document_no=known.document_no)
    _check_span(tx, payload.subject, payload.from_period, payload.to_period)
    veto_id = new_uuid()
    award_store.add_veto(
        tx.conn,
        {
            "veto_id": veto_id,
            "subject_id": payload.subject,
            "rule_code": None,
            "award_id": None,
            "from_period": payload.from_period,
            "to_period": payload.to_period,
            "state": "PROPOSED",
            "document_no": payload.document_no.strip(),
            "hearing_ref": payload.hearing_ref,
            "imposed_by": tx.actor.id,
            "imposed_at": tx.now,
            "reasons": payload.reasons,
            "area": subject.area,
            "version": 1,
        },
    )
    telling.tell(
        tx,
        "VETO_PROPOSED",
        subject_id=payload.subject,
        ref=veto_id,
        subject=payload.subject,
        from_period=payload.from_period,
        to_period=payload.to_period,
        document_no=payload.document_no.strip(),
        reasons=payload.reasons,
    )
    return {"id": veto_id, "state": "PROPOSED", "version": 1}


def _check_span(tx: Tx, subject_id: str, start: str, end: str) -> None:
    opened = months.open_period(
        tx, subject_id, tx.calendar.next_period(tx.calendar.period(tx.now), -1)
    )
    if not rules.span_is_sound(start, end, open_period=opened):
        latest = tx.calendar.next_period(start, rules.LONGEST_VETO - 1)
        raise SpanInvalid(field="from_period", earliest=opened, latest=latest)


def confirm_veto(tx: Tx, payload: WhichVeto) -> dict[str, Any]:
    """确认一票否决 / Confirm a veto.

    Put a veto in force that another person has proposed: its grade is D in these months.

    Raises:
        NotFound: There is no such veto.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not just proposed.
        SamePerson: The caller proposed it.
        SpanInvalid: Its first month has become final meanwhile.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the organisation.
    """
    known = _veto_of_another(tx, payload.veto_id, states=("PROPOSED",))
    _check_span(tx, known.subject_id, known.from_period, known.to_period)
    store.change_veto(
        tx.conn,
        str(known.veto_id),
        state="ACTIVE",
        confirmed_by=tx.actor.id,
        confirmed_at=tx.now,
    )
    months.draft_again(tx, known.subject_id, known.from_period)
    telling.tell(
        tx,
        "VETO_IMPOSED",
        subject_id=known.subject_id,
        ref=str(known.veto_id),
        subject=known.subject_id,
        from_period=known.from_period,
        to_period=known.to_period,
        document_no=known.document_no,
        reasons=known.reasons,
    )
    return {"id": str(known.veto_id), "state": "ACTIVE", "version": known.version + 1}


def _veto_of_another(tx: Tx, veto_id: str, *, states: tuple[str, ...]) -> Any:
    """Return and lock a veto that stands in one of the states, of which the caller may take the
    next step."""
    known = store.veto(tx.conn, veto_id) if is_uuid(veto_id) else None
    if known is None:
        raise NotFound(kind="veto", id=veto_id)
    subject = registry.subject(tx.conn, known.subject_id)
    tx.require_scope(known.area or subject.area)
    tx.check_version(known.version)
    if known.lifted_at is not None or known.state not in states:
        raise StateConflict(state="LIFTED" if known.lifted_at is not None else known.state)
    manual.check_independent(tx, known.subject_id, subject)
    if tx.actor.id == known.imposed_by:
        raise SamePerson
    return known


def lift_veto(tx: Tx, payload: LiftVeto) -> dict[str, Any]:
    """解除一票否决 / Lift a veto.

    End a veto from the open month on; one that is only proposed comes to nothing.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such veto.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It has ended.
        SamePerson: The caller proposed it.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the organisation.
    """
    _require_reasons(payload.reasons)
    known = _veto_of_another(tx, payload.veto_id, states=("PROPOSED", "ACTIVE"))
    opened = months.open_period(tx, known.subject_id, known.from_period)
    end_veto(tx, known, Calendar.next_period(opened, -1), payload.reasons)
    months.draft_again(tx, known.subject_id, opened)
    return {
        "id": str(known.veto_id),
        "state": "LIFTED",
        "version": known.version + 1,
        "from_period": opened,
    }


def end_veto(tx: Tx, known: Any, last: str, reasons: str) -> None:
    """End a veto after a month. What it did in months before stays: they are final.

    Such a veto stays ACTIVE for them; one that has not begun yet, or was not confirmed, never does
    anything.
    """
    begun = known.state == "ACTIVE" and last >= known.from_period
    store.change_veto(
        tx.conn,
        str(known.veto_id),
        state="ACTIVE" if begun else "LIFTED",
        to_period=min(known.to_period, last) if begun else known.to_period,
        lifted_by=tx.actor.id,
        lifted_at=tx.now,
        reasons=f"{known.reasons}\n{reasons}" if known.reasons else reasons,
    )
    confirmed = known.state == "ACTIVE"
    telling.tell(
        tx,
        "VETO_LIFTED" if confirmed else "VETO_DROPPED",
        subject_id=known.subject_id,
        ref=str(known.veto_id),
        subject=known.subject_id,
        **({"from_period": Calendar.next_period(last)} if confirmed else {}),
    )
