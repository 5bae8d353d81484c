"""People may have a dwelling: building, unit and room, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade():
    op.add_column("persons", sa.Column("dwelling", sa.LargeBinary(), nullable=True))
