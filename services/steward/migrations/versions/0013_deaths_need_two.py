"""Deaths need two."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0013"
down_revision = "0012"


def upgrade():
    op.create_table(
        "person_deaths",
        sa.Column("death_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("death_id", name=op.f("pk_person_deaths")),
    )
    op.create_index(op.f("ix_person_deaths_area"), "person_deaths", ["area"], unique=False)
    op.create_index(
        "uq_person_deaths_open",
        "person_deaths",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
        sqlite_where=sa.text("state = 'PROPOSED'"),
    )
