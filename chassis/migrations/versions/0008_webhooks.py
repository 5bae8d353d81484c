"""Webhooks, and the log of what they have delivered."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0008"
down_revision = "0007"


def upgrade():
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", store.Id, nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("facts", store.Json, nullable=False),
        sa.Column("scope", store.Area, nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("why", sa.String(20)),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("secret", sa.String(300)),
        sa.Column("secret_before", sa.String(300)),
        sa.Column("before_until", store.UtcDateTime),
        sa.Column("delivery_id", store.Id),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failing_since", store.UtcDateTime),
        sa.Column("next_try_at", store.UtcDateTime),
        sa.Column("lease_by", sa.String(64)),
        sa.Column("lease_until", store.UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_by", store.Id, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("changed_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhooks"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("delivery_id", store.Id, nullable=False),
        sa.Column("webhook_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("event_id", store.Uuid, nullable=False),
        sa.Column("fact", sa.String(80), nullable=False),
        sa.Column("place", sa.BigInteger),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("duration_ms", sa.Integer),
        sa.Column("error", sa.String(200)),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("tried_at", store.UtcDateTime),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    op.create_index(
        "ix_webhook_deliveries_webhook_id_delivery_id",
        "webhook_deliveries",
        ["webhook_id", "delivery_id"],
    )
    waiting = sa.text("state = 'WAITING'")
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["webhook_id"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
