"""Operator tokens end."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0008"
down_revision = "0007"


def upgrade():
    op.add_column(
        "operator_tokens", sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True)
    )
    op.add_column("operator_tokens", sa.Column("ended_by", sa.String(length=200), nullable=True))
