"""Proposed years of the working-day calendar."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0004"
down_revision = "0003"


def upgrade():
    op.create_table(
        "calendar_proposals",
        sa.Column("proposal_id", store.Id, primary_key=True),
        sa.Column("year", sa.SmallInteger, nullable=False),
        sa.Column("off", store.Json, nullable=False),
        sa.Column("make_up", store.Json, nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("proposed_by", store.Id, nullable=False),
        sa.Column("proposed_at", store.UtcDateTime, nullable=False),
        sa.Column("decided_by", store.Id),
        sa.Column("decided_at", store.UtcDateTime),
        sa.Column("reason", sa.String(400)),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index(
        "uq_calendar_proposals_open",
        "calendar_proposals",
        ["year"],
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
        sqlite_where=sa.text("state = 'PROPOSED'"),
    )
