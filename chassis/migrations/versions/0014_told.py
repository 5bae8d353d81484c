"""What people are told, and what each has read of it."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0014"
down_revision = "0013"


def upgrade():
    op.create_table(
        "told",
        sa.Column("message_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("about_kind", sa.String(30)),
        sa.Column("about_id", sa.String(100)),
        sa.Column("detail", store.Json, nullable=False),
        sa.Column("once", sa.String(100)),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_told"),
        sa.UniqueConstraint("person_id", "once", name="uq_told_person_id_once"),
    )
    op.create_index(
        "ix_told_person_id_created_at", "told", ["person_id", "created_at", "message_id"]
    )
    op.create_index("ix_told_created_at", "told", ["created_at"])
    op.create_table(
        "told_read",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("message_id", store.Id, nullable=False),
        sa.Column("read_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "message_id", name="pk_told_read"),
    )
    op.create_index("ix_told_read_read_at", "told_read", ["read_at"])
