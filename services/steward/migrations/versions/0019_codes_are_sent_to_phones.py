"""Codes are sent to phones."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0019"
down_revision = "0018"


def upgrade():
    op.create_table(
        "code_limits",
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("since", store.UtcDateTime, nullable=False),
        sa.Column("last_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_code_limits"),
    )
    op.create_table(
        "phone_codes",
        sa.Column("code_id", store.Id, nullable=False),
        sa.Column("phone", sa.LargeBinary()),
        sa.Column("digits", sa.LargeBinary()),
        sa.Column("person_id", store.Id),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("error", sa.String(200)),
        sa.Column("asked_at", store.UtcDateTime, nullable=False),
        sa.Column("tried_at", store.UtcDateTime),
        sa.Column("until", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("code_id", name="pk_phone_codes"),
    )
    op.create_index("ix_phone_codes_asked_at", "phone_codes", ["asked_at"])
    op.create_index("ix_phone_codes_person_id", "phone_codes", ["person_id"])
