"""What people were told."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, Subject, metadata

# What a person was told, or a person who speaks for a subject: that is looked up when it is read.
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id),
    sa.Column("subject_id", Subject),
    sa.Column("code", Code, nullable=False),
    sa.Column("ref", sa.String(80)),
    sa.Column("detail", store.Json, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_messages_person_id", "person_id", "created_at"),
    sa.Index("ix_messages_subject_id", "subject_id", "created_at"),
)
