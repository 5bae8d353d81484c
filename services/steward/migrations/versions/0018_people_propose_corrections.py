"""People propose corrections."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0018"
down_revision = "0017"


def upgrade():
    op.create_table(
        "corrections",
        sa.Column("correction_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("wanted", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decide_by", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_area"), "corrections", ["area"], unique=False)
    op.create_index(op.f("ix_corrections_person_id"), "corrections", ["person_id"], unique=False)
