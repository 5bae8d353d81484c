"""A task may be extended, and one may take the place of another."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("tasks", sa.Column("replaces", store.Id))
    op.add_column("tasks", sa.Column("extensions", sa.Integer))
