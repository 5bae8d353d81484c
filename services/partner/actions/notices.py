"""What those who act for a partner are told of what waits for them, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chassis import records
from chassis.bus import Tx
from chassis.records import Row
from services.partner.storage.tables import messages, offers


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to a partner; `detail` fills the places of its text in `messages.MESSAGES`."""

    partner_id: str
    code: str
    ref: str
    detail: dict[str, str]


def tell(tx: Tx, partner_id: str, code: str, ref: str, **detail: object) -> None:
    """Leave a message for those who act for a partner now or later.

    Args:
        tx: The transaction.
        partner_id: The partner.
        code: Which text it is.
        ref: Of which offer, redemption or statement it speaks, or of the partner itself.
        detail: What fills the text's places.
    """
    said = {name: str(value) for name, value in detail.items()}
    tell_all(tx, [Notice(partner_id, code, ref, said)])


def tell_all(tx: Tx, notices: Iterable[Notice]) -> None:
    """Leave several messages with one statement."""
    made = [
        {
            "message_id": tx.new_id("msg"),
            "partner_id": one.partner_id,
            "code": one.code,
            "ref": one.ref,
            "detail": one.detail,
            "created_at": tx.now,
        }
        for one in notices
    ]
    if made:
        records.add_all(tx.conn, messages, made)


def of_redemption(tx: Tx, code: str, row: Row, **detail: object) -> None:
    """Leave a message about a redemption."""
    title = records.get(tx.conn, offers, row.offer_id).title
    said = {"number": row.number, "title": title, "qty": row.qty, "points": row.points}
    tell(tx, row.partner_id, code, row.redemption_id, **said | detail)


def of_statement(tx: Tx, code: str, row: Row, **detail: object) -> None:
    """Leave a message about a statement."""
    said = {"period": row.period, "points": row.points, "yuan": in_yuan(row.amount_fen)}
    tell(tx, row.partner_id, code, row.statement_id, **said | detail)


def in_yuan(fen: int) -> str:
    """Return an amount of money as people write it: 12.50."""
    return f"{fen // 100}.{fen % 100:02d}"


def at(tx: Tx, when: datetime) -> str:
    """Return a time as people read it here: 2025-03-07 19:00."""
    return tx.calendar.local(when).strftime("%Y-%m-%d %H:%M")
