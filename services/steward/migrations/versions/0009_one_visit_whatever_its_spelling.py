"""A device's number in whatever case and width is one visit."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade():
    op.add_column("visits", sa.Column("client_key", sa.String(length=64), nullable=True))
    op.create_index("uq_visits_client_key", "visits", ["steward_id", "client_key"], unique=True)
