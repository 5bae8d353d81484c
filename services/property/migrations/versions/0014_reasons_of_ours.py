"""Reasons that nobody wrote are known by a code."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

# As they were kept until now.
_OWN = {
    "DUPLICATE": "同一事项已合并",
    "NO_PROPERTY_MATTER": "诉求类别或地点已更正,不属于物业投诉",
    "REJECTED": "诉求不予受理",
    "TAKEN_BACK": "投诉人已撤回诉求",
}


def upgrade():
    op.add_column("complaints", sa.Column("reason_code", sa.String(32), nullable=True))
    op.add_column("messages", sa.Column("said_code", sa.String(32), nullable=True))
    complaints = sa.table(
        "complaints", sa.column("reason"), sa.column("reason_code"), sa.column("decided_by")
    )
    messages = sa.table("messages", sa.column("said"), sa.column("said_code"), sa.column("code"))
    for code, text in _OWN.items():
        # What somebody has decided, somebody has written.
        op.execute(
            sa.update(complaints)
            .where(complaints.c.reason == text, complaints.c.decided_by.is_(None))
            .values(reason_code=code)
        )
        op.execute(
            sa.update(messages)
            .where(messages.c.said == text, messages.c.code.in_(["CLOSED", "DISMISSED"]))
            .values(said_code=code)
        )
