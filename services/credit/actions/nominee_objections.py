"""Objections to nominees: whom somebody objects to is held until another one has decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Due, Tx
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.services.credit import events
from fivered.services.credit.actions import (
    escalating,
    manual,
    nominees,
    objections,
    telling,
)
from fivered.services.credit.errors import (
    AlreadyObjected,
    InChain,
    NotInNotice,
    ReasonsRequired,
    TextTooShort,
)
from fivered.services.credit.replies import Done
from fivered.services.credit.rules import commendations as rules
from fivered.services.credit.storage import honours as store
from fivered.services.credit.storage import registry

LEAST_TEXT = 5
LEAST_REASONS = 20
# As long as other objections have from their filing: to be taken up, and to be decided.
DECIDE_WORKING_DAYS = objections.ACCEPT_WORKING_DAYS + objections.DECIDE_WORKING_DAYS
DECIDE_TIMER = "nominee_objection"


class ObjectToNominee(Request, frozen=True):
    """对候选对象提出异议 / Object to a nominee; who objects is kept and never shown."""

    commendation_id: str
    subject: Annotated[str, Meta(max_length=80)]
    text: Annotated[PublicText, Meta(min_length=1, max_length=2000)]


class DecideNominee(Request, frozen=True):
    """裁定对候选对象的异议 / Decide an objection to a nominee."""

    objection_id: str
    upheld: bool
    reasons: Annotated[PublicText, Meta(max_length=2000)]


def object_to_nominee(tx: Tx, payload: ObjectToNominee) -> Done:
    """对候选对象提出异议 / Object to a nominee.

    Object to a nominee while the notice runs: it is held until somebody has decided.

    Raises:
        TextTooShort: Nothing is said.
        NotFound: There is no such commendation or nominee.
        NotInNotice: The notice does not run.
        PersonUnknown: No register knows the caller.
        AlreadyObjected: The caller has an objection to this nominee open.
    """
    if len(payload.text.strip()) < LEAST_TEXT:
        raise TextTooShort(field="text", least=LEAST_TEXT)
    known = store.commendation(tx.conn, payload.commendation_id, lock=True)
    nominee = (
        store.nominee(tx.conn, payload.commendation_id, payload.subject)
        if known is not None
        else None
    )
    # Who is nominated is public with the notice, and not before.
    if known is None or nominee is None or known.notice_id is None:
        raise NotFound(kind="nominee", id=payload.subject)
    if not nominee.supported or nominee.state not in ("SUPPORTED", "HELD"):
        raise NotFound(kind="nominee", id=payload.subject)
    if known.state != "PUBLICISED" or tx.now >= known.public_until:
        raise NotInNotice
    objections.require_known(tx, tx.actor.id)
    for other in store.objections(tx.conn, known.commendation_id):
        if (other.subject_id, other.person_id, other.state) == (
            payload.subject,
            tx.actor.id,
            "OPEN",
        ):
            raise AlreadyObjected(number=other.objection_id)
    due = tx.calendar.due(tx.now, DECIDE_WORKING_DAYS)
    filed = store.add_objection(
        tx.conn,
        objection_id=tx.new_id("nob"),
        commendation_id=known.commendation_id,
        subject_id=payload.subject,
        person_id=tx.actor.id,
        text=payload.text.strip(),
        state="OPEN",
        filed_at=tx.now,
        decide_due=due,
        overdue=False,
        area=known.area,
        version=1,
    )
    tx.arm(DECIDE_TIMER, filed.objection_id, due)
    store.change_nominee(
        tx.conn,
        known.commendation_id,
        payload.subject,
        state="HELD",
        grounds=sorted({*nominee.grounds, rules.OPEN_OBJECTION}),
    )
    if nominee.state != "HELD":
        nominees.tell_state(tx, known, nominee, "HELD")
    store.change(tx.conn, known)
    return Done.of(filed, id=filed.objection_id, due=due)


def decide_nominee(tx: Tx, payload: DecideNominee) -> Done:
    """裁定对候选对象的异议 / Decide an objection to a nominee.

    Decide an objection to a nominee, with reasons: it goes on, or is dropped.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such objection.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is decided.
        InChain: The caller objected, nominated or reviewed.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the nominee.
    """
    if len(payload.reasons.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")
    seen = store.objection(tx.conn, payload.objection_id)
    if seen is None:
        raise NotFound(kind="objection", id=payload.objection_id)
    # The commendation first: a person who cancels it locks them in this order too.
    commendation = store.known(tx.conn, seen.commendation_id, lock=True)
    known = store.known_objection(tx.conn, payload.objection_id, lock=True)
    tx.require_sight(known.area, kind="objection", id=payload.objection_id)
    tx.check_version(known.version)
    if known.state != "OPEN":
        raise StateConflict(state=known.state)
    nominee = store.known_nominee(tx.conn, known.commendation_id, known.subject_id)
    if tx.actor.id in {known.person_id, nominee.nominated_by, commendation.reviewed_by}:
        raise InChain
    subject = registry.subject(tx.conn, known.subject_id)
    manual.check_independent(tx, known.subject_id, subject)
    manual.refuse_kin_of(tx, known.person_id)
    state = "UPHELD" if payload.upheld else "DISMISSED"
    ended = end(tx, commendation, known, state, payload.reasons.strip())
    if payload.upheld:
        store.change_nominee(
            tx.conn,
            known.commendation_id,
            known.subject_id,
            state="DISQUALIFIED",
            grounds=[rules.OBJECTION_UPHELD],
        )
        if nominee.state in ("SUPPORTED", "HELD"):
            nominees.tell_state(tx, commendation, nominee, "DISQUALIFIED")
        # The nominee is dropped: nothing is left to decide.
        for other in store.objections(tx.conn, known.commendation_id, lock=True):
            if (other.subject_id, other.state) == (known.subject_id, "OPEN"):
                end(tx, commendation, other, "LAPSED", payload.reasons.strip())
    elif nominee.state == "HELD":
        nominees.check(tx, commendation, [nominee], news=nominees.STATE_NEWS)
    store.change(tx.conn, commendation)
    return Done.of(ended, id=ended.objection_id)


def end(tx: Tx, commendation: Row, known: Row, state: str, reasons: str) -> Row:
    """End an objection to a nominee, tell who objected how and why, and return it; where it went
    up, nobody has to see to it any more."""
    tx.disarm(DECIDE_TIMER, known.objection_id)
    ended = store.change_objection(
        tx.conn,
        known,
        state=state,
        decided_by=tx.actor.id,
        decided_at=tx.now,
        reasons=reasons,
    )
    if known.overdue:
        _say(tx, ended, events.NomineeObjectionEnded(known.objection_id, state))
    telling.tell(
        tx,
        "NOMINEE_OBJECTION_DECIDED",
        person_id=known.person_id,
        ref=known.objection_id,
        number=commendation.number,
        state=state,
        reasons=reasons,
    )
    return ended


def on_decide_due(tx: Tx, due: Due) -> None:
    """Nobody decided in seven working days: it is marked and goes up, and up once more. The nominee
    stays held."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is None or known.state != "OPEN":
        return
    level = escalating.go_up(tx, due, escalating.first_level(known.area))
    late = store.change_objection(tx.conn, known, overdue=True)
    commendation = store.known(tx.conn, known.commendation_id)
    _say(
        tx,
        late,
        events.NomineeObjectionEscalated(
            known.objection_id,
            commendation.number,
            level,
            escalating.concerned(tx, known.subject_id, known.person_id),
        ),
    )
    if not known.overdue:
        nominees.tell(tx, "NOMINEE_OBJECTION_LATE", commendation, known.subject_id)
        telling.tell(
            tx,
            "NOMINEE_OBJECTION_OVERDUE",
            person_id=known.person_id,
            ref=known.objection_id,
            number=commendation.number,
        )


def give_time(tx: Tx, _due: Due) -> None:
    """Give a day to objections that have none: those of before they had one."""
    for known in store.undated_objections(tx.conn):
        due = tx.calendar.due(tx.now, DECIDE_WORKING_DAYS)
        store.change_objection(tx.conn, known, decide_due=due)
        tx.arm(DECIDE_TIMER, known.objection_id, due)


def tell_later(tx: Tx, row: Mapping[str, str], until: str) -> None:
    """Tell the objector and the nominee that the objection is decided later: the working days have
    changed."""
    known = store.known(tx.conn, row["commendation_id"])
    told = {"ref": row["objection_id"], "number": known.number, "until": until}
    telling.tell(tx, "DEADLINE_MOVED", person_id=row["person_id"], **told)
    nominee = store.nominee(tx.conn, row["commendation_id"], row["subject_id"])
    if nominee is not None and nominee.supported:
        telling.tell(tx, "DEADLINE_MOVED", subject_id=row["subject_id"], **told)


def _say(
    tx: Tx, known: Row, fact: events.NomineeObjectionEscalated | events.NomineeObjectionEnded
) -> None:
    tx.publish(fact, subject=known.objection_id, scope=known.area, sequence=known.version)
