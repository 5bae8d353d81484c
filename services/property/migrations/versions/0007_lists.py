"""Every list of an area is read by an index."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    for table, key in (
        ("appointments", "appointment_id"),
        ("agreements", "agreement_id"),
        ("tripartite_meetings", "meeting_id"),
        ("works", "work_id"),
        ("disclosures", "disclosure_id"),
    ):
        op.create_index(f"ix_{table}_area", table, ["area", "created_at", key])
    op.create_index(
        "ix_commitments_area", "commitments", ["area", "state", "created_at", "commitment_id"]
    )
