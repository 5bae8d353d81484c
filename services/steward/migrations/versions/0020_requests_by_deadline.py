"""Requests by deadline."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade():
    op.create_index(
        "ix_requests_state_due_resolve",
        "requests",
        ["state", "due_resolve", "request_id"],
        unique=False,
    )
