"""The ground down to dwellings."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0021"
down_revision = "0020"


def upgrade():
    op.create_table(
        "places",
        sa.Column("place_code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("parent", sa.String(length=40), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("grid", sa.String(length=15), nullable=True),
        sa.Column("built_year", sa.SmallInteger(), nullable=True),
        sa.Column("mode", sa.String(length=14), nullable=True),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("area_m2", sa.String(length=12), nullable=True),
        sa.Column("occupancy", sa.String(length=8), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("place_code", name=op.f("pk_places")),
    )
    op.create_index("ix_places_area_kind", "places", ["area", "kind", "place_code"], unique=False)
    op.create_index(op.f("ix_places_grid"), "places", ["grid"], unique=False)
    op.create_index(op.f("ix_places_parent"), "places", ["parent"], unique=False)
    op.create_table(
        "shapes",
        sa.Column("shape_code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("geometry", store.Json, nullable=False),
        sa.Column("west", sa.Integer(), nullable=False),
        sa.Column("south", sa.Integer(), nullable=False),
        sa.Column("east", sa.Integer(), nullable=False),
        sa.Column("north", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("drawn_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shape_code", name=op.f("pk_shapes")),
    )
    op.create_index(op.f("ix_shapes_area"), "shapes", ["area"], unique=False)
    op.create_index("ix_shapes_box", "shapes", ["west", "east"], unique=False)
