"""Replies have templates."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0038"
down_revision = "0037"


def upgrade():
    op.create_table(
        "reply_template_versions",
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=True),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("text_zh", sa.String(length=800), nullable=False),
        sa.Column("text_en", sa.String(length=800), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("changed_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_reply_template_versions")),
    )
    op.create_table(
        "reply_templates",
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=True),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("text_zh", sa.String(length=800), nullable=False),
        sa.Column("text_en", sa.String(length=800), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("changed_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("template_id", name=op.f("pk_reply_templates")),
    )
    op.create_index(
        "ix_reply_templates_area",
        "reply_templates",
        ["area", "created_at", "template_id"],
        unique=False,
    )
