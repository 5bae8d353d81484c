"""Timers: how many working days a deadline counts that is due later than they say."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    op.add_column("timers", sa.Column("days", sa.SmallInteger))
