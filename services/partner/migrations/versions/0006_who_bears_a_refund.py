"""A refund of a partner that has left may be borne by the district."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    op.add_column("redemptions", sa.Column("refund_borne_by", sa.String(30), nullable=True))
