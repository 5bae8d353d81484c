"""Who read what of whom, and whose word it is that a steward's name stands on a board."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("stewards", sa.Column("consent_ref", sa.String(100), nullable=True))
    op.add_column("stewards", sa.Column("consent_by", store.Id, nullable=True))
    op.add_column("stewards", sa.Column("consent_at", store.UtcDateTime(), nullable=True))
    op.create_table(
        "person_reads",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("at", store.UtcDateTime(), nullable=False),
        sa.Column("actor_id", store.Id, nullable=False),
        sa.Column("actor_role", sa.String(30), nullable=False),
        sa.Column("scope", store.Area, nullable=False),
        sa.Column("door", sa.String(40), nullable=False),
        sa.Column("person_id", store.Id, nullable=True),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("why", sa.String(30), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person_reads"),
        sqlite_autoincrement=True,
    )
    for column in ("actor_id", "person_id", "area"):
        op.create_index(f"ix_person_reads_{column}", "person_reads", [column], unique=False)
