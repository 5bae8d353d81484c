"""Invitations to sessions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.forum.storage.rows import part_of
from fivered.services.forum.storage.tables import (
    invitations,
)


def invitations_of(conn: Connection, session_id: str) -> list[Row]:
    """Return the invitations of a session."""
    asked = sa.select(invitations).where(invitations.c.session_id == session_id)
    return records.rows(conn, asked.order_by(invitations.c.invitation_id))


def invitation_of(conn: Connection, session_id: str, person_id: str) -> Row | None:
    """Return a person's invitation to a session, or None."""
    asked = sa.select(invitations).where(
        invitations.c.session_id == session_id, invitations.c.person_id == person_id
    )
    return records.first(conn, asked)


def ask_again(conn: Connection, session_id: str) -> None:
    """Let everyone invited answer anew; who comes for another keeps the yes."""
    conn.execute(
        sa.update(invitations)
        .where(
            invitations.c.session_id == session_id,
            invitations.c.revoked_at.is_(None),
            invitations.c.via != "DELEGATE",
        )
        .values(answer="NONE", answered_at=None, version=invitations.c.version + 1)
    )


def deputy_invitations(
    conn: Connection, deputy_id: str, start: datetime, end: datetime
) -> list[Row]:
    """Return a deputy's invitations in [start, end)."""
    asked = sa.select(invitations).where(
        invitations.c.source == deputy_id,
        invitations.c.capacity == "DEPUTY",
        invitations.c.created_at >= start,
        invitations.c.created_at < end,
    )
    return records.rows(conn, asked.order_by(invitations.c.created_at))


def invitation_page(conn: Connection, part: records.PartOfList, person_id: str) -> records.Page:
    """Return a person's invitations, newest first."""
    return part_of(conn, invitations, part, invitations.c.person_id == person_id, newest_first=True)
