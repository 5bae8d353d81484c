"""Who may act: a token outlives its bearer's registration, the bearer's voice does not."""

from __future__ import annotations

from chassis.bus import Tx
from services.partner.errors import CallerDeceased, CallerMerged
from services.partner.storage import partners


def admit(tx: Tx) -> None:
    """Refuse a caller who is known as dead, or as merged into another registration. Who has moved
    out, or is not known here, may be anybody's staff, manager or operator.

    Raises:
        CallerDeceased: The person is dead.
        CallerMerged: The registration was given up for another one, under which the person acts.
    """
    if tx.standing == partners.MERGED:
        raise CallerMerged
    if tx.standing == partners.DECEASED:
        raise CallerDeceased
