"""Posts have a term."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade():
    op.add_column("stewards", sa.Column("term_ends", sa.Date(), nullable=True))
