"""A household's points: what is redeemed with them belongs to all its adults."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0005"
down_revision = "0004"


def upgrade():
    op.add_column("redemptions", sa.Column("household_id", store.Id, nullable=True))
    op.create_index(
        "ix_redemptions_household_id_created_at", "redemptions", ["household_id", "created_at"]
    )
