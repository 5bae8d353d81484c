"""Prices that were refused bear no approval; who refused them stands in their offer's history."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade():
    op.execute(
        "UPDATE offer_terms SET approved_by = NULL, approved_at = NULL WHERE state = 'REFUSED'"
    )
