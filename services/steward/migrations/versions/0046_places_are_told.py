"""Others know places by now: those that are registered already are told to them once."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0046"
down_revision = "0045"


def upgrade():
    places = sa.table("places", sa.column("place_code"))
    if op.get_bind().execute(sa.select(places.c.place_code).limit(1)).first() is None:
        return
    timers = sa.table(
        "timers",
        sa.column("kind"),
        sa.column("ref"),
        sa.column("due_at", store.UtcDateTime()),
        sa.column("data", store.Json),
        sa.column("attempts"),
    )
    row = {"kind": "TELL_PLACES", "ref": "ALL", "data": {}, "attempts": 0}
    op.bulk_insert(timers, [row | {"due_at": datetime(2000, 1, 1, tzinfo=UTC)}])
