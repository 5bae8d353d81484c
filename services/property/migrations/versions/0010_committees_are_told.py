"""Others look up by now who sits for the owners: committees of before are told to them once."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0010"
down_revision = "0009"


def upgrade():
    committees = sa.table("owners_committees", sa.column("committee_id"))
    if op.get_bind().execute(sa.select(committees.c.committee_id).limit(1)).first() is None:
        return
    timers = sa.table(
        "timers",
        sa.column("kind"),
        sa.column("ref"),
        sa.column("due_at", store.UtcDateTime()),
        sa.column("data", store.Json),
        sa.column("attempts"),
    )
    row = {"kind": "tell_committees", "ref": "ALL", "data": {}, "attempts": 0}
    op.bulk_insert(timers, [row | {"due_at": datetime(2000, 1, 1, tzinfo=UTC)}])
