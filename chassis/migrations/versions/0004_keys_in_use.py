"""Which keys the sealed values and the digests of a database were made with."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0004"
down_revision = "0003"


def upgrade():
    op.create_table(
        "keys_in_use",
        sa.Column("purpose", sa.String(8), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "key_id", name="pk_keys_in_use"),
    )
