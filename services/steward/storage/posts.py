"""Stewards, the grids that they serve, shifts and contact boards."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules.requests import IN_HAND
from fivered.services.steward.rules.routing import Candidate
from fivered.services.steward.storage import ground
from fivered.services.steward.storage.tables import (
    areas,
    contact_boards,
    persons,
    requests,
    shifts,
    steward_grades,
    steward_grids,
    stewards,
)

# A shift that was neither missed nor taken back.
IS_KEPT = shifts.c.state.in_(("PLANNED", "ATTENDED"))

# Statements of every request, written once: to build one costs as much as to run it.
_TAKEN = (
    sa.update(stewards)
    .where(stewards.c.steward_id == sa.bindparam("its_id"), stewards.c.status == "ACTIVE")
    .returning(stewards.c.steward_id)
)


def _candidates() -> sa.Select[Any]:
    at = sa.bindparam("at", type_=store.UtcDateTime())
    on_shift = (
        sa.select(shifts.c.shift_id)
        .where(
            shifts.c.steward_id == stewards.c.steward_id,
            shifts.c.area == sa.bindparam("first"),
            IS_KEPT,
            shifts.c.start_at <= at,
            shifts.c.end_at > at,
        )
        .exists()
    )
    in_hand = (
        sa.select(sa.func.count())
        .where(requests.c.handler == stewards.c.steward_id, requests.c.state.in_(IN_HAND))
        .scalar_subquery()
    )
    served = sa.select(steward_grids.c.steward_id).where(
        steward_grids.c.grid.between(sa.bindparam("first"), sa.bindparam("last"))
    )
    same_grid = (
        sa.select(steward_grids.c.grid)
        .where(
            steward_grids.c.steward_id == stewards.c.steward_id,
            steward_grids.c.grid == sa.bindparam("grid"),
        )
        .exists()
    )
    return sa.select(
        stewards.c.steward_id,
        stewards.c.person_id,
        stewards.c.duty,
        on_shift.label("on_shift"),
        same_grid.label("same_grid"),
        in_hand.label("open_requests"),
        stewards.c.dispatched_at,
    ).where(
        stewards.c.steward_id.in_(served),
        stewards.c.status == "ACTIVE",
        stewards.c.duty.in_(sa.bindparam("duties", expanding=True)),
        stewards.c.steward_id.not_in(sa.bindparam("without", expanding=True)),
    )


_CANDIDATES = _candidates()


def steward(conn: sa.Connection, steward_id: str) -> Row | None:
    """Return a steward's row, or None."""
    return records.find(conn, stewards, steward_id)


def known(conn: sa.Connection, steward_id: str) -> Row:
    """Return the row of a steward whom another row names."""
    return records.known(conn, stewards, steward_id)


def lock(conn: sa.Connection, steward_id: str) -> Row | None:
    """Return a steward's row locked, or None."""
    return records.find(conn, stewards, steward_id, lock=True)


