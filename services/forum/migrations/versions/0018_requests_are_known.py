"""The requests that were heard of are kept, so that a topic names one that there is.

Of those before, the forum knows what topics and escalations say.
"""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0018"
down_revision = "0017"


def upgrade():
    op.create_table("requests", sa.Column("request_id", store.Id, primary_key=True))
    op.execute(
        "INSERT INTO requests (request_id)"
        " SELECT request_id FROM topics WHERE request_id IS NOT NULL"
        " UNION SELECT source_request FROM topics WHERE source_request IS NOT NULL"
        " UNION SELECT ref FROM escalations WHERE source = 'REQUEST' AND ref IS NOT NULL"
    )
