"""Works fall due and open an order; orders and works are extended, works and disclosures end."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0005"
down_revision = "0004"


def upgrade():
    op.add_column("rectifications", sa.Column("work_id", store.Id))
    op.add_column("rectifications", sa.Column("extended_from", store.UtcDateTime))
    op.add_column("rectifications", sa.Column("extended_by", store.Id))
    op.add_column("rectifications", sa.Column("extension_reason", sa.Text))
    op.create_index("uq_rectifications_work", "rectifications", ["work_id"], unique=True)
    op.add_column("works", sa.Column("extensions", sa.Integer))
    op.add_column("works", sa.Column("end_reason", sa.Text))
    op.create_index("ix_works_state", "works", ["state", "due_at"])
    op.add_column("disclosures", sa.Column("cancel_reason", sa.Text))
