"""Calls and pauses of requests."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0025"
down_revision = "0024"


def upgrade():
    op.create_table(
        "request_calls",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("record_ref", sa.String(length=100), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("by_role", sa.String(length=20), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_request_calls")),
    )
    op.create_index(
        "ix_request_calls_request_id",
        "request_calls",
        ["request_id", "at", "call_id"],
        unique=False,
    )
    op.create_table(
        "request_pauses",
        sa.Column("pause_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("ground", sa.String(length=20), nullable=False),
        sa.Column("days", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("started_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("until", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("due_before", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("due_after", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pause_id", name=op.f("pk_request_pauses")),
    )
    op.create_index(
        "ix_request_pauses_request_id",
        "request_pauses",
        ["request_id", "asked_at", "pause_id"],
        unique=False,
    )
    op.create_index(
        "ix_request_pauses_state",
        "request_pauses",
        ["state", "area", "asked_at", "pause_id"],
        unique=False,
    )
    op.add_column(
        "requests", sa.Column("paused_until", store.UtcDateTime(timezone=True), nullable=True)
    )
