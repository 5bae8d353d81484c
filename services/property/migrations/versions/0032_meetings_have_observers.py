"""Meetings have observers."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0032"
down_revision = "0031"


def upgrade():
    op.add_column("tripartite_meetings", sa.Column("observers", store.Json, nullable=True))
