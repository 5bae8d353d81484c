"""The tables of what people are told (`telling`)."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis.column_types import Id, Json, UtcDateTime


def told(metadata: sa.MetaData) -> sa.Table:
    """Return the table of messages: one row per person and message."""
    return sa.Table(
        "told",
        metadata,
        sa.Column("message_id", Id, primary_key=True),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        # What it is about: a kind of thing and its id.
        sa.Column("about_kind", sa.String(30)),
        sa.Column("about_id", sa.String(100)),
        # What fills the places of the text.
        sa.Column("detail", Json, nullable=False),
        # What is said once, however often it is heard; empty where each time counts.
        sa.Column("once", sa.String(100)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("person_id", "once"),
        sa.Index("ix_told_person_id_created_at", "person_id", "created_at", "message_id"),
        sa.Index("ix_told_created_at", "created_at"),
    )


def told_read(metadata: sa.MetaData) -> sa.Table:
    """Return the table of what each person has read."""
    return sa.Table(
        "told_read",
        metadata,
        sa.Column("person_id", Id, primary_key=True),
        sa.Column("message_id", Id, primary_key=True),
        sa.Column("read_at", UtcDateTime, nullable=False),
        sa.Index("ix_told_read_read_at", "read_at"),
    )
