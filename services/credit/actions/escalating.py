"""What nobody has decided in time goes up: to the street, and five working days later to the
district. Forum knows who answers there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivered.services.credit.storage import voices

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Tx

STREET, DISTRICT = 1, 2
AGAIN_WORKING_DAYS = 5


def first_level(area: str) -> int:
    """Return before whom a matter comes first: a community's before the street, others before the
    district at once."""
    return STREET if len(area) == 12 else DISTRICT


def go_up(tx: Tx, due: Due, first: int) -> int:
    """Return to which level a matter goes now, and arm when it goes further.

    Args:
        tx: The transaction.
        due: The timer that fired; it says the level, once there was one.
        first: The level before which it comes first.
    """
    level: int = due.data.get("level") or first
    if level < DISTRICT:
        later = tx.calendar.due(tx.now, AGAIN_WORKING_DAYS)
        tx.arm(due.kind, due.ref, later, {"level": level + 1})
    return level


def concerned(tx: Tx, subject_id: str, *others: str | None) -> list[str]:
    """Return whose matter something is: who speaks for its subject, and who brought it up. It is
    laid before none of them, nor before somebody who lives with one."""
    speak = voices.speakers_of(tx.conn, subject_id, tx.now)
    return sorted(speak | {person for person in others if person})
