"""Grants of a district's budget: proposed by one person, granted by another."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; what was granted before stands in the ledger."""
    op.create_table(
        "budget_grants",
        sa.Column("grant_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", store.UtcDateTime, nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime, nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'GRANTED' OR (decided_by IS NOT NULL AND decided_by <> proposed_by)",
            name=op.f("ck_budget_grants_granted_by_another"),
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_budget_grants")),
    )
