"""What other services said: areas, persons, posts and projects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum.storage.liaison import in_office
from fivered.services.forum.storage.rows import near
from fivered.services.forum.storage.tables import (
    areas,
    deputies,
    deputy_streets,
    invitations,
    officials,
    opt_ins,
    org_people,
    orgs,
    project_posts,
    projects,
    residents,
    sessions,
    topics,
)

# Of a project that serves no longer: nobody speaks for it, and nothing is given to it.
CLOSED = "CLOSED"
# How a resident stands: registered, or why no longer; LEFT where that was not kept yet.
ACTIVE, DECEASED, MERGED, LEFT = "ACTIVE", "DECEASED", "MERGED", "LEFT"


# Whether a caller may act still: read with the key of each command.
standing = (
    sa.select(
        sa.case((residents.c.active, ACTIVE), else_=sa.func.coalesce(residents.c.ended, LEFT))
    )
    .where(residents.c.person_id == sa.bindparam("actor"))
    .scalar_subquery()
)


def known_residents(conn: Connection, person_ids: Sequence[str]) -> list[Row]:
    """Return what is known of people, who have left among them."""
    asked = sa.select(residents).where(residents.c.person_id.in_(person_ids))
    return records.rows(conn, asked)


def withdraw_from_draw(conn: Connection, person_ids: Sequence[str], at: datetime) -> None:
    """Take people out of every draw."""
    conn.execute(
        sa.update(opt_ins)
        .where(opt_ins.c.person_id.in_(person_ids), opt_ins.c.withdrawn_at.is_(None))
        .values(withdrawn_at=at, version=opt_ins.c.version + 1)
    )


def coming_invitations(conn: Connection, person_ids: Sequence[str]) -> list[Row]:
    """Return the invitations, still standing, of resident representatives to sessions that have
    not ended."""
    asked = (
        sa.select(invitations)
        .join(sessions, sessions.c.session_id == invitations.c.session_id)
        .where(
            invitations.c.person_id.in_(person_ids),
            invitations.c.capacity == "RESIDENT_REP",
            invitations.c.revoked_at.is_(None),
            sessions.c.state.in_(("SCHEDULED", "OPEN")),
        )
        .order_by(invitations.c.invitation_id)
    )
    return records.rows(conn, asked)


def cadre_of(conn: Connection, area: str) -> str | None:
    """Return the person of a community's longest-serving cadre, or None."""
    asked = (
        sa.select(officials.c.person_id)
        .where(
            officials.c.tier == "COMMUNITY_CADRE",
            officials.c.area == area,
            officials.c.state == "ACTIVE",
        )
        .order_by(officials.c.created_at, officials.c.official_id)
    )
    found: str | None = conn.execute(asked.limit(1)).scalar()
    return found


def cadres_of(conn: Connection, area: str) -> set[str]:
    """Return the persons who are cadres of a community."""
    asked = sa.select(officials.c.person_id).where(
        officials.c.tier == "COMMUNITY_CADRE",
        officials.c.area == area,
        officials.c.state == "ACTIVE",
    )
    return set(conn.execute(asked).scalars())


def sessions_hosted_by(conn: Connection, people: Sequence[str], states: Sequence[str]) -> list[Row]:
    """Return the sessions in the given states that people host, locked."""
    asked = sa.select(sessions).where(
        sessions.c.host_id.in_(people), sessions.c.state.in_(list(states))
    )
    return records.rows(conn, store.lock(asked.order_by(sessions.c.session_id), conn))


def upsert_org(conn: Connection, org_id: str, **values: object) -> None:
    """Keep a partner, a company or a committee; only the given columns of a known one change."""
    base = {"org_id": org_id, "kind": "PARTNER", "active": True} | values
    statement = store.insert(conn, orgs).values(**base)
    changed = {name: statement.excluded[name] for name in values}
    conn.execute(statement.on_conflict_do_update(index_elements=["org_id"], set_=changed))


def set_org_people(conn: Connection, org_id: str, people: Sequence[str]) -> None:
    """Keep who speaks for an organisation."""
    conn.execute(sa.delete(org_people).where(org_people.c.org_id == org_id))
    rows = [{"org_id": org_id, "person_id": person} for person in dict.fromkeys(people)]
    records.add_all(conn, org_people, rows)


def upsert_project(conn: Connection, **values: object) -> None:
    """Keep a project; only the given columns of a known one change."""
    base = {"grids": [], "households": 0, "status": "IN_SERVICE"} | values
    statement = store.insert(conn, projects).values(**base)
    changed = {name: statement.excluded[name] for name in values if name != "project_id"}
    conn.execute(statement.on_conflict_do_update(index_elements=["project_id"], set_=changed))


def communities(conn: Connection) -> list[str]:
    """Return every community that is known, or in which something happened."""
    known = sa.select(areas.c.code).where(sa.func.length(areas.c.code) == 12)
    return sorted(conn.execute(known.union(sa.select(topics.c.area))).scalars())


def first_community(conn: Connection, street: str) -> str | None:
    """Return the lowest community code of a street."""
    asked = sa.select(sa.func.min(areas.c.code)).where(
        sa.func.length(areas.c.code) == 12, within(areas.c.code, street)
    )
    return conn.execute(asked).scalar()


