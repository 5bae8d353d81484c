"""Areas are known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    op.create_table(
        "areas",
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_areas")),
    )
