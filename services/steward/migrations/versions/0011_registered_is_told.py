"""Others look people up by now: those who are registered already are told to them once."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0011"
down_revision = "0010"


def upgrade():
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
    row = {"kind": "TELL_REGISTERED", "ref": "ALL", "data": {}, "attempts": 0}
    op.bulk_insert(timers, [row | {"due_at": datetime(2000, 1, 1, tzinfo=UTC)}])
