"""Categories, service times and hours are data; the shipped ones are the first version."""

import json
from datetime import UTC, date, datetime
from importlib import resources

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0040"
down_revision = "0039"


BEGINNING = date(2000, 1, 1)


def ship(standards):
    """Bring the first version."""
    file = resources.files("fivered.services.steward").joinpath("data/service_standard_1.json")
    midnight = datetime(1999, 12, 31, 16, tzinfo=UTC)
    row = {
        "standard_id": "std_1",
        "number": 1,
        "state": "APPROVED",
        "effective_from": BEGINNING,
        "effective_at": midnight,
        "source": "随系统提供 / shipped with the service",
        "content": json.loads(file.read_text("utf-8")),
        "proposed_by": "system",
        "proposed_at": midnight,
        "version": 1,
    }
    op.bulk_insert(standards, [row])


def upgrade():
    standards = op.create_table(
        "service_standards",
        sa.Column("standard_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("based_on", sa.String(length=64), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("content", store.Json, nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("standard_id", name=op.f("pk_service_standards")),
        sa.UniqueConstraint("number", name=op.f("uq_service_standards_number")),
    )
    op.create_index(
        "uq_service_standards_open",
        "service_standards",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
        sqlite_where=sa.text("state = 'PROPOSED'"),
    )
    op.add_column("requests", sa.Column("standard_id", sa.String(length=64), nullable=True))
    op.add_column("requests", sa.Column("subcategory", sa.String(length=24), nullable=True))
    ship(standards)
