"""Requests have details."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade():
    op.add_column("undecided_complaints", sa.Column("place", sa.String(length=24), nullable=True))
    op.add_column("undecided_complaints", sa.Column("problem", sa.String(length=24), nullable=True))
    op.add_column("undecided_complaints", sa.Column("room_id", sa.String(length=64), nullable=True))
    op.add_column(
        "undecided_complaints", sa.Column("contact_id", sa.String(length=64), nullable=True)
    )
    op.add_column("undecided_complaints", sa.Column("emergency", sa.Boolean(), nullable=True))
    op.add_column("undecided_complaints", sa.Column("warranty", sa.Boolean(), nullable=True))
    op.add_column("undecided_complaints", sa.Column("paid", sa.Boolean(), nullable=True))
    op.add_column("undecided_complaints", sa.Column("tell_project", sa.Boolean(), nullable=True))
