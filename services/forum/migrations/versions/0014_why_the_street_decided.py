"""Why the street let a rejection stand, or took the topic."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade():
    op.add_column("topics", sa.Column("appeal_reasons", sa.Text, nullable=True))
