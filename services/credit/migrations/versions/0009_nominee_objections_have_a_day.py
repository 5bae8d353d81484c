"""An objection to a nominee is decided by a day; those without one get it by `give_time`."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0009"
down_revision = "0008"


def upgrade():
    op.add_column("nominee_objections", sa.Column("decide_due", store.UtcDateTime(), nullable=True))
    op.add_column(
        "nominee_objections",
        sa.Column("overdue", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
