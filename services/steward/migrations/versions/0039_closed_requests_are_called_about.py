"""Closed requests are called about."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0039"
down_revision = "0038"


def upgrade():
    op.create_table(
        "return_visits",
        sa.Column("return_visit_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("reason", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("reopened", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("record_ref", sa.String(length=100), nullable=True),
        sa.Column("drawn_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("called_by", sa.String(length=64), nullable=True),
        sa.Column("called_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("return_visit_id", name=op.f("pk_return_visits")),
    )
    op.create_index("ix_return_visits_called_at", "return_visits", ["called_at"], unique=False)
    op.create_index(
        op.f("ix_return_visits_request_id"), "return_visits", ["request_id"], unique=False
    )
    op.create_index(
        "ix_return_visits_state",
        "return_visits",
        ["state", "area", "due_at", "return_visit_id"],
        unique=False,
    )
