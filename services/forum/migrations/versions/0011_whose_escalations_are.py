"""Whose a matter is that came before the chain, and which officials are a party of it."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0011"
down_revision = "0010"


def upgrade():
    op.add_column("escalations", sa.Column("reporter_id", store.Id))
    op.add_column("escalations", sa.Column("barred", store.Json))
