"""Years of the working-day calendar that an installation has loaded."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("off", store.Json, nullable=False),
        sa.Column("make_up", store.Json, nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("loaded_at", store.UtcDateTime, nullable=False),
    )
