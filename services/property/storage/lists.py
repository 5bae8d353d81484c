"""What lists show, and what is counted over several rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import identities, records
from fivered.services.property import rules
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.months import promises_something
from fivered.services.property.storage.rows import COMMUNITY_DIGITS, Condition, Row, Values, within


def conditions(
    table: sa.Table,
    *,
    scope: str | None = None,
    projects: Sequence[str] | None = None,
    **equal: Any,
) -> list[Condition]:
    """Return the WHERE of a list: in an area, of these projects, columns equal to values.

    A value that is None does not limit; a tuple means any of its members.
    """
    found: list[Condition] = []
    if scope:
        by_grid = len(scope) > COMMUNITY_DIGITS and "grid" in table.c
        found += [table.c.grid == scope] if by_grid else within(table.c.area, scope)
    if projects is not None:
        found.append(table.c.project_id.in_(list(projects)))
    for name, value in equal.items():
        if isinstance(value, tuple):
            found.append(table.c[name].in_(value))
        elif value is not None:
            found.append(table.c[name] == value)
    return found


def serving_grid(grid: str) -> list[Condition]:
    """Return the condition that a project serves, or served, a grid."""
    table = t.projects
    there = sa.cast(table.c.grids, sa.Text).contains(f'"{grid}"')
    return [table.c.area == grid[:COMMUNITY_DIGITS], there]


def with_building(conn: sa.Connection, conditions: Sequence[Condition], building: str) -> Condition:
    """Return the condition that a building is one of a project's compound, of those that meet the
    conditions; a compound whose buildings nobody has written down has none."""
    table = t.projects
    asked = sa.select(table.c.project_id, table.c.buildings).where(
        *conditions, table.c.buildings.is_not(None)
    )
    found = [ref for ref, names in conn.execute(asked) if rules.in_buildings(names or (), building)]
    return table.c.project_id.in_(found)


def projects_with_committee_of(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the projects in whose owners' committee a person sits now."""
    table = t.owners_committees
    asked = sa.select(table.c.project_id, table.c.members).where(
        table.c.state == "IN_TERM", identities.may_name(table.c.members, person_id)
    )
    return sorted({ref for ref, members in conn.execute(asked) if person_id in members})


def projects_of(
    conn: sa.Connection, *, manager: str | None = None, companies: Sequence[str] = ()
) -> list[str]:
    """Return the projects that a person manages, or that companies run."""
    table = t.projects
    mine = (
        table.c.manager_person_id == manager
        if manager is not None
        else table.c.company_id.in_(list(companies))
    )
    return list(conn.execute(sa.select(table.c.project_id).where(mine)).scalars())


def of_project(
    conn: sa.Connection, table: sa.Table, project_id: str, *, states: tuple[str, ...] | None = None
) -> list[Row]:
    """Return what a project has in a table, oldest first."""
    asked = sa.select(table).where(table.c.project_id == project_id)
    if states is not None:
        asked = asked.where(table.c.state.in_(states))
    return records.rows(conn, asked.order_by(table.c.created_at, records.key_of(table)))


def next_commitments(conn: sa.Connection, project_id: str, per_agreement: int) -> list[Row]:
    """Return the next open commitments of each agreement of a project, by due date."""
    table = t.commitments
    place = (
        sa.func.row_number()
        .over(partition_by=table.c.agreement_id, order_by=(table.c.due_at, table.c.commitment_id))
        .label("place")
    )
    inner = (
        sa.select(table, place)
        .where(
            table.c.project_id == project_id,
            table.c.state.in_(("SCHEDULED", "DUE", "SUBMITTED", "OVERDUE")),
        )
        .subquery()
    )
    asked = (
        sa.select(inner)
        .where(inner.c.place <= per_agreement)
        .order_by(inner.c.due_at, inner.c.commitment_id)
    )
    return records.rows(conn, asked)


def commitment_counts(
    conn: sa.Connection,
    *,
    scope: str,
    until: datetime,
    after: datetime | None = None,
    project_id: str | None = None,
) -> list[Values]:
    """Return per project and side: fallen due, on time, overdue, late, waiting for acceptance.

    With `after` only what fell due since then: a due instant is the first one that is too late, so
    that of a month's last day is the next month's first.
    """
    table = t.commitments
    on_time = sa.and_(
        table.c.state.in_(("FULFILLED", "SUBMITTED")), table.c.submitted_at < table.c.due_at
    )

    def count(condition: Any, name: str) -> Any:
        return sa.func.sum(sa.case((condition, 1), else_=0)).label(name)

    asked = (
        sa.select(
            table.c.project_id,
            table.c.responsible,
            sa.func.count().label("due"),
            count(on_time, "on_time"),
            count(table.c.state == "OVERDUE", "overdue"),
            count(table.c.state == "FULFILLED_LATE", "late"),
            count(table.c.state == "SUBMITTED", "waiting"),
        )
        .where(
            *within(table.c.area, scope),
            table.c.due_at <= until,
            table.c.state.not_in(("WAIVED", "CANCELLED")),
        )
        .group_by(table.c.project_id, table.c.responsible)
    )
    if project_id is not None:
        asked = asked.where(table.c.project_id == project_id)
    if after is not None:
        asked = asked.where(table.c.due_at > after)
    # PostgreSQL sums into a decimal.
    return [
        {name: value if isinstance(value, str) else int(value) for name, value in row.items()}
        for row in conn.execute(asked).mappings()
    ]


