"""Each vote has a key that ends with it, and no digest of a choice stays.

A digest is keyed, but whoever has its key and the row could try all three choices.
"""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import append_only

revision = "0021"
down_revision = "0020"


def upgrade():
    op.create_table(
        "vote_keys",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("topic_id", sa.String(length=64), nullable=False),
        sa.Column("half", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "topic_id", name=op.f("pk_vote_keys")),
    )
    # Rows are only added to the audit; this change is made before its days are sealed.
    with append_only.lifted(op.get_bind(), "audit"):
        op.execute("UPDATE audit SET digest = 'k1:' WHERE action = 'vote'")
    op.execute("UPDATE idempotency SET digest = 'k1:' WHERE method = 'vote'")
