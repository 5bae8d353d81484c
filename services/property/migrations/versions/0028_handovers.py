"""Handovers."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0028"
down_revision = "0027"


def upgrade():
    op.create_table(
        "handover_items",
        sa.Column("item_id", sa.String(length=64), nullable=False),
        sa.Column("handover_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("new_project_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("concerns", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("remark", sa.String(length=500), nullable=True),
        sa.Column("files", store.Json, nullable=False),
        sa.Column("handed_by", sa.String(length=64), nullable=True),
        sa.Column("handed_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("received_by", sa.String(length=64), nullable=True),
        sa.Column("received_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.Column("due_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_handover_items")),
        info={"kind": "handover_item"},
    )
    op.create_index(
        "ix_handover_items_area", "handover_items", ["area", "created_at", "item_id"], unique=False
    )
    op.create_index(
        op.f("ix_handover_items_handover_id"), "handover_items", ["handover_id"], unique=False
    )
    op.create_index(
        op.f("ix_handover_items_new_project_id"), "handover_items", ["new_project_id"], unique=False
    )
    op.create_index(
        op.f("ix_handover_items_project_id"), "handover_items", ["project_id"], unique=False
    )
    op.create_index("ix_handover_items_state", "handover_items", ["state", "due_at"], unique=False)
    op.create_table(
        "handovers",
        sa.Column("handover_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("new_project_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("handover_id", name=op.f("pk_handovers")),
        info={"kind": "handover"},
    )
    op.create_index(
        "ix_handovers_area", "handovers", ["area", "created_at", "handover_id"], unique=False
    )
    op.create_index(
        op.f("ix_handovers_new_project_id"), "handovers", ["new_project_id"], unique=False
    )
    op.create_index(op.f("ix_handovers_project_id"), "handovers", ["project_id"], unique=False)
