"""Which objection an escalation waits for an answer to; of older ones it is not known."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0013"
down_revision = "0012"


def upgrade():
    op.add_column("escalations", sa.Column("objection_id", store.Id, nullable=True))
