"""Objections and corrections: filed, accepted, withdrawn, extended.

They are decided by somebody independent with reasons (`decisions`), and reviewed once by a higher
level (`reviews`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Tx, is_uuid
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import (
    consents,
    escalating,
    finalising,
    manual,
    objection_news,
    telling,
)
from fivered.services.credit.actions import objection_cases as cases
from fivered.services.credit.actions.objection_cases import ASSISTANTS, ReceiptNo
from fivered.services.credit.errors import (
    AlreadyExtended,
    AlreadyObjected,
    DeadlinePassed,
    EvidenceRequired,
    HolderDeceased,
    NotSubject,
    PersonUnknown,
    ReasonsRequired,
    TextRequired,
    TextTooShort,
    TooLate,
)
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import numbers, registry, voices
from fivered.services.credit.storage import objections as store
from fivered.services.credit.storage import settlement as settlement_store
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.published import ORGANISATIONS

ACCEPT_WORKING_DAYS = 2
DECIDE_WORKING_DAYS = 5
LEAST_REASONS = 20
LEAST_TEXT = 5
LATEST_MONTHS = 12
DECIDERS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")


class FileObjection(Request, frozen=True):
    """提出异议 / Object to an award, to an entry, or that one was not credited.

    Attributes:
        target: AWARD, ENTRY or OMISSION ("I was not credited").
    """

    target: Annotated[Literal["AWARD", "ENTRY", "OMISSION"], Meta(examples=["AWARD"])]
    target_id: Annotated[
        str,
        Meta(
            max_length=160,
            description="AWARD:赋分编号;其余:赋分批次编号,或“批次编号/主体” / the award; "
            "else the settlement, or settlement/subject",
        ),
    ]
    text: Annotated[
        PublicText, Meta(min_length=1, max_length=2000, examples=["派单时我不在班,请核查。"])
    ]
    evidence: Annotated[list[manual.Evidence], Meta(max_length=20)] = field(default_factory=list)
    person_id: (
        Annotated[
            str,
            Meta(
                max_length=64, description="代无账号者提出时填写 / for whom, when staff hand it in"
            ),
        ]
        | None
    ) = None
    receipt_no: ReceiptNo | None = None


class StartCorrection(Request, frozen=True):
    """发起更正 / What the register has wrong, and why it has to be corrected.

    Attributes:
        target: AWARD, ENTRY or OMISSION.
        text: The facts.
        reasons: Why the register has to be corrected.
    """

    target: Annotated[Literal["AWARD", "ENTRY", "OMISSION"], Meta(examples=["AWARD"])]
    target_id: Annotated[
        str,
        Meta(
            max_length=160,
            description="AWARD:赋分编号;其余:“批次编号/主体” / the award; else settlement/subject",
        ),
    ]
    text: Annotated[
        PublicText,
        Meta(min_length=1, max_length=2000, examples=["同一次活动被两次签到,重复计分一次。"]),
    ]
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["签到台账与活动记录不符,登记有误,依台账予以更正。"]),
    ]
    evidence: Annotated[list[manual.Evidence], Meta(max_length=20)] = field(default_factory=list)


class AcceptObjection(Request, frozen=True):
    """Which objection is meant."""

    objection_id: str


class WhichObjection(Request, frozen=True):
    """撤回异议 / Withdraw an objection; with a receipt where staff act for who filed it."""

    objection_id: str
    receipt_no: ReceiptNo | None = None


class ExtendObjection(Request, frozen=True):
    """延长裁定期限 / Why the decision needs five working days more."""

    objection_id: str
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["须调取物业公司的通话录音,对方答复五个工作日内提供。"]),
    ]


@dataclass(frozen=True, slots=True)
class _Target:
    """What is objected to: a subject's month, its award where it is about one, its settlement."""

    subject_id: str
    period: str
    award: Row | None
    row: Row | None

    @property
    def id(self) -> str:
        """The award, or the settlement with the subject."""
        if self.award is not None:
            return str(self.award.award_id)
        return f"{self.row.settlement_id if self.row is not None else ''}/{self.subject_id}"


