"""Rooms and their owners."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0018"
down_revision = "0017"


def upgrade():
    op.create_table(
        "room_owners",
        sa.Column("owning_id", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=True),
        sa.Column("organisation", sa.String(length=200), nullable=True),
        sa.Column("uscc", sa.String(length=40), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("document_ref", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("owning_id", name=op.f("pk_room_owners")),
    )
    op.create_index(op.f("ix_room_owners_person_id"), "room_owners", ["person_id"], unique=False)
    op.create_index(op.f("ix_room_owners_room_id"), "room_owners", ["room_id"], unique=False)
    op.create_table(
        "rooms",
        sa.Column("room_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("building", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("place_key", sa.String(length=160), nullable=False),
        sa.Column("area_m2_hundredths", sa.BigInteger(), nullable=False),
        sa.Column("use", sa.String(length=12), nullable=False),
        sa.Column("holding", sa.String(length=8), nullable=False),
        sa.Column("document_ref", sa.String(length=200), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_rooms")),
        info={"kind": "room"},
    )
    op.create_index("ix_rooms_area", "rooms", ["area", "created_at", "room_id"], unique=False)
    op.create_index("uq_rooms_place", "rooms", ["project_id", "place_key"], unique=True)
