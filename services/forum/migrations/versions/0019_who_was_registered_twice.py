"""Into which registration another one was merged: what is told of it later is told of that one."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade():
    op.add_column("residents", sa.Column("merged_into", sa.String(length=64), nullable=True))
    op.create_index("ix_residents_merged_into", "residents", ["merged_into"])