def file_objection(tx: Tx, payload: FileObjection) -> replies.ObjectionDone:
    """提出异议 / File an objection.

    File an objection. Within the objection period the entry is held; others go on.

    Raises:
        Invalid: An unknown kind of target.
        TextRequired: Nothing is said.
        NotFound: There is no such award or entry, or not for the caller.
        NotSubject: It concerns somebody else; only entries of organisations are open to all.
        TooLate: It is older than 12 months.
        AlreadyObjected: An objection of the same person to it is open.
        EvidenceRequired: Staff hand it in without the number of the person's receipt.
        PersonUnknown: The registry does not know for whom they do.
        HolderDeceased: The person has died.
        RoleDenied: Another role, or the person lives elsewhere.
    """
    if len(payload.text.strip()) < LEAST_TEXT:
        raise TextRequired(field="text", least=LEAST_TEXT)
    person_id = payload.person_id or tx.actor.id
    if person_id != tx.actor.id and tx.actor.role not in ASSISTANTS:
        raise RoleDenied(role=tx.actor.role)
    target = _target(tx, payload, person_id)
    subject = registry.subject(tx.conn, target.subject_id)
    if person_id != tx.actor.id:
        _check_assistant(tx, payload, person_id, _area(tx, subject))
    person = registry.person(tx.conn, person_id)
    if person is not None and person.state == registry.DECEASED:
        raise HolderDeceased
    if not _may_object(tx, payload, target, subject, person_id):
        if tx.actor.role in ASSISTANTS and tx.actor.covers(_area(tx, subject)):
            raise NotSubject
        # Who takes part, and what was awarded, is told to nobody by a refusal either.
        kind = "award" if payload.target == "AWARD" else "entry"
        raise NotFound(kind=kind, id=payload.target_id)
    filed = _file(tx, payload, target, subject, person_id)
    if person_id != tx.actor.id:
        telling.tell(
            tx,
            "OBJECTION_FILED_FOR_YOU",
            person_id=person_id,
            ref=filed.objection_id,
            number=filed.number,
            receipt=payload.receipt_no,
        )
    return _filed(filed)


def _check_assistant(tx: Tx, payload: FileObjection, person_id: str, area: str) -> None:
    """Refuse who may not hand something in for another person."""
    if not (payload.receipt_no or "").strip():
        raise EvidenceRequired(field="receipt_no")
    person = registry.person(tx.conn, person_id)
    if person is None:
        raise PersonUnknown(field="person_id", person=person_id)
    if not (tx.actor.covers(area) or tx.actor.covers(person.grid or person.area)):
        # Where somebody lives is not told to who serves elsewhere.
        raise RoleDenied(role=tx.actor.role)


