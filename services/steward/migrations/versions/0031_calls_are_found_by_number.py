"""Calls are found by number."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade():
    op.add_column("request_calls", sa.Column("phone_hmac", sa.String(length=64), nullable=True))
    op.create_index("ix_request_calls_phone_hmac", "request_calls", ["phone_hmac"], unique=False)
