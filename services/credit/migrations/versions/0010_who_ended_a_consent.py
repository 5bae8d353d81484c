"""An interval of consent says who ended it; earlier ones do not."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    op.add_column("consent_spans", sa.Column("ended_by", sa.String(64), nullable=True))
