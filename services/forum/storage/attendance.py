"""Who was there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.forum.storage.tables import (
    invitations,
)


def mark_attended(
    conn: Connection, session_id: str, person_ids: Sequence[str], at: datetime
) -> None:
    """Record who has come; the first time stays."""
    conn.execute(
        sa.update(invitations)
        .where(
            invitations.c.session_id == session_id,
            invitations.c.person_id.in_(person_ids),
            invitations.c.attended_at.is_(None),
        )
        .values(attended_at=at, version=invitations.c.version + 1)
    )


def unmark_attended(conn: Connection, row: Row) -> None:
    """Take back that somebody came."""
    records.update(conn, invitations, row, attended_at=None, recorded_at=None)


def take_unrecorded(conn: Connection, session_id: str, at: datetime) -> list[Row]:
    """Return those present whose attendance was not said yet, and mark them as said."""
    asked = (
        sa.select(invitations)
        .where(
            invitations.c.session_id == session_id,
            invitations.c.attended_at.is_not(None),
            invitations.c.recorded_at.is_(None),
        )
        .order_by(invitations.c.person_id)
    )
    rows = records.rows(conn, asked)
    if rows:
        conn.execute(
            sa.update(invitations)
            .where(invitations.c.invitation_id.in_([row.invitation_id for row in rows]))
            .values(recorded_at=at)
        )
    return rows
