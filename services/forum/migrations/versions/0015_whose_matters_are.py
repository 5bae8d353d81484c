"""Whose a matter of another service is: an organisation has more than one voice."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0015"
down_revision = "0014"


def upgrade():
    op.add_column("escalations", sa.Column("concerned", store.Json, nullable=True))