def active_agreements(conn: sa.Connection, scope: str) -> dict[str, list[str]]:
    """Return the kinds of which each project has an agreement in force that promises something."""
    table = t.agreements
    asked = (
        sa.select(table.c.project_id, table.c.type)
        .where(table.c.state == "ACTIVE", promises_something(), *within(table.c.area, scope))
        .distinct()
    )
    found: dict[str, list[str]] = {}
    for project_id, kind in conn.execute(asked):
        found.setdefault(project_id, []).append(kind)
    return found


def on_paper(scope: str, until: datetime) -> list[Condition]:
    """Return the condition that a project in service keeps its agreements only on paper."""
    agreements, owed = t.agreements, t.commitments
    without = [
        ~sa.exists().where(
            agreements.c.project_id == t.projects.c.project_id,
            agreements.c.type == kind,
            agreements.c.state == "ACTIVE",
            promises_something(),
        )
        for kind in rules.KINDS
    ]
    overdue = sa.exists().where(
        owed.c.project_id == t.projects.c.project_id,
        owed.c.responsible == "PROJECT",
        owed.c.state == "OVERDUE",
        owed.c.due_at <= until,
    )
    return [*_in_service(scope), sa.or_(*without, overdue)]


def lacking_a_direction(scope: str) -> list[Condition]:
    """Return the condition that a project in service has nobody in one of the two directions."""
    table = t.appointments
    without = [
        ~sa.exists().where(
            table.c.project_id == t.projects.c.project_id,
            table.c.direction == direction,
            table.c.state == "ACTIVE",
        )
        for direction in rules.POSTS
    ]
    return [*_in_service(scope), sa.or_(*without)]


def ending_agreements(
    conn: sa.Connection, scope: str, until: date, most: int
) -> tuple[list[Row], int]:
    """Return the agreements in force in an area that end by a day, the first to end first, and how
    many there are in all."""
    table = t.agreements
    here = (table.c.state == "ACTIVE", *within(table.c.area, scope), table.c.valid_to <= until)
    asked = (
        sa.select(table.c.agreement_id, table.c.project_id, table.c.valid_to)
        .where(*here)
        .order_by(table.c.valid_to, table.c.agreement_id)
        .limit(most)
    )
    total = conn.execute(sa.select(sa.func.count()).select_from(table).where(*here)).scalar_one()
    return records.rows(conn, asked), int(total)


def active_directions(conn: sa.Connection, scope: str) -> dict[str, set[str]]:
    """Return in which directions each project of an area has an active appointment."""
    table = t.appointments
    asked = sa.select(table.c.project_id, table.c.direction).where(
        table.c.state == "ACTIVE", *within(table.c.area, scope)
    )
    found: dict[str, set[str]] = {}
    for project_id, direction in conn.execute(asked):
        found.setdefault(project_id, set()).add(direction)
    return found


def running_gaps(conn: sa.Connection, project_ids: Sequence[str]) -> dict[tuple[str, str], Any]:
    """Return since when each project lacks a direction."""
    table = t.gaps
    asked = sa.select(table).where(
        table.c.until.is_(None), table.c.project_id.in_(list(project_ids))
    )
    return {(row.project_id, row.direction): row.since for row in records.rows(conn, asked)}


def in_service(conn: sa.Connection, scope: str, company_id: str | None = None) -> list[Row]:
    """Return the projects in service in an area, in order of their id."""
    table = t.projects
    asked = sa.select(table).where(*_in_service(scope))
    if company_id is not None:
        asked = asked.where(table.c.company_id == company_id)
    return records.rows(conn, asked.order_by(table.c.project_id))


def _in_service(scope: str) -> list[Condition]:
    return [t.projects.c.status == "IN_SERVICE", *within(t.projects.c.area, scope)]


def rectification_counts(conn: sa.Connection, scope: str, begin: datetime, end: datetime) -> Values:
    """Return of an area: orders passed in a time, those in time, and their average days."""
    table = t.rectifications
    here = within(table.c.area, scope)
    passed = sa.select(table.c.issued_at, table.c.submitted_at, table.c.late).where(
        *here, table.c.passed_at >= begin, table.c.passed_at < end, table.c.state != "WITHDRAWN"
    )
    rows = conn.execute(passed).all()
    days = [(row.submitted_at - row.issued_at).total_seconds() / 86400 for row in rows]
    return {
        "passed": len(rows),
        "passed_on_time": sum(not row.late for row in rows),
        "average_days": round(sum(days) / len(days), 2) if days else None,
    }


def grade_of(conn: sa.Connection, ref: str) -> Row | None:
    """Return the newest final grade of a project or company, or None."""
    return records.first(conn, sa.select(t.grades).where(t.grades.c.ref == ref))
