"""Volunteers are called."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0037"
down_revision = "0036"


def upgrade():
    op.create_table(
        "activity_signups",
        sa.Column("signup_id", sa.String(length=64), nullable=False),
        sa.Column("activity_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("signed_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("check_in", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("check_out", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("record_id", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("signup_id", name=op.f("pk_activity_signups")),
    )
    op.create_index(
        "ix_activity_signups_activity_id",
        "activity_signups",
        ["activity_id", "created_at", "signup_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activity_signups_person_id"), "activity_signups", ["person_id"], unique=False
    )
    op.create_table(
        "volunteer_activities",
        sa.Column("activity_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=True),
        sa.Column("start_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("end_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("organiser", sa.String(length=64), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_volunteer_activities")),
    )
    op.create_index(
        "ix_volunteer_activities_area",
        "volunteer_activities",
        ["area", "start_at", "activity_id"],
        unique=False,
    )
    op.create_index(
        "ix_volunteer_activities_start_at",
        "volunteer_activities",
        ["start_at", "activity_id"],
        unique=False,
    )
