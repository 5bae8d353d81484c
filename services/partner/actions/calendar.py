"""What a year's working days make later in partner."""

from chassis import records
from chassis.bus import Tx
from chassis.deadlines import Move
from services.partner.storage.tables import statements


def deadline_moved(tx: Tx, move: Move) -> None:
    """Write into a statement's history that there is more time."""
    for table, row in move.rows:
        if table == statements.name:
            records.note(tx, statements, row, step="deadline_moved", note=move.after.isoformat())
