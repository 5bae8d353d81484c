"""Until when an appointment waits for its next step and a fix for its check; which order an order
follows."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0011"
down_revision = "0010"


def upgrade():
    op.add_column("appointments", sa.Column("due_at", store.UtcDateTime, nullable=True))
    op.add_column("rectifications", sa.Column("check_due_at", store.UtcDateTime, nullable=True))
    op.add_column("rectifications", sa.Column("again_of", store.Id, nullable=True))
    op.create_index("uq_rectifications_again", "rectifications", ["again_of"], unique=True)
    # What waits now: as its timer says.
    for table, key, column, kinds in (
        ("appointments", "appointment_id", "due_at", "'appt_consent', 'appt_file'"),
        ("rectifications", "rectification_id", "check_due_at", "'rec_check'"),
    ):
        op.execute(
            f"UPDATE {table} SET {column} = (SELECT MIN(timers.due_at) FROM timers "
            f"WHERE timers.ref = {table}.{key} AND timers.kind IN ({kinds}))"
        )
