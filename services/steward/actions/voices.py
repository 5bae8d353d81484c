"""The word of a reporter without an account, which staff lend against a receipt."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.telling import tell
from fivered.services.steward import storage
from fivered.services.steward.errors.desk import ReceiptUnknown, ReporterActs


def lend(tx: Tx, row: Row, receipt: str) -> None:
    """Let staff speak for who reported a request, who is told that they did and by which receipt.

    Raises:
        ReporterActs: The reporter has an account, and speaks there.
        ReceiptUnknown: No such receipt was given for this request.
    """
    if storage.receipts.speaks(tx.conn, row):
        raise ReporterActs(field="receipt")
    if not storage.receipts.was_given(tx.conn, storage.vault(tx), row, receipt, tx.actor.id):
        raise ReceiptUnknown(field="receipt", receipt=receipt)
    tell(
        tx,
        "REQ_SPOKEN_FOR",
        row.reporter_id,
        about=("request", row.request_id),
        number=row.number,
        receipt=receipt,
    )
