"""Incidents."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0016"
down_revision = "0015"


def upgrade():
    op.create_table(
        "incident_followers",
        sa.Column("incident_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("since", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "person_id", name=op.f("pk_incident_followers")),
    )
    op.create_index(
        op.f("ix_incident_followers_person_id"), "incident_followers", ["person_id"], unique=False
    )
    op.create_table(
        "incident_grids",
        sa.Column("grid", sa.String(length=15), nullable=False),
        sa.Column("incident_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("grid", "incident_id", name=op.f("pk_incident_grids")),
    )
    op.create_index(
        op.f("ix_incident_grids_incident_id"), "incident_grids", ["incident_id"], unique=False
    )
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("nature", sa.String(length=8), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("grids", store.Json, nullable=False),
        sa.Column("buildings", store.Json, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("starts_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("updates", store.Json, nullable=False),
        sa.Column("announced_by", sa.String(length=64), nullable=False),
        sa.Column("announced_role", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("number", name=op.f("uq_incidents_number")),
        info={"kind": "incident"},
    )
    op.create_index(
        "ix_incidents_created", "incidents", ["created_at", "incident_id"], unique=False
    )
    op.create_index(op.f("ix_incidents_project_id"), "incidents", ["project_id"], unique=False)
    op.create_index("ix_incidents_state", "incidents", ["state", "ends_at"], unique=False)
