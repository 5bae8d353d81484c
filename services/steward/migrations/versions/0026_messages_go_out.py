"""Messages go out."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0026"
down_revision = "0025"


def upgrade():
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("next_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_person_id"), "deliveries", ["person_id"], unique=False)
    op.create_index(
        "ix_deliveries_state_created_at",
        "deliveries",
        ["state", "created_at", "delivery_id"],
        unique=False,
    )
    op.create_table(
        "message_choices",
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("channels", store.Json, nullable=True),
        sa.Column("quiet_from", sa.SmallInteger(), nullable=False),
        sa.Column("quiet_to", sa.SmallInteger(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("email_new", sa.LargeBinary(), nullable=True),
        sa.Column("email_digits", sa.LargeBinary(), nullable=True),
        sa.Column("email_until", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("email_tries", sa.SmallInteger(), nullable=False),
        sa.Column("email_codes", sa.SmallInteger(), nullable=False),
        sa.Column("email_since", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_message_choices")),
    )
