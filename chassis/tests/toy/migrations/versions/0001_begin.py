"""Begin."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "counters",
        sa.Column("counter_id", store.Id, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("counter_id", name="pk_counters"),
    )
    op.create_table(
        "entries",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("event_id", store.Uuid, nullable=False),
        sa.Column("subject", store.Id, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.UniqueConstraint("event_id", name="uq_entries_event_id"),
        sqlite_autoincrement=True,
    )
