"""Provider."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0003"
down_revision = "0002"


def upgrade():
    op.create_table(
        "flows",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_flows")),
    )
    op.add_column("accounts", sa.Column("provider_issuer", sa.String(length=200), nullable=True))
    op.add_column("accounts", sa.Column("provider_subject", sa.String(length=255), nullable=True))
    op.create_index(
        "ux_accounts_provider", "accounts", ["provider_issuer", "provider_subject"], unique=True
    )
