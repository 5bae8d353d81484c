"""Requests by what is looked for."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade():
    op.create_index(
        "ix_requests_category", "requests", ["category", "created_at", "request_id"], unique=False
    )
    op.create_index("ix_requests_external_ref", "requests", ["external_ref"], unique=False)
    op.create_index("ix_requests_reference", "requests", ["reference"], unique=False)
