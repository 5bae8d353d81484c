"""What is said of a request beyond its words: for the service whose matter it is."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.storage.tables import metadata

request_details = sa.Table(
    "request_details",
    metadata,
    sa.Column("request_id", store.Id, primary_key=True),
    # Codes of the service whose matter it is.
    sa.Column("place", sa.String(24)),
    sa.Column("problem", sa.String(24)),
    sa.Column("room_id", store.Id),
    # Whom to call.
    sa.Column("contact_id", store.Id),
    sa.Column("emergency", sa.Boolean),
    sa.Column("warranty", sa.Boolean),
    sa.Column("paid", sa.Boolean),
    # Whether the project may read the room and whom to call.
    sa.Column("tell_project", sa.Boolean),
)


def of(conn: sa.Connection, request_id: str) -> Row | None:
    """Return what was said of a request, or None."""
    return records.find(conn, request_details, request_id)


def drop(conn: sa.Connection, request_ids: Iterable[str]) -> None:
    """Delete what was said of these requests."""
    gone = request_details.c.request_id.in_(list(request_ids))
    conn.execute(sa.delete(request_details).where(gone))
