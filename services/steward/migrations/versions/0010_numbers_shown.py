"""Numbers of persons that were shown in the clear: which, for which case, and how many a day."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0010"
down_revision = "0009"


def upgrade():
    op.add_column("person_reads", sa.Column("field", sa.String(20), nullable=True))
    op.add_column("person_reads", sa.Column("request_id", store.Id, nullable=True))
    op.create_table(
        "reveal_counts",
        sa.Column("actor_id", store.Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "day", name="pk_reveal_counts"),
    )
