"""A topic's words may be hidden, a redirected one has its request's number, messages say more."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0004"
down_revision = "0003"


def upgrade():
    op.add_column("topics", sa.Column("request_number", sa.String(40)))
    op.add_column("topics", sa.Column("hidden_at", store.UtcDateTime))
    op.add_column("topics", sa.Column("hidden_reason", sa.Text))
    op.add_column("messages", sa.Column("detail", store.Json))
    # What was rejected as abusive is hidden from now on.
    op.execute(
        "UPDATE topics SET hidden_at = created_at WHERE state = 'REJECTED' AND reason = 'ABUSIVE'"
    )
