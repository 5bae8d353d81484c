"""Files that were asked for."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, State, metadata

exports = sa.Table(
    "exports",
    metadata,
    sa.Column("export_id", store.Id, primary_key=True),
    sa.Column("kind", Code, nullable=False),
    sa.Column("format", Code, nullable=False),
    sa.Column("params", store.Json, nullable=False),
    sa.Column("requested_by", store.Id, nullable=False, index=True),
    sa.Column("requested_at", store.UtcDateTime, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("sha256", sa.String(64)),
    sa.Column("size", sa.BigInteger),
    sa.Column("expires_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
)
