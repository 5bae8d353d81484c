"""Lists that wait are indexed."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade():
    op.create_index(op.f("ix_people_household_id"), "people", ["household_id"], unique=False)
