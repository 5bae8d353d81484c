"""What nobody has decided in time comes before the street, and then before the district."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx

STREET, DISTRICT = 1, 2
AGAIN_WORKING_DAYS = 5


def go_up(
    tx: Tx,
    due: Due,
    table: sa.Table,
    row: records.Row,
    *,
    step: str,
    fact: Callable[[int], Any],
    **values: Any,
) -> None:
    """Lay a matter before the next level, say so, and arm when it goes further.

    A community's matter comes before the street first, a street's before the district at once.

    Args:
        tx: The transaction.
        due: The timer that fired; it says the level, once there was one.
        table: Where the matter stands.
        row: The matter, locked.
        step: What its history calls this.
        fact: Makes the fact that says it, of the level.
        values: Columns that change with it.
    """
    level: int = due.data.get("level") or (STREET if len(row.area) == 12 else DISTRICT)
    row = records.change(tx, table, row, step=step, note=f"level {level}", **values)
    tx.publish(fact(level), subject=due.ref, scope=row.area, sequence=row.version)
    if level < DISTRICT:
        later = tx.calendar.due(tx.now, AGAIN_WORKING_DAYS)
        tx.arm(due.kind, due.ref, later, {"level": level + 1})
