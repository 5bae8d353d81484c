"""A refund is decided by a day, once more by the street, and is found by the one who decides."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("redemptions", sa.Column("refund_due", store.UtcDateTime(), nullable=True))
    op.add_column(
        "redemptions",
        sa.Column("refund_late", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("redemptions", sa.Column("refund_denied", sa.String(500), nullable=True))
    op.add_column(
        "redemptions", sa.Column("refund_asks", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_index(
        "ix_redemptions_state_created_at", "redemptions", ["state", "created_at"], unique=False
    )
