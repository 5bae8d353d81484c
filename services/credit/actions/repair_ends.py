"""How a repair ends, and who hears of it: decided, withdrawn, or because its item is gone."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.credit import events
from fivered.services.credit.actions import telling
from fivered.services.credit.storage import repairs as store

GONE = "所涉扣分已撤销,无须修复 / The deduction was taken back; nothing is left to repair"


def tell(tx: Tx, code: str, subject_id: str, repair_id: str, **detail: str) -> None:
    """Tell an organisation of its repair."""
    telling.tell(tx, code, subject_id=subject_id, ref=repair_id, subject=subject_id, **detail)


def say(tx: Tx, known: Row, fact: events.RepairEscalated | events.RepairEnded) -> None:
    """Publish a fact about a repair as it is now."""
    tx.publish(fact, subject=known.repair_id, scope=known.area, sequence=known.version)


def end(tx: Tx, known: Row, state: str, *, by: str | None, **more: object) -> Row:
    """Write who ended it and how, disarm what waits for it, and return it; where it went up, nobody
    has to see to it any more."""
    ended = store.change(
        tx.conn,
        known,
        state=state,
        decided_by=by,
        decided_at=tx.now,
        **more,
    )
    tx.disarm("repair_accept", known.repair_id)
    tx.disarm("repair_decide", known.repair_id)
    if known.overdue:
        say(tx, ended, events.RepairEnded(known.repair_id, known.number, state))
    return ended


def decide(tx: Tx, known: Row, state: str, reasons: str, *, by: str | None, **more: object) -> Row:
    """End it with reasons, tell the organisation, and return it."""
    ended = end(tx, known, state, by=by, reasons=reasons, **more)
    tell(
        tx,
        "REPAIR_DECIDED",
        known.subject_id,
        known.repair_id,
        number=known.number,
        state=state,
        reasons=reasons,
    )
    return ended


def item_gone(tx: Tx, award: Row, *, by: str | None) -> None:
    """End the repair of a deduction that is taken back: it needs nobody any more.

    Args:
        tx: The transaction; it holds the award's row.
        award: The deduction.
        by: Who took it back.
    """
    known = store.open_of(tx.conn, str(award.award_id), lock=True)
    if known is not None:
        end(tx, known, "LAPSED", by=by, reasons=GONE)
        tell(tx, "REPAIR_LAPSED", known.subject_id, known.repair_id, number=known.number)
