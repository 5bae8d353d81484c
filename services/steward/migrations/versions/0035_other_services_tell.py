"""Other services tell."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0035"
down_revision = "0034"


def upgrade():
    op.add_column("deliveries", sa.Column("source", sa.String(length=40), nullable=True))
    op.add_column("deliveries", sa.Column("kind", sa.String(length=60), nullable=True))
    op.add_column("deliveries", sa.Column("said", store.Json, nullable=True))
    op.add_column(
        "deliveries", sa.Column("retried_at", store.UtcDateTime(timezone=True), nullable=True)
    )
    op.add_column("deliveries", sa.Column("retried_by", sa.String(length=64), nullable=True))
    op.add_column("deliveries", sa.Column("settled", sa.String(length=20), nullable=True))
