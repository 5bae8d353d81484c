"""Messages to partners."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0007"
down_revision = "0006"


def upgrade():
    op.create_table(
        "messages",
        sa.Column("message_id", store.Id, nullable=False),
        sa.Column("partner_id", store.Id, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("detail", store.Json, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.partner_id"], name=op.f("fk_messages_partner_id")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_partner_id", "messages", ["partner_id", "created_at", "message_id"]
    )
