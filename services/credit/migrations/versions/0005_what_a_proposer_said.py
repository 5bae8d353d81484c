"""What the proposer of an award has said stays, whatever is said when it is decided."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; of older awards the last word stands in `reason`."""
    op.add_column("awards", sa.Column("proposal", sa.String(length=400), nullable=True))
