"""Whose points run out is reminded once of each end."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0012"
down_revision = "0011"


def upgrade():
    op.add_column("subjects", sa.Column("reminded_of", store.UtcDateTime(), nullable=True))
    op.add_column(
        "lots", sa.Column("reminded", sa.Boolean(), nullable=False, server_default=sa.false())
    )
