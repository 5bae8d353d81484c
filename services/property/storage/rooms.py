"""The rooms of a compound, and who owns each from when until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.buildings import plain
from fivered.services.property.storage import tables as t

Row = records.Row

rooms = sa.Table(
    "rooms",
    t.metadata,
    sa.Column("room_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False),
    sa.Column("building", sa.String(40), nullable=False),
    sa.Column("unit", sa.String(40), nullable=False),
    sa.Column("number", sa.String(40), nullable=False),
    # The three of them folded: what is one room in a compound.
    sa.Column("place_key", sa.String(160), nullable=False),
    # Hundredths of a square metre, so that no fraction is lost.
    sa.Column("area_m2_hundredths", sa.BigInteger, nullable=False),
    sa.Column("use", sa.String(12), nullable=False),
    sa.Column("holding", sa.String(8), nullable=False),
    sa.Column("document_ref", sa.String(200), nullable=False),
    # Entered by mistake and taken off the register; its place is free then.
    sa.Column("removed_at", store.UtcDateTime),
    sa.Column("removed_reason", sa.Text),
    # Where it is in steward's register of places, whose names it follows then.
    sa.Column("place_code", sa.String(40), index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("uq_rooms_place", "project_id", "place_key", unique=True),
    sa.Index("ix_rooms_area", "area", "created_at", "room_id"),
    info={"kind": "room"},
)
# Steward's places: what a room's building, unit and number are called.
known_places = sa.Table(
    "known_places",
    t.metadata,
    sa.Column("place_code", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("community", store.Area, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
)
room_owners = sa.Table(
    "room_owners",
    t.metadata,
    sa.Column("owning_id", store.Id, primary_key=True),
    sa.Column("room_id", store.Id, nullable=False, index=True),
    # A registered person; or an organisation, by its name and code.
    sa.Column("person_id", store.Id, index=True),
    sa.Column("organisation", sa.String(200)),
    sa.Column("uscc", sa.String(40)),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("until", sa.Date),
    sa.Column("document_ref", sa.String(200), nullable=False),
)


def room_at(conn: sa.Connection, project_id: str, place_key: str) -> Row | None:
    """Return the room that stands in the register of a compound at a place, or None."""
    asked = sa.select(rooms).where(rooms.c.project_id == project_id, rooms.c.place_key == place_key)
    return records.first(conn, asked)


def places_of(conn: sa.Connection, codes: Collection[str]) -> dict[str, Row]:
    """Return steward's places of these codes, by code."""
    asked = sa.select(known_places).where(known_places.c.place_code.in_(sorted(codes)))
    return {row.place_code: row for row in records.rows(conn, asked)}


def inside(code: str) -> sa.ColumnElement[bool]:
    """Return the condition that a room is at a place, or in it."""
    at = rooms.c.place_code
    return sa.or_(at == code, at.startswith(f"{code}-", autoescape=True))


def standing_in(conn: sa.Connection, code: str) -> list[Row]:
    """Return the rooms of the register that are at a place or in it, locked."""
    asked = sa.select(rooms).where(inside(code), STANDS).order_by(rooms.c.room_id)
    return records.rows(conn, store.lock(asked, conn))


def room_of_place(conn: sa.Connection, code: str) -> Row | None:
    """Return the room of the register that is at a place, or None."""
    return records.first(conn, sa.select(rooms).where(rooms.c.place_code == code, STANDS).limit(1))


