"""What was heard of areas, people, stewards, projects and posts."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import Code, State, Subject, metadata

areas = sa.Table(
    "areas",
    metadata,
    sa.Column("code", store.Area, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("kind", Code, nullable=False),
    sa.Column("parent", store.Area),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
people = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area),
    sa.Column("is_adult", sa.Boolean, nullable=False),
    sa.Column("household_id", store.Id, index=True),
    sa.Column("state", State, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    # The sequence of the fact that said each column.
    sa.Column("sequences", store.Json),
)
# A person who was registered twice: what is told of the id that was given up is the kept one's.
merged_people = sa.Table(
    "merged_people",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("into_id", store.Id, nullable=False, index=True),
    sa.Column("at", store.UtcDateTime, nullable=False),
)
# Where a person lives from a time on, until the next row of the same person: sums of a household,
# a grid or a compound are those of the person who lived there when the month ended.
homes = sa.Table(
    "homes",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("since", store.UtcDateTime, primary_key=True),
    sa.Column("grid", store.Area),
    sa.Column("household_id", store.Id),
)
# Which grids a project serves, [since, until).
compounds = sa.Table(
    "compounds",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("grid", store.Area, primary_key=True),
    sa.Column("since", store.UtcDateTime, primary_key=True),
    sa.Column("until", store.UtcDateTime),
)
stewards = sa.Table(
    "stewards",
    metadata,
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("type", Code, nullable=False),
    sa.Column("duty", Code, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("left_at", store.UtcDateTime),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
projects = sa.Table(
    "projects",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("company_id", store.Id, nullable=False, index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("households", sa.Integer, nullable=False),
    sa.Column("status", State, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
# Who holds a post in whose matter, on which days: such a person decides nothing about it.
posts = sa.Table(
    "posts",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("post_ref", store.Id, primary_key=True),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("until", store.UtcDateTime),
    sa.Index("ix_posts_person_id", "person_id"),
)
