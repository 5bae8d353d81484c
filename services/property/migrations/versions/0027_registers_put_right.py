"""Rooms that are off the register or written otherwise, terms to come, papers with their day."""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store
from fivered.chassis.buildings import plain

revision = "0027"
down_revision = "0026"


def upgrade():
    op.add_column("rooms", sa.Column("removed_at", store.UtcDateTime(timezone=True), nullable=True))
    op.add_column("rooms", sa.Column("removed_reason", sa.Text(), nullable=True))
    op.add_column("owners_committees", sa.Column("replaces", sa.String(length=64), nullable=True))
    op.add_column("owners_committees", sa.Column("end_reason", sa.Text(), nullable=True))
    op.add_column("community_bodies", sa.Column("replaces", sa.String(length=64), nullable=True))
    op.add_column("vote_papers", sa.Column("returned_on", sa.Date(), nullable=True))
    _compare_anew()


def _compare_anew():
    """3号楼 and 3栋 are one building from now on. Of several rooms that this makes one, each goes on
    to stand in the register until somebody takes it off; the first one has the place."""
    names = ("room_id", "project_id", "building", "unit", "number", "place_key")
    rooms = sa.table("rooms", *map(sa.column, names))
    conn = op.get_bind()
    groups = defaultdict(list)
    for row in conn.execute(sa.select(rooms).order_by(rooms.c.room_id)).all():
        key = "/".join(map(plain, (row.building, row.unit, row.number)))
        groups[row.project_id, key].append(row)
    new = [
        {"room": same[0].room_id, "key": key}
        for (_, key), same in groups.items()
        if key not in {row.place_key for row in same}
    ]
    if new:
        of = rooms.c.room_id == sa.bindparam("room")
        conn.execute(sa.update(rooms).where(of).values(place_key=sa.bindparam("key")), new)
