"""Stewards help with cases."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0041"
down_revision = "0040"


def upgrade():
    op.create_table(
        "co_handlings",
        sa.Column("co_handling_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("steward_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=True),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("answered_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("co_handling_id", name=op.f("pk_co_handlings")),
    )
    op.create_index(
        "ix_co_handlings_person_id",
        "co_handlings",
        ["person_id", "state", "asked_at", "co_handling_id"],
        unique=False,
    )
    op.create_index(
        "ix_co_handlings_request_id",
        "co_handlings",
        ["request_id", "asked_at", "co_handling_id"],
        unique=False,
    )
    op.create_index(
        "uq_co_handlings_standing",
        "co_handlings",
        ["request_id", "steward_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('ASKED', 'ACCEPTED')"),
        sqlite_where=sa.text("state IN ('ASKED', 'ACCEPTED')"),
    )
    op.create_index(
        "ix_requests_first_handler_state", "requests", ["first_handler", "state"], unique=False
    )
