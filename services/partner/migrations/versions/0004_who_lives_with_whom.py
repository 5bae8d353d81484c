"""Who lives with whom: nobody decides about what his household runs."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0004"
down_revision = "0003"


def upgrade():
    op.add_column("people", sa.Column("household_id", store.Id, nullable=True))
    op.add_column("people", sa.Column("sequences", store.Json, nullable=True))
    op.create_index("ix_people_household_id", "people", ["household_id"])
