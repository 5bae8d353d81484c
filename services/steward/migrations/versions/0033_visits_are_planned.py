"""Visits are planned."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0033"
down_revision = "0032"


def upgrade():
    op.create_table(
        "visit_plans",
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("steward_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("household_id", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.Column("care", sa.String(length=16), nullable=False),
        sa.Column("times", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("planned_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_visit_plans")),
    )
    op.create_index(
        "ix_visit_plans_period_grid",
        "visit_plans",
        ["period", "grid", "created_at", "plan_id"],
        unique=False,
    )
    op.create_index(
        "ix_visit_plans_period_steward_id",
        "visit_plans",
        ["period", "steward_id", "created_at", "plan_id"],
        unique=False,
    )
    op.create_index(op.f("ix_visit_plans_person_id"), "visit_plans", ["person_id"], unique=False)
