"""What is known to be cut off, worked on or broken, as somebody is about to report it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import Grid
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.fields import Category
from fivered.services.steward.replies.incidents import KnownIncident, KnownIncidents


class KnownQuestion(Request, frozen=True):
    """何处、何类 / Where, and about what."""

    grid: Grid
    category: Annotated[Category, Meta(examples=["WATER"])] | None = None
    building: Annotated[str, Meta(max_length=40, examples=["3号楼"])] | None = None


def known_incidents(tx: Tx, payload: KnownQuestion) -> KnownIncidents:
    """已知停供、施工、故障 / What is announced to go on in a place.

    提交诉求前先看:已通告的可关注,不必再报。
    Asked before a request is filed: what is announced can be followed instead.

    Raises:
        UnknownGrid: There is no such grid.
    """
    storage.ground.require_grid(tx.conn, payload.grid)
    kinds = None if payload.category is None else rules.incidents.kinds_for(payload.category)
    return KnownIncidents(
        items=[
            KnownIncident.of(
                row,
                id=row.incident_id,
                yours=rules.incidents.names(row.buildings, payload.building),
                late=row.ends_at <= tx.now,
                follow=f"/v1/property/incidents/{row.incident_id}/follow",
            )
            for row in storage.incidents.running(tx.conn, payload.grid, tx.now, kinds)
        ]
    )
