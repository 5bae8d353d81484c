"""Rows by their key, what happened to them, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from chassis import storage as store
from services.property.storage import tables as t

Row = dict[str, Any]
COMMUNITY_DIGITS = 12


def _key(table: sa.Table) -> sa.Column[Any]:
    return next(iter(table.primary_key))


def within(column: Any, scope: str) -> list[Any]:
    """Return the condition that a place lies in an area, in a form that an index serves.

    A community's own code is its whole code; a shorter one is a range of codes. Without an area
    there is no condition.
    """
    if not scope:
        return []
    if len(scope) == COMMUNITY_DIGITS:
        return [column == scope]
    after = str(int(scope) + 1)
    return [column >= scope, *([column < after] if len(after) == len(scope) else [])]


def load(conn: sa.Connection, table: sa.Table, key: str) -> Row | None:
    """Return the row with this key, or None."""
    row = conn.execute(sa.select(table).where(_key(table) == key)).mappings().first()
    return dict(row) if row else None


def locked(conn: sa.Connection, table: sa.Table, key: str) -> Row | None:
    """Return the row with this key, locked until the transaction ends, or None."""
    asked = store.lock(sa.select(table).where(_key(table) == key), conn)
    row = conn.execute(asked).mappings().first()
    return dict(row) if row else None


def present(conn: sa.Connection, table: sa.Table, keys: Iterable[str]) -> set[str]:
    """Return which of the keys are there."""
    key = _key(table)
    return set(conn.execute(sa.select(key).where(key.in_(list(keys)))).scalars())


def add(conn: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> Row:
    """Insert a row and return it with every column."""
    full = {column.name: values.get(column.name) for column in table.columns}
    conn.execute(table.insert().values(full))
    return full


def add_many(conn: sa.Connection, table: sa.Table, rows: list[Row]) -> None:
    """Insert rows in one statement; none is fine."""
    if rows:
        conn.execute(table.insert(), rows)


def put(conn: sa.Connection, table: sa.Table, rows: list[Row], *, keep: Iterable[str] = ()) -> None:
    """Insert rows, or overwrite those with the same key.

    Args:
        conn: Open transaction.
        table: Where to.
        rows: All with the same columns; of two with one key the last one stands.
        keep: Columns that an existing row keeps.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    unique = {tuple(row[name] for name in keys): row for row in rows}
    statement = store.insert(conn, table)
    kept = {*keys, *keep}
    changes = {name: statement.excluded[name] for name in rows[0] if name not in kept}
    if changes:
        final = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    else:
        final = statement.on_conflict_do_nothing()
    conn.execute(final, list(unique.values()))


def change(conn: sa.Connection, table: sa.Table, row: Row, **values: Any) -> Row:
    """Change a locked row; its version grows by one. Returns the row afterwards."""
    key = _key(table)
    changed = {**values, "version": row["version"] + 1}
    conn.execute(sa.update(table).where(key == row[key.name]).values(changed))
    return {**row, **changed}


def note(
    conn: sa.Connection,
    *,
    kind: str,
    ref: str,
    project_id: str | None,
    at: datetime,
    what: str,
    actor: str,
    role: str,
    state: str | None = None,
    **detail: Any,
) -> None:
    """Write down what happened; the history is never changed."""
    conn.execute(
        t.history.insert().values(
            kind=kind,
            ref=ref,
            project_id=project_id,
            at=at,
            what=what,
            state=state,
            actor=actor,
            role=role,
            detail=detail,
        )
    )


def history_of(conn: sa.Connection, kind: str, ref: str, limit: int = 200) -> list[Row]:
    """Return what happened to one thing, oldest first."""
    asked = (
        sa.select(t.history)
        .where(t.history.c.kind == kind, t.history.c.ref == ref)
        .order_by(t.history.c.id)
        .limit(limit)
    )
    return [dict(row) for row in conn.execute(asked).mappings()]


def next_number(conn: sa.Connection, prefix: str) -> str:
    """Return the next number of a series: the prefix and five digits."""
    statement = store.insert(conn, t.numbers).values(prefix=prefix, last=1)
    last = conn.execute(
        statement.on_conflict_do_update(
            index_elements=["prefix"], set_={"last": t.numbers.c.last + 1}
        ).returning(t.numbers.c.last)
    ).scalar_one()
    return f"{prefix}-{last:05d}"


# --------------------------------------------------------------------------------------------------
# Projects and their people