def areas_in(conn: Connection, scope: str, digits: int) -> list[str]:
    """Return the codes of a size that lie in a scope."""
    asked = sa.select(areas.c.code).where(
        sa.func.length(areas.c.code) == digits, within(areas.c.code, scope)
    )
    return sorted(conn.execute(asked).scalars())


def homes_of(conn: Connection, person_ids: Sequence[str]) -> set[str]:
    """Return the households in which persons are known to live, or lived last."""
    if not person_ids:
        return set()
    asked = sa.select(residents.c.household_id).where(
        residents.c.person_id.in_(person_ids), residents.c.household_id.is_not(None)
    )
    return set(conn.execute(asked).scalars())


def residents_of(conn: Connection, person_ids: Sequence[str]) -> dict[str, Row]:
    """Return the active residents among the persons."""
    asked = sa.select(residents).where(
        residents.c.person_id.in_(person_ids), residents.c.active.is_(True)
    )
    return {row.person_id: row for row in records.rows(conn, asked)}


def registered(conn: Connection, people: Sequence[str]) -> set[str]:
    """Return those of the people whom some register knows today: as a resident, by an office, a
    mandate or a post, or as who speaks for an organisation."""
    standing_orgs = sa.select(orgs.c.org_id).where(orgs.c.active.is_(True))
    asked = [
        sa.select(column).where(column.in_(people), *holds)
        for column, *holds in (
            (residents.c.person_id, residents.c.active.is_(True)),
            (officials.c.person_id, officials.c.state == "ACTIVE"),
            (deputies.c.person_id, deputies.c.state == "ACTIVE"),
            (project_posts.c.person_id, project_posts.c.active.is_(True)),
            (projects.c.manager, projects.c.status != CLOSED),
            (org_people.c.person_id, org_people.c.org_id.in_(standing_orgs)),
        )
    ]
    return set(conn.execute(sa.union(*asked)).scalars())


def people_of_projects(conn: Connection, project_ids: Sequence[str]) -> set[str]:
    """Return who is bound to projects: managers, holders of posts, representatives of companies."""
    posts = sa.select(project_posts.c.person_id).where(
        project_posts.c.project_id.in_(project_ids), project_posts.c.active.is_(True)
    )
    managers = sa.select(projects.c.manager).where(
        projects.c.project_id.in_(project_ids), projects.c.manager.is_not(None)
    )
    companies = (
        sa.select(org_people.c.person_id)
        .join(projects, projects.c.company_id == org_people.c.org_id)
        .where(projects.c.project_id.in_(project_ids))
    )
    return set(conn.execute(posts.union(managers, companies)).scalars())


def projects_run_by(conn: Connection, company_id: str) -> list[str]:
    """Return the projects of a company that are not closed."""
    asked = sa.select(projects.c.project_id).where(
        projects.c.company_id == company_id, projects.c.status != CLOSED
    )
    return sorted(conn.execute(asked).scalars())


def owners_of(conn: Connection, project_ids: Sequence[str]) -> set[str]:
    """Return who sits on an owners' committee, in its term, of the compound of a project."""
    asked = (
        sa.select(org_people.c.person_id)
        .join(orgs, orgs.c.org_id == org_people.c.org_id)
        .where(orgs.c.kind == "OWNERS", orgs.c.active.is_(True), orgs.c.project_id.in_(project_ids))
    )
    return set(conn.execute(asked).scalars())


def operators_near(conn: Connection, area: str) -> set[str]:
    """Return who runs a partner whose area holds `area` or lies in it."""
    asked = (
        sa.select(org_people.c.person_id)
        .join(orgs, orgs.c.org_id == org_people.c.org_id)
        .where(
            orgs.c.kind == "PARTNER",
            orgs.c.active.is_(True),
            near(orgs.c.area, area),
        )
    )
    return set(conn.execute(asked).scalars())


def officials_near(conn: Connection, people: Sequence[str], area: str) -> set[str]:
    """Return those of the people who are officials of an area that holds `area` or lies in it."""
    asked = sa.select(officials.c.person_id).where(
        officials.c.person_id.in_(people),
        officials.c.state == "ACTIVE",
        near(officials.c.area, area),
    )
    return set(conn.execute(asked).scalars())


def deputies_of(conn: Connection, people: Sequence[str], street: str, now: datetime) -> set[str]:
    """Return those of the people who are deputies in office for a street."""
    asked = (
        sa.select(deputies.c.person_id)
        .join(deputy_streets, deputy_streets.c.deputy_id == deputies.c.deputy_id)
        .where(deputies.c.person_id.in_(people), in_office(street, now))
    )
    return set(conn.execute(asked).scalars())


def projects_of(conn: Connection, community: str) -> list[Row]:
    """Return the projects of a community, or of all of a street, that are not closed, by id."""
    asked = sa.select(projects).where(
        within(projects.c.community, community), projects.c.status != CLOSED
    )
    return records.rows(conn, asked.order_by(projects.c.project_id))


def adults_per_grid(conn: Connection, grids: Sequence[str]) -> dict[str, int]:
    """Count the adult residents of grids."""
    asked = (
        sa.select(residents.c.grid, sa.func.count())
        .where(
            residents.c.grid.in_(grids),
            residents.c.is_adult.is_(True),
            residents.c.active.is_(True),
        )
        .group_by(residents.c.grid)
    )
    return {row[0]: row[1] for row in conn.execute(asked)}
