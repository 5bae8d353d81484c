"""Requests: whose reference it is, who recorded it, who is a party; lists in the order of indexes."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0002"
down_revision = "0001"

_COLUMNS = (
    ("reference", lambda: sa.String(100)),
    ("recorded_by", lambda: store.Id),
    ("topic_id", lambda: store.Id),
    ("against", lambda: store.Id),
    ("urged_at", store.UtcDateTime),
    ("checked_by", lambda: store.Id),
)
_INDEXES = (
    ("ix_requests_created_at", ["created_at", "request_id"]),
    ("ix_requests_state_created_at", ["state", "created_at", "request_id"]),
    ("ix_requests_area_state", ["area", "state", "created_at", "request_id"]),
    ("ix_requests_grid_state", ["grid", "state", "created_at", "request_id"]),
    ("ix_requests_project_created_at", ["project_id", "created_at", "request_id"]),
    ("ix_requests_handler_person_state", ["handler_person", "state"]),
)


def upgrade():
    for name, kind in _COLUMNS:
        op.add_column("requests", sa.Column(name, kind(), nullable=True))
    op.add_column(
        "requests", sa.Column("transfers", sa.Integer(), nullable=False, server_default="0")
    )
    for name, columns in _INDEXES:
        op.create_index(name, "requests", columns, unique=False)
    # What was closed before anybody had to look at it stays counted in its month.
    op.execute(
        "UPDATE requests SET checked_by = 'system'"
        " WHERE found_by IS NOT NULL AND closed_at IS NOT NULL"
    )
    op.create_table(
        "request_references",
        sa.Column("source", store.Id, nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("community", store.Area, nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("request_id", store.Id, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint(
            "source", "channel", "community", "reference", name="pk_request_references"
        ),
    )
    op.create_index("ix_request_timeline_action_at", "request_timeline", ["action", "at"])
    op.add_column("projects", sa.Column("company_id", store.Id, nullable=True))
    op.create_index("ix_projects_company_id", "projects", ["company_id"], unique=False)
    op.create_table(
        "parties",
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("post", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ref", "post", "person_id", name="pk_parties"),
    )
    op.create_index("ix_parties_person_id", "parties", ["person_id"], unique=False)
