"""How an objection goes on: told to whom it is about, to who objected, and to the level above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.credit import events
from fivered.services.credit.actions import escalating, telling
from fivered.services.credit.storage import objections as store
from fivered.services.credit.storage import voices


def tell(
    tx: Tx, known: Row, code: str, *, filer: Mapping[str, str] | None = None, **detail: str
) -> None:
    """Tell whom an objection is about how it goes on, and who objected, where that is another.

    Args:
        tx: The transaction.
        known: The objection.
        code: Which text.
        filer: What only the objector is told besides.
        detail: What the text names.
    """
    told = {"ref": known.objection_id, "number": known.number, "kind": known.kind, **detail}
    own = voices.speaks_for(tx.conn, known.subject_id, known.person_id, tx.now)
    # What was filed for the subject is its own, also when the filer speaks for it no more.
    its_own = own or voices.speaks_for(tx.conn, known.subject_id, known.person_id, known.filed_at)
    more = dict(filer or {})
    telling.tell(tx, code, subject_id=known.subject_id, **told, **(more if its_own else {}))
    if not own:
        telling.tell(tx, code, person_id=known.person_id, **told, **more)


def escalate(tx: Tx, known: Row, *, level: int) -> None:
    """Say that the next level has to see to it; forum knows who answers there."""
    concerned = escalating.concerned(tx, known.subject_id, known.person_id)
    _say(tx, known, events.ObjectionEscalated(known.objection_id, known.number, level, concerned))


def ended(tx: Tx, known: Row, state: str) -> None:
    """Say that one that went up has ended, so that nobody has to see to it any more."""
    if known.overdue or known.review_overdue:
        _say(tx, known, events.ObjectionEnded(known.objection_id, known.number, state))


def _say(tx: Tx, known: Row, fact: events.ObjectionEscalated | events.ObjectionEnded) -> None:
    tx.publish(fact, subject=known.objection_id, scope=known.area, sequence=known.version + 1)


def lapse(tx: Tx, row: Row, subject_ids: Sequence[str]) -> None:
    """End what is undecided when a month closes, and tell the person who objected and whom it is
    about.

    Args:
        tx: The transaction.
        row: The settlement.
        subject_ids: Whose entries were held.
    """
    lapsed = store.undecided(tx.conn, row.period, subject_ids)
    store.lapse_objections(tx.conn, row.period, subject_ids, tx.now)
    for known in lapsed:
        tx.disarm("objection_accept", known.objection_id)
        tx.disarm("objection_decide", known.objection_id)
        tell(tx, known, "OBJECTION_LAPSED", period=row.period)
        ended(tx, known, "LAPSED")
