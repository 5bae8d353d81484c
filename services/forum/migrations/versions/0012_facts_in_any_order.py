"""Which fact said what is known of a resident, column by column."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0012"
down_revision = "0011"


def upgrade():
    op.add_column("residents", sa.Column("sequences", store.Json, nullable=True))