def start_correction(tx: Tx, payload: StartCorrection) -> replies.ObjectionDone:
    """发起更正 / Start a correction of the register.

    Start the correction of what the register says of somebody: the same way as an objection,
    decided by another person. The subject is told, and finds it in its list.

    Raises:
        Invalid: An unknown kind of target.
        TextRequired: No facts are given.
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such award or entry.
        RoleDenied: It lies outside the caller's scope.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the subject's matters.
        TooLate: It is older than 12 months.
        AlreadyObjected: A correction of it is open.
    """
    if len(payload.text.strip()) < LEAST_TEXT:
        raise TextRequired(field="text", least=LEAST_TEXT)
    if len(payload.reasons.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")
    target = _target(tx, payload, tx.actor.id)
    subject = registry.subject(tx.conn, target.subject_id)
    tx.require_scope(_area(tx, subject))
    manual.check_independent(tx, target.subject_id, subject)
    filed = _file(tx, payload, target, subject, tx.actor.id)
    telling.tell(
        tx,
        "CORRECTION_STARTED",
        subject_id=target.subject_id,
        ref=filed.objection_id,
        subject=target.subject_id,
        number=filed.number,
    )
    return _filed(filed)


def _area(tx: Tx, subject: Row | None) -> str:
    area: str | None = subject.area if subject is not None else None
    return area or tx.actor.scope


def _filed(row: Row) -> replies.ObjectionDone:
    return cases.done(row, due=row.accept_due, holds_entry=row.holds_entry)


def _file(
    tx: Tx,
    payload: FileObjection | StartCorrection,
    target: _Target,
    subject: Row | None,
    person_id: str,
) -> Row:
    """Store an objection or a correction, hold the entry that it is about, and return it."""
    kind, grounds = "OBJECTION", None
    assisted = isinstance(payload, FileObjection) and person_id != tx.actor.id
    if isinstance(payload, StartCorrection):
        kind, grounds = "CORRECTION", payload.reasons
    _, until = tx.calendar.month_bounds(tx.calendar.next_period(target.period, LATEST_MONTHS))
    if tx.now >= until:
        raise TooLate
    target_id = target.id
    # What staff want to correct keeps nobody from objecting, nor the other way round; nor does
    # what one person objects keep others from it. The register is corrected once at a time.
    whose = person_id if kind == "OBJECTION" else None
    open_one = store.open_objection(tx.conn, target_id, kind, whose)
    if open_one is not None:
        raise AlreadyObjected(number=open_one.number)
    row = target.row
    # The time decides, also where the timer is late.
    over = row is not None and row.objection_until is not None and tx.now >= row.objection_until
    holds = row is None or not (over or row.state in ("FINALISING", "SETTLED"))
    area = _area(tx, subject)
    filed = store.add(
        tx.conn,
        **records.values_from(
            payload,
            t.objections,
            objection_id=tx.new_id("obj"),
            number=numbers.following(tx, t.objections.c.number, "YY", area),
            kind=kind,
            target_id=target_id,
            subject_id=target.subject_id,
            settlement_id=row.settlement_id if row is not None else None,
            award_id=str(target.award.award_id) if target.award is not None else None,
            period=target.period,
            person_id=person_id,
            filed_by=tx.actor.id if assisted else None,
            receipt_no=payload.receipt_no if isinstance(payload, FileObjection) else None,
            grounds=grounds,
            holds_entry=holds,
            state="FILED",
            filed_at=tx.now,
            accept_due=tx.calendar.due(tx.now, ACCEPT_WORKING_DAYS),
            overdue=False,
            review_overdue=False,
            area=area,
            version=1,
        ),
    )
    if holds and row is not None and row.state == "PUBLISHED":
        entry_store.change_entry(tx.conn, row.settlement_id, target.subject_id, state="HELD")
    files.attach(
        tx, payload.evidence, field="evidence", whose=whose, objection_id=filed.objection_id
    )
    tx.arm("objection_accept", filed.objection_id, filed.accept_due)
    return filed


def _target(tx: Tx, payload: FileObjection | StartCorrection, person_id: str) -> _Target:
    if payload.target == "AWARD":
        award = (
            award_store.award(tx.conn, payload.target_id) if is_uuid(payload.target_id) else None
        )
        if award is None:
            raise NotFound(kind="award", id=payload.target_id)
        # The settlement's row is locked, so that its notice does not end between look and hold.
        row = cases.settlement_of(tx, award.subject_id, award.period)
        # While the month runs there is none: the award's own row keeps two from objecting at once.
        award = award_store.known(tx.conn, payload.target_id, lock=True)
        return _Target(award.subject_id, award.period, award, row)
    if payload.target not in ("ENTRY", "OMISSION"):
        raise Invalid(
            field="target",
            reason=said(
                "target 应为 AWARD、ENTRY 或 OMISSION / target is AWARD, ENTRY or OMISSION"
            ),
        )
    settlement_id, _, subject_id = payload.target_id.partition("/")
    row = settlement_store.settlement(tx.conn, settlement_id, lock=True)
    if row is None:
        raise NotFound(kind="settlement", id=settlement_id)
    subject_id = subject_id or _own_subject(tx, settlement_id, person_id)
    if entry_store.entry(tx.conn, settlement_id, subject_id) is None:
        raise NotFound(kind="entry", id=payload.target_id)
    return _Target(subject_id, row.period, None, row)


def _own_subject(tx: Tx, settlement_id: str, person_id: str) -> str:
    for subject in voices.subjects_of(tx.conn, person_id, tx.now):
        if entry_store.entry(tx.conn, settlement_id, subject.subject_id) is not None:
            return str(subject.subject_id)
    return ""


def _may_object(
    tx: Tx, payload: FileObjection, target: _Target, subject: Row | None, person_id: str
) -> bool:
    if subject is None:
        return False
    if voices.speaks_for(tx.conn, target.subject_id, person_id, tx.now):
        return True
    published = target.row is not None and target.row.published_at is not None
    if subject.kind not in ORGANISATIONS or payload.target != "ENTRY" or not published:
        return False
    # Anybody may, by the real name: so the registry must know whose it is.
    require_known(tx, person_id)
    return True


def require_known(tx: Tx, person_id: str) -> None:
    """Refuse whom no register knows: no resident, no steward, nobody's representative.

    Raises:
        PersonUnknown: It is nobody.
        HolderDeceased, HolderGone: The person is no resident any more.
    """
    person = registry.person(tx.conn, person_id)
    if person is not None:
        consents.require_living(person)
    if person is None and not voices.subjects_of(tx.conn, person_id, tx.now):
        raise PersonUnknown(person=person_id)


def withdraw_objection(tx: Tx, payload: WhichObjection) -> replies.ObjectionDone:
    """撤回异议 / Withdraw an objection.

    Take an objection back before it is decided; the entry that it held is let go.

    Raises:
        NotFound: There is no such objection.
        NotFiler: Somebody else filed it, and the caller shows no receipt of the filer's.
        StateConflict: It is decided, or has ended otherwise.
    """
    known = cases.of_filer(tx, payload.objection_id, payload.receipt_no)
    if known.state not in store.UNDECIDED:
        raise StateConflict(state=known.state)
    row = cases.month_of(tx, known)
    withdrawn = store.change(
        tx.conn,
        known,
        state="WITHDRAWN",
        decided_at=tx.now,
        receipt_no=payload.receipt_no or known.receipt_no,
    )
    tx.disarm("objection_accept", known.objection_id)
    tx.disarm("objection_decide", known.objection_id)
    if row is not None and cases.is_open(tx, known, row):
        finalising.finalise_held(tx, row, known.subject_id)
    objection_news.ended(tx, known, "WITHDRAWN")
    return cases.done(withdrawn)


def accept_objection(tx: Tx, payload: AcceptObjection) -> replies.ObjectionDone:
    """受理异议 / Accept an objection.

    Take an objection up; from now on it is to be decided within 5 working days.

    Raises:
        NotFound: There is no such objection.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not just filed.
        SelfApproval: The subject is the caller's own.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for the subject.
    """
    known = cases.locked(tx, payload.objection_id)
    if known.state != "FILED":
        raise StateConflict(state=known.state)
    manual.check_independent(tx, known.subject_id, registry.subject(tx.conn, known.subject_id))
    manual.refuse_kin_of(tx, known.person_id)
    accepted = _accept(tx, known)
    return cases.done(accepted, due=accepted.decide_due)


def _accept(tx: Tx, known: Row) -> Row:
    due = tx.calendar.due(tx.now, DECIDE_WORKING_DAYS)
    accepted = store.change(tx.conn, known, state="ACCEPTED", accepted_at=tx.now, decide_due=due)
    tx.disarm("objection_accept", known.objection_id)
    tx.arm("objection_decide", known.objection_id, due)
    objection_news.tell(tx, known, "OBJECTION_ACCEPTED", until=telling.last_day(due))
    return accepted


def extend_objection(tx: Tx, payload: ExtendObjection) -> replies.ObjectionDone:
    """延长裁定期限 / Extend the time of a decision.

    Give the decision five working days more, once, before its time is over.

    Raises:
        TextTooShort: Fewer than 20 characters of reasons.
        NotFound: There is no such objection.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not accepted.
        AlreadyExtended: It was extended before.
        DeadlinePassed: Its time is over.
        InChain: Who may not decide it does not put it off either.
        SelfApproval: The subject is the caller's own.
        ConflictOfInterest: The caller holds a post in the subject's matters.
    """
    if len(payload.reasons.strip()) < LEAST_REASONS:
        raise TextTooShort(field="reasons", least=LEAST_REASONS)
    known = cases.locked(tx, payload.objection_id)
    if known.state != "ACCEPTED":
        raise StateConflict(state=known.state)
    if known.extension_reasons is not None:
        raise AlreadyExtended
    if tx.now >= known.decide_due:
        raise DeadlinePassed(until=telling.last_day(known.decide_due))
    cases.check_chain(tx, known, cases.case_of(tx, known))
    # A deadline is the midnight after its last day; the days that are added follow that day.
    last_day = known.decide_due - timedelta(microseconds=1)
    due = tx.calendar.due(last_day, DECIDE_WORKING_DAYS)
    extended = store.change(tx.conn, known, decide_due=due, extension_reasons=payload.reasons)
    tx.arm("objection_decide", known.objection_id, due)
    objection_news.tell(
        tx,
        known,
        "OBJECTION_EXTENDED",
        until=telling.last_day(due),
        reasons=payload.reasons,
    )
    return cases.done(extended, due=due)


def on_accept_due(tx: Tx, due: Due) -> None:
    """Nobody took it up in two working days: it counts as accepted."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "FILED":
        _accept(tx, known)


def on_decide_due(tx: Tx, due: Due) -> None:
    """Nobody decided in five working days: it is marked and goes up, and up once more; the
    deduction stays without effect."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "ACCEPTED":
        if not known.overdue:
            store.change(tx.conn, known, overdue=True)
            objection_news.tell(tx, known, "OBJECTION_OVERDUE")
        objection_news.escalate(tx, known, level=escalating.go_up(tx, due, escalating.STREET))
