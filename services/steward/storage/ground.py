"""Areas and what other services said about them: projects and liaison links."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.errors import UnknownGrid
from fivered.services.steward.errors.grid_changes import GridEnded
from fivered.services.steward.rules.dwellings import same_building
from fivered.services.steward.storage.tables import (
    areas,
    liaisons,
    project_grids,
    projects,
    steward_grades,
)

# Statements of every request, written once: to build one costs as much as to run it.
_KNOWN = sa.select(areas.c.code).where(
    areas.c.code.in_(sa.bindparam("codes", expanding=True)),
    areas.c.kind == sa.bindparam("kind"),
    areas.c.ended_at.is_(None),
)
_SERVING = (
    sa.select(projects.c.project_id, projects.c.buildings)
    .join(project_grids, project_grids.c.project_id == projects.c.project_id)
    .where(project_grids.c.grid == sa.bindparam("grid"), projects.c.status != "CLOSED")
    .order_by(projects.c.project_id)
)
_PLACE = (
    sa.select(areas.c.code, projects.c.project_id, projects.c.buildings)
    .outerjoin(project_grids, project_grids.c.grid == areas.c.code)
    .outerjoin(
        projects,
        sa.and_(projects.c.project_id == project_grids.c.project_id, projects.c.status != "CLOSED"),
    )
    .where(areas.c.code == sa.bindparam("grid"), areas.c.kind == "GRID", areas.c.ended_at.is_(None))
    .order_by(projects.c.project_id)
)


def area(conn: sa.Connection, code: str) -> Row | None:
    """Return an area's row, or None."""
    return records.find(conn, areas, code)


def names(conn: sa.Connection, code: str) -> list[str]:
    """Return the names of an area and of what lies around it within its street, outermost first."""
    around = [code[:size] for size in (12, 15) if len(code) >= size] or [code]
    asked = sa.select(areas.c.name).where(areas.c.code.in_(around)).order_by(areas.c.code)
    return list(conn.execute(asked).scalars())


def a_grid_of(conn: sa.Connection, community: str) -> str | None:
    """Return the first grid of a community, or None."""
    asked = sa.select(areas.c.code).where(
        areas.c.parent == community, areas.c.kind == "GRID", areas.c.ended_at.is_(None)
    )
    return conn.execute(asked.order_by(areas.c.code).limit(1)).scalar()


def lock_area(conn: sa.Connection, code: str) -> Row | None:
    """Return an area's row locked, or None."""
    return records.find(conn, areas, code, lock=True)


def known(conn: sa.Connection, codes: Iterable[str], kind: str) -> set[str]:
    """Return which of the codes are areas of a kind that are there."""
    return set(conn.execute(_KNOWN, {"codes": list(codes), "kind": kind}).scalars())


def require_grid(conn: sa.Connection, code: str, *, field: str = "grid") -> None:
    """Refuse a grid that is not defined.

    Args:
        conn: The transaction.
        code: The grid.
        field: Where it was named.

    Raises:
        UnknownGrid: There is no such grid.
        GridEnded: It has ended; the refusal names the grids that took its place.
    """
    if not known(conn, [code], "GRID"):
        raise no_grid(conn, code, field=field)


def no_grid(conn: sa.Connection, code: str, *, field: str = "grid") -> UnknownGrid | GridEnded:
    """Return the refusal of a grid that is not there, or is there no more."""
    row = area(conn, code)
    if row is None or row.ended_at is None:
        return UnknownGrid(grid=code, field=field)
    return GridEnded(grid=code, successors=", ".join(row.successors or ()), field=field)


def defined(conn: sa.Connection, codes: Iterable[str]) -> set[str]:
    """Return which of the codes are defined areas of any kind."""
    return records.present(conn, areas, codes)


def insert_area(conn: sa.Connection, **values: object) -> Row | None:
    """Insert an area, and return it. Returns None when the code exists."""
    return records.add_new(conn, areas, **values)


