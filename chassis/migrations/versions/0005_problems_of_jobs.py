"""Jobs: why one was refused, in the words of the refusal."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0005"
down_revision = "0004"


def upgrade():
    op.add_column("jobs", sa.Column("problem", store.Json))
