"""What a year's working days make later in partner."""

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.deadlines import Move
from fivered.services.partner.storage.tables import redemptions, statements

_KEPT = {table.name: table for table in (statements, redemptions)}


def deadline_moved(tx: Tx, move: Move) -> None:
    """Write into the history of a statement or a redemption that there is more time."""
    for name, row in move.rows:
        table = _KEPT.get(name)
        if table is not None:
            records.note(tx, table, row, step="deadline_moved", note=move.after.isoformat())
