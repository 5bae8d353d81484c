"""Facts: what was heard and can fire a rule, as it was told.

Awards are what the rules of that day made of them; a month can be computed again from here, under
these rules or others.
"""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, Subject, metadata

facts = sa.Table(
    "facts",
    metadata,
    # The month in which it counts comes first: facts are read month by month.
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("event_id", store.Uuid, primary_key=True),
    sa.Column("source", Code, nullable=False),
    sa.Column("fact", sa.String(80), nullable=False),
    sa.Column("subject", Subject, nullable=False),
    sa.Column("occurred_at", store.UtcDateTime, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    # JSON as text: it is written on the hot path and read only whole.
    sa.Column("data", sa.Text, nullable=False),
)
