"""What a year's working days make later in property."""

from __future__ import annotations

from chassis.bus import Tx
from chassis.deadlines import Move
from services.property.actions import ground
from services.property.storage import rows, tables

# What the ref of a timer names, by how the timer's kind begins.
_OF = {
    "rec": ("rectification", tables.rectifications),
    "appt": ("appointment", tables.appointments),
    "cpl": ("undecided", tables.undecided),
}


def deadline_moved(tx: Tx, move: Move) -> None:
    """Write into the history of an order or an appointment that there is more time."""
    named = _OF.get(move.what.partition("_")[0])
    if named is None:
        return
    kind, table = named
    row = rows.load(tx.conn, table, move.ref)
    if row is not None:
        ground.note(
            tx,
            kind,
            row,
            "DEADLINE_MOVED",
            timer=move.what,
            due=move.before.isoformat(),
            until=move.after.isoformat(),
        )
