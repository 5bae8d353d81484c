"""Which fact said what is known of a person, column by column."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0008"
down_revision = "0007"


def upgrade():
    op.add_column("people", sa.Column("sequences", store.Json, nullable=True))