def written(
    *, building: str | None, unit: str | None, number: str | None
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a room is one that somebody wrote: 3号楼, 3栋 and 3 are one
    building. What has no place of its own any more is found as it was written."""
    key = rooms.c.place_key
    found = []
    if building:
        begins = key.startswith(f"{plain(building)}/", autoescape=True)
        found.append(sa.or_(begins, rooms.c.building == building))
    if unit:
        between = key.contains(f"/{plain(unit)}/", autoescape=True)
        found.append(sa.or_(between, rooms.c.unit == unit))
    if number:
        ends = key.endswith(f"/{plain(number)}", autoescape=True)
        found.append(sa.or_(ends, rooms.c.number == number))
    return found


def removed_key(room_id: str) -> str:
    """Return the key of a room that is off the register: no place has it."""
    return f"#{room_id}"


# What stands in the register.
STANDS = rooms.c.removed_at.is_(None)


def owned(on: date | None) -> list[sa.ColumnElement[bool]]:
    """Return the condition that somebody owned a room on a day; None: owns it until further
    notice."""
    table = room_owners
    if on is None:
        return [table.c.until.is_(None)]
    return [table.c.since <= on, sa.or_(table.c.until.is_(None), table.c.until > on)]


def owners_of(
    conn: sa.Connection, room_ids: Collection[str], on: date | None = None
) -> dict[str, list[Row]]:
    """Return who owns these rooms, by room; on a day, or now and for good."""
    table = room_owners
    asked = sa.select(table).where(table.c.room_id.in_(sorted(room_ids)), *owned(on))
    found: dict[str, list[Row]] = {}
    for row in records.rows(conn, asked.order_by(table.c.owning_id)):
        found.setdefault(row.room_id, []).append(row)
    return found


def ownings_of(conn: sa.Connection, room_id: str) -> list[Row]:
    """Return who has ever owned a room, in order."""
    table = room_owners
    asked = sa.select(table).where(table.c.room_id == room_id)
    return records.rows(conn, asked.order_by(table.c.since, table.c.owning_id))


def end_ownings(conn: sa.Connection, room_id: str, until: date) -> None:
    """End who owns a room; `until` is the first day of the next owners."""
    table = room_owners
    conn.execute(
        sa.update(table)
        .where(table.c.room_id == room_id, table.c.until.is_(None))
        .values(until=until)
    )


def drop_ownings(conn: sa.Connection, owning_ids: Iterable[str]) -> None:
    """Take out who was entered as owner by mistake; the room's history keeps it."""
    table = room_owners
    conn.execute(sa.delete(table).where(table.c.owning_id.in_(sorted(owning_ids))))


def owned_by(person_id: str, on: date | None = None) -> sa.ColumnElement[bool]:
    """Return the condition that a person owns a room, now or on a day."""
    mine = sa.select(room_owners.c.room_id).where(room_owners.c.person_id == person_id, *owned(on))
    return rooms.c.room_id.in_(mine)


def owners_among(
    conn: sa.Connection, project_id: str, persons: Collection[str], on: date
) -> set[str]:
    """Return which of these persons owned a room of a compound on a day."""
    table = room_owners
    asked = (
        sa.select(table.c.person_id)
        .join(rooms, rooms.c.room_id == table.c.room_id)
        .where(
            rooms.c.project_id == project_id,
            STANDS,
            table.c.person_id.in_(sorted(persons)),
            *owned(on),
        )
    )
    return set(conn.execute(asked).scalars())


def owners_in(conn: sa.Connection, project_id: str, on: date) -> set[str]:
    """Return every person who owns a room of a compound on a day."""
    table = room_owners
    asked = (
        sa.select(table.c.person_id)
        .join(rooms, rooms.c.room_id == table.c.room_id)
        .where(rooms.c.project_id == project_id, STANDS, table.c.person_id.is_not(None), *owned(on))
    )
    return set(conn.execute(asked).scalars())


def of_project(conn: sa.Connection, project_id: str) -> list[Row]:
    """Return the rooms of a compound by building, unit and number."""
    order = (rooms.c.building, rooms.c.unit, rooms.c.number, rooms.c.room_id)
    return records.rows(
        conn, sa.select(rooms).where(rooms.c.project_id == project_id, STANDS).order_by(*order)
    )


def hand_over(conn: sa.Connection, former: str, new: str) -> int:
    """Let the rooms of a compound be found under its new project; returns how many there are."""
    done = conn.execute(sa.update(rooms).where(rooms.c.project_id == former).values(project_id=new))
    return int(done.rowcount)


def by_holding(conn: sa.Connection, project_id: str) -> list[dict[str, Any]]:
    """Return how many rooms of a compound there are by use and holding, and their area."""
    asked = (
        sa.select(
            rooms.c.use,
            rooms.c.holding,
            sa.func.count().label("rooms"),
            sa.func.sum(rooms.c.area_m2_hundredths).label("area"),
        )
        .where(rooms.c.project_id == project_id, STANDS)
        .group_by(rooms.c.use, rooms.c.holding)
        .order_by(rooms.c.use, rooms.c.holding)
    )
    return [dict(row) | {"area": int(row["area"])} for row in conn.execute(asked).mappings()]
