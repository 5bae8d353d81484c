"""The term of a deputy begins and ends by timers, which say so: those of before are armed."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0022"
down_revision = "0021"


def upgrade():
    at = store.UtcDateTime()
    deputies = sa.table(
        "deputies",
        sa.column("deputy_id"),
        sa.column("state"),
        sa.column("term_from", at),
        sa.column("term_to", at),
    )
    timers = sa.table(
        "timers",
        sa.column("kind"),
        sa.column("ref"),
        sa.column("due_at", at),
        sa.column("data", store.Json),
        sa.column("attempts"),
    )
    rows = op.get_bind().execute(sa.select(deputies).where(deputies.c.state == "ACTIVE")).all()
    plain = {"data": {}, "attempts": 0}
    # Who has begun is said at once.
    armed = [
        {"kind": "deputy_from", "ref": row.deputy_id, "due_at": row.term_from} | plain
        for row in rows
    ]
    armed += [
        {"kind": "deputy_until", "ref": row.deputy_id, "due_at": row.term_to} | plain
        for row in rows
        if row.term_to is not None
    ]
    if armed:
        op.bulk_insert(timers, armed)
