"""Meetings are called."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0021"
down_revision = "0020"


def upgrade():
    op.create_table(
        "meeting_calls",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("starts_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("agenda", store.Json, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("called_by", sa.String(length=64), nullable=False),
        sa.Column("meeting_id", sa.String(length=64), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_meeting_calls")),
        info={"kind": "meeting_call"},
    )
    op.create_index(
        "ix_meeting_calls_area", "meeting_calls", ["area", "created_at", "call_id"], unique=False
    )
    op.create_index(
        op.f("ix_meeting_calls_project_id"), "meeting_calls", ["project_id"], unique=False
    )
    op.create_table(
        "meeting_invitations",
        sa.Column("invitation_id", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=4), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("answered_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_meeting_invitations")),
    )
    op.create_index(
        op.f("ix_meeting_invitations_call_id"), "meeting_invitations", ["call_id"], unique=False
    )
    op.create_index(
        op.f("ix_meeting_invitations_person_id"), "meeting_invitations", ["person_id"], unique=False
    )
    op.create_table(
        "meeting_minutes",
        sa.Column("meeting_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("files", store.Json, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("drafted_by", sa.String(length=64), nullable=False),
        sa.Column("committee_by", sa.String(length=64), nullable=True),
        sa.Column("owners_by", sa.String(length=64), nullable=True),
        sa.Column("property_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", name=op.f("pk_meeting_minutes")),
        info={"kind": "minutes"},
    )
    op.create_index(
        "ix_meeting_minutes_area",
        "meeting_minutes",
        ["area", "created_at", "meeting_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_meeting_minutes_project_id"), "meeting_minutes", ["project_id"], unique=False
    )
    op.create_table(
        "minutes_present",
        sa.Column("present_id", sa.String(length=64), nullable=False),
        sa.Column("meeting_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("present_id", name=op.f("pk_minutes_present")),
    )
    op.create_index(
        op.f("ix_minutes_present_meeting_id"), "minutes_present", ["meeting_id"], unique=False
    )
    op.create_index(
        op.f("ix_minutes_present_person_id"), "minutes_present", ["person_id"], unique=False
    )
    op.add_column("works", sa.Column("responsible", sa.String(length=10), nullable=True))
