"""Operator tokens."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0004"
down_revision = "0003"


def upgrade():
    op.create_table(
        "operator_tokens",
        sa.Column("token_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grants", store.Json, nullable=False),
        sa.Column("made_at", store.UtcDateTime, nullable=False),
        sa.Column("until", store.UtcDateTime, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_operator_tokens"),
    )
    op.create_index("ix_operator_tokens_area", "operator_tokens", ["area"])
