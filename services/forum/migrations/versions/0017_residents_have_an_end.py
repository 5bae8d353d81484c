"""Why the registration of a resident ended is kept: who is dead or merged acts no more."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade():
    op.add_column("residents", sa.Column("ended", sa.String(length=40), nullable=True))
