"""Quality checks."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0024"
down_revision = "0023"


def upgrade():
    op.create_table(
        "quality_checks",
        sa.Column("check_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("found_good_by", sa.String(length=64), nullable=True),
        sa.Column("looked_by", sa.String(length=64), nullable=True),
        sa.Column("looked_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("visited", sa.Boolean(), nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("opened", sa.String(length=64), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_quality_checks")),
        info={"kind": "quality_check"},
    )
    op.create_index(
        "ix_quality_checks_area", "quality_checks", ["area", "created_at", "check_id"], unique=False
    )
    op.create_index(
        op.f("ix_quality_checks_found_good_by"), "quality_checks", ["found_good_by"], unique=False
    )
    op.create_index("ix_quality_checks_ref", "quality_checks", ["kind", "ref"], unique=False)
