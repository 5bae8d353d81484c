"""Who may act: a token outlives its bearer's registration, his voice does not."""

from __future__ import annotations

from chassis.bus import Tx
from services.steward.errors import CallerGone, CallerMerged


def admit(tx: Tx) -> None:
    """Refuse a caller who is registered as dead, as merged into another registration, or, where he
    acts as a resident, as moved out. Who is not registered at all may be anybody's staff or guest.

    Raises:
        CallerMerged: His registration was given up for another one, under which he acts.
        CallerGone: He is dead or has moved out.
    """
    status = tx.standing
    if status in {None, "ACTIVE"}:
        return
    if status == "MERGED":
        raise CallerMerged
    if status == "DECEASED" or tx.actor.role == "R_RESIDENT":
        raise CallerGone
