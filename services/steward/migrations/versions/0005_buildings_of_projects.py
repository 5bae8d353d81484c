"""Projects: the buildings that tell which of a grid's projects is meant."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0005"
down_revision = "0004"


def upgrade():
    op.add_column("projects", sa.Column("buildings", store.Json, nullable=True))
