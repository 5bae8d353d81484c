"""Service accounts."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "service_accounts",
        sa.Column("service_account_id", store.Id, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scopes", store.Json, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("proposed_by", store.Id, nullable=False),
        sa.Column("decided_by", store.Id),
        sa.Column("decided_at", store.UtcDateTime),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("last_used_at", store.UtcDateTime),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("service_account_id", name="pk_service_accounts"),
    )
    op.create_index("ix_service_accounts_area", "service_accounts", ["area"])
    op.create_table(
        "service_secrets",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("service_account_id", store.Id, nullable=False),
        sa.Column("made_by", store.Id, nullable=False),
        sa.Column("made_at", store.UtcDateTime, nullable=False),
        sa.Column("until", store.UtcDateTime),
        sa.ForeignKeyConstraint(
            ["service_account_id"],
            ["service_accounts.service_account_id"],
            name="fk_service_secrets_service_account_id",
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_service_secrets"),
    )
    op.create_index(
        "ix_service_secrets_service_account_id",
        "service_secrets",
        ["service_account_id"],
    )