def company_by_uscc(conn: sa.Connection, uscc: str) -> Row | None:
    """Return the company with this code, or None."""
    row = conn.execute(sa.select(t.companies).where(t.companies.c.uscc == uscc)).mappings().first()
    return dict(row) if row else None


def areas_of_company(conn: sa.Connection, company_id: str) -> set[str]:
    """Return the communities in which a company has a project that is not closed."""
    asked = sa.select(t.projects.c.area).where(
        t.projects.c.company_id == company_id, t.projects.c.status != "CLOSED"
    )
    return set(conn.execute(asked).scalars())


def companies_spoken_for(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the companies for which a person speaks."""
    table = t.companies
    # The text narrows; the list decides: an underscore is a joker there.
    asked = sa.select(table.c.company_id, table.c.representatives).where(
        sa.cast(table.c.representatives, sa.Text).like(f'%"{person_id}"%')
    )
    return [row[0] for row in conn.execute(asked) if person_id in row[1]]


def end_manager(conn: sa.Connection, project_id: str, at: datetime) -> None:
    """End the present manager's time."""
    table = t.project_managers
    conn.execute(
        sa.update(table)
        .where(table.c.project_id == project_id, table.c.until.is_(None))
        .values(until=at)
    )


def households_since(conn: sa.Connection, project_id: str) -> int:
    """Return the household count of a project that is in effect last."""
    table = t.project_households
    asked = (
        sa.select(table.c.households)
        .where(table.c.project_id == project_id)
        .order_by(table.c.since.desc())
        .limit(1)
    )
    return int(conn.execute(asked).scalar_one())


def month_is_measured(conn: sa.Connection, period: str) -> bool:
    """Tell whether the marker of a month has gone out."""
    asked = sa.select(t.months.c.said_at).where(t.months.c.period == period)
    return conn.execute(asked).scalar() is not None


def owners_committee_in_term(conn: sa.Connection, project_id: str) -> Row | None:
    """Return the committee of a compound that is in its term, or None."""
    table = t.owners_committees
    asked = sa.select(table).where(table.c.project_id == project_id, table.c.state == "IN_TERM")
    row = conn.execute(asked.limit(1)).mappings().first()
    return dict(row) if row else None


def active_post(conn: sa.Connection, project_id: str, person_id: str) -> str | None:
    """Return the post that a person holds in or for a project, or None.

    The manager's own post counts: nobody decides on his own project.
    """
    table = t.appointments
    post: str | None = conn.execute(
        sa.select(table.c.target_post).where(
            table.c.project_id == project_id,
            table.c.person_id == person_id,
            table.c.state == "ACTIVE",
        )
    ).scalar()
    if post is not None:
        return post
    manages = conn.execute(
        sa.select(t.projects.c.project_id).where(
            t.projects.c.project_id == project_id, t.projects.c.manager_person_id == person_id
        )
    ).first()
    return "PROJECT_MANAGER" if manages else None


# --------------------------------------------------------------------------------------------------
# Cross-appointments


def appointments_of(
    conn: sa.Connection, project_id: str, *, direction: str | None = None, states: Iterable[str]
) -> list[Row]:
    """Return the appointments of a project in the given states, locked where that matters."""
    table = t.appointments
    asked = sa.select(table).where(
        table.c.project_id == project_id, table.c.state.in_(tuple(states))
    )
    if direction is not None:
        asked = asked.where(table.c.direction == direction)
    return [dict(row) for row in conn.execute(asked.order_by(table.c.created_at)).mappings()]


def open_gap(conn: sa.Connection, project_id: str, direction: str, since: date) -> None:
    """Begin a gap in a direction; a gap that began on the same day goes on."""
    statement = store.insert(conn, t.gaps).values(
        project_id=project_id, direction=direction, since=since, until=None, days=None
    )
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["project_id", "direction", "since"], set_={"until": None, "days": None}
        )
    )


def close_gap(conn: sa.Connection, project_id: str, direction: str, until: date) -> int | None:
    """End the gap that runs in a direction. Returns its days, or None where none ran."""
    table = t.gaps
    mine = sa.and_(
        table.c.project_id == project_id, table.c.direction == direction, table.c.until.is_(None)
    )
    since = conn.execute(sa.select(table.c.since).where(mine)).scalar()
    if since is None:
        return None
    days: int = max((until - since).days, 0)
    conn.execute(sa.update(table).where(mine).values(until=until, days=days))
    return days


