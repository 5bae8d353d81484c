"""What was said of a request beyond its words, to whom it is told."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.steward import rules, storage
from fivered.services.steward.replies.details import RequestDetails


def of(tx: Tx, row: Row) -> RequestDetails | UnsetType:
    """Return the details of a request for who sees it in full; nothing where nobody has said any.

    Room and contact person are for who reported it and for who may be shown phones there; its
    handler, who may be the project's, reads them where the reporter lets the project know.
    """
    said = storage.details.of(tx.conn, row.request_id)
    if said is None:
        return UNSET
    inside = (
        tx.actor.id == row.reporter_id
        or bool(said.tell_project)
        or rules.access.may_see(tx.actor, "phone", row.grid)
    )
    return RequestDetails.of(
        said,
        room_id=said.room_id if inside else UNSET,
        contact_id=said.contact_id if inside else UNSET,
    )
