"""Lists that wait are indexed."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    op.create_index(
        "ix_statements_state",
        "statements",
        ["state", "area", "created_at", "statement_id"],
        unique=False,
    )
