"""Lists read an index; who is drawn has said so in person, or two have seen the signature."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0008"
down_revision = "0007"

INDEXES = (
    ("ix_topics_created_at", "topics", ["created_at", "topic_id"]),
    ("ix_topics_wall", "topics", ["area", "created_at", "topic_id"]),
    ("ix_tasks_created_at", "tasks", ["created_at", "task_id"]),
    ("ix_tasks_ledger", "tasks", ["area", "created_at", "task_id"]),
    ("ix_tasks_responsible_id", "tasks", ["responsible_id", "created_at"]),
    ("ix_sessions_created_at", "sessions", ["created_at", "session_id"]),
    ("ix_opinions_created_at", "opinions", ["created_at", "opinion_id"]),
    ("ix_opinions_board", "opinions", ["area", "created_at", "opinion_id"]),
    ("ix_escalations_created_at", "escalations", ["created_at", "escalation_id"]),
    ("ix_invitations_mine", "invitations", ["person_id", "created_at"]),
)


def upgrade():
    op.add_column("opt_ins", sa.Column("pending", sa.Boolean))
    op.add_column("opt_ins", sa.Column("receipt", sa.String(200)))
    op.add_column("opt_ins", sa.Column("withdrawn_by", store.Id))
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
