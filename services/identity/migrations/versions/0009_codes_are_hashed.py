"""Codes are hashed."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0009"
down_revision = "0008"


def upgrade():
    op.create_table(
        "places",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=70), nullable=False),
        sa.Column("last_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_places_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "digest", name=op.f("pk_places")),
    )
    op.create_index(op.f("ix_places_last_at"), "places", ["last_at"], unique=False)
    op.add_column("enrolments", sa.Column("hashed", sa.String(length=200), nullable=True))
    op.add_column("recovery_codes", sa.Column("salt", sa.String(length=32), nullable=True))
