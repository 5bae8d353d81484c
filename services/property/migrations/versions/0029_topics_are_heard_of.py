"""Topics are heard of."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0029"
down_revision = "0028"


def upgrade():
    op.create_table(
        "forum_topics",
        sa.Column("topic_id", sa.String(length=64), nullable=False),
        sa.Column("community", sa.String(length=15), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("sequences", store.Json, nullable=True),
        sa.PrimaryKeyConstraint("topic_id", name=op.f("pk_forum_topics")),
    )
