"""Who is registered: an operator is looked up, and the dead redeem nothing."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "people",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("is_adult", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("merged_into", store.Id, nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_people"),
    )
    op.create_index("ix_people_merged_into", "people", ["merged_into"], unique=False)
