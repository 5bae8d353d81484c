"""What a month is measured from, and the counts behind the complaint rate; all set-based."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.rows import Condition, Row, Values, within

Key = tuple[str, str]


def month(conn: sa.Connection, period: str) -> Row:
    """Return the state of a month, locked; it is made where there is none.

    Our cut-off and steward's last marker may come in two transactions at the same moment. The
    second waits at this row and then sees what the first has written.
    """
    records.add_new(conn, t.months, period=period, cutoff_at=None, said_at=None)
    asked = store.lock(sa.select(t.months).where(t.months.c.period == period), conn)
    return records.rows(conn, asked)[0]


def cut_off(conn: sa.Connection, period: str, at: datetime) -> None:
    """Write down that a month is cut off."""
    month(conn, period)
    conn.execute(sa.update(t.months).where(t.months.c.period == period).values(cutoff_at=at))


def published(conn: sa.Connection, period: str, at: datetime) -> None:
    """Write down that the marker of a month went out."""
    conn.execute(sa.update(t.months).where(t.months.c.period == period).values(said_at=at))


def keep_steward_month(conn: sa.Connection, row: Values) -> None:
    """Keep one of steward's markers; a repeated one changes nothing."""
    records.add_new(conn, t.steward_months, **row)


def steward_month(conn: sa.Connection, period: str) -> list[Row]:
    """Return steward's markers of a month that were heard."""
    asked = sa.select(t.steward_months).where(t.steward_months.c.period == period)
    return records.rows(conn, asked)


def all_projects(conn: sa.Connection, before: datetime) -> list[Row]:
    """Return every project registered before an instant, in order of its id."""
    asked = (
        sa.select(t.projects)
        .where(t.projects.c.created_at < before)
        .order_by(t.projects.c.project_id)
    )
    return records.rows(conn, asked)


def communities(conn: sa.Connection) -> list[str]:
    """Return every community that is known, from its definition or from a project in it."""
    defined = sa.select(t.areas.c.code).where(t.areas.c.kind == "COMMUNITY")
    used = sa.select(t.projects.c.area)
    return sorted(set(conn.execute(sa.union(defined, used)).scalars()))


def gaps(conn: sa.Connection) -> dict[Key, list[Row]]:
    """Return the gaps of every project and direction."""
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in records.rows(conn, sa.select(t.gaps)):
        found[row.project_id, row.direction].append(row)
    return found


def agreement_spans(conn: sa.Connection) -> dict[str, list[Row]]:
    """Return when each project's agreements were active; those without a commitment never were."""
    table = t.agreements
    asked = sa.select(
        table.c.project_id, table.c.type, table.c.active_from, table.c.ended_at
    ).where(table.c.active_from.is_not(None), promises_something())
    found: dict[str, list[Row]] = defaultdict(list)
    for row in records.rows(conn, asked):
        found[row.project_id].append(row)
    return found


def promises_something() -> Any:
    """Return the condition that an agreement has a dated commitment; without one it is paper."""
    return (
        sa.select(t.commitments.c.commitment_id)
        .where(t.commitments.c.agreement_id == t.agreements.c.agreement_id)
        .exists()
    )


