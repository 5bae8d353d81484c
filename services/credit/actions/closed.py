"""What was scored of a subject before it was told that it had closed by then."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.services.credit.actions import reversals
from fivered.services.credit.rules.causes import SUBJECT_CLOSED, Cause
from fivered.services.credit.storage.closings import closings, scored_since


def void(tx: Tx, subject_id: str) -> None:
    """Take back what stands for deeds of a time in which a subject was closed, as it is stored of
    deeds that are heard of later."""
    for since, _ in closings(tx.conn, tx.calendar, [subject_id]).get(subject_id, [])[-1:]:
        for award in scored_since(tx.conn, subject_id, since):
            reversals.reverse(tx, award, cause=Cause(SUBJECT_CLOSED), by=None)
