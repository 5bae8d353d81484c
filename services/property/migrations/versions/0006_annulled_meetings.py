"""A meeting that was recorded by mistake is annulled; it stays, and counts nowhere."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0006"
down_revision = "0005"


def upgrade():
    op.add_column("tripartite_meetings", sa.Column("annulled_at", store.UtcDateTime))
    op.add_column("tripartite_meetings", sa.Column("annul_reason", sa.Text))
