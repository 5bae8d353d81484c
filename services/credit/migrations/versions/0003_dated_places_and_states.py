"""Where a subject belonged and in which state it was: dated, for months that settle late."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the two tables; what subjects say of themselves goes on to hold."""
    op.create_table(
        "places",
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("until", store.UtcDateTime, nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "until", name=op.f("pk_places")),
    )
    op.create_index("ix_places_area", "places", ["area", "until"], unique=False)
    op.create_table(
        "states",
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("until", store.UtcDateTime, nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "until", name=op.f("pk_states")),
    )
