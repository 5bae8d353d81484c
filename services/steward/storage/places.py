"""Compounds, buildings, units and dwellings, and the outlines of places on the map."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules.shapes import Box
from fivered.services.steward.storage.tables import (
    areas,
    places,
    register_changes,
    shapes,
)


def place(conn: sa.Connection, code: str) -> Row | None:
    """Return a place, or None."""
    return records.find(conn, places, code)


def lock(conn: sa.Connection, code: str) -> Row | None:
    """Return a place's row locked, or None."""
    return records.find(conn, places, code, lock=True)


def known(conn: sa.Connection, codes: Iterable[str]) -> set[str]:
    """Return which of the codes are places that were registered, ended or not."""
    return records.present(conn, places, codes)


def insert(conn: sa.Connection, **values: object) -> Row | None:
    """Insert a place, and return it. Returns None when the code is taken."""
    return records.add_new(conn, places, **values)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked place, and return it as it is now."""
    return records.update(conn, places, row, **values)


def after(conn: sa.Connection, code: str, limit: int) -> list[Row]:
    """Return so many places behind a code, in the order of their codes."""
    asked = sa.select(places).where(places.c.place_code > code)
    return records.rows(conn, asked.order_by(places.c.place_code).limit(limit))


def _in(code: str) -> sa.ColumnElement[bool]:
    return places.c.place_code.startswith(f"{code}-", autoescape=True)


def parts(conn: sa.Connection, code: str) -> list[Row]:
    """Return what stands in a place and has not ended, locked."""
    asked = sa.select(places).where(_in(code), places.c.ended_at.is_(None))
    return records.rows(conn, store.lock(asked.order_by(places.c.place_code), conn))


def ended_with(conn: sa.Connection, row: Row) -> list[Row]:
    """Return what stood in a place and ended in the same moment, locked."""
    asked = sa.select(places).where(_in(row.place_code), places.c.ended_at == row.ended_at)
    return records.rows(conn, store.lock(asked.order_by(places.c.place_code), conn))


def listed(
    conn: sa.Connection,
    scope: str,
    *,
    kinds: Collection[str],
    parent: str | None,
    at: datetime | None,
    part: records.PartOfList,
) -> records.Page:
    """Return the places of an area, or directly in one of them, in the order of their codes: those
    of now, or those that were there at an instant."""
    column = places.c.grid if len(scope) > 12 else places.c.area
    asked = sa.select(places).where(store.within(column, scope), places.c.kind.in_(sorted(kinds)))
    if parent is not None:
        asked = asked.where(places.c.parent == parent)
    return records.page(conn, asked.where(_stood(at)), part, (places.c.place_code,))


def _stood(at: datetime | None) -> sa.ColumnElement[bool]:
    if at is None:
        return places.c.ended_at.is_(None)
    return sa.and_(
        places.c.created_at <= at, sa.or_(places.c.ended_at.is_(None), places.c.ended_at > at)
    )


def buildings(conn: sa.Connection, community: str, compound: str | None = None) -> list[Row]:
    """Return the buildings of a community, or of one of its compounds."""
    asked = sa.select(places).where(
        places.c.area == community, places.c.kind == "BUILDING", places.c.ended_at.is_(None)
    )
    if compound is not None:
        asked = asked.where(places.c.parent == compound)
    return records.rows(conn, asked.order_by(places.c.place_code))


def changes_since(conn: sa.Connection, refs: Collection[str], at: datetime) -> list[Row]:
    """Return what was changed of some things of the registers since an instant, newest first."""
    asked = sa.select(register_changes).where(
        register_changes.c.ref.in_(sorted(refs)), register_changes.c.at > at
    )
    return records.rows(conn, asked.order_by(register_changes.c.id.desc()))


# --------------------------------------------------------------------------------------------------
# Outlines


def shape(conn: sa.Connection, code: str) -> Row | None:
    """Return an outline's row locked, or None."""
    return records.find(conn, shapes, code, lock=True)


def insert_shape(conn: sa.Connection, box: Box, **values: object) -> Row | None:
    """Insert an outline, and return it. Returns None when the place has one."""
    return records.add_new(conn, shapes, **box._asdict(), **values)


def update_shape(conn: sa.Connection, row: Row, box: Box, **values: object) -> Row:
    """Change a locked outline, and return it as it is now."""
    return records.update(conn, shapes, row, **box._asdict(), **values)


def remove_shape(conn: sa.Connection, code: str) -> None:
    """Take an outline off the map."""
    conn.execute(sa.delete(shapes).where(shapes.c.shape_code == code))


def shapes_in(
    conn: sa.Connection, scope: str, kind: str | None, part: records.PartOfList
) -> records.Page:
    """Return the outlines of an area and of what lies in it, in the order of their codes."""
    asked = sa.select(shapes).where(store.within(shapes.c.area, scope))
    if kind is not None:
        asked = asked.where(shapes.c.kind == kind)
    return records.page(conn, asked, part, (shapes.c.shape_code,))


def around(conn: sa.Connection, box: Box, kind: str | None = None) -> list[Row]:
    """Return the outlines whose boxes meet a box, the narrowest kind first."""
    asked = sa.select(shapes).where(
        shapes.c.west <= box.east,
        shapes.c.east >= box.west,
        shapes.c.south <= box.north,
        shapes.c.north >= box.south,
    )
    if kind is not None:
        asked = asked.where(shapes.c.kind == kind)
    order = (sa.func.length(shapes.c.shape_code).desc(), shapes.c.shape_code)
    return records.rows(conn, asked.order_by(*order).limit(200))


def middles(conn: sa.Connection, codes: Collection[str]) -> dict[str, tuple[float, float]]:
    """Return (longitude, latitude) of the middle of the boxes around outlines, by their codes."""
    asked = sa.select(shapes).where(shapes.c.shape_code.in_(sorted(codes)))
    return {
        row.shape_code: ((row.west + row.east) / 2_000_000, (row.south + row.north) / 2_000_000)
        for row in records.rows(conn, asked)
    }


def area_kinds(conn: sa.Connection, code: str) -> str | None:
    """Return the kind of an area, or None where there is none of that code."""
    return conn.execute(sa.select(areas.c.kind).where(areas.c.code == code)).scalar()
