"""What those who act for a partner are told of what waits for them, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fivered.chassis import going_out, records
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import yuan
from fivered.chassis.records import Row
from fivered.services.partner.storage import offers as offer_store
from fivered.services.partner.storage.tables import messages


def tell(tx: Tx, partner_id: str, code: str, ref: str, **detail: object) -> None:
    """Leave a message for those who act for a partner now or later.

    Args:
        tx: The transaction.
        partner_id: The partner.
        code: Which text it is.
        ref: Of which offer, redemption or statement it speaks, or of the partner itself.
        detail: What fills the text's places.
    """
    _keep(tx, [_message(tx, partner_id, code, ref, detail)])


def _keep(tx: Tx, made: Sequence[Mapping[str, object]]) -> None:
    records.add_all(tx.conn, messages, made)
    going_out.later(tx, [str(one["message_id"]) for one in made])


def _message(
    tx: Tx, partner_id: str, code: str, ref: str, detail: Mapping[str, object]
) -> dict[str, object]:
    return {
        "message_id": tx.new_id("msg"),
        "partner_id": partner_id,
        "code": code,
        "ref": ref,
        "detail": {name: str(value) for name, value in detail.items()},
        "created_at": tx.now,
    }


def of_redemption(tx: Tx, code: str, row: Row, **detail: object) -> None:
    """Leave a message about a redemption."""
    of_redemptions(tx, code, [(row, detail)])


def of_redemptions(
    tx: Tx, code: str, each: Iterable[tuple[Row | Mapping[str, object], Mapping[str, object]]]
) -> None:
    """Leave a message about each of several redemptions, with one statement; `each` has what else
    fills the text's places beside it."""
    about = [(records.values_of(row), detail) for row, detail in each]
    titles = offer_store.titles_of(tx.conn, [row["offer_id"] for row, _ in about])
    made = []
    for row, detail in about:
        said = {name: row[name] for name in ("number", "qty", "points")}
        said |= {"title": titles[row["offer_id"]], **detail}
        made.append(_message(tx, row["partner_id"], code, row["redemption_id"], said))
    _keep(tx, made)


def of_statement(tx: Tx, code: str, row: Row, **detail: object) -> None:
    """Leave a message about a statement."""
    said = {"period": row.period, "points": row.points, "yuan": yuan(row.amount_fen)}
    tell(tx, row.partner_id, code, row.statement_id, **said | detail)
