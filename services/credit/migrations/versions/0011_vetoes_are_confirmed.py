"""A veto is confirmed by a second person; those of before stand as they are."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0011"
down_revision = "0010"


def upgrade():
    op.add_column("vetoes", sa.Column("confirmed_by", store.Id, nullable=True))
    op.add_column("vetoes", sa.Column("confirmed_at", store.UtcDateTime(), nullable=True))
