"""Where a registered place lies, as requests say it."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, said
from fivered.services.steward.errors import UnknownPlace
from fivered.services.steward.storage import places


class Location(NamedTuple):
    """A grid, a building of it by its name, and the project that looks after it."""

    grid: str
    building: str | None
    project_id: str | None


def of_place(conn: sa.Connection, place_code: str, grid: str | None) -> Location:
    """Return where a building, a unit or a dwelling lies.

    Args:
        conn: The transaction.
        place_code: The place.
        grid: Where somebody says that it lies, if anybody does.

    Raises:
        UnknownPlace: It is not registered, or has ended.
        Invalid: It is a whole compound, or lies in another grid.
    """
    row = places.place(conn, place_code)
    if row is None or row.ended_at is not None:
        raise UnknownPlace(place=place_code, field="place_code")
    if row.grid is None:
        raise Invalid(
            field="place_code",
            reason=said("须为楼栋、单元或户 / a building, a unit or a dwelling is named"),
        )
    if grid and grid != row.grid:
        raise Invalid(
            field="grid",
            reason=said("地点在网格 {grid} / the place lies in the grid {grid}", grid=row.grid),
        )
    found: Row | None = row
    building: str | None = None
    project: str | None = None
    while found is not None:
        building = found.name if found.kind == "BUILDING" else building
        project = project or found.project_id
        found = places.place(conn, found.parent) if found.parent is not None else None
    return Location(row.grid, building, project)


def grid_of(conn: sa.Connection, place_code: str | None, grid: str | None) -> Location:
    """Return where somebody says that something lies: by a place, or by a grid.

    Raises:
        UnknownPlace: The place is not registered, or has ended.
        Invalid: Neither is said, or both and they do not agree.
    """
    if place_code is not None:
        return of_place(conn, place_code, grid)
    if not grid:
        raise Invalid(
            field="grid", reason=said("须给出网格或地点编号 / a grid or a place is to be named")
        )
    return Location(grid, None, None)
