"""Who may act: a token outlives its bearer's registration, the bearer's voice does not."""

from __future__ import annotations

from chassis.bus import Tx
from services.credit.errors import CallerDeceased, CallerMerged
from services.credit.storage import registry


def admit(tx: Tx) -> None:
    """Refuse a caller who is known as dead or as merged into another registration. Who has moved
    out keeps a voice about what stands here: points stay spendable, a consent may be withdrawn.

    Raises:
        CallerDeceased: The person is dead.
        CallerMerged: The registration was given up for another one, under which the person acts.
    """
    if tx.standing == registry.DECEASED:
        raise CallerDeceased
    if tx.standing == registry.MERGED:
        raise CallerMerged
