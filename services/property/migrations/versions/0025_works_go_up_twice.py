"""Works go up twice."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0025"
down_revision = "0024"


def upgrade():
    op.add_column("quality_checks", sa.Column("media", store.Json, nullable=True))
    op.add_column("works", sa.Column("level", sa.Integer(), nullable=True))
