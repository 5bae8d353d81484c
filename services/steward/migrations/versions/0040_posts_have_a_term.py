"""Posts have a term."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade():
    op.add_column("stewards", sa.Column("term_ends", sa.Date(), nullable=True))
