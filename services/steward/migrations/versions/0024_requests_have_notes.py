"""Requests have notes."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0024"
down_revision = "0023"


def upgrade():
    op.create_table(
        "request_notes",
        sa.Column("note_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("internal", sa.LargeBinary(), nullable=True),
        sa.Column("author_id", sa.String(length=64), nullable=False),
        sa.Column("author_role", sa.String(length=20), nullable=False),
        sa.Column("receipt", sa.String(length=200), nullable=True),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_request_notes")),
    )
    op.create_index(
        "ix_request_notes_request_id",
        "request_notes",
        ["request_id", "at", "note_id"],
        unique=False,
    )
