"""Which files belong to which thing."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0013"
down_revision = "0012"


def upgrade():
    op.create_table(
        "files",
        sa.Column("thing", sa.String(60), nullable=False),
        sa.Column("thing_id", sa.String(120), nullable=False),
        sa.Column("file_id", store.Id, nullable=False),
        sa.Column("sha256", sa.String(81), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("person_id", store.Id),
        sa.Column("added_by", store.Id, nullable=False),
        sa.Column("added_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("thing", "thing_id", "file_id", name="pk_files"),
    )
    op.create_index("ix_files_person_id", "files", ["person_id"])
    op.create_index("ix_files_file_id", "files", ["file_id"])
    op.create_index("ix_files_thing_id", "files", ["thing_id"])
    op.create_index("ix_files_sha256", "files", ["sha256"])
