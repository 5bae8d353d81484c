"""Who may take part is looked up: speakers of organisations, homes, lapsed invitations."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "orgs",
        sa.Column("org_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("area", store.Area),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("org_id", name="pk_orgs"),
    )
    op.create_table(
        "org_people",
        sa.Column("org_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "person_id", name="pk_org_people"),
    )
    op.create_index("ix_org_people_person_id", "org_people", ["person_id"])
    op.add_column("invitations", sa.Column("home", store.Area))
    op.add_column("invitations", sa.Column("revoked_at", store.UtcDateTime))
    op.add_column("objections", sa.Column("claimed", sa.Boolean))
    op.add_column("objections", sa.Column("concerned", sa.Boolean))
