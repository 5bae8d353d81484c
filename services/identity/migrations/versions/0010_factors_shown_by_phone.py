"""Whether an authenticator's secret was shown in a session that began by a code on the phone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    op.add_column(
        "accounts",
        sa.Column("factor_by_phone", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
