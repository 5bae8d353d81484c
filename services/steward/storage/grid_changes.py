"""Grids that are split and merged: the changes, and what stands in a grid."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules import dwellings
from fivered.services.steward.rules import grid_changes as rules_of
from fivered.services.steward.rules.grid_changes import Drawn, Follows, Looked, Split
from fivered.services.steward.rules.requests import UNDONE
from fivered.services.steward.storage import finding
from fivered.services.steward.storage import posts as posts_storage
from fivered.services.steward.storage.co_handling import STANDING, co_handlings
from fivered.services.steward.storage.desk import request_pauses
from fivered.services.steward.storage.intake import intake_items
from fivered.services.steward.storage.return_visits import return_visits
from fivered.services.steward.storage.tables import (
    areas,
    hazards,
    known_incidents,
    metadata,
    person_digests,
    persons,
    places,
    project_grids,
    register_changes,
    requests,
    shapes,
    shifts,
    steward_grids,
    stewards,
    visit_plans,
    volunteer_activities,
)

if TYPE_CHECKING:
    from fivered.chassis.vault import Vault

_STANDS = ("PROPOSED", "APPROVED")
# What one statement names at most.
_MANY = 500

grid_changes = sa.Table(
    "grid_changes",
    metadata,
    sa.Column("change_id", store.Id, primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("community", store.Area, nullable=False),
    # The codes that are changed; code, name and buildings of each grid that there is afterwards;
    # and which of them gets what no building decides.
    sa.Column("grids", store.Json, nullable=False),
    sa.Column("into", store.Json, nullable=False),
    sa.Column("rest", store.Area, nullable=False),
    sa.Column("effective_on", sa.Date, nullable=False),
    sa.Column("effective_at", store.UtcDateTime, nullable=False),
    sa.Column("reason", sa.String(300), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("proposed_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    # Why it was turned down or taken back, or could not be carried out.
    sa.Column("note", sa.String(300)),
    sa.Column("applied_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_grid_changes_community", "community", "effective_at", "change_id"),
    sa.Index("ix_grid_changes_state", "state", "community", "effective_at", "change_id"),
    info={"kind": "grid change"},
)


def insert(conn: sa.Connection, **values: object) -> Row:
    """Store a proposal, and return it."""
    return records.add(conn, grid_changes, **values)


def find(conn: sa.Connection, change_id: str) -> Row | None:
    """Return a change, or None."""
    return records.find(conn, grid_changes, change_id)


def lock(conn: sa.Connection, change_id: str) -> Row:
    """Return a change locked.

    Raises:
        NotFound: There is none.
    """
    return records.locked(conn, grid_changes, change_id)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked change, and return it as it is now."""
    return records.update(conn, grid_changes, row, **values)


def standing(conn: sa.Connection, community: str) -> list[Row]:
    """Return the changes of a community that wait or are approved, and not carried out."""
    asked = sa.select(grid_changes).where(
        grid_changes.c.community == community, grid_changes.c.state.in_(_STANDS)
    )
    return records.rows(conn, asked.order_by(grid_changes.c.change_id))


