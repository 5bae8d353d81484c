"""Requests: an index of what stewards found themselves and nobody has looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    waiting = sa.text("found_by IS NOT NULL AND checked_by IS NULL")
    op.create_index(
        "ix_requests_unchecked",
        "requests",
        ["area", "created_at", "request_id"],
        unique=False,
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
