"""Escalations of other services are listed too, and leave the list with what was done."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0006"
down_revision = "0005"


def upgrade():
    for column in (
        sa.Column("source", sa.String(40)),
        sa.Column("ref", store.Id),
        sa.Column("number", sa.String(40)),
        sa.Column("grid", store.Area),
        sa.Column("state", sa.String(40), nullable=False, server_default="OPEN"),
        sa.Column("outcome", sa.String(40)),
        sa.Column("done", sa.Text),
        sa.Column("done_by", store.Id),
        sa.Column("done_at", store.UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    ):
        op.add_column("escalations", column)
    op.create_index("ix_escalations_area", "escalations", ["area", "created_at"])
    op.create_index("ix_escalations_ref", "escalations", ["ref"])
