"""What changed after a month was frozen is a log of its own; what the history knows comes over."""

import json

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0022"
down_revision = "0021"


def upgrade():
    op.create_table(
        "restatements",
        sa.Column("restatement_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("after", sa.Integer(), nullable=True),
        sa.Column("frozen", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("complaint_id", sa.String(length=64), nullable=True),
        sa.Column("restated_by", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("restatement_id", name=op.f("pk_restatements")),
        info={"kind": "restatement"},
    )
    op.create_index(
        "ix_restatements_area",
        "restatements",
        ["area", "created_at", "restatement_id"],
        unique=False,
    )
    op.create_index(
        "ix_restatements_project",
        "restatements",
        ["project_id", "period", "created_at"],
        unique=False,
    )
    op.add_column("complaints", sa.Column("confirmed", sa.String(length=12), nullable=True))
    _fill(op.get_bind())


def _fill(conn):
    steps = conn.execute(
        sa.text(
            "SELECT h.id, h.ref, h.at, h.actor, h.role, h.detail, p.area FROM history h"
            " JOIN projects p ON p.project_id = h.ref"
            " WHERE h.kind = 'project' AND h.what = 'HISTORY_CORRECTED' ORDER BY h.id"
        )
    ).all()
    for step in steps:
        detail = json.loads(step.detail) if isinstance(step.detail, str) else step.detail
        frozen = conn.execute(
            sa.text("SELECT complaints FROM project_months WHERE project_id = :p AND period = :m"),
            {"p": step.ref, "m": detail["period"]},
        ).scalar()
        conn.execute(
            sa.text(
                "INSERT INTO restatements (restatement_id, project_id, period, kind, before, after,"
                " frozen, reason, complaint_id, restated_by, role, area, created_at) VALUES (:id,"
                " :p, :m, 'HISTORY_CORRECTED', NULL, :after, :frozen, :reason, NULL, :by, :role,"
                " :area, :at)"
            ),
            {
                "id": f"rst_{step.id}",
                "p": step.ref,
                "m": detail["period"],
                "after": None if frozen is None else frozen - detail["invalidated"],
                "frozen": frozen,
                "reason": detail["reason"],
                "by": step.actor,
                "role": step.role,
                "area": step.area,
                "at": step.at,
            },
        )