def is_cadre(conn: sa.Connection, person_id: str, community: str) -> bool:
    """Tell whether a person is known as a member of a community's two committees.

    Steward's enrolment as COMMUNITY_CADRE and forum's liaison of that tier both say so.
    """
    enrolled = sa.select(t.cadres.c.steward_id).where(
        t.cadres.c.person_id == person_id,
        t.cadres.c.community == community,
        t.cadres.c.active,
    )
    linked = sa.select(t.liaisons.c.link_id).where(
        t.liaisons.c.person_id == person_id,
        t.liaisons.c.tier == "COMMUNITY_CADRE",
        t.liaisons.c.target.like(community + "%"),
        t.liaisons.c.active,
    )
    return conn.execute(sa.union_all(enrolled, linked).limit(1)).first() is not None


def official_for(conn: sa.Connection, tier: str, target: str) -> str | None:
    """Return the official who has been linked longest to an area in a tier, or None."""
    table = t.liaisons
    asked = (
        sa.select(table.c.official_id)
        .where(table.c.tier == tier, table.c.target == target, table.c.active)
        .order_by(table.c.since, table.c.link_id)
        .limit(1)
    )
    found: str | None = conn.execute(asked).scalar()
    return found


# --------------------------------------------------------------------------------------------------
# Agreements


def items_of(conn: sa.Connection, agreement_id: str) -> list[Row]:
    """Return the items of an agreement in their order."""
    table = t.agreement_items
    asked = sa.select(table).where(table.c.agreement_id == agreement_id).order_by(table.c.item)
    return [dict(row) for row in conn.execute(asked).mappings()]


def agreements_not_over(conn: sa.Connection, project_id: str) -> list[Row]:
    """Return the agreements of a project that are drafted, signed or in force, locked."""
    table = t.agreements
    asked = sa.select(table).where(
        table.c.project_id == project_id, table.c.state.not_in(("EXPIRED", "TERMINATED"))
    )
    rows = conn.execute(store.lock(asked.order_by(table.c.agreement_id), conn)).mappings()
    return [dict(row) for row in rows]


def orders_in(conn: sa.Connection, project_id: str, states: Iterable[str]) -> list[Row]:
    """Return the orders of a project in the given states, locked, oldest first."""
    table = t.rectifications
    asked = sa.select(table).where(
        table.c.project_id == project_id, table.c.state.in_(tuple(states))
    )
    rows = conn.execute(
        store.lock(asked.order_by(table.c.created_at, table.c.rectification_id), conn)
    ).mappings()
    return [dict(row) for row in rows]


def open_commitments(conn: sa.Connection, agreement_id: str, after: datetime) -> list[Row]:
    """Return the commitments of an agreement that fall due after an instant and are not done."""
    table = t.commitments
    asked = sa.select(table).where(
        table.c.agreement_id == agreement_id,
        table.c.due_at > after,
        table.c.state.in_(("SCHEDULED", "DUE")),
    )
    return [dict(row) for row in conn.execute(store.lock(asked, conn)).mappings()]


# --------------------------------------------------------------------------------------------------
# What others say


def known_projects(conn: sa.Connection, project_ids: Iterable[str]) -> dict[str, Row]:
    """Return the projects that exist, by id."""
    wanted = sorted(set(project_ids))
    if not wanted:
        return {}
    asked = sa.select(t.projects).where(t.projects.c.project_id.in_(wanted))
    return {row["project_id"]: dict(row) for row in conn.execute(asked).mappings()}


def projects_serving(conn: sa.Connection, grids: Iterable[str]) -> dict[str, list[Row]]:
    """Return the projects in service by the grids that they serve, in order of their id."""
    wanted = set(grids)
    if not wanted:
        return {}
    table = t.projects
    asked = (
        sa.select(table)
        .where(
            table.c.area.in_(sorted({grid[:COMMUNITY_DIGITS] for grid in wanted})),
            table.c.status == "IN_SERVICE",
        )
        .order_by(table.c.project_id)
    )
    found: dict[str, list[Row]] = {}
    for row in conn.execute(asked).mappings():
        for grid in wanted.intersection(row["grids"]):
            found.setdefault(grid, []).append(dict(row))
    return found


def new_complaints(conn: sa.Connection, rows: list[Row]) -> list[Row]:
    """Insert complaints whose request has none yet; return those that were inserted."""
    return _new_of_requests(conn, t.complaints, rows)


def new_undecided(conn: sa.Connection, rows: list[Row]) -> list[Row]:
    """Insert complaints that wait for their project and are not known; return those inserted."""
    return _new_of_requests(conn, t.undecided, rows)


