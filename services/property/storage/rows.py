"""Rows by their key, what happened to them, and their numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import identities, records
from fivered.chassis import storage as store
from fivered.services.property import rules
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.people import housemates, same_household

Row = records.Row
Values = dict[str, Any]
# What a row must be for a list to hold it.
Condition = sa.ColumnElement[bool]
COMMUNITY_DIGITS = 12


def within(column: Any, scope: str) -> list[Condition]:
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


def grids_within(column: Any, scope: str) -> list[Condition]:
    """Return the condition that a grid lies in an area: a community has a range of them, too."""
    if len(scope) == COMMUNITY_DIGITS:
        return within_community(column, scope)
    return within(column, scope)


# --------------------------------------------------------------------------------------------------
# Projects and their people


def company_by_uscc(conn: sa.Connection, uscc: str) -> Row | None:
    """Return the company with this code, or None."""
    return records.first(conn, sa.select(t.companies).where(t.companies.c.uscc == uscc))


def concerning(conn: sa.Connection, scope: str, companies: Collection[Row]) -> list[Row]:
    """Return which of these companies are the matter of who works for an area: `rules.concerns`."""
    places: dict[str, set[str]] = {company.company_id: set() for company in companies}
    asked = sa.select(t.projects.c.company_id, t.projects.c.area).where(
        t.projects.c.company_id.in_(sorted(places)), t.projects.c.status != "CLOSED"
    )
    for company_id, area in conn.execute(asked):
        places[company_id].add(area)
    return [
        company
        for company in companies
        if rules.concerns(scope, area=company.area, places=places[company.company_id])
    ]


def companies_with_proposals(conn: sa.Connection) -> list[Row]:
    """Return the companies of which a change of representatives waits for a second person."""
    table = t.companies
    asked = sa.select(table).where(table.c.representatives_proposed_by.is_not(None))
    return records.rows(conn, asked.order_by(table.c.company_id))


def has_record(conn: sa.Connection, project_id: str) -> bool:
    """Tell whether a project has anything that stays with the company that runs it."""
    asked = [
        sa.select(sa.literal(1)).where(table.c.project_id == project_id)
        for table in (
            t.appointments,
            t.agreements,
            t.complaints,
            t.rectifications,
            t.project_months,
        )
    ]
    return conn.execute(sa.union_all(*asked).limit(1)).first() is not None


def companies_spoken_for(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the companies for which a person speaks."""
    return _with_in_list(conn, t.companies, person_id, t.companies.c.representatives)


