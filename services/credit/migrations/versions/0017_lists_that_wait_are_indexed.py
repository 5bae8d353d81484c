"""Lists that wait are indexed."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade():
    op.create_index(
        "ix_commendations_state",
        "commendations",
        ["state", "opened_at", "commendation_id"],
        unique=False,
    )
    op.create_index(
        "ix_nominee_objections_state",
        "nominee_objections",
        ["state", "filed_at", "objection_id"],
        unique=False,
    )
    op.create_index(
        "ix_objections_state", "objections", ["state", "filed_at", "objection_id"], unique=False
    )
    op.create_index("ix_posts_person_id", "posts", ["person_id"], unique=False)
    op.create_index(
        "ix_repairs_state", "repairs", ["state", "applied_at", "repair_id"], unique=False
    )
    op.create_index(
        "ix_settlements_state",
        "settlements",
        ["state", "created_at", "settlement_id"],
        unique=False,
    )
