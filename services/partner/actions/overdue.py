"""What nobody has decided in time comes before the street, and then before the district."""

from collections.abc import Callable
from typing import Any

from chassis.bus import Due, Tx

STREET, DISTRICT = 1, 2
AGAIN_WORKING_DAYS = 5


def go_up(tx: Tx, due: Due, row: Any, *, version: int, fact: Callable[[int], Any]) -> int:
    """Say that a matter is before the next level, and arm when it goes further. Returns the level.

    A community's matter comes before the street first, a street's before the district at once.
    """
    level: int = due.data.get("level") or (STREET if len(row.area) == 12 else DISTRICT)
    tx.publish(fact(level), subject=due.ref, scope=row.area, sequence=version)
    if level < DISTRICT:
        later = tx.calendar.due(tx.now, AGAIN_WORKING_DAYS)
        tx.arm(due.kind, due.ref, later, {"level": level + 1})
    return level
