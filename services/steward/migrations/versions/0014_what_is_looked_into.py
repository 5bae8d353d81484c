"""Requests: an index of the bad ratings that somebody has to look into."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade():
    op.create_index(
        "ix_requests_under_review",
        "requests",
        ["area", "created_at", "request_id"],
        unique=False,
        postgresql_where=sa.text("review IN ('PENDING', 'STREET')"),
        sqlite_where=sa.text("review IN ('PENDING', 'STREET')"),
    )
