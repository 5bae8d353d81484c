"""A proposed veto is confirmed by a day; those of before get one on the next morning."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0013"
down_revision = "0012"


def upgrade():
    op.add_column("vetoes", sa.Column("due_at", store.UtcDateTime(), nullable=True))
