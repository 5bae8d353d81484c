"""Who recorded hours, hazards and shifts, and who says that somebody sat there."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0008"
down_revision = "0007"


def upgrade():
    op.add_column("volunteer_hours", sa.Column("recorded_by", store.Id, nullable=True))
    op.create_index(
        "ix_volunteer_hours_state",
        "volunteer_hours",
        ["state", "area", "created_at", "record_id"],
        unique=False,
    )
    op.add_column("hazards", sa.Column("reported_by", store.Id, nullable=True))
    op.add_column("hazards", sa.Column("request_id", store.Id, nullable=True))
    op.create_index(
        "ix_hazards_state", "hazards", ["state", "area", "created_at", "hazard_id"], unique=False
    )
    op.add_column("shifts", sa.Column("planned_by", store.Id, nullable=True))
    op.add_column(
        "shifts",
        sa.Column("self_planned", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("shifts", sa.Column("attended_by", store.Id, nullable=True))
    op.add_column("shifts", sa.Column("attended_at", store.UtcDateTime(), nullable=True))
