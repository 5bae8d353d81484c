"""The rota is planned."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0023"
down_revision = "0022"


def upgrade():
    op.create_table(
        "shift_swaps",
        sa.Column("swap_id", sa.String(length=64), nullable=False),
        sa.Column("shift_id", sa.String(length=64), nullable=False),
        sa.Column("for_shift", sa.String(length=64), nullable=True),
        sa.Column("from_steward", sa.String(length=64), nullable=False),
        sa.Column("to_steward", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("starts_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("answered_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("swap_id", name=op.f("pk_shift_swaps")),
    )
    op.create_index(
        "ix_shift_swaps_area_state", "shift_swaps", ["area", "state", "created_at"], unique=False
    )
    op.create_index(op.f("ix_shift_swaps_for_shift"), "shift_swaps", ["for_shift"], unique=False)
    op.create_index(
        op.f("ix_shift_swaps_from_steward"), "shift_swaps", ["from_steward"], unique=False
    )
    op.create_index(op.f("ix_shift_swaps_shift_id"), "shift_swaps", ["shift_id"], unique=False)
    op.create_index(op.f("ix_shift_swaps_to_steward"), "shift_swaps", ["to_steward"], unique=False)
    op.add_column("stewards", sa.Column("weekly_hours", sa.SmallInteger(), nullable=True))
    op.add_column("stewards", sa.Column("backup", sa.String(length=64), nullable=True))
    op.add_column("stewards", sa.Column("buildings", store.Json, nullable=True))
