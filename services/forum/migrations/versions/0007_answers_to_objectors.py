"""Each objection has its decision with reasons."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0007"
down_revision = "0006"


def upgrade():
    op.add_column("objections", sa.Column("outcome", sa.String(40)))
    op.add_column("objections", sa.Column("reasons", sa.Text))
    op.add_column("objections", sa.Column("decided_at", store.UtcDateTime))
    op.create_index("ix_objections_person_id", "objections", ["person_id", "created_at"])
    op.create_index("ix_objections_topic_id", "objections", ["topic_id", "created_at"])
