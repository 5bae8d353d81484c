"""Visits name whom."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade():
    op.add_column("visits", sa.Column("household_id", sa.String(length=64), nullable=True))
    op.add_column("visits", sa.Column("person_id", sa.String(length=64), nullable=True))
    op.add_column("visits", sa.Column("request_id", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_visits_grid_period",
        "visits",
        ["grid", "period", "occurred_at", "visit_id"],
        unique=False,
    )
    op.create_index(op.f("ix_visits_household_id"), "visits", ["household_id"], unique=False)
    op.create_index(op.f("ix_visits_person_id"), "visits", ["person_id"], unique=False)
