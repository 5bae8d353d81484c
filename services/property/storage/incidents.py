"""Announcements by place and time, and who follows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.buildings import plain
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.rows import Condition, Row, grids_within

OPEN = ("PLANNED", "RUNNING")


def put_grids(conn: sa.Connection, incident_id: str, grids: Iterable[str]) -> None:
    """Write for which grids an announcement is."""
    table = t.incident_grids
    conn.execute(sa.delete(table).where(table.c.incident_id == incident_id))
    records.add_all(conn, table, [{"grid": one, "incident_id": incident_id} for one in grids])


def open_of_project(conn: sa.Connection, project_id: str) -> list[records.Row]:
    """Return the announcements of a project that are not over, locked."""
    table = t.incidents
    asked = sa.select(table).where(table.c.project_id == project_id, table.c.state.in_(OPEN))
    return records.rows(conn, store.lock(asked.order_by(table.c.incident_id), conn))


def open_in(conn: sa.Connection, grids: Iterable[str]) -> list[records.Row]:
    """Return the announcements for some grids that are not over, locked."""
    table, placed = t.incidents, t.incident_grids
    there = sa.select(placed.c.incident_id).where(placed.c.grid.in_(sorted(grids)))
    asked = sa.select(table).where(table.c.incident_id.in_(there), table.c.state.in_(OPEN))
    return records.rows(conn, store.lock(asked.order_by(table.c.incident_id), conn))


def in_place(scope: str) -> Condition:
    """Return the condition that an announcement is for a grid of an area."""
    table = t.incident_grids
    return t.incidents.c.incident_id.in_(
        sa.select(table.c.incident_id).where(*grids_within(table.c.grid, scope))
    )


def same_open(
    conn: sa.Connection, grids: Sequence[str], buildings: Sequence[str], **said: object
) -> Row | None:
    """Return an announcement that is not over and says the same of the same places, or None."""
    table = t.incidents
    asked = sa.select(table).where(
        table.c.state.in_(OPEN),
        *(
            table.c[name].is_(None) if value is None else table.c[name] == value
            for name, value in said.items()
        ),
    )
    places = (sorted(grids), sorted(map(plain, buildings)))
    return next(
        (
            row
            for row in records.rows(conn, asked)
            if (sorted(row.grids), sorted(map(plain, row.buildings))) == places
        ),
        None,
    )


def going_on(at: datetime, now: datetime) -> list[Condition]:
    """Return the condition that something is, was or will be going on at an instant.

    What has begun and is not over goes on until somebody says that it is, whatever was expected.
    """
    table = t.incidents
    open_end: Condition = table.c.ends_at > at
    if at <= now:
        open_end = sa.or_(open_end, table.c.state == "RUNNING")
    return [
        table.c.state != "CANCELLED",
        sa.func.coalesce(table.c.started_at, table.c.starts_at) <= at,
        sa.or_(table.c.ended_at > at, sa.and_(table.c.ended_at.is_(None), open_end)),
    ]


def follow(conn: sa.Connection, incident_id: str, person_id: str, since: datetime) -> None:
    """Let a person follow an announcement."""
    records.add_new(
        conn, t.incident_followers, incident_id=incident_id, person_id=person_id, since=since
    )


def unfollow(conn: sa.Connection, incident_id: str, person_id: str) -> None:
    """Let a person follow it no more."""
    table = t.incident_followers
    conn.execute(
        sa.delete(table).where(table.c.incident_id == incident_id, table.c.person_id == person_id)
    )


def followers(conn: sa.Connection, incident_id: str) -> list[str]:
    """Return who follows an announcement."""
    table = t.incident_followers
    asked = sa.select(table.c.person_id).where(table.c.incident_id == incident_id)
    return list(conn.execute(asked.order_by(table.c.person_id)).scalars())


def followed_by(person_id: str) -> Condition:
    """Return the condition that a person follows an announcement."""
    table = t.incident_followers
    mine = sa.select(table.c.incident_id).where(table.c.person_id == person_id)
    return t.incidents.c.incident_id.in_(mine)


def followed_of(conn: sa.Connection, person_id: str, ids: Sequence[str]) -> set[str]:
    """Return which of these a person follows."""
    table = t.incident_followers
    asked = sa.select(table.c.incident_id).where(
        table.c.person_id == person_id, table.c.incident_id.in_(list(ids))
    )
    return set(conn.execute(asked).scalars())
