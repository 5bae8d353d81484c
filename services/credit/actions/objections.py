"""Objections: filed by whom it concerns, accepted, decided by somebody independent with reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chassis.bus import is_uuid
from chassis.refusal import Invalid, NotFound, StateConflict
from services.credit.actions import awards, manual, settlement
from services.credit.errors import (
    AlreadyObjected,
    InChain,
    NotSubject,
    ReasonsRequired,
    TextRequired,
    TooLate,
)
from services.credit.storage import awards as award_store
from services.credit.storage import registry
from services.credit.storage import settlements as store

if TYPE_CHECKING:
    from chassis.bus import Due, Tx

ACCEPT_WORKING_DAYS = 2
DECIDE_WORKING_DAYS = 5
LEAST_REASONS = 20
LEAST_TEXT = 5
OUTCOMES = ("UPHELD", "PARTLY", "DISMISSED")
LATEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class FileObjection:
    """What somebody objects to.

    Attributes:
        target: AWARD, ENTRY or OMISSION ("I was not credited").
        target_id: The award; or "<settlement>" for one's own entry, or "<settlement>/<subject>".
    """

    target: str
    target_id: str
    text: str
    evidence: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AcceptObjection:
    """Which objection is taken up."""

    objection_id: str


@dataclass(frozen=True, slots=True)
class DecideObjection:
    """How an objection ends, and why.

    Attributes:
        score: For PARTLY, what is left of the award.
        award_ids: For ENTRY, the awards that are taken back.
    """

    objection_id: str
    outcome: str
    reasons: str
    score: int | None = None
    award_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Target:
    subject_id: str
    period: str
    award: Any
    row: Any


def file_objection(tx: Tx, order: FileObjection) -> dict[str, Any]:
    """File an objection. Within the objection period the entry is held; others go on.

    Raises:
        Invalid: An unknown kind of target.
        TextRequired: Nothing is said.
        NotFound: There is no such award or entry.
        NotSubject: It concerns somebody else; only entries of organisations are open to all.
        TooLate: It is older than 12 months.
        AlreadyObjected: An objection to it is open.
    """
    if len(order.text.strip()) < LEAST_TEXT:
        raise TextRequired(field="text")
    target = _target(tx, order)
    subject = registry.subject(tx.conn, target.subject_id)
    if not _may_object(tx, order, target, subject):
        raise NotSubject
    _, end = tx.calendar.month_bounds(target.period)
    if tx.now > end + LATEST:
        raise TooLate
    target_id = (
        str(target.award.award_id)
        if target.award is not None
        else f"{target.row.settlement_id}/{target.subject_id}"
    )
    open_one = store.open_objection(tx.conn, target_id)
    if open_one is not None:
        raise AlreadyObjected(number=open_one.number)
    row = target.row
    holds = row is None or row.state not in ("FINALISING", "SETTLED")
    objection_id = tx.new_id("obj")
    area = subject.area or tx.actor.scope
    day = tx.calendar.local_date(tx.now)
    prefix = f"YY-{day:%Y%m%d}-{area[-6:]}-"
    accept_due = tx.calendar.due(tx.now, ACCEPT_WORKING_DAYS)
    store.add_objection(
        tx.conn,
        {
            "objection_id": objection_id,
            "number": f"{prefix}{store.count_objections(tx.conn, prefix) + 1:05d}",
            "target": order.target,
            "target_id": target_id,
            "subject_id": target.subject_id,
            "settlement_id": row.settlement_id if row is not None else None,
            "award_id": str(target.award.award_id) if target.award is not None else None,
            "period": target.period,
            "person_id": tx.actor.id,
            "text": order.text,
            "evidence": order.evidence,
            "holds_entry": holds,
            "state": "FILED",
            "filed_at": tx.now,
            "accept_due": accept_due,
            "overdue": False,
            "area": area,
            "version": 1,
        },
    )
    if holds and row is not None and row.state == "PUBLISHED":
        store.change_entry(tx.conn, row.settlement_id, target.subject_id, state="HELD")
    tx.arm("objection_accept", objection_id, accept_due)
    return {
        "id": objection_id,
        "number": store.objection(tx.conn, objection_id).number,
        "state": "FILED",
        "version": 1,
        "due": accept_due.isoformat(),
        "holds_entry": holds,
    }


def _target(tx: Tx, order: FileObjection) -> _Target:
    if order.target == "AWARD":
        award = award_store.award(tx.conn, order.target_id) if is_uuid(order.target_id) else None
        if award is None:
            raise NotFound(kind="award", id=order.target_id)
        subject = registry.subject(tx.conn, award.subject_id)
        # The settlement's row is locked, so that its notice does not end between look and hold.
        row = (
            store.of_month(tx.conn, award.period, subject.area)
            if subject is not None and subject.area
            else None
        )
        return _Target(award.subject_id, award.period, award, row)
    if order.target not in ("ENTRY", "OMISSION"):
        raise Invalid(field="target", reason="target 应为 AWARD、ENTRY 或 OMISSION")
    settlement_id, _, subject_id = order.target_id.partition("/")
    row = store.settlement(tx.conn, settlement_id, lock=True)
    if row is None:
        raise NotFound(kind="settlement", id=settlement_id)
    subject_id = subject_id or _own_subject(tx, settlement_id)
    if store.entry(tx.conn, settlement_id, subject_id) is None:
        raise NotFound(kind="entry", id=order.target_id)
    return _Target(subject_id, row.period, None, row)


def _own_subject(tx: Tx, settlement_id: str) -> str:
    for subject in registry.subjects_held_by(tx.conn, tx.actor.id):
        if store.entry(tx.conn, settlement_id, subject.subject_id) is not None:
            return str(subject.subject_id)
    return ""


def _may_object(tx: Tx, order: FileObjection, target: _Target, subject: Any) -> bool:
    if subject is None:
        return False
    if subject.holder == tx.actor.id:
        return True
    if registry.holds_post(tx.conn, target.subject_id, tx.actor.id, tx.now):
        return True
    published = target.row is not None and target.row.published_at is not None
    return subject.kind in settlement.ORGANISATIONS and order.target == "ENTRY" and published


def _locked(tx: Tx, objection_id: str) -> Any:
    known = store.objection(tx.conn, objection_id, lock=True)
    if known is None:
        raise NotFound(kind="objection", id=objection_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    return known


def accept_objection(tx: Tx, order: AcceptObjection) -> dict[str, Any]:
    """Take an objection up; from now on it is to be decided within 5 working days.

    Raises:
        NotFound: There is no such objection.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not just filed.
    """
    known = _locked(tx, order.objection_id)
    if known.state != "FILED":
        raise StateConflict(state=known.state)
    due = _accept(tx, known)
    return {
        "id": known.objection_id,
        "number": known.number,
        "state": "ACCEPTED",
        "version": known.version + 1,
        "due": due,
    }


def _accept(tx: Tx, known: Any) -> str:
    due = tx.calendar.due(tx.now, DECIDE_WORKING_DAYS)
    store.change_objection(
        tx.conn, known.objection_id, state="ACCEPTED", accepted_at=tx.now, decide_due=due
    )
    tx.disarm("objection_accept", known.objection_id)
    tx.arm("objection_decide", known.objection_id, due)
    return due.isoformat()


def on_accept_due(tx: Tx, due: Due) -> None:
    """Nobody took it up in two working days: it counts as accepted."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "FILED":
        _accept(tx, known)