def commitments_in(conn: sa.Connection, first: date, last: date) -> dict[str, tuple[int, int]]:
    """Return (due, on time) per project of the project's own commitments that fell due.

    A submission before the due instant stops the clock; it counts unless the other side refused
    it, which puts the commitment back.
    """
    table = t.commitments
    on_time = sa.case(
        (
            sa.and_(
                table.c.state.in_(("FULFILLED", "SUBMITTED")),
                table.c.submitted_at < table.c.due_at,
            ),
            1,
        ),
        else_=0,
    )
    asked = (
        sa.select(table.c.project_id, sa.func.count(), sa.func.sum(on_time))
        .where(
            table.c.responsible == "PROJECT",
            table.c.due_date >= first,
            table.c.due_date <= last,
            table.c.state.not_in(("WAIVED", "CANCELLED")),
        )
        .group_by(table.c.project_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in conn.execute(asked)}


def meetings_in(conn: sa.Connection, period: str) -> set[str]:
    """Return the projects that held their three-party meeting in a month."""
    asked = sa.select(t.meetings.c.project_id).where(
        t.meetings.c.period == period, t.meetings.c.annulled_at.is_(None)
    )
    return set(conn.execute(asked).scalars())


def in_service_at(conn: sa.Connection, scope: str, at: datetime) -> list[Row]:
    """Return the projects of an area that were in service at an instant, in order of their id."""
    table = t.projects
    asked = (
        sa.select(table)
        .where(
            table.c.in_service_from <= at,
            sa.or_(table.c.closed_at.is_(None), table.c.closed_at > at),
            *within(table.c.area, scope),
        )
        .order_by(table.c.project_id)
    )
    return records.rows(conn, asked)


def _in_force(table: sa.Table, at: datetime) -> tuple[Any, Any]:
    return table.c.active_from <= at, sa.or_(table.c.ended_at.is_(None), table.c.ended_at > at)


def in_force_on(day_ends: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that an agreement was in force at the end of a day."""
    return sa.and_(*_in_force(t.agreements, day_ends))


def kinds_at(conn: sa.Connection, scope: str, at: datetime) -> dict[str, set[str]]:
    """Return of which kinds each project of an area had an agreement in force at an instant."""
    table = t.agreements
    asked = sa.select(table.c.project_id, table.c.type).where(
        *_in_force(table, at), promises_something(), *within(table.c.area, scope)
    )
    return _sets(conn, asked)


def directions_at(conn: sa.Connection, scope: str, at: datetime) -> dict[str, set[str]]:
    """Return in which directions each project of an area had somebody in office at an instant."""
    table = t.appointments
    asked = sa.select(table.c.project_id, table.c.direction).where(
        *_in_force(table, at), *within(table.c.area, scope)
    )
    return _sets(conn, asked)


def _sets(conn: sa.Connection, asked: sa.Select[Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for project_id, one in conn.execute(asked):
        found[project_id].add(one)
    return found


def compounds_that_met(conn: sa.Connection, period: str, projects: Sequence[Row]) -> set[str]:
    """Return which of these projects' compounds had a meeting in a month.

    A compound goes on when another company takes it over: a meeting under the project before
    counts for it.
    """
    met = meetings_in(conn, period)
    table = t.projects
    before: dict[str, str] = {
        row[0]: row[1]
        for row in conn.execute(
            sa.select(table.c.project_id, table.c.predecessor_id).where(
                table.c.predecessor_id.is_not(None)
            )
        )
    }
    found = set()
    for project in projects:
        line: str | None = project.project_id
        while line is not None and line not in met:
            line = before.get(line)
        if line is not None:
            found.add(project.project_id)
    return found


def _overdue_before(instant: datetime) -> sa.Subquery:
    """The orders that were in state OVERDUE just before an instant, with project and severity.

    Read from the history, so that what happened later does not change the answer; orders
    withdrawn since count as never issued.
    """
    h, orders = t.history, t.rectifications
    newest = (
        sa.select(h.c.ref, sa.func.max(h.c.id).label("id"))
        .where(h.c.kind == "rectification", h.c.at < instant, h.c.state.is_not(None))
        .group_by(h.c.ref)
        .subquery()
    )
    return (
        sa.select(orders.c.project_id, orders.c.severity, orders.c.area)
        .select_from(newest)
        .join(h, h.c.id == newest.c.id)
        .join(orders, orders.c.rectification_id == newest.c.ref)
        .where(h.c.state == "OVERDUE", orders.c.state != "WITHDRAWN")
        .subquery()
    )


def overdue_at(conn: sa.Connection, instant: datetime) -> dict[str, int]:
    """Return per project how many orders were in state OVERDUE just before an instant."""
    overdue = _overdue_before(instant)
    asked = sa.select(overdue.c.project_id, sa.func.count()).group_by(overdue.c.project_id)
    return {row[0]: int(row[1]) for row in conn.execute(asked)}


def overdue_by_severity(conn: sa.Connection, scope: str, instant: datetime) -> dict[str, int]:
    """Return per severity how many orders of an area were OVERDUE just before an instant."""
    overdue = _overdue_before(instant)
    asked = (
        sa.select(overdue.c.severity, sa.func.count())
        .where(*within(overdue.c.area, scope))
        .group_by(overdue.c.severity)
    )
    return {row[0]: int(row[1]) for row in conn.execute(asked)}


def _within(column: Any, scope: str, project_id: str | None, own: Any) -> list[Condition]:
    conditions = within(column, scope)
    if project_id is not None:
        conditions.append(own == project_id)
    return conditions


def live_complaints(
    conn: sa.Connection,
    *,
    begin: datetime,
    end: datetime,
    scope: str = "",
    project_id: str | None = None,
) -> dict[Key, int]:
    """Return the complaints that count now, by (project, month of filing), in a time."""
    table = t.complaints
    asked = (
        sa.select(table.c.project_id, table.c.period, sa.func.count())
        .where(
            table.c.valid != "NO",
            table.c.filed_at >= begin,
            table.c.filed_at < end,
            *_within(table.c.area, scope, project_id, table.c.project_id),
        )
        .group_by(table.c.project_id, table.c.period)
    )
    return {(row[0], row[1]): int(row[2]) for row in conn.execute(asked)}


def complaint_categories(
    conn: sa.Connection,
    *,
    begin: datetime,
    end: datetime,
    scope: str,
    project_id: str | None,
    projects: Sequence[str] | None = None,
) -> list[Values]:
    """Return per category how many complaints came in, count, and were found not valid."""
    table = t.complaints
    asked = (
        sa.select(
            table.c.category,
            sa.func.count().label("filed"),
            sa.func.sum(sa.case((table.c.valid == "NO", 1), else_=0)).label("invalidated"),
        )
        .where(
            table.c.filed_at >= begin,
            table.c.filed_at < end,
            *_within(table.c.area, scope, project_id, table.c.project_id),
            *([] if projects is None else [table.c.project_id.in_(list(projects))]),
        )
        .group_by(table.c.category)
        .order_by(sa.func.count().desc(), table.c.category)
    )
    return [
        {"category": row[0], "filed": int(row[1]), "invalidated": int(row[2])}
        for row in conn.execute(asked)
    ]


def frozen_months(
    conn: sa.Connection,
    *,
    first: str,
    last: str,
    scope: str = "",
    project_id: str | None = None,
) -> dict[Key, Row]:
    """Return the frozen and the loaded months, by (project, month)."""
    table = t.project_months
    columns = [column for column in table.columns if column.name != "measured"]
    asked = sa.select(*columns).where(
        table.c.period >= first,
        table.c.period <= last,
        *_within(table.c.area, scope, project_id, table.c.project_id),
    )
    return {(row.project_id, row.period): row for row in records.rows(conn, asked)}


def household_steps(
    conn: sa.Connection, *, scope: str = "", project_id: str | None = None
) -> dict[str, list[tuple[date, int]]]:
    """Return the effective-dated household counts per project, oldest first."""
    table, projects = t.project_households, t.projects
    asked = (
        sa.select(table)
        .join(projects, projects.c.project_id == table.c.project_id)
        .where(*_within(projects.c.area, scope, project_id, table.c.project_id))
        .order_by(table.c.project_id, table.c.since)
    )
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for row in records.rows(conn, asked):
        found[row.project_id].append((row.since, row.households))
    return found


def compounds(conn: sa.Connection, *, scope: str = "", project_id: str | None = None) -> list[Row]:
    """Return of each project whom it took over from, when it was closed, whose and where it is."""
    table = t.projects
    asked = sa.select(
        table.c.project_id,
        table.c.predecessor_id,
        table.c.closed_at,
        table.c.company_id,
        table.c.area,
    ).where(*_within(table.c.area, scope, project_id, table.c.project_id))
    return records.rows(conn, asked.order_by(table.c.project_id))


def households_on(steps: Sequence[tuple[date, int]], day: date) -> int:
    """Return the household count that was in effect on a day; 0 before the first."""
    count = 0
    for since, households in steps:
        if since > day:
            break
        count = households
    return count


def freeze(conn: sa.Connection, rows: list[Values]) -> None:
    """Freeze measured months. A month that stands already is never changed."""
    records.add_missing(conn, t.project_months, rows)


def measured(conn: sa.Connection, project_id: str, period: str | None) -> Row | None:
    """Return a measured month of a project; without a period the newest."""
    table = t.project_months
    asked = sa.select(table).where(table.c.project_id == project_id, table.c.source == "MEASURED")
    if period is not None:
        asked = asked.where(table.c.period == period)
    return records.first(conn, asked.order_by(table.c.period.desc()).limit(1))


def history_month(conn: sa.Connection, project_id: str, period: str) -> Row | None:
    """Return a frozen or loaded month of a project, locked, or None."""
    table = t.project_months
    asked = store.lock(
        sa.select(table).where(table.c.project_id == project_id, table.c.period == period), conn
    )
    return records.first(conn, asked)


def frozen_month(conn: sa.Connection, project_id: str, period: str) -> Row | None:
    """Return a frozen or loaded month of a project, or None."""
    table = t.project_months
    asked = sa.select(table).where(table.c.project_id == project_id, table.c.period == period)
    return records.first(conn, asked)


def closures(
    conn: sa.Connection,
    *,
    begin: datetime,
    end: datetime,
    scope: str,
    project_id: str | None,
    projects: Sequence[str] | None = None,
) -> dict[str | None, int]:
    """Return how many complaints that came in in a time are closed, by what who complained said."""
    table = t.complaints
    asked = (
        sa.select(table.c.confirmed, sa.func.count())
        .where(
            table.c.state == "CLOSED",
            table.c.valid != "NO",
            table.c.filed_at >= begin,
            table.c.filed_at < end,
            *_within(table.c.area, scope, project_id, table.c.project_id),
            *([] if projects is None else [table.c.project_id.in_(list(projects))]),
        )
        .group_by(table.c.confirmed)
    )
    return {row[0]: int(row[1]) for row in conn.execute(asked)}


def correct_history(conn: sa.Connection, project_id: str, period: str, invalidated: int) -> None:
    """Set how many complaints of a loaded month were found not valid since."""
    table = t.project_months
    conn.execute(
        sa.update(table)
        .where(table.c.project_id == project_id, table.c.period == period)
        .values(invalidated=invalidated)
    )


def missed_meetings(conn: sa.Connection, period: str, before: datetime) -> list[str]:
    """Return the projects in service whose compound held no three-party meeting in a month."""
    there = [row for row in in_service_at(conn, "", before) if row.created_at < before]
    met = compounds_that_met(conn, period, there)
    return [row.project_id for row in there if row.project_id not in met]
