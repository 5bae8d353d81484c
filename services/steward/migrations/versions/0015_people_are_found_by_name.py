"""People are found by name: those who are registered already get their digests by a timer, since
names are sealed and a migration has no keys."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0015"
down_revision = "0014"


def upgrade():
    op.create_table(
        "person_digests",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("digest", "person_id", name=op.f("pk_person_digests")),
    )
    op.create_index(
        op.f("ix_person_digests_person_id"), "person_digests", ["person_id"], unique=False
    )
    op.add_column("person_reads", sa.Column("found", sa.SmallInteger(), nullable=True))
    persons = sa.table("persons", sa.column("person_id"))
    if op.get_bind().execute(sa.select(persons.c.person_id).limit(1)).first() is None:
        return
    timers = sa.table(
        "timers",
        sa.column("kind"),
        sa.column("ref"),
        sa.column("due_at", store.UtcDateTime()),
        sa.column("data", store.Json),
        sa.column("attempts"),
    )
    row = {"kind": "FIND_BY_NAME", "ref": "1", "data": {}, "attempts": 0}
    op.bulk_insert(timers, [row | {"due_at": datetime(2000, 1, 1, tzinfo=UTC)}])
