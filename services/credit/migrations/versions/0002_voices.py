"""Voices: who files for somebody, consents that two people give back, messages, people merged."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("objections", sa.Column("filed_by", store.Id, nullable=True))
    op.add_column("objections", sa.Column("receipt_no", sa.String(length=120), nullable=True))
    op.add_column("consents", sa.Column("proposed_by", store.Id, nullable=True))
    op.create_table(
        "consent_proposals",
        sa.Column("proposal_id", store.Id, nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("household_id", store.Id, nullable=True),
        sa.Column("notice_version", sa.String(length=20), nullable=False),
        sa.Column("purposes", store.Json, nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("evidence_ref", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", store.Id, nullable=False),
        sa.Column("proposed_at", store.UtcDateTime, nullable=False),
        sa.Column("due_at", store.UtcDateTime, nullable=False),
        sa.Column("decided_by", store.Id, nullable=True),
        sa.Column("decided_at", store.UtcDateTime, nullable=True),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grid", store.Area, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_consent_proposals")),
    )
    op.create_index(op.f("ix_consent_proposals_person_id"), "consent_proposals", ["person_id"])
    op.create_index(
        "uq_consent_proposals_open",
        "consent_proposals",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
        sqlite_where=sa.text("state = 'PROPOSED'"),
    )
    op.create_table(
        "messages",
        sa.Column("message_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=True),
        sa.Column("subject_id", sa.String(length=80), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=80), nullable=True),
        sa.Column("detail", store.Json, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_person_id", "messages", ["person_id", "created_at"])
    op.create_index("ix_messages_subject_id", "messages", ["subject_id", "created_at"])
    op.create_table(
        "merged_people",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("into_id", store.Id, nullable=False),
        sa.Column("at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_merged_people")),
    )
    op.create_index(op.f("ix_merged_people_into_id"), "merged_people", ["into_id"])
