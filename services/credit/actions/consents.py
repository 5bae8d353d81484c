"""Consent of natural persons to scoring, points, public lists and commendation (DOMAIN 1.5)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from services.credit.actions.ledger import GRACE
from services.credit.errors import (
    EvidenceRequired,
    NoticeOutdated,
    NotOfHousehold,
    PersonUnknown,
    PurposeMissing,
    UnderAge,
)
from services.credit.storage import awards as award_store
from services.credit.storage import registry as store

if TYPE_CHECKING:
    from datetime import datetime

    from chassis.bus import Tx

PURPOSES = ("SCORING", "POINTS", "PUBLIC_LIST", "COMMENDATION")
ASSISTANTS = ("R_GRID", "R_CADRE", "R_SECRETARY", "R_DISTRICT")


@dataclass(frozen=True, slots=True)
class GrantConsent:
    """What a person consents to, after reading which version of the notice.

    Attributes:
        person_id: For whom; empty for oneself. Whoever assists shows a paper form.
        household_id: Consent of the head for his household's account instead of his own.
    """

    notice_version: str
    purposes: list[str]
    person_id: str | None = None
    household_id: str | None = None
    channel: str = "APP"
    evidence_ref: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    """What is withdrawn; without purposes, all of it. No reason is asked."""

    consent_id: str
    purposes: list[str] = field(default_factory=list)


def grant_consent(tx: Tx, order: GrantConsent) -> dict[str, Any]:
    """Grant consent, or change what is consented to.

    Raises:
        Invalid: An unknown purpose, or none.
        PersonUnknown: The registry has not told of this person (yet).
        RoleDenied: The person lives outside the scope of whoever assists.
        UnderAge: Younger than 18.
        NoticeOutdated: Another version of the notice is in force.
        PurposeMissing: POINTS, PUBLIC_LIST and COMMENDATION need SCORING.
        EvidenceRequired: Somebody assists and shows no paper form.
        NotOfHousehold: The person does not belong to the household.
        StateConflict: The person is no resident any more.
    """
    person_id = order.person_id or tx.actor.id
    check_order(tx, order, person_id)
    person = store.person(tx.conn, person_id)
    check_person(tx, order, person_id, person)
    subject_id = f"HH:{order.household_id}" if order.household_id else f"RES:{person_id}"
    known = store.consent(tx.conn, subject_id=subject_id)
    before = set(known.purposes) if known is not None and known.state == "GRANTED" else set()
    wanted = set(order.purposes)
    consent_id = known.consent_id if known is not None else tx.new_id("cns")
    version = known.version + 1 if known is not None else 1
    store.put_consent(
        tx.conn,
        granted(tx, order, person, consent_id=consent_id, subject_id=subject_id, version=version),
    )
    store.close_spans(tx.conn, subject_id, before - wanted, tx.now)
    store.open_spans(tx.conn, subject_id, wanted - before, tx.now)
    open_subject(tx, subject_id, person, wanted)
    if "POINTS" in before - wanted:
        store.change_subject(tx.conn, subject_id, spendable_until=tx.now + GRACE)
    return {
        "id": consent_id,
        "state": "GRANTED",
        "version": version,
        "subject": subject_id,
        "purposes": sorted(wanted),
    }


def granted(
    tx: Tx, order: GrantConsent, person: Any, *, consent_id: str, subject_id: str, version: int
) -> dict[str, Any]:
    """Return the row of a consent that is given now."""
    return {
        "consent_id": consent_id,
        "subject_id": subject_id,
        "person_id": person.person_id,
        "state": "GRANTED",
        "notice_version": order.notice_version,
        "purposes": sorted(set(order.purposes)),
        "channel": order.channel,
        "evidence_ref": order.evidence_ref,
        "granted_by": tx.actor.id,
        "granted_at": tx.now,
        "withdrawn_at": None,
        "area": person.area,
        "version": version,
    }


def check_person(tx: Tx, order: GrantConsent, person_id: str, person: Any) -> None:
    """Refuse a consent for whom it cannot be given.

    Raises:
        PersonUnknown: The registry has not told of this person (yet).
        RoleDenied: The person lives outside the scope of whoever assists.
        StateConflict: The person is no resident any more.
        UnderAge: Younger than 18.
        NotOfHousehold: The person does not belong to the household.
    """
    if person is None:
        raise PersonUnknown(person=person_id)
    if person_id != tx.actor.id:
        tx.require_scope(person.grid or person.area)
    if person.state != "ACTIVE":
        raise StateConflict(state=person.state)
    if not person.is_adult:
        raise UnderAge(field="person_id")
    if order.household_id is not None and person.household_id != order.household_id:
        raise NotOfHousehold(field="household_id")


def check_order(tx: Tx, order: GrantConsent, person_id: str) -> None:
    """Refuse a consent that says too little.

    Raises:
        Invalid: An unknown purpose, or none.
        PurposeMissing: POINTS, PUBLIC_LIST and COMMENDATION need SCORING.
        NoticeOutdated: Another version of the notice is in force.
        RoleDenied: The actor may not assist others.
        EvidenceRequired: Somebody assists and shows no paper form.
    """
    unknown = set(order.purposes) - set(PURPOSES)
    if unknown or not order.purposes:
        raise Invalid(field="purposes", reason=f"授权用途应为 {'、'.join(PURPOSES)}")
    if "SCORING" not in order.purposes:
        raise PurposeMissing(field="purposes", purpose=order.purposes[0], needed="SCORING")
    current = tx.settings.notice_version
    if order.notice_version != current:
        raise NoticeOutdated(field="notice_version", current=current)
    if person_id == tx.actor.id:
        return
    if tx.actor.role not in ASSISTANTS:
        raise RoleDenied(role=tx.actor.role)
    if not order.evidence_ref:
        raise EvidenceRequired(field="evidence_ref")


def opened(subject_id: str, person: Any, at: datetime) -> dict[str, Any]:
    """Return the row of a subject that a consent opens."""
    return store.stub(subject_id, at) | {
        "area": person.area,
        "area_before": person.area,
        "area_since": at,
        "grid": person.grid,
        "holder": person.person_id,
    }


def open_subject(tx: Tx, subject_id: str, person: Any, purposes: Collection[str]) -> None:
    """Open the account of a consent, or open it again. Who consents without POINTS keeps the end
    that an earlier withdrawal has set to them."""
    known = store.subject(tx.conn, subject_id, lock=True)
    if known is None:
        store.put_subject(tx.conn, opened(subject_id, person, tx.now))
        return
    store.change_subject(
        tx.conn,
        subject_id,
        state="ACTIVE",
        closed_at=None,
        spendable_until=None if "POINTS" in purposes else known.spendable_until,
        holder=person.person_id,
        area=known.area or person.area,
        area_before=known.area_before or person.area,
        area_since=known.area_since or tx.now,
    )


def withdraw_consent(tx: Tx, order: WithdrawConsent) -> dict[str, Any]:
    """Withdraw consent: always possible, without a reason.

    Without SCORING nothing is scored from this moment on, what is still proposed is cancelled, and
    the points stay spendable for 90 days. Any adult of a household can withdraw its consent.

    Raises:
        NotFound: There is no such consent, or it is not the caller's.
        StateConflict: It is withdrawn already.
        Invalid: An unknown purpose.
    """
    known = store.consent(tx.conn, consent_id=order.consent_id)
    if known is None or not _may_withdraw(tx, known):
        raise NotFound(kind="consent", id=order.consent_id)
    if known.state != "GRANTED":
        raise StateConflict(state=known.state)
    unknown = set(order.purposes) - set(PURPOSES)
    if unknown:
        raise Invalid(field="purposes", reason=f"授权用途应为 {'、'.join(PURPOSES)}")
    given = set(known.purposes)
    gone = set(order.purposes) & given if order.purposes else given
    if "SCORING" in gone:
        gone = given
    if "POINTS" in gone:
        # Points that were earned stay spendable for 90 days, as after a whole withdrawal.
        store.change_subject(tx.conn, known.subject_id, spendable_until=tx.now + GRACE)
    left = sorted(given - gone)
    store.close_spans(tx.conn, known.subject_id, gone, tx.now)
    state = "GRANTED" if left else "WITHDRAWN"
    if not left:
        award_store.cancel_open(tx.conn, known.subject_id, "CONSENT_WITHDRAWN", tx.now)
    version = known.version + 1
    store.change_consent(
        tx.conn,
        known.consent_id,
        state=state,
        purposes=left,
        withdrawn_at=None if left else tx.now,
        version=version,
    )
    return {"id": known.consent_id, "state": state, "version": version, "purposes": left}


def _may_withdraw(tx: Tx, known: Any) -> bool:
    if tx.actor.id == known.person_id:
        return True
    if not known.subject_id.startswith("HH:"):
        return False
    person = store.person(tx.conn, tx.actor.id)
    return (
        person is not None and person.is_adult and f"HH:{person.household_id}" == known.subject_id
    )


def close_for(tx: Tx, person_id: str, at: datetime) -> None:
    """A person has died or left the district: his consent ends, the wallet lives 90 days more."""
    for subject in store.subjects_held_by(tx.conn, person_id):
        if subject.kind not in ("RES", "HH"):
            continue
        known = store.consent(tx.conn, subject_id=subject.subject_id)
        if known is not None and known.state != "CLOSED":
            store.close_spans(tx.conn, subject.subject_id, known.purposes, at)
            store.change_consent(
                tx.conn,
                known.consent_id,
                state="CLOSED",
                withdrawn_at=known.withdrawn_at or at,
                version=known.version + 1,
            )
        award_store.cancel_open(tx.conn, subject.subject_id, "RESIDENT_DEACTIVATED", at)
        store.change_subject(tx.conn, subject.subject_id, spendable_until=at + GRACE)
