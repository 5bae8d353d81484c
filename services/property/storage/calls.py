"""Calls of three-party meetings, who is invited, and the minutes that the sides approve."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.services.property.storage import tables as t

Row = records.Row


def _row() -> list[sa.Column[object]]:
    return [
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
    ]


calls = sa.Table(
    "meeting_calls",
    t.metadata,
    sa.Column("call_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("starts_at", store.UtcDateTime, nullable=False),
    sa.Column("place", sa.String(200), nullable=False),
    sa.Column("agenda", store.Json, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("called_by", store.Id, nullable=False),
    sa.Column("meeting_id", store.Id),
    sa.Column("end_reason", sa.Text),
    *_row(),
    sa.Index("ix_meeting_calls_area", "area", "created_at", "call_id"),
    info={"kind": "meeting_call"},
)
invited = sa.Table(
    "meeting_invitations",
    t.metadata,
    sa.Column("invitation_id", store.Id, primary_key=True),
    sa.Column("call_id", store.Id, nullable=False, index=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("side", sa.String(10), nullable=False),
    sa.Column("answer", sa.String(4), nullable=False),
    sa.Column("note", sa.String(200)),
    sa.Column("answered_at", store.UtcDateTime),
)
minutes = sa.Table(
    "meeting_minutes",
    t.metadata,
    sa.Column("meeting_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("text_sha256", sa.String(64), nullable=False),
    sa.Column("files", store.Json, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("drafted_by", store.Id, nullable=False),
    # Who has approved for each side that was there.
    sa.Column("committee_by", store.Id),
    sa.Column("owners_by", store.Id),
    sa.Column("property_by", store.Id),
    sa.Column("approved_at", store.UtcDateTime),
    *_row(),
    sa.Index("ix_meeting_minutes_area", "area", "created_at", "meeting_id"),
    info={"kind": "minutes"},
)

# Who was there for which side, as the meeting was recorded: whose the minutes are to approve.
present = sa.Table(
    "minutes_present",
    t.metadata,
    sa.Column("present_id", store.Id, primary_key=True),
    sa.Column("meeting_id", store.Id, nullable=False, index=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("side", sa.String(10), nullable=False),
)


def invited_to(conn: sa.Connection, call_ids: Collection[str]) -> dict[str, list[Row]]:
    """Return who is invited to these meetings, by call."""
    asked = sa.select(invited).where(invited.c.call_id.in_(sorted(call_ids)))
    found: dict[str, list[Row]] = {}
    for row in records.rows(conn, asked.order_by(invited.c.side, invited.c.invitation_id)):
        found.setdefault(row.call_id, []).append(row)
    return found


def invitation_of(conn: sa.Connection, call_id: str, person_id: str) -> Row | None:
    """Return a person's invitation to a meeting, locked, or None."""
    asked = sa.select(invited).where(invited.c.call_id == call_id, invited.c.person_id == person_id)
    return records.first(conn, store.lock(asked, conn))


def answer(
    conn: sa.Connection, invitation_id: str, said: str, note: str | None, at: datetime
) -> None:
    """Write what a person has answered."""
    of = invited.c.invitation_id == invitation_id
    conn.execute(sa.update(invited).where(of).values(answer=said, note=note, answered_at=at))


def ask_again(conn: sa.Connection, call_id: str) -> None:
    """Forget what was answered: the meeting is at another time."""
    of = invited.c.call_id == call_id
    conn.execute(sa.update(invited).where(of).values(answer="NONE", note=None, answered_at=None))


def called_to(person_id: str) -> sa.ColumnElement[bool]:
    """Return the condition that a person is invited to a meeting."""
    mine = sa.select(invited.c.call_id).where(invited.c.person_id == person_id)
    return calls.c.call_id.in_(mine)


def attended_by(person_id: str) -> sa.ColumnElement[bool]:
    """Return the condition that minutes are of a meeting at which a person was present."""
    there = sa.select(present.c.meeting_id).where(present.c.person_id == person_id)
    return minutes.c.meeting_id.in_(there)


def meetings_of(conn: sa.Connection, meeting_ids: Collection[str]) -> dict[str, Row]:
    """Return these meetings by their ids."""
    table = t.meetings
    asked = sa.select(table).where(table.c.meeting_id.in_(sorted(meeting_ids)))
    return {row.meeting_id: row for row in records.rows(conn, asked)}
