"""Grids are split and merged."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0044"
down_revision = "0043"


def upgrade():
    op.create_table(
        "grid_changes",
        sa.Column("change_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("community", sa.String(length=15), nullable=False),
        sa.Column("grids", store.Json, nullable=False),
        sa.Column("into", store.Json, nullable=False),
        sa.Column("rest", sa.String(length=15), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("effective_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("applied_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_grid_changes")),
        info={"kind": "grid change"},
    )
    op.create_index(
        "ix_grid_changes_community",
        "grid_changes",
        ["community", "effective_at", "change_id"],
        unique=False,
    )
    op.create_index(
        "ix_grid_changes_state",
        "grid_changes",
        ["state", "community", "effective_at", "change_id"],
        unique=False,
    )
    op.add_column("areas", sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True))
    op.add_column("areas", sa.Column("successors", store.Json, nullable=True))
