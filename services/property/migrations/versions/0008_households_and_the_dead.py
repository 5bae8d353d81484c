"""With whom a person lives, and whether he is dead: for who may decide, and whom nobody names."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0008"
down_revision = "0007"


def upgrade():
    op.add_column("people", sa.Column("household_id", store.Id, nullable=True))
    op.add_column(
        "people", sa.Column("died", sa.Boolean(), nullable=False, server_default=sa.false())
    )
