"""Subjects: where they belong and in which state they are, now and before."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.credit.storage.tables.base import State, Subject, metadata

subjects = sa.Table(
    "subjects",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("kind", sa.String(4), nullable=False),
    sa.Column("ref", store.Id, nullable=False),
    # Empty while only an award has named the subject: the order between sources is free.
    sa.Column("area", store.Area),
    sa.Column("grid", store.Area),
    # Where it belonged when the month of `area_since` began: the month before settles there.
    sa.Column("area_before", store.Area),
    sa.Column("area_since", store.UtcDateTime),
    sa.Column("holder", store.Id, index=True),
    sa.Column("spendable", sa.Boolean, nullable=False),
    sa.Column("state", State, nullable=False),
    sa.Column("opened_at", store.UtcDateTime, nullable=False),
    sa.Column("closed_at", store.UtcDateTime),
    # After a withdrawal or a leave the points stay spendable until here.
    sa.Column("spendable_until", store.UtcDateTime),
    # Of which end it was reminded.
    sa.Column("reminded_of", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_subjects_area", "area", "kind"),
    sa.Index("ix_subjects_area_before", "area_before"),
)
# Where a subject belonged, and in which state it was, in [since, until): what it is now stands in
# its own row. A month settles by what held on its last day, however long it takes to be confirmed.
places = sa.Table(
    "places",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("until", store.UtcDateTime, primary_key=True),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Index("ix_places_area", "area", "until"),
)
states = sa.Table(
    "states",
    metadata,
    sa.Column("subject_id", Subject, primary_key=True),
    sa.Column("until", store.UtcDateTime, primary_key=True),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("state", State, nullable=False),
)


def belonging(end: datetime | sa.BindParameter[datetime]) -> sa.Subquery:
    """Return (subject_id, area): where each subject belonged just before `end`, in words that let
    the database look at the subjects of one area only.

    A person who has come later than `end` belonged to the place of the first fact.
    """
    subject, place = subjects.c, places.c
    told = sa.exists().where(
        place.subject_id == subject.subject_id, place.since < end, place.until >= end
    )
    return sa.union_all(
        sa.select(subject.subject_id, subject.area).where(
            subject.area_since < end, subject.area.is_not(None)
        ),
        sa.select(place.subject_id, place.area).where(place.since < end, place.until >= end),
        sa.select(subject.subject_id, subject.area_before.label("area")).where(
            subject.area_since >= end, subject.area_before.is_not(None), sa.not_(told)
        ),
    ).subquery("belonging")


def state_at(end: datetime | sa.BindParameter[datetime]) -> sa.ColumnElement[str]:
    """Return the state in which a subject was just before `end`."""
    state = states.c
    before = (
        sa.select(state.state)
        .where(state.subject_id == subjects.c.subject_id, state.since < end, state.until >= end)
        .scalar_subquery()
    )
    return sa.func.coalesce(before, subjects.c.state)
