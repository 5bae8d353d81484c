"""Codes are sent to phones."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0007"
down_revision = "0006"


def upgrade():
    op.create_table(
        "phone_codes",
        sa.Column("code_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("until", store.UtcDateTime, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("session_id", store.Id),
        sa.PrimaryKeyConstraint("code_id", name="pk_phone_codes"),
    )
    op.create_index("ix_phone_codes_person_id", "phone_codes", ["person_id"])
    op.add_column(
        "sessions", sa.Column("by_phone", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
