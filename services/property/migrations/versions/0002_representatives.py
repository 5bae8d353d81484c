"""Representatives of a company are proposed by one registrar and confirmed by another."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("companies", sa.Column("representatives_proposed", store.Json))
    op.add_column("companies", sa.Column("representatives_proposed_by", store.Id))
    op.add_column("companies", sa.Column("representatives_document", sa.String(200)))
