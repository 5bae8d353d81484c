"""Owners votes."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0019"
down_revision = "0018"


def upgrade():
    op.create_table(
        "owners_votes",
        sa.Column("vote_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("matter", sa.String(length=24), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("topic_id", sa.String(length=64), nullable=True),
        sa.Column("repeats", sa.String(length=64), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("abstentions", sa.String(length=12), nullable=False),
        sa.Column("unreturned", sa.String(length=12), nullable=False),
        sa.Column("called_by", sa.String(length=64), nullable=False),
        sa.Column("opens_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closes_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("count_due_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("counted_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("objections_until", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("final_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("roll_sha256", sa.String(length=64), nullable=True),
        sa.Column("left_out", store.Json, nullable=True),
        sa.Column("counts", store.Json, nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("document_sha256", sa.String(length=64), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("vote_id", name=op.f("pk_owners_votes")),
        sa.UniqueConstraint("number", name=op.f("uq_owners_votes_number")),
        sa.UniqueConstraint("repeats", name=op.f("uq_owners_votes_repeats")),
        info={"kind": "vote"},
    )
    op.create_index(
        "ix_owners_votes_area", "owners_votes", ["area", "created_at", "vote_id"], unique=False
    )
    op.create_index(
        op.f("ix_owners_votes_project_id"), "owners_votes", ["project_id"], unique=False
    )
    op.create_table(
        "vote_lines",
        sa.Column("vote_id", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rooms", store.Json, nullable=False),
        sa.Column("organisations", store.Json, nullable=False),
        sa.Column("area_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("line_sha256", sa.String(length=64), nullable=False),
        sa.Column("choice", sa.String(length=8), nullable=True),
        sa.Column("via", sa.String(length=8), nullable=True),
        sa.Column("cast_by", sa.String(length=64), nullable=True),
        sa.Column("cast_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("vote_id", "line", name=op.f("pk_vote_lines")),
    )
    op.create_table(
        "vote_objections",
        sa.Column("objection_id", sa.String(length=64), nullable=False),
        sa.Column("vote_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_vote_objections")),
        info={"kind": "vote_objection"},
    )
    op.create_index(
        "ix_vote_objections_area",
        "vote_objections",
        ["area", "created_at", "objection_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_vote_objections_person_id"), "vote_objections", ["person_id"], unique=False
    )
    op.create_index(
        op.f("ix_vote_objections_vote_id"), "vote_objections", ["vote_id"], unique=False
    )
    op.create_table(
        "vote_papers",
        sa.Column("paper_id", sa.String(length=64), nullable=False),
        sa.Column("vote_id", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("choice", sa.String(length=8), nullable=False),
        sa.Column("paper_ref", sa.String(length=200), nullable=False),
        sa.Column("evidence", store.Json, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_vote_papers")),
        info={"kind": "paper"},
    )
    op.create_index(
        "ix_vote_papers_area", "vote_papers", ["area", "created_at", "paper_id"], unique=False
    )
    op.create_index(op.f("ix_vote_papers_vote_id"), "vote_papers", ["vote_id"], unique=False)
    op.create_table(
        "vote_voters",
        sa.Column("voter_id", sa.String(length=64), nullable=False),
        sa.Column("vote_id", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("voter_id", name=op.f("pk_vote_voters")),
    )
    op.create_index(op.f("ix_vote_voters_person_id"), "vote_voters", ["person_id"], unique=False)
    op.create_index("ix_vote_voters_room", "vote_voters", ["vote_id", "room_id"], unique=False)
