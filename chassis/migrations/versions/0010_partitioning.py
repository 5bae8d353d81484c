"""In how many partitions a service's events go out, and how that is being changed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    # Of how many its partition was chosen on purpose; empty where the subject says it.
    op.add_column("outbox", sa.Column("partitions", sa.SmallInteger))
    op.create_table(
        "partitioning",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("partitions", sa.SmallInteger, nullable=False),
        sa.Column("since", sa.BigInteger),
        sa.Column("was", sa.SmallInteger),
        sa.PrimaryKeyConstraint("id", name="pk_partitioning"),
    )
    op.execute("INSERT INTO partitioning (id, partitions) VALUES (1, 4)")
