"""Complaints whose project is not known yet, what complainants are told, lists by index."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("projects", sa.Column("buildings", store.Json))
    op.create_table(
        "undecided_complaints",
        sa.Column("undecided_id", store.Id, nullable=False),
        sa.Column("request_id", store.Id, nullable=False),
        sa.Column("number", sa.String(40)),
        sa.Column("grid", store.Area, nullable=False),
        sa.Column("building", sa.String(80)),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("claimed_project_id", store.Id),
        sa.Column("complainant_id", store.Id),
        sa.Column("filed_at", store.UtcDateTime, nullable=False),
        sa.Column("reopen_count", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("decided_by", store.Id),
        sa.Column("decided_at", store.UtcDateTime),
        sa.Column("complaint_id", store.Id),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("undecided_id", name="pk_undecided_complaints"),
        sa.UniqueConstraint("request_id", name="uq_undecided_complaints_request_id"),
    )
    op.create_table(
        "messages",
        sa.Column("message_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("complaint_id", store.Id),
        sa.Column("number", sa.String(40)),
        sa.Column("said", sa.Text),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_messages"),
    )
    for table, name, *columns in (
        ("complaints", "created", "created_at", "complaint_id"),
        ("complaints", "project", "project_id", "created_at", "complaint_id"),
        ("complaints", "complainant", "complainant_id", "created_at", "complaint_id"),
        ("complaints", "filed", "filed_at"),
        ("undecided_complaints", "area", "area", "created_at", "undecided_id"),
        ("undecided_complaints", "grid", "grid", "state"),
        ("undecided_complaints", "complainant", "complainant_id", "created_at"),
        ("messages", "person", "person_id", "created_at", "message_id"),
        ("rectifications", "created", "created_at", "rectification_id"),
        ("rectifications", "project", "project_id", "created_at", "rectification_id"),
        ("rectifications", "state", "state", "created_at", "rectification_id"),
    ):
        op.create_index(f"ix_{table}_{name}", table, columns)
