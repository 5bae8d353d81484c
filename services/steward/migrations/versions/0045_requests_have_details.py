"""Requests have details."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade():
    op.create_table(
        "request_details",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=24), nullable=True),
        sa.Column("problem", sa.String(length=24), nullable=True),
        sa.Column("room_id", sa.String(length=64), nullable=True),
        sa.Column("contact_id", sa.String(length=64), nullable=True),
        sa.Column("emergency", sa.Boolean(), nullable=True),
        sa.Column("warranty", sa.Boolean(), nullable=True),
        sa.Column("paid", sa.Boolean(), nullable=True),
        sa.Column("tell_project", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_request_details")),
    )
