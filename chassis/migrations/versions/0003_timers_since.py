"""Timers: the day after which the working days of a deadline are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("timers", sa.Column("since", sa.Date))
