"""A commendation is cancelled, and a formal one that was leaves its year to another."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0007"
down_revision = "0006"

FORMAL = "uq_commendations_formal"


def upgrade() -> None:
    """Add who cancelled it and why; the index keeps one formal one a year that was not."""
    op.add_column("commendations", sa.Column("cancelled_by", store.Id))
    op.add_column("commendations", sa.Column("cancelled_at", store.UtcDateTime))
    op.add_column("commendations", sa.Column("cancelled_because", sa.String(400)))
    op.drop_index(FORMAL, "commendations")
    standing = sa.text("form = 'FORMAL' AND state <> 'CANCELLED'")
    op.create_index(
        FORMAL,
        "commendations",
        ["area", "year"],
        unique=True,
        postgresql_where=standing,
        sqlite_where=standing,
    )
