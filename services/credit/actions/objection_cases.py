"""What an objection is about, and who may act on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.services.credit import replies
from fivered.services.credit.actions import (
    manual,
    months,
)
from fivered.services.credit.errors import (
    InChain,
    NotFiler,
)
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import objections as store
from fivered.services.credit.storage import registry, voices
from fivered.services.credit.storage import settlement as settlement_store

# Who hands in what a person without an account objects to.
ASSISTANTS = ("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
LEVELS = {"R_CADRE": 1, "R_SECRETARY": 1, "R_STREET": 2, "R_STREET_LEAD": 2, "R_DISTRICT": 3}
HIGHEST = max(LEVELS.values())


ReceiptNo = Annotated[
    PublicText,
    Meta(
        max_length=120,
        description="代办时当事人的回执编号 / number of the person's receipt, "
        "when staff act for the filer",
        examples=["HZ-2025-0001"],
    ),
]


@dataclass(frozen=True, slots=True)
class Case:
    """What an objection is about: its subject, the settlement of its month, its award."""

    subject: Row | None
    row: Row | None
    award: Row | None


def locked(tx: Tx, objection_id: str) -> Row:
    """Return and lock an objection.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
    """
    known = store.objection(tx.conn, objection_id, lock=True)
    if known is None:
        raise NotFound(kind="objection", id=objection_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    return known


def of_filer(tx: Tx, objection_id: str, receipt_no: str | None, *, of_subject: bool = False) -> Row:
    """Return and lock an objection for its filer, or for staff who show the filer's receipt.

    What was filed for a subject is the subject's: when the filer speaks for it no more, another
    person who does now goes on with it.

    Args:
        tx: The transaction.
        objection_id: Which one.
        receipt_no: The receipt that staff show.
        of_subject: Whether anybody who speaks for the subject may go on with it at any time.

    Raises:
        NotFound: There is none.
        NotFiler: Somebody else filed it, and the caller shows no receipt of the filer's.
    """
    # A person who filed it may live in one grid while the objection belongs to the community: what
    # the filer may do follows from the person, not from where the role acts.
    known = store.objection(tx.conn, objection_id, lock=True)
    if known is None:
        raise NotFound(kind="objection", id=objection_id)
    if known.person_id != tx.actor.id and not _is_of_subject(tx, known, at_any_time=of_subject):
        # Without the number of the filer's receipt nobody acts for another.
        assists = tx.actor.role in ASSISTANTS and bool((receipt_no or "").strip())
        if not assists or not tx.actor.covers(_place(tx, known)):
            raise NotFiler
    tx.check_version(known.version)
    return known


def _is_of_subject(tx: Tx, known: Row, *, at_any_time: bool) -> bool:
    """Tell whether the caller speaks for the subject for which an objection was filed."""

    def speaks(person_id: str, at: datetime) -> bool:
        return voices.speaks_for(tx.conn, known.subject_id, person_id, at)

    if not speaks(tx.actor.id, tx.now) or not speaks(known.person_id, known.filed_at):
        return False
    return at_any_time or not speaks(known.person_id, tx.now)


def _place(tx: Tx, known: Row) -> str:
    """Return where who filed an objection lives, or what it is about."""
    person = registry.person(tx.conn, known.person_id)
    return str((person.grid or person.area) if person is not None else known.area)


def done(row: Row, **more: object) -> replies.ObjectionDone:
    """Return how an objection stands after a change."""
    return replies.ObjectionDone.of(row, id=row.objection_id, number=row.number, **more)


def settlement_of(tx: Tx, subject_id: str, period: str) -> Row | None:
    """Return and lock the settlement of a month in which a subject is, or None. It is that of the
    place where the subject was: it may have moved since."""
    area = months.settles_in(tx, subject_id, period)
    return settlement_store.of_month(tx.conn, period, area) if area else None


def case_of(tx: Tx, known: Row) -> Case:
    """Return what an objection is about; its settlement and its award are locked."""
    subject = registry.subject(tx.conn, known.subject_id)
    row = month_of(tx, known)
    award = award_store.award(tx.conn, str(known.award_id), lock=True) if known.award_id else None
    return Case(subject, row, award)


def month_of(tx: Tx, known: Row) -> Row | None:
    """Return the settlement of an objection's month, locked, or None.

    One that was filed while the month still ran had no settlement to name; it holds the entry of
    the one that came since.
    """
    if not known.settlement_id:
        return settlement_of(tx, known.subject_id, known.period)
    found: Row | None = settlement_store.settlement(tx.conn, known.settlement_id, lock=True)
    return found


def is_open(tx: Tx, known: Row, row: Row | None) -> bool:
    """Tell whether the entry of an objection is published and not final yet."""
    if not known.holds_entry or row is None or row.state not in {"PUBLISHED", "FINALISING"}:
        return False
    entry = entry_store.entry(tx.conn, row.settlement_id, known.subject_id)
    return entry is not None and entry.state in {"PUBLISHED", "HELD"}


def check_chain(tx: Tx, known: Row, case: Case) -> None:
    """Refuse who had a hand in what an objection is about.

    Raises:
        InChain: The caller filed it, decided it, or had a hand in the award or the month.
        SelfApproval: The subject is the caller's own.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for it, or filed
            this.
    """
    # Who decided is in the chain of a review; before a decision that is nobody.
    chain = {
        known.person_id,
        known.filed_by,
        known.decided_by,
        case.subject.holder if case.subject is not None else None,
    }
    chain |= _award_chain(tx, known, case.award)
    if case.row is not None:
        chain |= {case.row.reviewed_by, case.row.confirmed_by}
    # What is final names who did it then, also where his id was given up for another since.
    chain |= set(registry.merged(tx.conn, filter(None, chain)).values())
    if tx.actor.id in chain:
        raise InChain
    manual.check_independent(tx, known.subject_id, case.subject)
    manual.refuse_kin_of(tx, known.person_id)


def _award_chain(tx: Tx, known: Row, award: Row | None) -> set[str | None]:
    """Return who had a hand in an award. Who decided another objection to it had none by that."""
    if award is None:
        return set()
    decided = {award.decided_by, award.approved_by}
    decided -= store.deciders_about(tx.conn, known.target_id)
    return {award.proposed_by, award.actor_id, *decided}
