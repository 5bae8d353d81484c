"""Outbox: the place of each event, in the order in which they were published."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# In the order of their ids, each at the time at which it was sent or a little later.
_PLACED = """
    UPDATE outbox SET place = given.place
    FROM (
        SELECT id, max(us - n) OVER (ORDER BY id) + n AS place
        FROM (
            SELECT id, row_number() OVER (ORDER BY id) AS n,
                (extract(epoch FROM sent_at) * 1000000)::bigint AS us
            FROM outbox WHERE sent_at IS NOT NULL
        ) AS sent
    ) AS given
    WHERE outbox.id = given.id
"""


def upgrade():
    op.add_column("outbox", sa.Column("place", sa.BigInteger))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_PLACED)
    placed = sa.text("place IS NOT NULL")
    op.create_index(
        "ix_outbox_place",
        "outbox",
        ["place"],
        unique=True,
        postgresql_where=placed,
        sqlite_where=placed,
    )
    unplaced = sa.text("place IS NULL AND sent_at IS NOT NULL")
    op.create_index(
        "ix_outbox_unplaced", "outbox", ["id"], postgresql_where=unplaced, sqlite_where=unplaced
    )
