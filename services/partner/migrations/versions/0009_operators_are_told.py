"""Others look up by now who acts for a partner: those of before are told to them once."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0009"
down_revision = "0008"


def upgrade():
    partners = sa.table("partners", sa.column("partner_id"))
    if op.get_bind().execute(sa.select(partners.c.partner_id).limit(1)).first() is None:
        return
    timers = sa.table(
        "timers",
        sa.column("kind"),
        sa.column("ref"),
        sa.column("due_at", store.UtcDateTime()),
        sa.column("data", store.Json),
        sa.column("attempts"),
    )
    row = {"kind": "tell_operators", "ref": "ALL", "data": {}, "attempts": 0}
    op.bulk_insert(timers, [row | {"due_at": datetime(2000, 1, 1, tzinfo=UTC)}])
