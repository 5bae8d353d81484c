"""Deadlines of awards."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade():
    op.add_column("awards", sa.Column("due_days", sa.SmallInteger(), nullable=True))
