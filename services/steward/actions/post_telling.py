"""Who holds a post is told what others do to it."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.telling import tell


def _tell(tx: Tx, kind: str, row: Row, **places: str) -> None:
    # Nobody is told what they did themselves.
    if row.person_id != tx.actor.id:
        tell(tx, kind, row.person_id, about=("steward", row.steward_id), duty=row.duty, **places)


def state_changed(tx: Tx, row: Row, reason: str | None) -> None:
    """Tell whose post is suspended, goes on or is over."""
    _tell(tx, "POST_STATE", row, state=row.status, reason=reason or "—")


def term_set(tx: Tx, row: Row, reason: str) -> None:
    """Tell until when a post is given."""
    day = "—" if row.term_ends is None else row.term_ends.isoformat()
    _tell(tx, "POST_TERM", row, day=day, reason=reason)


def off_the_board(tx: Tx, row: Row) -> None:
    """Tell whose name was taken off the boards by somebody else."""
    _tell(tx, "POST_OFF_BOARD", row)
