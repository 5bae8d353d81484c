"""The audit says session, address and refusals; days are sealed; rows are only added to it."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import append_only
from fivered.chassis import storage as store

revision = "0011"
down_revision = "0010"


def upgrade():
    op.add_column("audit", sa.Column("session", store.Id))
    op.add_column("audit", sa.Column("address", sa.String(45)))
    op.add_column("audit", sa.Column("refused", sa.String(60)))
    op.create_table(
        "audit_seals",
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("marks", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", store.UtcDateTime, nullable=False),
        sa.Column("sealed_by", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_audit_seals"),
        sa.UniqueConstraint("day", name="uq_audit_seals_day"),
    )
    op.create_table(
        "audit_marks",
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("marks", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("place", "part", name="pk_audit_marks"),
    )
    append_only.hold(op.get_bind())
