"""Messages by wechat."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade():
    op.add_column("message_choices", sa.Column("wechat", sa.LargeBinary(), nullable=True))
