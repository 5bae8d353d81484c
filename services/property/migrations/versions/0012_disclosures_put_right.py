"""What a disclosure showed before it was put right."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0012"
down_revision = "0011"


def upgrade():
    op.add_column("disclosures", sa.Column("former", store.Json, nullable=True))
