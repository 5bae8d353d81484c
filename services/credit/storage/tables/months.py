"""The barrier: months, markers, measures."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, Subject, metadata

months = sa.Table(
    "months",
    metadata,
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("cut_off_at", store.UtcDateTime),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("draft_job", store.Id),
)
markers = sa.Table(
    "markers",
    metadata,
    sa.Column("source", Code, primary_key=True),
    sa.Column("partition", sa.SmallInteger, primary_key=True),
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("partitions", sa.SmallInteger, nullable=False),
    sa.Column("event_id", store.Uuid, nullable=False),
    sa.Column("heard_at", store.UtcDateTime, nullable=False),
)
measures = sa.Table(
    "measures",
    metadata,
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("source", Code, primary_key=True),
    sa.Column("area", store.Area),
    sa.Column("fact", sa.String(80), nullable=False),
    sa.Column("rows", Code, nullable=False),
    sa.Column("event_id", store.Uuid, nullable=False),
    sa.Column("data", store.Json, nullable=False),
    # What the rules say of the row: whether the subject is rated, and which gates it missed. Only
    # the source that carries a kind's gates fills them.
    sa.Column("active", sa.Boolean),
    sa.Column("gates_failed", sa.String(160)),
    sa.Index("ix_measures_area", "period", "area"),
)