def of_person(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return the posts that a person holds now."""
    asked = sa.select(stewards).where(
        stewards.c.person_id == person_id, stewards.c.status != "LEFT"
    )
    return records.rows(conn, asked.order_by(stewards.c.created_at, stewards.c.steward_id))


def states_of(conn: sa.Connection, person_id: str) -> set[str]:
    """Return the states of all posts that a person holds or held."""
    asked = sa.select(stewards.c.status).where(stewards.c.person_id == person_id)
    return set(conn.execute(asked).scalars())


def left_since(conn: sa.Connection, person_id: str, since: datetime) -> list[Row]:
    """Return the posts that a person has left since an instant."""
    asked = sa.select(stewards).where(
        stewards.c.person_id == person_id, stewards.c.status == "LEFT", stewards.c.left_at > since
    )
    return records.rows(conn, asked.order_by(stewards.c.created_at, stewards.c.steward_id))


def insert(conn: sa.Connection, grids: list[str], **values: object) -> Row | None:
    """Insert a steward with the grids. Returns None when the id or the post is taken."""
    row = records.add_new(conn, stewards, **values)
    if row is not None:
        conn.execute(
            steward_grids.insert(),
            [{"steward_id": row.steward_id, "grid": grid} for grid in grids],
        )
    return row


def set_grids(conn: sa.Connection, steward_id: str, grids: list[str]) -> None:
    """Let a steward serve these grids and no others."""
    conn.execute(sa.delete(steward_grids).where(steward_grids.c.steward_id == steward_id))
    conn.execute(
        steward_grids.insert(), [{"steward_id": steward_id, "grid": grid} for grid in grids]
    )


def enrolled(conn: sa.Connection, steward_ids: Iterable[str]) -> set[str]:
    """Return which of the ids are stewards', whether they still serve or not."""
    return records.present(conn, stewards, steward_ids)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked steward, and return the row as it stands now."""
    return records.update(conn, stewards, row, **values)


def take(conn: sa.Connection, steward_id: str, now: datetime) -> bool:
    """Note that a steward gets a request now. Returns False for one who no longer serves.

    The update waits for the transaction that changes the steward and looks again at what that
    left, so that nothing is given to somebody who is handing over in this moment.
    """
    return conn.execute(_TAKEN, {"its_id": steward_id, "dispatched_at": now}).first() is not None


def grids_of(conn: sa.Connection, steward_id: str) -> list[str]:
    """Return the grids that a steward serves."""
    return list(
        conn.execute(
            sa.select(steward_grids.c.grid)
            .where(steward_grids.c.steward_id == steward_id)
            .order_by(steward_grids.c.grid)
        ).scalars()
    )


def serving(conn: sa.Connection, grid: str) -> list[Row]:
    """Return the stewards of a grid with their sealed names, by duty and id."""
    asked = (
        sa.select(stewards, persons.c.name)
        .join(steward_grids, steward_grids.c.steward_id == stewards.c.steward_id)
        .join(persons, persons.c.person_id == stewards.c.person_id)
        .where(steward_grids.c.grid == grid, stewards.c.status == "ACTIVE")
        .order_by(stewards.c.duty, stewards.c.steward_id)
    )
    return records.rows(conn, asked)


def with_name(conn: sa.Connection, steward_id: str) -> Row | None:
    """Return a steward with the sealed name, or None."""
    asked = (
        sa.select(stewards, persons.c.name)
        .join(persons, persons.c.person_id == stewards.c.person_id)
        .where(stewards.c.steward_id == steward_id)
    )
    return records.first(conn, asked)


def page(
    conn: sa.Connection,
    scope: str,
    duty: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return who serves in an area, oldest first; some serve in more than one."""
    serving = sa.select(steward_grids.c.steward_id).where(store.within(steward_grids.c.grid, scope))
    asked = sa.select(stewards).where(
        stewards.c.steward_id.in_(serving), stewards.c.status != "LEFT"
    )
    if duty is not None:
        asked = asked.where(stewards.c.duty == duty)
    return records.page(conn, asked, part, (stewards.c.created_at, stewards.c.steward_id))


def grades(conn: sa.Connection, steward_id: str) -> list[Row]:
    """Return a steward's final grades, newest month first."""
    return records.rows(
        conn,
        sa.select(steward_grades)
        .where(steward_grades.c.steward_id == steward_id)
        .order_by(steward_grades.c.period.desc())
        .limit(12),
    )


def candidates(
    conn: sa.Connection, grid: str, duties: Iterable[str], at: datetime, without: Iterable[str]
) -> list[Candidate]:
    """Return the stewards of a grid's community who have one of the duties, with what decides
    between them."""
    asked = {"grid": grid, "duties": list(duties), "at": at, "without": list(without)}
    asked |= {"first": grid[:12], "last": grid[:12].ljust(15, "9")}
    return [
        Candidate(
            steward_id=row.steward_id,
            person_id=row.person_id,
            duty=row.duty,
            on_shift=bool(row.on_shift),
            same_grid=bool(row.same_grid),
            open_requests=row.open_requests,
            dispatched_at=row.dispatched_at,
        )
        for row in conn.execute(_CANDIDATES, asked)
    ]


def is_on_shift(conn: sa.Connection, steward_id: str, at: datetime) -> bool:
    """Tell whether a steward sat on shift at an instant."""
    asked = sa.select(shifts.c.shift_id).where(
        shifts.c.steward_id == steward_id,
        IS_KEPT,
        shifts.c.start_at <= at,
        shifts.c.end_at > at,
    )
    return conn.execute(asked.limit(1)).first() is not None


def insert_shift(conn: sa.Connection, **values: object) -> None:
    """Insert a shift."""
    conn.execute(shifts.insert().values(**values))


def shift(conn: sa.Connection, shift_id: str) -> Row | None:
    """Return a shift's row locked, or None."""
    return records.find(conn, shifts, shift_id, lock=True)


def shifts_of(
    conn: sa.Connection,
    *,
    scope: str | None,
    steward_id: str | None,
    start: datetime,
    end: datetime,
    part: records.PartOfList,
) -> records.Page:
    """Return the shifts of an area's grids, or of a steward, that touch a span, by their start."""
    asked = sa.select(shifts).where(shifts.c.start_at < end, shifts.c.end_at > start)
    if steward_id is not None:
        asked = asked.where(shifts.c.steward_id == steward_id)
    if scope is not None:
        asked = asked.where(store.within(shifts.c.grid, scope))
    return records.page(conn, asked, part, (shifts.c.start_at, shifts.c.shift_id))


def one_shift(conn: sa.Connection, shift_id: str) -> Row | None:
    """Return a shift, or None."""
    return records.find(conn, shifts, shift_id)


def update_shift(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked shift, and return it as it is now."""
    return records.update(conn, shifts, row, **values)


def shift_overlaps(
    conn: sa.Connection,
    steward_id: str,
    *,
    grid: str,
    place: str,
    start: datetime,
    end: datetime,
) -> bool:
    """Tell whether the steward has a shift within the span that does not go with another one: in
    the same grid, or at another place. Who sits in a station of two grids serves both."""
    asked = sa.select(shifts.c.shift_id).where(
        shifts.c.steward_id == steward_id,
        sa.or_(shifts.c.grid == grid, shifts.c.place != place),
        shifts.c.start_at < end,
        shifts.c.end_at > start,
        IS_KEPT,
    )
    return conn.execute(asked.limit(1)).first() is not None


def _full_time(start: datetime, end: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Return what holds of the shifts of full-time stewards that touch a span."""
    return (
        IS_KEPT,
        shifts.c.start_at < end,
        shifts.c.end_at > start,
        stewards.c.type == "FULL_TIME",
    )


def shifts_within(conn: sa.Connection, grid: str, start: datetime, end: datetime) -> list[Row]:
    """Return the shifts of full-time stewards that touch a span in a grid, by their start."""
    asked = (
        sa.select(shifts.c.start_at, shifts.c.end_at, shifts.c.place, shifts.c.steward_id)
        .join(stewards, stewards.c.steward_id == shifts.c.steward_id)
        .where(shifts.c.grid == grid, *_full_time(start, end))
        .order_by(shifts.c.start_at, shifts.c.shift_id)
    )
    return records.rows(conn, asked)


def drop_future_shifts(
    conn: sa.Connection, steward_id: str, now: datetime, grids: Collection[str] | None = None
) -> None:
    """Delete the shifts of a leaving steward that have not begun, and end the one that runs; of who
    leaves some grids only, those there."""
    mine = shifts.c.steward_id == steward_id
    if grids is not None:
        mine = sa.and_(mine, shifts.c.grid.in_(list(grids)))
    conn.execute(sa.delete(shifts).where(mine, shifts.c.start_at >= now))
    conn.execute(sa.update(shifts).where(mine, shifts.c.end_at > now).values(end_at=now))


def board(conn: sa.Connection, grid: str) -> Row | None:
    """Return the newest board of a grid, or None."""
    return records.first(
        conn,
        sa.select(contact_boards)
        .where(contact_boards.c.grid == grid)
        .order_by(contact_boards.c.version.desc())
        .limit(1),
    )


def grids_in(conn: sa.Connection, scope: str, at: datetime) -> list[Row]:
    """Return the grids that an area had at an instant, with their households."""
    asked = sa.select(areas.c.code, areas.c.households).where(
        areas.c.kind == "GRID", store.within(areas.c.code, scope), ground.stood(at)
    )
    return records.rows(conn, asked.order_by(areas.c.code))


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves in a grid, or served there at an instant."""

    grid: str
    steward_id: str
    duty: str
    type: str
    board_consent: bool


def serving_in(conn: sa.Connection, scope: str, at: datetime, *, past: bool) -> list[Serving]:
    """Return who serves in an area's grids, or who did at an instant that is past: a person who
    left since then was there."""
    served = sa.and_(
        stewards.c.created_at <= at, sa.or_(stewards.c.left_at.is_(None), stewards.c.left_at > at)
    )
    asked = (
        sa.select(
            steward_grids.c.grid,
            stewards.c.steward_id,
            stewards.c.duty,
            stewards.c.type,
            stewards.c.board_consent,
        )
        .join(stewards, stewards.c.steward_id == steward_grids.c.steward_id)
        .where(
            store.within(steward_grids.c.grid, scope),
            served if past else stewards.c.status == "ACTIVE",
        )
    )
    return [Serving(*row) for row in conn.execute(asked)]


def boards_in(conn: sa.Connection, scope: str, at: datetime) -> list[Row]:
    """Return the newest board of each grid of an area at an instant."""
    newest = (
        sa.select(contact_boards.c.grid, sa.func.max(contact_boards.c.version).label("version"))
        .where(store.within(contact_boards.c.grid, scope), contact_boards.c.published_at <= at)
        .group_by(contact_boards.c.grid)
        .subquery()
    )
    asked = sa.select(contact_boards).join(
        newest,
        sa.and_(
            newest.c.grid == contact_boards.c.grid, newest.c.version == contact_boards.c.version
        ),
    )
    return records.rows(conn, asked)


def full_time_shifts_in(
    conn: sa.Connection, scope: str, start: datetime, end: datetime
) -> list[Row]:
    """Return (grid, start, end, steward) of the shifts of full-time stewards that touch a span, by
    grid and start."""
    asked = (
        sa.select(shifts.c.grid, shifts.c.start_at, shifts.c.end_at, shifts.c.steward_id)
        .join(stewards, stewards.c.steward_id == shifts.c.steward_id)
        .where(store.within(shifts.c.grid, scope), *_full_time(start, end))
        .order_by(shifts.c.grid, shifts.c.start_at)
    )
    return records.rows(conn, asked)


def insert_board(conn: sa.Connection, **values: object) -> None:
    """Insert a version of a board."""
    conn.execute(contact_boards.insert().values(**values))