def managed_by(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the projects that a person manages and that are not closed."""
    table = t.projects
    asked = sa.select(table.c.project_id).where(
        table.c.manager_person_id == person_id, table.c.status != "CLOSED"
    )
    return list(conn.execute(asked.order_by(table.c.project_id)).scalars())


def companies_naming(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the companies for which a person speaks, or is proposed to speak."""
    table = t.companies
    return _with_in_list(
        conn, table, person_id, table.c.representatives, table.c.representatives_proposed
    )


def committees_of(conn: sa.Connection, person_id: str) -> list[str]:
    """Return the owners' committees in their term, or before it, of which a person is a member."""
    table = t.owners_committees
    running = table.c.state.in_(("IN_TERM", "ELECTED"))
    return _with_in_list(conn, table, person_id, table.c.members, only=[running])


def _with_in_list(
    conn: sa.Connection,
    table: sa.Table,
    person_id: str,
    *columns: sa.Column[Any],
    only: Sequence[Condition] = (),
) -> list[str]:
    """Return the keys of the rows in one of whose lists a person stands."""
    key = records.key_of(table)
    near = sa.or_(*(identities.may_name(column, person_id) for column in columns))
    asked = sa.select(key, *columns).where(near, *only).order_by(key)
    found = conn.execute(asked).all()
    return [ref for ref, *named in found if any(person_id in (people or ()) for people in named)]


def committees_with_vacancies(conn: sa.Connection, conditions: Sequence[Condition]) -> list[Row]:
    """Return the committees in their term that have no chair, or not the number that they need."""
    table = t.owners_committees
    asked = sa.select(table).where(table.c.state == "IN_TERM", *conditions)
    found = records.rows(conn, asked.order_by(table.c.created_at))
    return [row for row in found if not rules.is_complete(row.members, row.chair)]


def companies_spoken_for_by_nobody(conn: sa.Connection) -> list[Row]:
    """Return the companies that run a project and have no representative."""
    table = t.companies
    running = sa.select(t.projects.c.company_id).where(t.projects.c.status != "CLOSED")
    asked = sa.select(table).where(
        sa.cast(table.c.representatives, sa.Text) == "[]", table.c.company_id.in_(running)
    )
    return records.rows(conn, asked.order_by(table.c.company_id))


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
    return _committee_of(conn, project_id, "IN_TERM")


def owners_committee_to_come(conn: sa.Connection, project_id: str) -> Row | None:
    """Return the committee of a compound that is elected for the next term, or None."""
    return _committee_of(conn, project_id, "ELECTED")


def _committee_of(conn: sa.Connection, project_id: str, state: str) -> Row | None:
    table = t.owners_committees
    asked = sa.select(table).where(table.c.project_id == project_id, table.c.state == state)
    return records.first(conn, asked.limit(1))


def committees_in_term(conn: sa.Connection) -> list[Row]:
    """Return the committees of all compounds that are in their term."""
    table = t.owners_committees
    asked = sa.select(table).where(table.c.state == "IN_TERM")
    return records.rows(conn, asked.order_by(table.c.committee_id))


@dataclass(frozen=True, slots=True)
class Interest:
    """The post that a person holds in or for a project, or that somebody of the household holds."""

    post: str
    kin: bool


def interest_of(conn: sa.Connection, project: Row, person_id: str) -> Interest | None:
    """Return why a person stays out of a project's matters, or None.

    The manager's own post counts: nobody decides on their own project. So does a person who speaks
    for its company, or serves it as staff. A person who lives with one of them stays out too
    (FAULTS K12).
    """
    table = t.appointments
    asked = sa.select(table.c.person_id, table.c.target_post).where(
        table.c.project_id == project.project_id, table.c.state == "ACTIVE"
    )
    posts = [(post, {holder}) for holder, post in conn.execute(asked)]
    posts += project_people(conn, project).items()
    for persons, kin in (({person_id}, False), (housemates(conn, {person_id}), True)):
        for post, people in posts:
            if persons & people:
                return Interest(post, kin)
    return None


def projects_of_interest(conn: sa.Connection, person_id: str) -> list[str]:
    """Return every project in whose matters a person has no say; see `interest_of`."""
    table = t.projects
    persons = {person_id} | housemates(conn, {person_id})
    staff = sa.select(t.property_staff.c.community, t.property_staff.c.grids).where(
        t.property_staff.c.person_id.in_(persons), t.property_staff.c.active
    )
    served = {grid for _, grids in conn.execute(staff) for grid in grids}
    appointed = sa.select(t.appointments.c.project_id).where(
        t.appointments.c.person_id.in_(persons), t.appointments.c.state == "ACTIVE"
    )
    companies = [company for one in sorted(persons) for company in companies_spoken_for(conn, one)]
    asked = sa.select(table.c.project_id).where(
        sa.or_(
            table.c.manager_person_id.in_(persons),
            table.c.company_id.in_(companies),
            table.c.project_id.in_(appointed),
        )
    )
    found = {row[0] for row in conn.execute(asked)}
    if served:
        areas = sorted({grid[:COMMUNITY_DIGITS] for grid in served})
        near = sa.select(table.c.project_id, table.c.grids).where(table.c.area.in_(areas))
        found |= {row[0] for row in conn.execute(near) if served & set(row[1])}
    return sorted(found)


def project_people(
    conn: sa.Connection, project: Row, at: datetime | None = None
) -> dict[str, set[str]]:
    """Return who stands on a project's side, by post; with an instant, its manager of then."""
    managers = t.project_managers
    asked = sa.select(managers.c.person_id).where(managers.c.project_id == project.project_id)
    if at is not None:
        # The one before; at a time before the project was registered, its first one.
        asked = asked.where(sa.or_(managers.c.until.is_(None), managers.c.until > at))
        first = asked.order_by(managers.c.since).limit(1)
        manager = set(conn.execute(first).scalars())
    else:
        manager = {project.manager_person_id} - {None}
    company = records.find(conn, t.companies, project.company_id)
    staff = sa.select(t.property_staff.c.person_id, t.property_staff.c.grids).where(
        t.property_staff.c.community == project.area, t.property_staff.c.active
    )
    return {
        "PROJECT_MANAGER": manager,
        "COMPANY_REPRESENTATIVE": set(company.representatives) if company else set(),
        "PROPERTY_STAFF": {
            row[0] for row in conn.execute(staff) if set(row[1]) & set(project.grids)
        },
    }


def substitute_for(
    conn: sa.Connection,
    project: Row,
    *,
    without: str,
    kin_of: str | None = None,
    roles: Collection[str] = (),
) -> tuple[str | None, str]:
    """Return who may decide instead of a person with a post in a project: (person, role).

    Another member of the community's two committees, else a cadre who is linked to it, else the
    street, else the district; never one who holds a post in the project. Of street and
    district an office is named: which of its people has it, is no fact of ours.

    Args:
        conn: The connection.
        project: Whose matter it is.
        without: Who may not.
        kin_of: A person who may not either, nor anybody of that household.
        roles: Whose the command is; any by default.
    """
    cadres, linked = _of_committees(project.area)
    for asked in (
        cadres.order_by(t.cadres.c.steward_id),
        linked.order_by(t.liaisons.c.since, t.liaisons.c.link_id),
    ):
        if roles and "R_CADRE" not in roles:
            break
        for person in conn.execute(asked).scalars():
            own = kin_of is not None and (person == kin_of or same_household(conn, person, kin_of))
            if person != without and not own and interest_of(conn, project, person) is None:
                return person, "R_CADRE"
    return None, next((role for role in ("R_STREET", "R_DISTRICT") if role in roles), "R_STREET")


def sides_of(conn: sa.Connection, project: Row, person_id: str) -> list[tuple[str, str]]:
    """Return for which of the three sides of a project a person stands, and as what.

    Who is appointed from the community into the project stays the community's.
    """
    found = [
        ("PROPERTY", post)
        for post, people in project_people(conn, project).items()
        if person_id in people
    ]
    deputies = appointments_of(conn, project.project_id, direction="C2P", states=("ACTIVE",))
    if any(row.person_id == person_id for row in deputies):
        found.append(("COMMITTEE", rules.POSTS["C2P"][0]))
    elif is_cadre(conn, person_id, project.area):
        found.append(("COMMITTEE", "COMMUNITY_CADRE"))
    committee = owners_committee_in_term(conn, project.project_id)
    if committee is not None and person_id in committee.members:
        found.append(("OWNERS", "OWNERS_COMMITTEE"))
    return found


def projects_of_company(conn: sa.Connection, company_id: str) -> list[Row]:
    """Return the projects that a company runs and that are not closed."""
    table = t.projects
    asked = sa.select(table).where(table.c.company_id == company_id, table.c.status != "CLOSED")
    return records.rows(conn, asked.order_by(table.c.project_id))


def meeting_recorded(
    conn: sa.Connection, project_id: str, held_at: datetime, minutes_sha256: str
) -> str | None:
    """Return the meeting of this time and these minutes that counts, if there is one.

    The project's row is locked, so that of two who record it one sees the other.
    """
    records.find(conn, t.projects, project_id, lock=True)
    meeting = t.meetings.c
    asked = sa.select(meeting.meeting_id).where(
        meeting.project_id == project_id,
        meeting.held_at == held_at,
        meeting.minutes_sha256 == minutes_sha256,
        meeting.annulled_at.is_(None),
    )
    return conn.execute(asked.limit(1)).scalar()


def within_community(column: Any, community: str) -> list[Condition]:
    """Return the condition that a code is a community's, or one of its grids'."""
    after = str(int(community) + 1)
    return [column >= community, column < after]


def _of_committees(community: str) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Return the queries for the members of a community's two committees: enrolled, and linked.

    Steward's enrolment as COMMUNITY_CADRE and forum's liaison of that tier both say so.
    """
    cadres = sa.select(t.cadres.c.person_id).where(
        t.cadres.c.community == community, t.cadres.c.active
    )
    linked = sa.select(t.liaisons.c.person_id).where(
        t.liaisons.c.tier == "COMMUNITY_CADRE",
        t.liaisons.c.active,
        t.liaisons.c.person_id.is_not(None),
        *within_community(t.liaisons.c.target, community),
    )
    return cadres, linked


def committee_people(conn: sa.Connection, community: str) -> set[str]:
    """Return the members of a community's two committees who are known."""
    cadres, linked = _of_committees(community)
    serving = sa.select(t.appointments.c.person_id).where(
        t.appointments.c.direction == "C2P",
        t.appointments.c.state == "ACTIVE",
        t.appointments.c.area == community,
    )
    return set(conn.execute(sa.union(cadres, linked, serving)).scalars())


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
    return records.rows(conn, asked.order_by(table.c.created_at))


def appointments_held(conn: sa.Connection, person_id: str, states: Iterable[str]) -> list[Row]:
    """Return the appointments of a person in the given states."""
    table = t.appointments
    asked = sa.select(table).where(table.c.person_id == person_id, table.c.state.in_(tuple(states)))
    return records.rows(conn, asked.order_by(table.c.created_at))


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
    """Tell whether a person is known as a member of a community's two committees."""
    cadres, linked = _of_committees(community)
    asked = sa.union_all(
        cadres.where(t.cadres.c.person_id == person_id),
        linked.where(t.liaisons.c.person_id == person_id),
    )
    return conn.execute(asked.limit(1)).first() is not None


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
    return records.rows(conn, asked)


def agreements_not_over(conn: sa.Connection, project_id: str) -> list[Row]:
    """Return the agreements of a project that are drafted, signed or in force, locked."""
    table = t.agreements
    asked = sa.select(table).where(
        table.c.project_id == project_id, table.c.state.not_in(("EXPIRED", "TERMINATED"))
    )
    return records.rows(conn, store.lock(asked.order_by(table.c.agreement_id), conn))


def orders_in(conn: sa.Connection, project_id: str, states: Iterable[str]) -> list[Row]:
    """Return the orders of a project in these states, locked, oldest first."""
    table = t.rectifications
    return _orders(conn, table.c.project_id == project_id, table.c.state.in_(tuple(states)))


def orders_from(
    conn: sa.Connection,
    *,
    meeting_id: str | None = None,
    task_id: str | None = None,
    work_id: str | None = None,
) -> list[Row]:
    """Return what a meeting has ordered, or a task or a work order has opened, and what was
    ordered anew from it when the project was handed over or served again; locked."""
    table = t.rectifications
    asked = [
        column == value
        for column, value in (
            (table.c.meeting_id, meeting_id),
            (table.c.task_id, task_id),
            (table.c.work_id, work_id),
        )
        if value is not None
    ]
    found: dict[str, Row] = {}
    while orders := _orders(conn, *asked):
        found |= {row.rectification_id: row for row in orders}
        asked = [table.c.again_of.in_([row.rectification_id for row in orders])]
    return list(found.values())


def _orders(conn: sa.Connection, *asked: sa.ColumnElement[bool]) -> list[Row]:
    table = t.rectifications
    query = sa.select(table).where(*asked).order_by(table.c.created_at, table.c.rectification_id)
    return records.rows(conn, store.lock(query, conn))


def amendment_of(conn: sa.Connection, agreement_id: str, *, active: bool = False) -> str | None:
    """Return the amendment of an agreement that both sides have signed, or that holds; or None."""
    table = t.agreements
    asked = sa.select(table.c.agreement_id).where(
        table.c.supersedes == agreement_id,
        table.c.state.in_(("ACTIVE",) if active else ("SIGNED", "ACTIVE")),
    )
    found: str | None = conn.execute(asked.limit(1)).scalar()
    return found


def open_commitments(conn: sa.Connection, agreement_id: str, after: datetime) -> list[Row]:
    """Return the commitments of an agreement that fall due after an instant and are not done."""
    table = t.commitments
    asked = sa.select(table).where(
        table.c.agreement_id == agreement_id,
        table.c.due_at > after,
        table.c.state.in_(("SCHEDULED", "DUE")),
    )
    return records.rows(conn, store.lock(asked, conn))


# --------------------------------------------------------------------------------------------------
# What others say


def known_projects(conn: sa.Connection, project_ids: Iterable[str]) -> dict[str, Row]:
    """Return the projects that exist, by id."""
    wanted = sorted(set(project_ids))
    if not wanted:
        return {}
    asked = sa.select(t.projects).where(t.projects.c.project_id.in_(wanted))
    return {row.project_id: row for row in records.rows(conn, asked)}


def same_open(
    conn: sa.Connection, table: sa.Table, states: Iterable[str], **said: object
) -> Row | None:
    """Return a row in one of some states that says the same, or None."""
    told = [table.c[name] == value for name, value in said.items()]
    asked = sa.select(table).where(table.c.state.in_(sorted(states)), *told)
    return records.first(conn, asked.limit(1))


def projects_to_regrid(conn: sa.Connection, community: str) -> list[Row]:
    """Return the projects of a community that are not closed, locked, in order of their id."""
    table = t.projects
    asked = sa.select(table).where(table.c.area == community, table.c.status != "CLOSED")
    return records.rows(conn, store.lock(asked.order_by(table.c.project_id), conn))


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
    for row in records.rows(conn, asked):
        for grid in wanted.intersection(row.grids):
            found.setdefault(grid, []).append(row)
    return found


def new_complaints(conn: sa.Connection, rows: list[Values]) -> list[Row]:
    """Insert complaints whose request has none yet; return those that were inserted."""
    return _new_of_requests(conn, t.complaints, rows)


def new_undecided(conn: sa.Connection, rows: list[Values]) -> list[Row]:
    """Insert complaints that wait for their project and are not known; return those inserted."""
    return _new_of_requests(conn, t.undecided, rows)


def _new_of_requests(conn: sa.Connection, table: sa.Table, rows: list[Values]) -> list[Row]:
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
    return records.add_rows(conn, table, list(fresh.values()))


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
    rows = records.rows(conn, store.lock(asked.order_by(records.key_of(table)), conn))
    return {row.request_id: row for row in rows}


def undecided_in(conn: sa.Connection, grids: Iterable[str]) -> list[Row]:
    """Return the complaints of these grids that wait for their project, locked, oldest first."""
    table = t.undecided
    asked = sa.select(table).where(table.c.grid.in_(sorted(set(grids))), table.c.state == "WAITING")
    asked = asked.order_by(table.c.created_at, table.c.undecided_id)
    return records.rows(conn, store.lock(asked, conn))


def person_of_link(conn: sa.Connection, link_id: str) -> str | None:
    """Return who is linked by a liaison, or None."""
    found: str | None = conn.execute(
        sa.select(t.liaisons.c.person_id).where(t.liaisons.c.link_id == link_id)
    ).scalar()
    return found


def _heir_of(conn: sa.Connection, project_id: str) -> Row | None:
    """Return the project that has a closed project's compound now, or None."""
    table = t.projects
    found = None
    asked: str | None = project_id
    while asked is not None:
        row = records.first(conn, sa.select(table).where(table.c.predecessor_id == asked).limit(1))
        found, asked = row or found, row.project_id if row is not None else None
    return found if found is not None and found.status != "CLOSED" else None


def serving_now(conn: sa.Connection, project: Row) -> Row | None:
    """Return a project, or where it is closed the one that has its compound now, or None."""
    return project if project.status != "CLOSED" else _heir_of(conn, project.project_id)


def newest_order_of(conn: sa.Connection, complaint_id: str) -> Row | None:
    """Return the newest order about a complaint: the first one, or what follows it."""
    table = t.rectifications
    found = None
    asked = table.c.complaint_id == complaint_id
    while (row := records.first(conn, sa.select(table).where(asked))) is not None:
        found, asked = row, table.c.again_of == row.rectification_id
    return found


def complaint_of_order(conn: sa.Connection, order: Row) -> Row | None:
    """Return the complaint that an order, or the one that it follows, is about; or None."""
    while order.complaint_id is None and order.again_of is not None:
        order = records.get(conn, t.rectifications, order.again_of)
    return records.find(conn, t.complaints, order.complaint_id) if order.complaint_id else None


def work_of_order(conn: sa.Connection, order: Row) -> str | None:
    """Return the work order that has opened an order, or the one that it follows; or None."""
    while order.work_id is None and order.again_of is not None:
        order = records.get(conn, t.rectifications, order.again_of)
    found: str | None = order.work_id
    return found


def order_of(
    conn: sa.Connection, *, complaint_id: str | None = None, task_id: str | None = None
) -> str | None:
    """Return the order that a complaint or a task has opened, or None."""
    table = t.rectifications
    asked = sa.select(table.c.rectification_id)
    for column, value in (
        (table.c.complaint_id, complaint_id),
        (table.c.task_id, task_id),
    ):
        if value is not None:
            asked = asked.where(column == value)
    found: str | None = conn.execute(asked).scalar()
    return found


def agreement_item(conn: sa.Connection, agreement_id: str, item: int) -> Row | None:
    """Return one item of a draft, or None."""
    table = t.agreement_items
    asked = sa.select(table).where(table.c.agreement_id == agreement_id, table.c.item == item)
    return records.first(conn, asked)


def agreement_lines(conn: sa.Connection, agreement_ids: Iterable[str]) -> set[str]:
    """Return the items of these agreements, each as "id number"."""
    table = t.agreement_items
    asked = sa.select(table.c.agreement_id, table.c.item).where(
        table.c.agreement_id.in_(list(agreement_ids))
    )
    return {f"{one} {item}" for one, item in conn.execute(asked)}


def disclosures_to_come(conn: sa.Connection, project_id: str) -> list[Row]:
    """Return what a project still has to publish, locked."""
    table = t.disclosures
    asked = sa.select(table).where(table.c.project_id == project_id, table.c.state == "SCHEDULED")
    return records.rows(conn, store.lock(asked.order_by(table.c.disclosure_id), conn))


def disclosures_like(
    conn: sa.Connection, *, project_id: str, kind: str, due_date: date
) -> list[Row]:
    """Return what a project has to publish of a kind by a day, unless it was cancelled."""
    table = t.disclosures
    asked = sa.select(table.c.disclosure_id, table.c.title).where(
        table.c.project_id == project_id,
        table.c.kind == kind,
        table.c.due_date == due_date,
        table.c.state != "CANCELLED",
    )
    return records.rows(conn, asked)


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
    """Mark a cadre, or one of a project's staff, as no longer serving."""
    for table in (t.cadres, t.property_staff):
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
