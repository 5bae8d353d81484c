"""Vetoes that a person imposes, another one confirms, and that are lifted."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx, is_uuid, new_uuid
from fivered.chassis.calendar import Calendar
from fivered.chassis.fields import Period
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.text import fold
from fivered.services.credit import events, replies
from fivered.services.credit.actions import escalating, manual, months, telling
from fivered.services.credit.errors import (
    AlreadyVetoed,
    BasisRequired,
    NotForPersons,
    ReasonsRequired,
    SamePerson,
    SpanInvalid,
)
from fivered.services.credit.rules import deciding
from fivered.services.credit.rules import severity as rules
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import registry, tables
from fivered.services.credit.storage import vetoes as store

LEAST_REASONS = 20
CONFIRM_TIMER = "veto_confirm"


class ImposeVeto(Request, frozen=True):
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


class WhichVeto(Request, frozen=True):
    """Which veto is meant."""

    veto_id: str


class LiftVeto(Request, frozen=True):
    """理由,不少于 20 个字 / Reasons, at least 20 characters."""

    veto_id: str
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["经现场核查,整改内容已全部完成,证明材料齐全,同意修复。"]),
    ]


def require_reasons(text: str) -> None:
    """Refuse reasons of fewer than 20 characters.

    Raises:
        ReasonsRequired: They are shorter.
    """
    if len(text.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")


def impose_veto(tx: Tx, payload: ImposeVeto) -> replies.VetoDone:
    """提出一票否决 / Propose a veto.

    Propose to veto an organisation; once another person has confirmed it, its grade is D in these
    months. What nobody has confirmed within five working days goes up; it is never confirmed by
    silence.

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
    require_reasons(payload.reasons)
    subject = registry.subject(tx.conn, payload.subject, lock=True)
    if subject is None or subject.area is None:
        raise NotFound(kind="subject", id=payload.subject)
    tx.require_scope(subject.area)
    manual.check_independent(tx, payload.subject, subject)
    for known in store.of_subject(tx.conn, payload.subject):
        together = known.from_period <= payload.to_period and payload.from_period <= known.to_period
        same = fold(known.document_no or "") == fold(payload.document_no)
        if known.state in ("PROPOSED", "ACTIVE") and same and together:
            raise AlreadyVetoed(field="document_no", document_no=known.document_no)
    _check_span(tx, payload.subject, payload.from_period, payload.to_period)
    due = tx.calendar.due(tx.now, deciding.WORKING_DAYS)
    row = store.add(
        tx.conn,
        **records.values_from(
            payload,
            tables.vetoes,
            veto_id=new_uuid(),
            subject_id=payload.subject,
            state="PROPOSED",
            document_no=payload.document_no.strip(),
            imposed_by=tx.actor.id,
            imposed_at=tx.now,
            due_at=due,
            area=subject.area,
            version=1,
        ),
    )
    tx.arm(CONFIRM_TIMER, str(row.veto_id), due)
    telling.tell(
        tx,
        "VETO_PROPOSED",
        subject_id=payload.subject,
        ref=str(row.veto_id),
        subject=payload.subject,
        from_period=payload.from_period,
        to_period=payload.to_period,
        document_no=payload.document_no.strip(),
        reasons=payload.reasons,
    )
    return _done(row, due=due)


def _check_span(tx: Tx, subject_id: str, start: str, end: str) -> None:
    opened = months.open_period(
        tx, subject_id, tx.calendar.next_period(tx.calendar.period(tx.now), -1)
    )
    if not rules.span_is_sound(start, end, open_period=opened):
        latest = tx.calendar.next_period(start, rules.LONGEST_VETO - 1)
        raise SpanInvalid(field="from_period", earliest=opened, latest=latest)


def confirm_veto(tx: Tx, payload: WhichVeto) -> replies.VetoDone:
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
    confirmed = store.change(
        tx.conn,
        known,
        state="ACTIVE",
        confirmed_by=tx.actor.id,
        confirmed_at=tx.now,
    )
    _decided(tx, known, "ACTIVE")
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
    return _done(confirmed)


def _done(row: Row, **more: object) -> replies.VetoDone:
    return replies.VetoDone.of(row, id=str(row.veto_id), **more)


