"""Who approved what was taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade():
    op.add_column("awards", sa.Column("approved_by", sa.String(length=64), nullable=True))
