"""What is about one person is sealed with a key of that person.

A new database begins so; in one of before the operator says when (`fivered keys persons --begin`):
the release before cannot open such values.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0012"
down_revision = "0011"


def upgrade():
    op.create_table(
        "person_keys",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("handle", sa.String(32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary),
        sa.Column("made_at", store.UtcDateTime, nullable=False),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_person_keys"),
        sa.UniqueConstraint("handle", name="uq_person_keys_handle"),
    )
    op.create_index(
        "ix_person_keys_waits",
        "person_keys",
        ["person_id"],
        postgresql_where=sa.text("waits"),
        sqlite_where=sa.text("waits = 1"),
    )
    conn = op.get_bind()
    # The service's own tables come behind these: where there are none yet, the database is new.
    if not sa.inspect(conn).has_table("alembic_version"):
        in_use = sa.table(
            "keys_in_use",
            sa.column("purpose", sa.String),
            sa.column("key_id", sa.String),
            sa.column("since", store.UtcDateTime),
        )
        row = {"purpose": "PERSON", "key_id": "done", "since": datetime.now(UTC)}
        conn.execute(sa.insert(in_use), row)