def on_confirm_due(tx: Tx, due: Due) -> None:
    """Nobody confirmed in five working days: it goes up, and up once more. Who proposed it is told,
    and the organisation."""
    known = store.veto(tx.conn, due.ref)
    if known is None or known.state != "PROPOSED":
        return
    first = escalating.first_level(known.area)
    level = escalating.go_up(tx, due, first)
    concerned = escalating.concerned(tx, known.subject_id, known.imposed_by)
    _say(
        tx,
        known,
        events.VetoEscalated(str(known.veto_id), known.document_no, level, concerned),
        step=level,
    )
    if level == first:
        told = {
            "ref": str(known.veto_id),
            "subject": known.subject_id,
            "until": telling.last_day(due.due_at),
        }
        telling.tell(tx, "VETO_OVERDUE", person_id=known.imposed_by, **told)
        telling.tell(tx, "VETO_OVERDUE", subject_id=known.subject_id, **told)


def is_overdue(known: Row, at: datetime) -> bool:
    """Tell whether a veto waits for its second person, and longer than it should."""
    return bool(known.state == "PROPOSED" and known.due_at is not None and at >= known.due_at)


def _decided(tx: Tx, before: Row, state: str) -> None:
    """Disarm what waits for the second person; where it went up, nobody has to see to it more."""
    tx.disarm(CONFIRM_TIMER, str(before.veto_id))
    if is_overdue(before, tx.now):
        ended = events.VetoEnded(str(before.veto_id), state)
        _say(tx, before, ended, step=escalating.DISTRICT + 1)


def _say(tx: Tx, known: Row, fact: events.VetoEscalated | events.VetoEnded, *, step: int) -> None:
    # That it goes up changes nothing of it, so that who confirms it need not read it again.
    tx.publish(fact, subject=str(known.veto_id), scope=known.area, sequence=known.version + step)


def give_time(tx: Tx, _due: Due) -> None:
    """Give a day to proposed vetoes that have none: those of before they had one."""
    for known in store.undated(tx.conn):
        due = tx.calendar.due(tx.now, deciding.WORKING_DAYS)
        store.change(tx.conn, known, due_at=due)
        tx.arm(CONFIRM_TIMER, str(known.veto_id), due)


def _veto_of_another(tx: Tx, veto_id: str, *, states: tuple[str, ...]) -> Row:
    """Return and lock a veto that stands in one of the states, of which the caller may take the
    next step."""
    known = store.veto(tx.conn, veto_id) if is_uuid(veto_id) else None
    if known is None:
        raise NotFound(kind="veto", id=veto_id)
    subject = registry.known_subject(tx.conn, known.subject_id)
    tx.require_scope(known.area or subject.area)
    tx.check_version(known.version)
    if known.lifted_at is not None or known.state not in states:
        raise StateConflict(state="LIFTED" if known.lifted_at is not None else known.state)
    manual.check_independent(tx, known.subject_id, subject)
    if tx.actor.id == known.imposed_by:
        raise SamePerson
    return known


def lift_veto(tx: Tx, payload: LiftVeto) -> replies.VetoDone:
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
    require_reasons(payload.reasons)
    known = _veto_of_another(tx, payload.veto_id, states=("PROPOSED", "ACTIVE"))
    opened = months.open_period(tx, known.subject_id, known.from_period)
    ended = end(tx, known, Calendar.next_period(opened, -1), payload.reasons)
    months.draft_again(tx, known.subject_id, opened)
    return _done(ended, state="LIFTED", from_period=opened)


def end(tx: Tx, known: Row, last: str, reasons: str) -> Row:
    """End a veto after a month, and return it. What it did in months before stays: they are final.

    Such a veto stays ACTIVE for them; one that has not begun yet, or was not confirmed, never does
    anything.
    """
    begun = known.state == "ACTIVE" and last >= known.from_period
    ended = store.change(
        tx.conn,
        known,
        state="ACTIVE" if begun else "LIFTED",
        to_period=min(known.to_period, last) if begun else known.to_period,
        lifted_by=tx.actor.id,
        lifted_at=tx.now,
        reasons=f"{known.reasons}\n{reasons}" if known.reasons else reasons,
    )
    _decided(tx, known, "LIFTED")
    confirmed = known.state == "ACTIVE"
    telling.tell(
        tx,
        "VETO_LIFTED" if confirmed else "VETO_DROPPED",
        subject_id=known.subject_id,
        ref=str(known.veto_id),
        subject=known.subject_id,
        **({"from_period": Calendar.next_period(last)} if confirmed else {}),
    )
    return ended
