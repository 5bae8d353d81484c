"""What a supervisor found is listed to that supervisor."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade():
    op.create_index(
        "ix_supervisions_person_id", "supervisions", ["person_id", "created_at", "record_id"]
    )
