"""Dangers are mended."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0034"
down_revision = "0033"


def upgrade():
    op.add_column("hazards", sa.Column("look_due", store.UtcDateTime(timezone=True), nullable=True))
    op.add_column(
        "hazards", sa.Column("level", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("hazards", sa.Column("mended_by", sa.String(length=64), nullable=True))
    op.add_column(
        "hazards", sa.Column("mended_at", store.UtcDateTime(timezone=True), nullable=True)
    )
    op.create_index("ix_hazards_request_id", "hazards", ["request_id"], unique=False)
