"""The score of a steward's month is settled at its cut-off."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0043"
down_revision = "0042"


def upgrade():
    op.create_table(
        "score_months",
        sa.Column("period", sa.String(7), primary_key=True),
        sa.Column("steward_id", store.Id, primary_key=True),
        sa.Column("community", store.Area, nullable=False),
        sa.Column("duty", sa.String(20), nullable=False),
        sa.Column("type", sa.String(10), nullable=False),
        sa.Column("employer", sa.String(100)),
        sa.Column("score", sa.String(10)),
        sa.Column("cases", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("own_mean", sa.String(10)),
        sa.Column("prior", sa.String(10), nullable=False),
        sa.Column("late", sa.Integer, nullable=False),
        sa.Column("suspect", sa.Boolean, nullable=False),
        sa.Column("settled_at", store.UtcDateTime, nullable=False),
    )
    op.create_index("ix_score_months_community_period", "score_months", ["community", "period"])
