"""Known incidents."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0022"
down_revision = "0021"


def upgrade():
    op.create_table(
        "known_incidents",
        sa.Column("incident_id", sa.String(length=64), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("nature", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("buildings", store.Json, nullable=False),
        sa.Column("starts_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "grid", name=op.f("pk_known_incidents")),
    )
    op.create_index(op.f("ix_known_incidents_grid"), "known_incidents", ["grid"], unique=False)
