"""Plans of visits, what is still to be visited, and stewards' months of visits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.storage.tables import (
    persons,
    steward_grids,
    stewards,
    visit_plans,
    visits,
)

State = Literal["DUE", "DONE", "REMOVED"]


def _paid() -> sa.ColumnElement[bool]:
    """Return the condition that a visit is one that a line of a plan asks for."""
    return sa.and_(
        visits.c.steward_id == visit_plans.c.steward_id,
        visits.c.period == visit_plans.c.period,
        sa.or_(
            visits.c.household_id == visit_plans.c.household_id,
            visits.c.person_id == visit_plans.c.person_id,
        ),
    )


def _lines() -> sa.Select[tuple[object, ...]]:
    """Return lines of plans with `visited` and `last_visit`."""
    visited = sa.select(sa.func.count()).where(_paid()).scalar_subquery()
    last = sa.select(sa.func.max(visits.c.occurred_at)).where(_paid()).scalar_subquery()
    return sa.select(visit_plans, visited.label("visited"), last.label("last_visit"))


def line(conn: sa.Connection, plan_id: str) -> Row | None:
    """Return a line of a plan locked, or None."""
    return records.find(conn, visit_plans, plan_id, lock=True)


def insert(conn: sa.Connection, **values: object) -> Row:
    """Insert a line, and return it."""
    return records.add(conn, visit_plans, **values)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked line, and return it as it is now."""
    return records.update(conn, visit_plans, row, **values)


def of_month(conn: sa.Connection, steward_ids: Collection[str], period: str) -> list[Row]:
    """Return the lines that stand in some stewards' plans of a month, with what was done."""
    asked = _lines().where(
        visit_plans.c.steward_id.in_(list(steward_ids)),
        visit_plans.c.period == period,
        visit_plans.c.state == "PLANNED",
    )
    return records.rows(conn, asked.order_by(visit_plans.c.created_at, visit_plans.c.plan_id))


def one(conn: sa.Connection, plan_id: str) -> Row | None:
    """Return a line with what was done, or None."""
    return records.first(conn, _lines().where(visit_plans.c.plan_id == plan_id))


def page(
    conn: sa.Connection,
    period: str,
    part: records.PartOfList,
    *,
    steward_ids: Collection[str] | None,
    scope: str,
    state: State | None,
) -> records.Page:
    """Return lines of plans of a month: of some stewards, or of all in an area."""
    asked = _lines().where(visit_plans.c.period == period, store.within(visit_plans.c.grid, scope))
    if steward_ids is not None:
        asked = asked.where(visit_plans.c.steward_id.in_(list(steward_ids)))
    done = sa.select(sa.func.count()).where(_paid()).scalar_subquery() >= visit_plans.c.times
    asked = asked.where(visit_plans.c.state == ("REMOVED" if state == "REMOVED" else "PLANNED"))
    if state == "DUE":
        asked = asked.where(sa.not_(done))
    elif state == "DONE":
        asked = asked.where(done)
    return records.page(conn, asked, part, (visit_plans.c.created_at, visit_plans.c.plan_id))


def visitors(conn: sa.Connection, scope: str, part: records.PartOfList) -> records.Page:
    """Return who serves in an area as a steward, oldest first."""
    serving = sa.select(steward_grids.c.steward_id).where(store.within(steward_grids.c.grid, scope))
    asked = sa.select(stewards).where(
        stewards.c.steward_id.in_(serving), stewards.c.status != "LEFT"
    )
    return records.page(conn, asked, part, (stewards.c.created_at, stewards.c.steward_id))


def counted(
    conn: sa.Connection, steward_ids: Collection[str], period: str, scope: str
) -> dict[str, tuple[int, int]]:
    """Return (visits, requests that came of them) of stewards that count in a month, in an area."""
    asked = (
        sa.select(
            visits.c.steward_id,
            sa.func.count().label("visits"),
            sa.func.count(visits.c.request_id).label("concerns"),
        )
        .where(
            visits.c.steward_id.in_(list(steward_ids)),
            visits.c.period == period,
            store.within(visits.c.grid, scope),
        )
        .group_by(visits.c.steward_id)
    )
    return {row.steward_id: (row.visits, row.concerns) for row in conn.execute(asked)}


def not_visited(
    conn: sa.Connection,
    grid: str,
    since: datetime,
    part: records.PartOfList,
    *,
    born_until: int | None,
    registered_from: datetime | None,
) -> records.Page:
    """Return who lives in a grid and was not visited since, with their `last_visit`.

    Args:
        conn: The connection.
        grid: The grid.
        since: A visit to the person or the household from then on counts.
        part: The question.
        born_until: Only who was born in that year or before.
        registered_from: Only who was registered from then on.
    """
    paid = sa.or_(
        visits.c.person_id == persons.c.person_id,
        visits.c.household_id == persons.c.household_id,
    )
    last = sa.select(sa.func.max(visits.c.occurred_at)).where(paid).scalar_subquery()
    recent = sa.select(visits.c.visit_id).where(paid, visits.c.occurred_at >= since).exists()
    asked = sa.select(persons, last.label("last_visit")).where(
        persons.c.grid == grid, persons.c.status == "ACTIVE", sa.not_(recent)
    )
    if born_until is not None:
        asked = asked.where(persons.c.birth_year <= born_until)
    if registered_from is not None:
        asked = asked.where(persons.c.created_at >= registered_from)
    return records.page(conn, asked, part, (persons.c.created_at, persons.c.person_id))


def homes(conn: sa.Connection, household_ids: Sequence[str], community: str) -> dict[str, str]:
    """Return household -> grid in which somebody of it lives, of a community."""
    asked = sa.select(persons.c.household_id, sa.func.min(persons.c.grid).label("grid")).where(
        persons.c.household_id.in_(list(household_ids)),
        persons.c.status == "ACTIVE",
        store.within(persons.c.grid, community),
    )
    found = conn.execute(asked.group_by(persons.c.household_id))
    return {row.household_id: row.grid for row in found}
