"""End by two."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0005"
down_revision = "0004"


def upgrade():
    op.add_column("grants", sa.Column("end_proposed_by", store.Id))
    op.add_column("grants", sa.Column("end_reason", sa.String(500)))
