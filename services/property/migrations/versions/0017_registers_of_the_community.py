"""Registers of the community; who sits in owners' committees of before has a seat there."""

from datetime import date

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0017"
down_revision = "0016"


def upgrade():
    op.create_table(
        "community_bodies",
        sa.Column("body_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("uscc", sa.String(length=40), nullable=True),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("term_from", sa.Date(), nullable=False),
        sa.Column("term_to", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("document_ref", sa.String(length=200), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("body_id", name=op.f("pk_community_bodies")),
        info={"kind": "body"},
    )
    op.create_index(
        "ix_community_bodies_area",
        "community_bodies",
        ["area", "created_at", "body_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_community_bodies_project_id"), "community_bodies", ["project_id"], unique=False
    )
    op.create_index(op.f("ix_community_bodies_uscc"), "community_bodies", ["uscc"], unique=False)
    op.create_table(
        "seats",
        sa.Column("seat_id", sa.String(length=64), nullable=False),
        sa.Column("body_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("post", sa.String(length=20), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_seats")),
    )
    op.create_index(op.f("ix_seats_body_id"), "seats", ["body_id"], unique=False)
    op.create_index(op.f("ix_seats_person_id"), "seats", ["person_id"], unique=False)
    _seat_committees()


def _seat_committees():
    """Of committees of before it is known who sits there, not since when: their term's days stand
    in for it."""
    committees = sa.table(
        "owners_committees",
        sa.column("committee_id"),
        sa.column("members", store.Json),
        sa.column("chair"),
        sa.column("term_from", sa.Date()),
        sa.column("term_to", sa.Date()),
        sa.column("state"),
    )
    seats = sa.table(
        "seats",
        *(sa.column(name) for name in ("seat_id", "body_id", "person_id", "post")),
        sa.column("since", sa.Date()),
        sa.column("until", sa.Date()),
    )
    for row in op.get_bind().execute(sa.select(committees)).all():
        until: date | None = None if row.state == "IN_TERM" else row.term_to
        told = [
            {
                "seat_id": f"sea_{number}_{row.committee_id}"[:64],
                "body_id": row.committee_id,
                "person_id": person,
                "post": "CHAIR" if person == row.chair else "MEMBER",
                "since": row.term_from,
                "until": until,
            }
            for number, person in enumerate(sorted(set(row.members)))
        ]
        if told:
            op.bulk_insert(seats, told)
