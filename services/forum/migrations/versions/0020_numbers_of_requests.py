"""The number of a request that was heard of is kept: people ask for it by that.

Of those before, the forum knows the numbers that topics say; a replay tells the others.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade():
    op.add_column("requests", sa.Column("number", sa.String(40), nullable=True))
    op.execute(
        "UPDATE requests SET number = (SELECT MAX(request_number) FROM topics"
        " WHERE topics.request_id = requests.request_id)"
    )