def on_decide_due(tx: Tx, due: Due) -> None:
    """Nobody decided in five working days: it is marked, and the deduction stays without effect."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "ACCEPTED":
        store.change_objection(tx.conn, known.objection_id, overdue=True)


def decide_objection(tx: Tx, order: DecideObjection) -> dict[str, Any]:
    """Decide an objection.

    Raises:
        Invalid: An unknown outcome, or PARTLY without what is left.
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such objection, or no such award of the subject.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not accepted.
        InChain: The caller had a hand in it, is its subject, or filed it.
        ConflictOfInterest: The caller holds a post in the subject's matters.
    """
    if order.outcome not in OUTCOMES:
        raise Invalid(field="outcome", reason=f"outcome 应为 {'、'.join(OUTCOMES)}")
    if len(order.reasons.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")
    known = _locked(tx, order.objection_id)
    if known.state != "ACCEPTED":
        raise StateConflict(state=known.state)
    subject = registry.subject(tx.conn, known.subject_id)
    row = _month_of(tx, known, subject)
    award = award_store.award(tx.conn, str(known.award_id), lock=True) if known.award_id else None
    _check_chain(tx, known, row, award, subject)
    if order.outcome != "DISMISSED":
        _take_effect(tx, order, known, award)
    elif award is not None and award.state == "PROPOSED" and award.decides == "SETTLEMENT":
        award_store.change(
            tx.conn,
            str(award.award_id),
            state="APPROVED",
            decided_by=tx.actor.id,
            decided_at=tx.now,
        )
    store.change_objection(
        tx.conn,
        known.objection_id,
        state="DECIDED",
        decided_by=tx.actor.id,
        decided_at=tx.now,
        outcome=order.outcome,
        reasons=order.reasons,
    )
    tx.disarm("objection_decide", known.objection_id)
    if row is not None and known.holds_entry:
        settlement.finalise_held(tx, row, known.subject_id)
    return {
        "id": known.objection_id,
        "number": known.number,
        "state": "DECIDED",
        "version": known.version + 1,
        "outcome": order.outcome,
    }


def _month_of(tx: Tx, known: Any, subject: Any) -> Any:
    """Return the settlement whose entry an objection holds, locked, or None.

    One that was filed while the month still ran had no settlement to name; it holds the entry of
    the one that came since.
    """
    if known.settlement_id:
        return store.settlement(tx.conn, known.settlement_id, lock=True)
    if not known.holds_entry or subject is None or not subject.area:
        return None
    row = store.of_month(tx.conn, known.period, subject.area)
    return row if row is not None and row.state in {"PUBLISHED", "FINALISING"} else None


def _check_chain(tx: Tx, known: Any, row: Any, award: Any, subject: Any) -> None:
    chain = {known.person_id, getattr(subject, "holder", None)}
    for part, names in (
        (award, ("proposed_by", "decided_by", "actor_id")),
        (row, ("reviewed_by", "confirmed_by")),
    ):
        chain |= {getattr(part, name) for name in names} if part is not None else set()
    if tx.actor.id in chain:
        raise InChain
    manual.check_independent(tx, known.subject_id, subject)


def _take_effect(tx: Tx, order: DecideObjection, known: Any, award: Any) -> None:
    reason = f"objection:{known.number}"
    if order.outcome == "PARTLY":
        if award is None or order.score is None:
            raise Invalid(field="score", reason="部分支持须给出保留的分值")
        if abs(order.score) > abs(award.score) or order.score * award.score < 0:
            raise Invalid(field="score", reason="保留的分值不得超过原分值")
        points = award.points * abs(order.score) // abs(award.score) if award.score else 0
        if award.state == "PROPOSED" and award.decides == "SETTLEMENT":
            award_store.change(
                tx.conn,
                str(award.award_id),
                state="APPROVED",
                decided_by=tx.actor.id,
                decided_at=tx.now,
            )
        # Its reason says that a person has changed it: no later count of its window undoes that.
        award_store.change(tx.conn, str(award.award_id), reason=reason)
        awards.adjust(tx, [(award, order.score, points, award.capped)])
        return
    if award is not None:
        _reverse(tx, known, award, reason)
    for award_id in order.award_ids:
        found = award_store.award(tx.conn, award_id, lock=True) if is_uuid(award_id) else None
        if found is None or found.subject_id != known.subject_id:
            raise NotFound(kind="award", id=award_id)
        _reverse(tx, known, found, reason)


def _reverse(tx: Tx, known: Any, award: Any, reason: str) -> None:
    # The month whose entry is held is still open for this entry; a final one never is.
    within = known.period if known.holds_entry else None
    awards.reverse(tx, award, reason=reason, by=tx.actor.id, opened=within)
