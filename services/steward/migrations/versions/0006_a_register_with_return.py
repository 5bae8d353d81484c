"""Persons who come back, come of age or were registered twice; what was corrected, by whom, why."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0006"
down_revision = "0005"


def upgrade():
    op.add_column("persons", sa.Column("birthday", sa.LargeBinary(), nullable=True))
    op.add_column("persons", sa.Column("merged_into", store.Id, nullable=True))
    op.drop_index("uq_persons_phone_hmac", table_name="persons")
    op.create_index("ix_persons_phone_hmac", "persons", ["phone_hmac"], unique=False)
    op.create_index("ix_persons_merged_into", "persons", ["merged_into"], unique=False)
    op.create_index(
        "ix_persons_is_adult_birth_year", "persons", ["is_adult", "birth_year"], unique=False
    )
    op.create_table(
        "register_changes",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("ref", store.Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", store.UtcDateTime(), nullable=False),
        sa.Column("actor_id", store.Id, nullable=False),
        sa.Column("actor_role", sa.String(30), nullable=False),
        sa.Column("action", sa.String(24), nullable=False),
        sa.Column("fields", store.Json, nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_register_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_register_changes_ref", "register_changes", ["ref"], unique=False)
    op.create_table(
        "person_merges",
        sa.Column("merge_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("into", store.Id, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("proposed_by", store.Id, nullable=False),
        sa.Column("created_at", store.UtcDateTime(), nullable=False),
        sa.Column("decided_by", store.Id, nullable=True),
        sa.Column("decided_at", store.UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", name="pk_person_merges"),
    )
    for column in ("person_id", "area"):
        op.create_index(f"ix_person_merges_{column}", "person_merges", [column], unique=False)
    arm_birthdays()


def arm_birthdays():
    """Minors of before come of age as well: their year is known, so the year after their 18th."""
    persons = sa.table("persons", sa.column("birth_year"), sa.column("is_adult", sa.Boolean()))
    minors = sa.and_(persons.c.is_adult.is_(False), persons.c.birth_year.is_not(None))
    years = sa.select(persons.c.birth_year).where(minors).distinct()
    timers = sa.table(
        "timers",
        sa.column("kind"),
        sa.column("ref"),
        sa.column("due_at", store.UtcDateTime()),
        sa.column("data", store.Json),
        sa.column("attempts"),
    )
    rows = [
        {
            "kind": "COMING_OF_AGE",
            "ref": f"{year + 19}-01-01",
            # Midnight of New Year in Shanghai.
            "due_at": datetime(year + 18, 12, 31, 16, tzinfo=UTC),
            "data": {},
            "attempts": 0,
        }
        for year in op.get_bind().execute(years).scalars()
    ]
    if rows:
        op.bulk_insert(timers, rows)
