"""Intake from other systems."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0029"
down_revision = "0028"


def upgrade():
    op.create_table(
        "intake_items",
        sa.Column("item_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("client_key", sa.String(length=100), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("building", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=True),
        sa.Column("category", sa.String(length=24), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("sender", sa.String(length=100), nullable=True),
        sa.Column("reporter_id", sa.String(length=64), nullable=True),
        sa.Column("sent_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("answer_by", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_intake_items")),
    )
    op.create_index(
        "ix_intake_items_received_at", "intake_items", ["received_at", "item_id"], unique=False
    )
    op.create_index(
        op.f("ix_intake_items_reporter_id"), "intake_items", ["reporter_id"], unique=False
    )
    op.create_index(
        op.f("ix_intake_items_request_id"), "intake_items", ["request_id"], unique=False
    )
    op.create_index(
        "ix_intake_items_waiting",
        "intake_items",
        ["area", "received_at", "item_id"],
        unique=False,
        postgresql_where=sa.text("state = 'WAITING'"),
        sqlite_where=sa.text("state = 'WAITING'"),
    )
    op.create_index(
        "uq_intake_items_client_key",
        "intake_items",
        ["source", "channel", "client_key"],
        unique=True,
    )
    op.create_table(
        "intake_results",
        sa.Column("id", store.BigId, sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("item_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("detail", store.Json, nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_results")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_intake_results_item_id"), "intake_results", ["item_id"], unique=False)
    op.create_index("ix_intake_results_source", "intake_results", ["source", "id"], unique=False)
