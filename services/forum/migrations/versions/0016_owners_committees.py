"""Who sits for the owners is kept, with the project of the compound."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0016"
down_revision = "0015"


def upgrade():
    op.add_column("orgs", sa.Column("project_id", store.Id, nullable=True))
    op.create_index("ix_orgs_project_id", "orgs", ["project_id"])
