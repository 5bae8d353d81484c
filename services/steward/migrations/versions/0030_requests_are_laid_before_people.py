"""Requests are laid before people."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0030"
down_revision = "0029"


def upgrade():
    op.create_table(
        "request_escalations",
        sa.Column("escalation_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("official_id", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.Column("acting", sa.Boolean(), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("escalation_id", name=op.f("pk_request_escalations")),
    )
    op.create_index(
        "ix_request_escalations_area",
        "request_escalations",
        ["area", "at", "escalation_id"],
        unique=False,
    )
    op.create_index(
        "ix_request_escalations_person_id",
        "request_escalations",
        ["person_id", "at", "escalation_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_request_escalations_request_id"),
        "request_escalations",
        ["request_id"],
        unique=False,
    )
