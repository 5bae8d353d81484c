"""Stewards have a photo and hours."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade():
    op.add_column("stewards", sa.Column("photo", sa.String(length=64), nullable=True))
    op.add_column("stewards", sa.Column("service_hours", sa.String(length=100), nullable=True))
