"""Consent notices."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0018"
down_revision = "0017"


def upgrade():
    op.create_table(
        "consent_notices",
        sa.Column("consent_notice_id", sa.String(length=64), nullable=False),
        sa.Column("notice_version", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("texts", store.Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'PUBLISHED' OR (decided_by IS NOT NULL AND decided_by <> proposed_by)",
            name=op.f("ck_consent_notices_published_by_another"),
        ),
        sa.PrimaryKeyConstraint("consent_notice_id", name=op.f("pk_consent_notices")),
    )
    op.create_index(
        "uq_consent_notices_version",
        "consent_notices",
        ["notice_version"],
        unique=True,
        postgresql_where=sa.text("state <> 'REJECTED'"),
        sqlite_where=sa.text("state <> 'REJECTED'"),
    )