def update_area(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked area, and return it as it is now."""
    return records.update(conn, areas, row, **values)


def _below(root: str, kind: str | None = None) -> store.Select:
    asked = sa.select(areas).where(store.within(areas.c.code, root))
    return asked if kind is None else asked.where(areas.c.kind == kind)


def below(conn: sa.Connection, root: str, limit: int) -> list[Row]:
    """Return the first areas in `root` (itself included) in the order of their codes."""
    return records.rows(conn, _below(root).order_by(areas.c.code).limit(limit))


def areas_in(
    conn: sa.Connection,
    root: str,
    kind: str | None,
    part: records.PartOfList,
    at: datetime | None = None,
) -> records.Page:
    """Return the areas in `root` (itself included) in the order of their codes: those of now, or
    those that were there at an instant."""
    asked = _below(root, kind).where(stood(at))
    return records.page(conn, asked, part, (areas.c.code,))


def stood(at: datetime | None) -> sa.ColumnElement[bool]:
    """Return the condition that an area is there, or was at an instant."""
    if at is None:
        return areas.c.ended_at.is_(None)
    return sa.and_(
        areas.c.created_at <= at, sa.or_(areas.c.ended_at.is_(None), areas.c.ended_at > at)
    )


def children(conn: sa.Connection, parents: Collection[str]) -> list[Row]:
    """Return the areas directly in others."""
    return records.rows(conn, sa.select(areas).where(areas.c.parent.in_(sorted(parents))))


def communities(conn: sa.Connection) -> list[str]:
    """Return all communities in the order of their codes."""
    asked = sa.select(areas.c.code).where(areas.c.kind == "COMMUNITY").order_by(areas.c.code)
    return list(conn.execute(asked).scalars())


def official(
    conn: sa.Connection, target_kind: str, target: str, barred: Collection[str] = ()
) -> Row | None:
    """Return the official who is responsible for a target longest and is none of `barred`, or
    None."""
    return records.first(
        conn,
        sa.select(liaisons)
        .where(
            liaisons.c.target_kind == target_kind,
            liaisons.c.target == target,
            liaisons.c.ended.is_(False),
            sa.or_(liaisons.c.person_id.is_(None), liaisons.c.person_id.not_in(sorted(barred))),
        )
        .order_by(liaisons.c.since, liaisons.c.link_id)
        .limit(1),
    )


# Who answers for a place, from the ground up.
RUNGS = (("GRID", 15), ("COMMUNITY", 12), ("STREET", 9))


def responsible(
    conn: sa.Connection, code: str, level: int, barred: Collection[str] = ()
) -> tuple[Row | None, bool]:
    """Return (who answers for a place at a level of the chain, whether that is only meanwhile).

    Where nobody holds the rung, the nearest one above acts; (None, False) when there is none.

    Args:
        conn: The connection.
        code: A grid's code, or that of what lies above.
        level: 1 for the grid's cadre, 2 for the community's, 3 for the street's.
        barred: Persons before whom the matter is not laid: it is theirs.
    """
    for place, (kind, digits) in enumerate(RUNGS[level - 1 :]):
        found = official(conn, kind, code[:digits], barred)
        if found is not None:
            return found, place > 0
    return None, False


def responsible_people(conn: sa.Connection, grid: str) -> set[str]:
    """Return the persons who answer for a grid on any level of the chain."""
    places = [
        sa.and_(liaisons.c.target_kind == kind, liaisons.c.target == grid[:digits])
        for kind, digits in RUNGS
    ]
    asked = sa.select(liaisons.c.person_id).where(
        sa.or_(*places), liaisons.c.ended.is_(False), liaisons.c.person_id.is_not(None)
    )
    return set(conn.execute(asked).scalars())


def keep_links(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep assigned links; one that has ended already stays ended."""
    records.add_missing(conn, liaisons, rows)


def end_links(conn: sa.Connection, link_ids: list[str]) -> None:
    """End links."""
    conn.execute(sa.update(liaisons).where(liaisons.c.link_id.in_(link_ids)).values(ended=True))


def keep_projects(
    conn: sa.Connection, rows: Sequence[Mapping[str, object]], grids: Sequence[Mapping[str, str]]
) -> None:
    """Keep the newest that was said about each project, with the grids that it serves."""
    statement = store.insert(conn, projects)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["project_id"],
            set_={
                name: getattr(statement.excluded, name)
                for name in ("area", "households", "status", "sequence", "company_id", "buildings")
            },
            where=projects.c.sequence <= statement.excluded.sequence,
        ),
        [dict(row) for row in rows],
    )
    newest = dict(
        conn.execute(
            sa.select(projects.c.project_id, projects.c.sequence).where(
                projects.c.project_id.in_([row["project_id"] for row in rows])
            )
        ).all()
    )
    current = [r["project_id"] for r in rows if newest[r["project_id"]] == r["sequence"]]
    conn.execute(sa.delete(project_grids).where(project_grids.c.project_id.in_(current)))
    kept = [row for row in grids if row["project_id"] in set(current)]
    records.add_missing(conn, project_grids, kept)


def serving(conn: sa.Connection, grid: str) -> list[Row]:
    """Return the projects in service that serve a grid, each with its buildings."""
    return cast("list[Row]", conn.execute(_SERVING, {"grid": grid}).all())


def place(conn: sa.Connection, grid: str) -> list[Row]:
    """Return the projects in service that serve a grid, each with its buildings.

    Raises:
        UnknownGrid: There is no such grid.
        GridEnded: It has ended.
    """
    found = cast("list[Row]", conn.execute(_PLACE, {"grid": grid}).all())
    if not found:
        raise no_grid(conn, grid)
    return [row for row in found if row.project_id is not None]


def of_building(rows: Sequence[Row], building: str | None = None) -> list[str]:
    """Return which projects serve a place; of several in one grid, those of the building."""
    if len(rows) > 1 and building is not None:
        named = [
            row
            for row in rows
            if any(same_building(building, name) for name in row.buildings or ())
        ]
        rows = named or rows
    return [row.project_id for row in rows]


def project_is_known(conn: sa.Connection, project_id: str) -> bool:
    """Tell whether we have heard of a project."""
    return records.find(conn, projects, project_id) is not None


def keep_grades(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep the final grades of stewards; a later settlement of the month replaces them."""
    records.put(conn, steward_grades, rows)
