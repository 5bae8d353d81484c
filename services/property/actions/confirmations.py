"""Whether who complained says that it was solved: a closure that nobody confirmed counts apart."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Event, Tx
from fivered.services.property.storage import rows, tables


def consume_rated(tx: Tx, heard: list[Event]) -> None:
    """Who complained says whether it is solved."""
    newest = {event.data.request_id: event.data for event in heard}
    for request_id, row in rows.complaints_of_requests(tx.conn, newest).items():
        said = "SOLVED" if newest[request_id].solved else "NOT_SOLVED"
        if row.confirmed != said:
            records.change(tx, tables.complaints, row, step="CONFIRMED_" + said, confirmed=said)
