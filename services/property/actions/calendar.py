"""What a year's working days make later in property."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.deadlines import Move
from fivered.services.property.storage import handovers, tables

# What the ref of a timer names, by how the timer's kind begins.
_OF = {
    "rec": tables.rectifications,
    "appt": tables.appointments,
    "cpl": tables.undecided,
    "handover": handovers.handovers,
}


def deadline_moved(tx: Tx, move: Move) -> None:
    """Write into the history of an order, an appointment or a hand-over that there is more time."""
    table = _OF.get(move.what.partition("_")[0])
    if table is None:
        return
    row = records.find(tx.conn, table, move.ref)
    if row is not None:
        records.note(
            tx,
            table,
            row,
            step="DEADLINE_MOVED",
            note={
                "timer": move.what,
                "due": move.before.isoformat(),
                "until": move.after.isoformat(),
            },
        )
