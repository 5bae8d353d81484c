"""What a set of missed accept times needs: read and written by one statement each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules.requests import IN_HAND
from fivered.services.steward.storage.posts import IS_KEPT
from fivered.services.steward.storage.tables import (
    request_clocks,
    requests,
    shifts,
    steward_grids,
    stewards,
)


def lock(conn: sa.Connection, request_ids: Iterable[str]) -> dict[str, Row]:
    """Return requests by their ids, locked."""
    asked = sa.select(requests).where(requests.c.request_id.in_(sorted(request_ids)))
    found = records.rows(conn, store.lock(asked.order_by(requests.c.request_id), conn))
    return {row.request_id: row for row in found}


def roster(conn: sa.Connection, community: str) -> tuple[list[Row], dict[str, set[str]]]:
    """Return the stewards who serve in a community, and the grids of each. Their rows are locked,
    so that nobody hands over and is given something at once."""
    served = conn.execute(
        sa.select(steward_grids.c.steward_id, steward_grids.c.grid).where(
            store.within(steward_grids.c.grid, community)
        )
    ).all()
    grids: dict[str, set[str]] = {}
    for row in served:
        grids.setdefault(row.steward_id, set()).add(row.grid)
    asked = (
        sa.select(stewards)
        .where(stewards.c.steward_id.in_(sorted(grids)), stewards.c.status == "ACTIVE")
        .order_by(stewards.c.steward_id)
    )
    return records.rows(conn, store.lock(asked, conn, weak=True)), grids


def in_hand(conn: sa.Connection, steward_ids: Iterable[str]) -> dict[str, int]:
    """Return how many requests each steward has in hand."""
    asked = (
        sa.select(requests.c.handler, sa.func.count())
        .where(requests.c.handler.in_(sorted(steward_ids)), requests.c.state.in_(IN_HAND))
        .group_by(requests.c.handler)
    )
    return {row[0]: row[1] for row in conn.execute(asked)}


def shifts_between(
    conn: sa.Connection, steward_ids: Iterable[str], start: datetime, end: datetime
) -> list[Row]:
    """Return the shifts of stewards that touch a span."""
    return records.rows(
        conn,
        sa.select(shifts.c.steward_id, shifts.c.area, shifts.c.start_at, shifts.c.end_at).where(
            shifts.c.steward_id.in_(sorted(steward_ids)),
            IS_KEPT,
            shifts.c.start_at <= end,
            shifts.c.end_at > start,
        ),
    )


def write(conn: sa.Connection, changes: Sequence[Mapping[str, object]]) -> None:
    """Change requests; each row holds `request_id` and the columns of all the others."""
    if changes:
        names = [name for name in changes[0] if name != "request_id"]
        statement = (
            sa.update(requests)
            .where(requests.c.request_id == sa.bindparam("its_id"))
            .values({name: sa.bindparam(f"new_{name}") for name in names})
        )
        rows = [
            {"its_id": row["request_id"]} | {f"new_{name}": row[name] for name in names}
            for row in changes
        ]
        conn.execute(statement, rows)


def give(
    conn: sa.Connection,
    clocks: Sequence[Mapping[str, object]],
    taken: Mapping[str, datetime],
) -> None:
    """Start accept clocks, name the new handlers on the clocks that run, and note when each
    steward was last given something."""
    if not clocks:
        return
    conn.execute(request_clocks.insert(), [dict(clock) for clock in clocks])
    running = sa.and_(
        request_clocks.c.request_id == sa.bindparam("its_id"),
        request_clocks.c.which != "ACCEPT",
        request_clocks.c.done_at.is_(None),
        request_clocks.c.voided.is_(False),
    )
    conn.execute(
        sa.update(request_clocks).where(running).values(handler=sa.bindparam("new_handler")),
        [{"its_id": clock["request_id"], "new_handler": clock["handler"]} for clock in clocks],
    )
    conn.execute(
        sa.update(stewards)
        .where(stewards.c.steward_id == sa.bindparam("its_id"))
        .values(dispatched_at=sa.bindparam("at")),
        [{"its_id": steward_id, "at": at} for steward_id, at in sorted(taken.items())],
    )


def given(row: Row, values: Mapping[str, object]) -> Row:
    """Return a request as it is once these values are written."""
    return records.written(requests, records.values_of(row), values)