def listed(
    conn: sa.Connection, scope: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return the changes in an area by their day, the latest first."""
    asked = sa.select(grid_changes).where(store.within(grid_changes.c.community, scope[:12]))
    if state is not None:
        asked = asked.where(grid_changes.c.state == state)
    keys = (grid_changes.c.effective_at, grid_changes.c.change_id)
    return records.page(conn, asked, part, keys, newest_first=True)


# --------------------------------------------------------------------------------------------------
# What stands in grids


def buildings(conn: sa.Connection, grids: Collection[str]) -> list[Row]:
    """Return the buildings of grids that have not ended, by their codes."""
    asked = sa.select(places).where(
        places.c.grid.in_(sorted(grids)),
        places.c.kind == "BUILDING",
        places.c.ended_at.is_(None),
    )
    return records.rows(conn, asked.order_by(places.c.place_code))


def people(conn: sa.Connection, grids: Collection[str]) -> list[Row]:
    """Return who lives in grids: id, grid, household and version."""
    asked = sa.select(
        persons.c.person_id, persons.c.grid, persons.c.household_id, persons.c.version
    ).where(persons.c.grid.in_(sorted(grids)), persons.c.status == "ACTIVE")
    return records.rows(conn, asked.order_by(persons.c.person_id))


def living_at(
    conn: sa.Connection, digests: Mapping[str, str], grids: Collection[str]
) -> dict[str, str]:
    """Return what a digest of a dwelling stands for, by person, of who lives in grids."""
    asked = (
        sa.select(person_digests.c.person_id, person_digests.c.digest)
        .join(persons, persons.c.person_id == person_digests.c.person_id)
        .where(persons.c.grid.in_(sorted(grids)), person_digests.c.digest.in_(sorted(digests)))
    )
    return {row.person_id: digests[row.digest] for row in conn.execute(asked)}


def unfinished(conn: sa.Connection, grids: Collection[str]) -> list[Row]:
    """Return the requests of grids that are not closed: id, grid, building, state and version."""
    asked = sa.select(
        requests.c.request_id,
        requests.c.grid,
        requests.c.building,
        requests.c.state,
        requests.c.version,
    ).where(requests.c.grid.in_(sorted(grids)), requests.c.state.in_(UNDONE))
    return records.rows(conn, asked.order_by(requests.c.request_id))


def posts(conn: sa.Connection, grids: Collection[str], *, locks: bool = False) -> list[Row]:
    """Return the posts that serve in grids and are not left, by their ids.

    Args:
        conn: The transaction.
        grids: Which grids.
        locks: Whether they are to be changed.
    """
    served = sa.select(steward_grids.c.steward_id).where(steward_grids.c.grid.in_(sorted(grids)))
    asked = sa.select(stewards).where(
        stewards.c.steward_id.in_(served), stewards.c.status != "LEFT"
    )
    asked = asked.order_by(stewards.c.steward_id)
    return records.rows(conn, store.lock(asked, conn) if locks else asked)


def shifts_to_come(conn: sa.Connection, grids: Collection[str], at: datetime) -> dict[str, int]:
    """Return how many shifts begin in each grid from an instant on."""
    asked = (
        sa.select(shifts.c.grid, sa.func.count())
        .where(shifts.c.grid.in_(sorted(grids)), shifts.c.start_at >= at)
        .where(shifts.c.state == "PLANNED")
        .group_by(shifts.c.grid)
    )
    return {row[0]: row[1] for row in conn.execute(asked)}


def drawn(row: Row) -> Drawn:
    """Return what a change says."""
    return Drawn(row.grids, row.into, row.rest)


def follows(conn: sa.Connection, vault: Vault, change: Drawn) -> Follows:
    """Return who and what follows a change."""
    split = Split(change, buildings(conn, change.grids))
    community = change.grids[0][:12]
    digests = {
        finding.of_dwelling(vault, community, dwellings.key(dwellings.Dwelling(name))): grid
        for name, grid in split.by_name.items()
    }
    return Follows(
        split=split,
        rest=change.rest,
        residents=people(conn, change.grids),
        housed=living_at(conn, digests, change.grids),
        cases=unfinished(conn, change.grids),
    )


def look(conn: sa.Connection, vault: Vault, change: Drawn, at: datetime) -> list[Looked]:
    """Return what each grid would hold if a change took effect now."""
    found = [
        (posts_storage.grids_of(conn, post.steward_id), post.buildings)
        for post in posts(conn, change.grids)
    ]
    planned = shifts_to_come(conn, change.grids, at)
    return rules_of.look(change, follows(conn, vault, change), found, planned)


# --------------------------------------------------------------------------------------------------
# Carrying it out


def _moved(conn: sa.Connection, table: sa.Table, grid: str, *where: sa.ColumnElement[bool]) -> None:
    conn.execute(sa.update(table).where(*where).values(grid=grid))


def place(conn: sa.Connection, code: str, grid: str) -> None:
    """Let a building, with its units and dwellings, stand in another grid."""
    its = sa.or_(
        places.c.place_code == code, places.c.place_code.startswith(f"{code}-", autoescape=True)
    )
    changed = sa.update(places).where(its, places.c.ended_at.is_(None))
    conn.execute(changed.values(grid=grid, version=places.c.version + 1))


def house(conn: sa.Connection, person_ids: Sequence[str], grid: str) -> None:
    """Let people live in another grid of their community."""
    for begun in range(0, len(person_ids), _MANY):
        some = persons.c.person_id.in_(person_ids[begun : begun + _MANY])
        changed = sa.update(persons).where(some)
        conn.execute(changed.values(grid=grid, version=persons.c.version + 1))


def note_changes(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep what was changed in a register, of many."""
    records.add_all(conn, register_changes, rows)


def move_requests(conn: sa.Connection, request_ids: Sequence[str], grid: str) -> None:
    """Let requests, and what goes on about them, lie in another grid of their community."""
    for begun in range(0, len(request_ids), _MANY):
        some = request_ids[begun : begun + _MANY]
        changed = sa.update(requests).where(requests.c.request_id.in_(some))
        conn.execute(changed.values(grid=grid, version=requests.c.version + 1))
        for table, states in (
            (co_handlings, STANDING),
            (request_pauses, ("ASKED", "RUNNING")),
            (return_visits, ("OPEN",)),
        ):
            _moved(conn, table, grid, table.c.request_id.in_(some), table.c.state.in_(states))


def move_rest(conn: sa.Connection, ended: str, rest: str, at: datetime, period: str) -> None:
    """Let what is planned or open in a grid that ends, and goes by no building, lie in another."""
    _moved(
        conn, shifts, rest,
        shifts.c.grid == ended, shifts.c.end_at > at, shifts.c.state == "PLANNED",
    )  # fmt: skip
    _moved(
        conn, visit_plans, rest,
        visit_plans.c.grid == ended, visit_plans.c.period >= period,
        visit_plans.c.state == "PLANNED",
    )  # fmt: skip
    _moved(
        conn, hazards, rest, hazards.c.grid == ended, hazards.c.mended_at.is_(None),
        hazards.c.state.in_(("PENDING", "VERIFIED")),
    )  # fmt: skip
    waiting = sa.update(intake_items).where(
        intake_items.c.area == ended, intake_items.c.state == "WAITING"
    )
    conn.execute(waiting.values(area=rest))
    coming = sa.update(volunteer_activities).where(
        volunteer_activities.c.area == ended, volunteer_activities.c.state == "CALLED"
    )
    conn.execute(coming.values(area=rest))


def move_plans(conn: sa.Connection, person_ids: Sequence[str], grid: str, period: str) -> None:
    """Let visits that are planned to people lie in the grid in which they live now."""
    for begun in range(0, len(person_ids), _MANY):
        some = person_ids[begun : begun + _MANY]
        households = sa.select(persons.c.household_id).where(
            persons.c.person_id.in_(some), persons.c.household_id.is_not(None)
        )
        _moved(
            conn, visit_plans, grid, visit_plans.c.period >= period,
            visit_plans.c.state == "PLANNED",
            sa.or_(
                visit_plans.c.person_id.in_(some), visit_plans.c.household_id.in_(households)
            ),
        )  # fmt: skip


def inherit(conn: sa.Connection, ended: str, heirs: Sequence[str]) -> None:
    """Let projects and announcements of a grid that ends be those of the grids that take its
    place; who said them says them anew."""
    for table in (project_grids, known_incidents):
        rows = records.rows(conn, sa.select(table).where(table.c.grid == ended))
        copies = [{**records.values_of(row), "grid": heir} for row in rows for heir in heirs]
        records.add_missing(conn, table, copies)
    conn.execute(sa.delete(project_grids).where(project_grids.c.grid == ended))


def end_area(conn: sa.Connection, code: str, at: datetime, successors: Sequence[str]) -> Row:
    """End a grid, and say which ones took its place."""
    row = records.locked(conn, areas, code)
    return records.update(conn, areas, row, ended_at=at, successors=[*successors])


def remove_shapes(conn: sa.Connection, codes: Collection[str]) -> None:
    """Take outlines that are not those of the grids any more off the map."""
    conn.execute(sa.delete(shapes).where(shapes.c.shape_code.in_(sorted(codes))))
