"""Who is told of a shift that was given, moved, taken back or missed, and of a swap."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.chassis.telling import tell
from fivered.services.steward import storage


def _tell(tx: Tx, kind: str, steward_id: str, shift: Row, **places: str) -> None:
    steward = storage.posts.known(tx.conn, steward_id)
    # Nobody is told what they did themselves.
    if steward is not None and steward.person_id != tx.actor.id:
        tell(
            tx,
            kind,
            steward.person_id,
            about=("shift", shift.shift_id),
            start=Calendar.minute(shift.start_at),
            place=shift.place,
            **places,
        )


def planned(tx: Tx, first_id: str | None, count: int) -> None:
    """Tell whose shifts were planned, by the first of them."""
    first = storage.posts.shift(tx.conn, first_id or "")
    if first is not None:
        _tell(tx, "SHIFTS_PLANNED", first.steward_id, first, count=str(count))


def cancelled(tx: Tx, shift: Row, reason: str) -> None:
    """Tell whose shift was taken back."""
    _tell(tx, "SHIFT_CANCELLED", shift.steward_id, shift, reason=reason)


def moved(tx: Tx, before: Row, after: Row, reason: str) -> None:
    """Tell whose shift was moved, or went to another steward, and who has it now."""
    if before.steward_id != after.steward_id:
        cancelled(tx, before, reason)
        _tell(tx, "SHIFT_GIVEN", after.steward_id, after, reason=reason)
    else:
        _tell(
            tx, "SHIFT_MOVED", after.steward_id, after,
            before=Calendar.minute(before.start_at), reason=reason,
        )  # fmt: skip


def missed(tx: Tx, shift: Row) -> None:
    """Tell whose shift is marked as missed."""
    _tell(tx, "SHIFT_MISSED", shift.steward_id, shift)


def swap_asked(tx: Tx, swap: Row, shift: Row) -> None:
    """Tell who is asked to swap or take a shift."""
    _tell(tx, "SWAP_ASKED", swap.to_steward, shift)


def swap_answered(tx: Tx, swap: Row, shift: Row) -> None:
    """Tell the other one of both what became of a swap; both, where neither has ended it."""
    for steward_id in (swap.from_steward, swap.to_steward):
        _tell(tx, "SWAP_ANSWERED", steward_id, shift, outcome=swap.state)
