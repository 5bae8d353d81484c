"""When the texts of a request were erased, as their time was over."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0012"
down_revision = "0011"


def upgrade():
    op.add_column("requests", sa.Column("erased_at", store.UtcDateTime(), nullable=True))
