"""Which workers of a service live, and which of them consumes which queue."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0009"
down_revision = "0008"


def upgrade():
    op.create_table(
        "workers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("host", sa.String(100), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", store.UtcDateTime, nullable=False),
        sa.Column("seen_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_table(
        "leases",
        sa.Column("queue", sa.String(100), nullable=False),
        sa.Column("worker", sa.String(36)),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("queue", name="pk_leases"),
    )
