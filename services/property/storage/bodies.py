"""Residents' committees and party branches, and who has sat in them and in owners' committees."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from fivered.chassis import identities, records
from fivered.chassis import storage as store
from fivered.services.property.storage import tables as t

Row = records.Row

bodies = sa.Table(
    "community_bodies",
    t.metadata,
    sa.Column("body_id", store.Id, primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("uscc", sa.String(40), index=True),
    # The compound whose party branch it is.
    sa.Column("project_id", store.Id, index=True),
    sa.Column("term_from", sa.Date, nullable=False),
    sa.Column("term_to", sa.Date, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("document_ref", sa.String(200), nullable=False),
    # The body that it has replaced before that one's term was over.
    sa.Column("replaces", store.Id),
    sa.Column("end_reason", sa.Text),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_community_bodies_area", "area", "created_at", "body_id"),
    info={"kind": "body"},
)
# Who has sat from when until when, exclusive; of owners' committees too.
seats = sa.Table(
    "seats",
    t.metadata,
    sa.Column("seat_id", store.Id, primary_key=True),
    sa.Column("body_id", store.Id, nullable=False, index=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("post", sa.String(20), nullable=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("until", sa.Date),
    sa.Column("reason", sa.Text),
)


# In office, or elected for a term that has not begun.
RUNNING = ("IN_TERM", "ELECTED")


def seats_of(conn: sa.Connection, body_ids: Collection[str], on: date | None = None) -> list[Row]:
    """Return the seats of these bodies in order; with a day, those that were held on it."""
    asked = sa.select(seats).where(seats.c.body_id.in_(sorted(body_ids)))
    if on is not None:
        asked = asked.where(*_held(on))
    return records.rows(conn, asked.order_by(seats.c.since, seats.c.seat_id))


def _held(on: date) -> tuple[sa.ColumnElement[bool], ...]:
    return seats.c.since <= on, sa.or_(seats.c.until.is_(None), seats.c.until > on)


def open_seats(conn: sa.Connection, body_id: str) -> dict[str, Row]:
    """Return the seats that nobody has ended, by person."""
    asked = sa.select(seats).where(seats.c.body_id == body_id, seats.c.until.is_(None))
    return {row.person_id: row for row in records.rows(conn, asked.order_by(seats.c.seat_id))}


def end_seat(conn: sa.Connection, seat_id: str, until: date, reason: str | None) -> None:
    """End a seat; `until` is the first day on which nobody sits there."""
    of = seats.c.seat_id == seat_id
    conn.execute(sa.update(seats).where(of).values(until=until, reason=reason))


def reopen_seats(conn: sa.Connection, body_id: str, reason: str) -> None:
    """Let who lost a seat for a reason sit there as before."""
    of = (seats.c.body_id == body_id, seats.c.reason == reason)
    conn.execute(sa.update(seats).where(*of).values(until=None, reason=None))


def begin_seats(conn: sa.Connection, body_id: str, since: date) -> None:
    """Let the seats of a body whose term has not begun begin on another day."""
    conn.execute(sa.update(seats).where(seats.c.body_id == body_id).values(since=since))


def drop_seats(conn: sa.Connection, body_id: str) -> None:
    """Take out the seats of a body whose term has not begun; its history keeps who they were."""
    conn.execute(sa.delete(seats).where(seats.c.body_id == body_id))


def bodies_of(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the bodies in their term, or before it, in which a person sits."""
    asked = (
        sa.select(bodies.c.body_id)
        .join(seats, seats.c.body_id == bodies.c.body_id)
        .where(seats.c.person_id == person_id, seats.c.until.is_(None), bodies.c.state.in_(RUNNING))
    )
    return sorted(set(conn.execute(asked).scalars()))


def former_of(
    conn: sa.Connection, *, kind: str, community: str, name: str, state: str = "IN_TERM"
) -> Row | None:
    """Return the body in its term whose place a newly elected one takes, or None; or the one that
    is elected for the next term.

    A community has one residents' committee; its party branches are told apart by their names.
    """
    asked = sa.select(bodies).where(
        bodies.c.kind == kind, bodies.c.area == community, bodies.c.state == state
    )
    if kind == "PARTY_BRANCH":
        asked = asked.where(bodies.c.name == name)
    return records.first(conn, store.lock(asked.order_by(bodies.c.body_id).limit(1), conn))


def people_on(conn: sa.Connection, community: str, on: date) -> set[str]:
    """Return who sat in a community's residents' committee or a party branch of it on a day."""
    asked = (
        sa.select(seats.c.person_id)
        .join(bodies, seats.c.body_id == bodies.c.body_id)
        .where(bodies.c.area == community, *_held(on))
    )
    return set(conn.execute(asked).scalars())


def owners_on(conn: sa.Connection, project_id: str, on: date) -> set[str] | None:
    """Return who sat in a compound's owners' committee on a day; None where it had none.

    A committee goes with its compound to the next project, so it is looked for in both.
    """
    committees = t.owners_committees
    asked = (
        sa.select(seats.c.person_id)
        .join(committees, seats.c.body_id == committees.c.committee_id)
        .where(committees.c.project_id == project_id, *_held(on))
    )
    found = set(conn.execute(asked).scalars())
    return found or None


def sitting_with(person_id: str) -> sa.ColumnElement[bool]:
    """Return the condition that a body has, or had, a seat of this person."""
    return bodies.c.body_id.in_(sa.select(seats.c.body_id).where(seats.c.person_id == person_id))


def committee_with(person_id: str) -> sa.ColumnElement[bool]:
    """Return the condition that a person may stand among the members of an owners' committee."""
    return identities.may_name(t.owners_committees.c.members, person_id)
