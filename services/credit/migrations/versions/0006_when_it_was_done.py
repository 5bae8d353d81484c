"""A posting is dated with the time at which it is posted; when the deed was done stands beside."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; of older postings `posted_at` is the deed's time, and stays what it was."""
    op.add_column("postings", sa.Column("deed_at", store.UtcDateTime, nullable=True))
