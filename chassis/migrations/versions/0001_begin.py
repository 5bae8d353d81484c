"""Begin: outbox, inbox, timers, jobs and what else the mechanisms keep, as of release 0.1.0."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0001"
down_revision = None


def upgrade():
    bind = op.get_bind()
    if sa.inspect(bind).has_table("outbox"):
        return  # a database of 0.1.0, where the service's own first migration made them
    metadata = store.new_metadata()
    tables(metadata)
    metadata.create_all(bind)


def tables(metadata):
    unsent = sa.text("sent_at IS NULL")
    waiting = sa.text("state IN ('PARKED', 'RETRY')")
    sa.Table(
        "outbox",
        metadata,
        sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
        sa.Column("event_id", store.Uuid, nullable=False),
        sa.Column("fact", sa.String(80), nullable=False),
        sa.Column("partition", sa.SmallInteger, nullable=False),
        sa.Column("subject", store.Id, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("traceparent", sa.String(64)),
        sa.Column("recorded_at", store.UtcDateTime, nullable=False),
        sa.Column("sent_at", store.UtcDateTime),
        # A version 2 of a fact goes out beside version 1 with the same event id.
        sa.UniqueConstraint("event_id", "fact"),
        sa.Index(
            "ix_outbox_unsent",
            "id",
            postgresql_where=unsent,
            sqlite_where=unsent,
        ),
        sqlite_autoincrement=True,
    )
    sa.Table(
        "inbox",
        metadata,
        sa.Column("handler", sa.String(80), primary_key=True),
        sa.Column("event_id", store.Uuid, primary_key=True),
        sa.Column("heard_at", store.UtcDateTime, nullable=False),
        sqlite_with_rowid=False,
    )
    sa.Table(
        "cursors",
        metadata,
        sa.Column("source", sa.String(40), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    sa.Table(
        "parked",
        metadata,
        sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
        sa.Column("handler", sa.String(80), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("partition", sa.SmallInteger),
        sa.Column("event_id", sa.String(64)),
        sa.Column("fact", sa.String(80)),
        sa.Column("subject", sa.String(200)),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("parked_at", store.UtcDateTime, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("decided_at", store.UtcDateTime),
        sa.Column("decided_by", sa.String(80)),
        sa.Index("ix_parked_waiting", "source", postgresql_where=waiting, sqlite_where=waiting),
        sqlite_autoincrement=True,
    )
    sa.Table(
        "idempotency",
        metadata,
        sa.Column("actor", store.Id, primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("method", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reply", store.Json),
        sa.Column("created_at", store.UtcDateTime, nullable=False, index=True),
    )
    sa.Table(
        "timers",
        metadata,
        sa.Column("kind", sa.String(60), primary_key=True),
        sa.Column("ref", sa.String(120), primary_key=True),
        sa.Column("due_at", store.UtcDateTime, nullable=False, index=True),
        sa.Column("data", store.Json, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", store.UtcDateTime),
    )
    sa.Table(
        "jobs",
        metadata,
        sa.Column("job_id", store.Id, primary_key=True),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("params", store.Json, nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("note", sa.Text),
        sa.Column("saved", store.Json),
        sa.Column("result", store.Json),
        sa.Column("error", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("lease_until", store.UtcDateTime),
        sa.Column("requested_by", store.Id),
        sa.Column("area", store.Area),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.Column("updated_at", store.UtcDateTime, nullable=False),
    )
    sa.Table(
        "audit",
        metadata,
        sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
        sa.Column("at", store.UtcDateTime, nullable=False),
        sa.Column("actor", store.Id, nullable=False),
        sa.Column("role", sa.String(30), nullable=False),
        sa.Column("scope", store.Area, nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("target", sa.String(120)),
        sa.Column("result", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("trace", sa.String(64)),
        sqlite_autoincrement=True,
    )
    sa.Table(
        "clock",
        metadata,
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("offset_us", sa.BigInteger, nullable=False),
    )
