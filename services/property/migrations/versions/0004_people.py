"""Who is registered and who serves a project, so that attendance is looked up."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0004"
down_revision = "0003"


def upgrade():
    op.create_table(
        "property_staff",
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("community", store.Area, nullable=False),
        sa.Column("grids", store.Json, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("steward_id", name="pk_property_staff"),
    )
    op.create_index("ix_property_staff_person_id", "property_staff", ["person_id"])
    op.create_index("ix_property_staff_community", "property_staff", ["community"])
    op.create_table(
        "people",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("grid", store.Area),
        sa.Column("is_adult", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("merged_into", store.Id),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_people"),
    )
    op.create_index("ix_people_merged_into", "people", ["merged_into"])
