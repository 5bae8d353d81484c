"""Shifts as a plan: what stands in a span of days, and swaps of two stewards."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.storage import ground
from fivered.services.steward.storage.posts import IS_KEPT
from fivered.services.steward.storage.tables import (
    areas,
    contact_boards,
    shift_swaps,
    shifts,
    steward_grids,
    stewards,
)


def kept(
    conn: sa.Connection, scope: str, first: str, last: str, *, steward_id: str | None, most: int
) -> list[Row]:
    """Return the first shifts of an area that begin on a span of local days, by their start."""
    asked = sa.select(shifts).where(
        store.within(shifts.c.grid, scope), shifts.c.local_day.between(first, last), IS_KEPT
    )
    if steward_id is not None:
        asked = asked.where(shifts.c.steward_id == steward_id)
    return records.rows(conn, asked.order_by(shifts.c.start_at, shifts.c.shift_id).limit(most))


class _Shift(Protocol):
    @property
    def steward_id(self) -> str: ...

    @property
    def grid(self) -> str: ...

    @property
    def start(self) -> datetime: ...

    @property
    def end(self) -> datetime: ...

    @property
    def place(self) -> str: ...


def same(conn: sa.Connection, one: _Shift) -> str | None:
    """Return the id of this very shift where it stands, or None."""
    asked = sa.select(shifts.c.shift_id).where(
        shifts.c.steward_id == one.steward_id,
        shifts.c.grid == one.grid,
        shifts.c.start_at == one.start,
        shifts.c.end_at == one.end,
        shifts.c.place == one.place,
        IS_KEPT,
    )
    return conn.execute(asked.limit(1)).scalar()


def insert_swap(conn: sa.Connection, **values: object) -> Row:
    """Insert a swap, and return it."""
    return records.add(conn, shift_swaps, **values)


def lock_swap(conn: sa.Connection, swap_id: str) -> Row | None:
    """Return a swap's row locked, or None."""
    return records.find(conn, shift_swaps, swap_id, lock=True)


def update_swap(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked swap, and return it as it is now."""
    return records.update(conn, shift_swaps, row, **values)


def end_swaps(
    conn: sa.Connection, shift_ids: Collection[str], now: datetime, *, but: str = ""
) -> list[Row]:
    """End what was asked about shifts that are gone, or whose steward has changed; return it."""
    about = sa.or_(
        shift_swaps.c.shift_id.in_(list(shift_ids)), shift_swaps.c.for_shift.in_(list(shift_ids))
    )
    open_ones = sa.select(shift_swaps).where(
        about, shift_swaps.c.state == "ASKED", shift_swaps.c.swap_id != but
    )
    found = records.rows(conn, store.lock(open_ones.order_by(shift_swaps.c.swap_id), conn))
    return [update_swap(conn, row, state="ENDED", answered_at=now) for row in found]


def offered(conn: sa.Connection, shift_id: str) -> bool:
    """Tell whether a shift is offered to somebody who has not answered yet."""
    asked = sa.select(shift_swaps.c.swap_id).where(
        shift_swaps.c.shift_id == shift_id, shift_swaps.c.state == "ASKED"
    )
    return conn.execute(asked.limit(1)).first() is not None


def swaps(
    conn: sa.Connection,
    scope: str | None,
    stewards_of: Collection[str],
    state: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return swaps, newest first: those of an area, or those that concern some stewards."""
    if scope is not None:
        asked = sa.select(shift_swaps).where(store.within(shift_swaps.c.area, scope[:12]))
    else:
        mine = list(stewards_of)
        asked = sa.select(shift_swaps).where(
            sa.or_(shift_swaps.c.from_steward.in_(mine), shift_swaps.c.to_steward.in_(mine))
        )
    if state is not None:
        asked = asked.where(shift_swaps.c.state == state)
    by = (shift_swaps.c.created_at, shift_swaps.c.swap_id)
    return records.page(conn, asked, part, by, newest_first=True)


def grids_page(conn: sa.Connection, scope: str, part: records.PartOfList) -> records.Page:
    """Return the grids of an area, in the order of their codes."""
    asked = sa.select(areas).where(
        areas.c.kind == "GRID", store.within(areas.c.code, scope), ground.stood(None)
    )
    return records.page(conn, asked, part, (areas.c.code,))


def boards(conn: sa.Connection, grid: str, part: records.PartOfList) -> records.Page:
    """Return the versions of a grid's board, newest first."""
    asked = sa.select(contact_boards).where(contact_boards.c.grid == grid)
    return records.page(conn, asked, part, (contact_boards.c.version,), newest_first=True)


def board(conn: sa.Connection, grid: str, version: int) -> Row | None:
    """Return one version of a grid's board, or None."""
    asked = sa.select(contact_boards).where(
        contact_boards.c.grid == grid, contact_boards.c.version == version
    )
    return records.first(conn, asked)


def left_there(conn: sa.Connection, grids: Collection[str]) -> list[Row]:
    """Return (grid, duty, when the last one left) of the posts of some grids that are over."""
    asked = (
        sa.select(
            steward_grids.c.grid, stewards.c.duty, sa.func.max(stewards.c.left_at).label("at")
        )
        .join(stewards, stewards.c.steward_id == steward_grids.c.steward_id)
        .where(steward_grids.c.grid.in_(list(grids)), stewards.c.left_at.is_not(None))
        .group_by(steward_grids.c.grid, stewards.c.duty)
    )
    return records.rows(conn, asked)