def _new_of_requests(conn: sa.Connection, table: sa.Table, rows: list[Row]) -> list[Row]:
    if not rows:
        return []
    ids = [row["request_id"] for row in rows]
    known: set[str] = set()
    for one in (t.complaints, t.undecided):
        if one is t.undecided and table is t.complaints:
            # One that waited becomes a complaint.
            continue
        asked = sa.select(one.c.request_id).where(one.c.request_id.in_(ids))
        known.update(conn.execute(asked).scalars())
    fresh = {row["request_id"]: row for row in rows if row["request_id"] not in known}
    add_many(conn, table, list(fresh.values()))
    return list(fresh.values())


def complaints_of_requests(conn: sa.Connection, request_ids: Iterable[str]) -> dict[str, Row]:
    """Return the complaints of these requests, locked, by request."""
    return _of_requests(conn, t.complaints, request_ids)


def undecided_of_requests(conn: sa.Connection, request_ids: Iterable[str]) -> dict[str, Row]:
    """Return what of these requests waits or waited for its project, locked, by request."""
    return _of_requests(conn, t.undecided, request_ids)


def _of_requests(
    conn: sa.Connection, table: sa.Table, request_ids: Iterable[str]
) -> dict[str, Row]:
    asked = sa.select(table).where(table.c.request_id.in_(sorted(set(request_ids))))
    rows = conn.execute(store.lock(asked.order_by(_key(table)), conn)).mappings()
    return {row["request_id"]: dict(row) for row in rows}


def undecided_in(conn: sa.Connection, grids: Iterable[str]) -> list[Row]:
    """Return the complaints of these grids that wait for their project, locked, oldest first."""
    table = t.undecided
    asked = sa.select(table).where(table.c.grid.in_(sorted(set(grids))), table.c.state == "WAITING")
    asked = asked.order_by(table.c.created_at, table.c.undecided_id)
    return [dict(row) for row in conn.execute(store.lock(asked, conn)).mappings()]


def works_of_tasks(conn: sa.Connection, task_ids: Iterable[str]) -> dict[str, Row]:
    """Return the works of these tasks, locked, by task."""
    table = t.works
    asked = sa.select(table).where(table.c.task_id.in_(sorted(set(task_ids))))
    rows = conn.execute(store.lock(asked.order_by(table.c.work_id), conn)).mappings()
    return {row["task_id"]: dict(row) for row in rows}


def order_of(
    conn: sa.Connection, *, complaint_id: str | None = None, task_id: str | None = None
) -> str | None:
    """Return the order that a complaint or a task has opened, or None."""
    table = t.rectifications
    asked = sa.select(table.c.rectification_id)
    if complaint_id is not None:
        asked = asked.where(table.c.complaint_id == complaint_id)
    else:
        asked = asked.where(table.c.task_id == task_id)
    found: str | None = conn.execute(asked).scalar()
    return found


def newest_complaint_like(
    conn: sa.Connection, *, project_id: str, category: str, after: datetime, until: datetime
) -> datetime | None:
    """Return when the newest complaint of a category about a project was filed in a time."""
    table = t.complaints
    found: datetime | None = conn.execute(
        sa.select(sa.func.max(table.c.filed_at)).where(
            table.c.project_id == project_id,
            table.c.category == category,
            table.c.valid != "NO",
            table.c.filed_at > after,
            table.c.filed_at < until,
        )
    ).scalar()
    return found


def end_steward(conn: sa.Connection, steward_id: str, sequence: int) -> None:
    """Mark a cadre as no longer serving."""
    table = t.cadres
    conn.execute(
        sa.update(table)
        .where(table.c.steward_id == steward_id)
        .values(active=False, sequence=sequence)
    )


def end_liaison(conn: sa.Connection, link_id: str, sequence: int) -> None:
    """Mark a link as ended."""
    table = t.liaisons
    conn.execute(
        sa.update(table).where(table.c.link_id == link_id).values(active=False, sequence=sequence)
    )


def grade_periods(conn: sa.Connection, refs: Iterable[str]) -> dict[str, str]:
    """Return the period of the grade that is shown of each subject."""
    wanted = sorted(set(refs))
    if not wanted:
        return {}
    asked = sa.select(t.grades.c.ref, t.grades.c.period).where(t.grades.c.ref.in_(wanted))
    return {row.ref: row.period for row in conn.execute(asked)}
