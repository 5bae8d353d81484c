"""Closed by mistake."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade():
    op.add_column(
        "projects", sa.Column("reopening_proposed_by", sa.String(length=64), nullable=True)
    )
