"""Rooms have places."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade():
    op.create_table(
        "known_places",
        sa.Column("place_code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("community", sa.String(length=15), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("place_code", name=op.f("pk_known_places")),
    )
    op.add_column("rooms", sa.Column("place_code", sa.String(length=40), nullable=True))
    op.create_index(op.f("ix_rooms_place_code"), "rooms", ["place_code"], unique=False)
