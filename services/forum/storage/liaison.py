"""Officials, liaison households, deputies and the draw."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum import rules
from fivered.services.forum.storage.rows import lives_within, part_of
from fivered.services.forum.storage.tables import (
    deputies,
    deputy_streets,
    invitations,
    liaisons,
    officials,
    opt_ins,
    residents,
)


def grid_of_household(conn: Connection, household_id: str) -> str | None:
    """Return the grid of a household, known through its residents."""
    asked = (
        sa.select(residents.c.grid)
        .where(residents.c.household_id == household_id, residents.c.grid.is_not(None))
        .order_by(residents.c.active.desc(), residents.c.person_id)
        .limit(1)
    )
    return conn.execute(asked).scalar()


def active_link(conn: Connection, official_id: str, target_kind: str, target: str) -> Row | None:
    """Return the active link of an official to a target, or None."""
    asked = sa.select(liaisons).where(
        liaisons.c.official_id == official_id,
        liaisons.c.target_kind == target_kind,
        liaisons.c.target == target,
        liaisons.c.state == "ACTIVE",
    )
    return records.first(conn, asked)


def hold_person(conn: Connection, person_id: str) -> None:
    """Let others who enter an office or a mandate of the same person wait: each stands once."""
    store.hold(conn, f"office:{person_id}")


def active_office(
    conn: Connection, *, person_id: str, tier: str, post: str, area: str
) -> Row | None:
    """Return the office that a person holds under this post, or None."""
    asked = sa.select(officials).where(
        officials.c.person_id == person_id,
        officials.c.tier == tier,
        officials.c.post == post,
        officials.c.area == area,
        officials.c.state == "ACTIVE",
    )
    return records.first(conn, asked.order_by(officials.c.official_id))


def active_mandate(conn: Connection, *, person_id: str, kind: str, level: str) -> Row | None:
    """Return the mandate of a kind and level that a person holds, or None."""
    asked = sa.select(deputies).where(
        deputies.c.person_id == person_id,
        deputies.c.kind == kind,
        deputies.c.level == level,
        deputies.c.state == "ACTIVE",
    )
    return records.first(conn, asked.order_by(deputies.c.deputy_id))


def links_of_official(conn: Connection, official_id: str) -> list[Row]:
    """Return the active links of an official, locked, in id order."""
    asked = (
        sa.select(liaisons)
        .where(liaisons.c.official_id == official_id, liaisons.c.state == "ACTIVE")
        .order_by(liaisons.c.link_id)
    )
    return records.rows(conn, store.lock(asked, conn))


def links_to(conn: Connection, grid: str) -> list[Row]:
    """Return the active links to a grid, locked, in id order."""
    asked = (
        sa.select(liaisons)
        .where(
            liaisons.c.target_kind == "GRID",
            liaisons.c.target == grid,
            liaisons.c.state == "ACTIVE",
        )
        .order_by(liaisons.c.link_id)
    )
    return records.rows(conn, store.lock(asked, conn))


def officials_in(conn: Connection, grid: str) -> list[Row]:
    """Return who is in office in a grid, locked, in id order."""
    asked = (
        sa.select(officials)
        .where(officials.c.area == grid, officials.c.state == "ACTIVE")
        .order_by(officials.c.official_id)
    )
    return records.rows(conn, store.lock(asked, conn))


def household_links(conn: Connection, households: Collection[str]) -> list[Row]:
    """Return the active links to households, locked, in id order."""
    asked = (
        sa.select(liaisons)
        .where(
            liaisons.c.target_kind == "HOUSEHOLD",
            liaisons.c.target.in_(sorted(households)),
            liaisons.c.state == "ACTIVE",
        )
        .order_by(liaisons.c.link_id)
    )
    return records.rows(conn, store.lock(asked, conn))


def answering(
    conn: Connection, steps: Sequence[rules.ChainStep], grid: str | None
) -> dict[rules.ChainStep, list[Row]]:
    """Return who answers for each rung of a chain, the longest-serving first.

    Args:
        conn: The connection.
        steps: The rungs.
        grid: The grid of the target; its grid workers answer for it and for each of its
            households without a link of their own.
    """
    wanted = sa.or_(
        *(
            sa.and_(liaisons.c.target_kind == s.target_kind, liaisons.c.target == s.target)
            for s in steps
            if s.target is not None
        ),
        sa.false(),
    )
    linked = (
        sa.select(
            liaisons.c.tier,
            liaisons.c.target,
            liaisons.c.link_id,
            liaisons.c.official_id,
            liaisons.c.person_id,
            liaisons.c.since,
        )
        .where(wanted, liaisons.c.state == "ACTIVE")
        .order_by(liaisons.c.since, liaisons.c.link_id)
    )
    found: dict[rules.ChainStep, list[Row]] = {step: [] for step in steps}
    for row in records.rows(conn, linked):
        for step in steps:
            if (step.tier, step.target) == (row.tier, row.target):
                found[step].append(row)
    for step in steps:
        if step.tier == rules.GRID_WORKER and grid:
            seen = {row.official_id for row in found[step]}
            workers = grid_workers(conn, [grid])
            found[step] += [row for row in workers if row.official_id not in seen]
    return found


def chain_of(
    conn: Connection, target: str, grid: str | None, barred: Collection[str] = ()
) -> list[rules.Rung]:
    """Return the liaison chain above a target, gaps shown.

    Args:
        conn: The connection.
        target: A household id or the code of an area.
        grid: The grid of the household.
        barred: Persons before whom a matter is not laid: it is theirs.
    """
    steps = rules.chain_steps(target, grid)
    place = grid or (target if target.isdigit() and len(target) == 15 else None)
    found = answering(conn, steps, place)
    impartial = {
        step: [row for row in officials if row.person_id not in barred]
        for step, officials in found.items()
    }
    return rules.chain(steps, impartial)


def grid_workers(conn: Connection, grids: Sequence[str]) -> list[Row]:
    """Return the grid workers of grids in the form of a link that nobody had to make."""
    asked = (
        sa.select(
            officials.c.tier,
            officials.c.area.label("target"),
            sa.null().label("link_id"),
            officials.c.official_id,
            officials.c.person_id,
            officials.c.created_at.label("since"),
        )
        .where(
            officials.c.tier == rules.GRID_WORKER,
            officials.c.area.in_(grids),
            officials.c.state == "ACTIVE",
        )
        .order_by(officials.c.created_at, officials.c.official_id)
    )
    return records.rows(conn, asked)


def linked(conn: Connection, tier: str, targets: Sequence[str]) -> list[Row]:
    """Return the officials of a tier who answer for any of the targets, longest-serving first."""
    if tier == rules.GRID_WORKER:
        return grid_workers(conn, targets)
    asked = (
        sa.select(liaisons)
        .where(
            liaisons.c.tier == tier,
            liaisons.c.target.in_(targets),
            liaisons.c.state == "ACTIVE",
        )
        .order_by(liaisons.c.since, liaisons.c.link_id)
    )
    return records.rows(conn, asked)


def linked_targets(conn: Connection, target_kind: str, scope: str) -> set[str]:
    """Return the targets of a kind, within a scope, that have an active link."""
    asked = sa.select(liaisons.c.target).where(
        liaisons.c.target_kind == target_kind,
        liaisons.c.state == "ACTIVE",
        within(liaisons.c.area, scope),
    )
    return set(conn.execute(asked.distinct()).scalars())


def worked_grids(conn: Connection, scope: str) -> set[str]:
    """Return the grids within a scope that have a grid worker."""
    asked = sa.select(officials.c.area).where(
        officials.c.tier == rules.GRID_WORKER,
        officials.c.state == "ACTIVE",
        within(officials.c.area, scope),
    )
    return set(conn.execute(asked.distinct()).scalars())


def household_of(conn: Connection, *person_ids: str) -> set[str]:
    """Return persons with those who live with one of them now."""
    if not person_ids:
        return set()
    homes = sa.select(residents.c.household_id).where(
        residents.c.person_id.in_(sorted(person_ids)), residents.c.active
    )
    asked = sa.select(residents.c.person_id).where(
        residents.c.household_id.in_(homes), residents.c.active
    )
    return {*person_ids, *conn.execute(asked).scalars()}


def households_in(conn: Connection, scope: str) -> list[tuple[str, str | None]]:
    """Return (household, grid) of the households with an active resident in a scope."""
    asked = (
        sa.select(residents.c.household_id, sa.func.min(residents.c.grid))
        .where(
            residents.c.household_id.is_not(None),
            residents.c.active.is_(True),
            lives_within(scope),
        )
        .group_by(residents.c.household_id)
        .order_by(residents.c.household_id)
    )
    return [(row[0], row[1]) for row in conn.execute(asked)]


def offices_of(conn: Connection, people: Sequence[str]) -> list[Row]:
    """Return the active offices of people, locked."""
    asked = sa.select(officials).where(
        officials.c.person_id.in_(people), officials.c.state == "ACTIVE"
    )
    return records.rows(conn, store.lock(asked.order_by(officials.c.official_id), conn))


def mandates_of(conn: Connection, people: Sequence[str]) -> list[Row]:
    """Return the active mandates of people, locked."""
    asked = sa.select(deputies).where(
        deputies.c.person_id.in_(people), deputies.c.state == "ACTIVE"
    )
    return records.rows(conn, store.lock(asked.order_by(deputies.c.deputy_id), conn))


def official_of(conn: Connection, person_id: str, tier: str) -> Row | None:
    """Return the active official of a tier that a person is, or None."""
    asked = (
        sa.select(officials)
        .where(
            officials.c.person_id == person_id,
            officials.c.tier == tier,
            officials.c.state == "ACTIVE",
        )
        .order_by(officials.c.official_id)
        .limit(1)
    )
    return records.first(conn, asked)


def streets_of(conn: Connection, deputy_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the streets of each deputy."""
    found: dict[str, list[str]] = {}
    asked = sa.select(deputy_streets).where(deputy_streets.c.deputy_id.in_(deputy_ids))
    for row in conn.execute(asked.order_by(deputy_streets.c.street)):
        found.setdefault(row.deputy_id, []).append(row.street)
    return found


def in_office(street: str, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a deputy is in office for a street; `deputy_streets` is joined."""
    return sa.and_(
        deputy_streets.c.street == street,
        deputies.c.state == "ACTIVE",
        deputies.c.term_from <= now,
        sa.or_(deputies.c.term_to.is_(None), deputies.c.term_to > now),
    )


def deputies_covering(
    conn: Connection, street: str, *, now: datetime, since: datetime
) -> list[Row]:
    """Return the deputies in office whose constituency holds a street, with the number of their
    invitations after `since`."""
    invited = (
        sa.select(sa.func.count())
        .where(
            invitations.c.source == deputies.c.deputy_id,
            invitations.c.capacity == "DEPUTY",
            invitations.c.created_at > since,
        )
        .scalar_subquery()
    )
    asked = (
        sa.select(
            deputies.c.deputy_id, deputies.c.person_id, deputies.c.kind, invited.label("invited")
        )
        .join(deputy_streets, deputy_streets.c.deputy_id == deputies.c.deputy_id)
        .where(in_office(street, now))
        .order_by(deputies.c.deputy_id)
    )
    return records.rows(conn, asked)


def draw_pool(conn: Connection, scope: Sequence[str], without: Iterable[str]) -> list[str]:
    """Return the adults of a scope who opted in to the draw, but for those on the list already."""
    inside = sa.or_(*(lives_within(code) for code in scope))
    asked = (
        sa.select(residents.c.person_id)
        .join(opt_ins, opt_ins.c.person_id == residents.c.person_id)
        .where(
            inside,
            residents.c.is_adult.is_(True),
            residents.c.active.is_(True),
            opt_ins.c.withdrawn_at.is_(None),
            opt_ins.c.pending.is_not(True),
        )
    )
    leave_out = set(without)
    return sorted(p for p in conn.execute(asked).scalars() if p not in leave_out)


def official_page(
    conn: Connection, part: records.PartOfList, *, near: str, scope: str, tier: str | None
) -> records.Page:
    """Return officials of an area of the district `near`, of one tier or of all."""
    where = [within(officials.c.area, near), within(officials.c.area, scope)]
    if tier:
        where.append(officials.c.tier == tier)
    return part_of(conn, officials, part, *where)


def liaison_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    near: str,
    scope: str,
    official_id: str | None,
    state: str | None,
    inside: str | None,
) -> records.Page:
    """Return links of an area of the district `near`, of one official or of all, in one state or
    in any; those to households only of the area `inside`."""
    shown = [liaisons.c.target_kind != "HOUSEHOLD"]
    if inside is not None:
        shown.append(within(liaisons.c.area, inside))
    where = [within(liaisons.c.area, near), within(liaisons.c.area, scope), sa.or_(*shown)]
    if official_id:
        where.append(liaisons.c.official_id == official_id)
    if state:
        where.append(liaisons.c.state == state)
    return part_of(conn, liaisons, part, *where)


def deputy_page(
    conn: Connection, part: records.PartOfList, *, near: str, street: str | None
) -> records.Page:
    """Return deputies of the streets of the district `near`, of one street or of all."""
    of_street = sa.select(deputy_streets.c.deputy_id).where(within(deputy_streets.c.street, near))
    if street is not None:
        of_street = of_street.where(deputy_streets.c.street == street)
    return part_of(conn, deputies, part, deputies.c.deputy_id.in_(of_street))


def state_of_opt_in(row: Row) -> str:
    """Return what a person's agreement to be drawn is worth now."""
    if row.withdrawn_at is not None:
        return "OPTED_OUT"
    return "ENTERED" if row.pending else "OPTED_IN"


def opt_in_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    scope: str | None,
    person_id: str | None,
    state: str | None,
) -> records.Page:
    """Return who agreed to be drawn, newest first: of those who live in an area, or one's own."""
    table = opt_ins.c
    where: list[sa.ColumnElement[bool]] = []
    if person_id is not None:
        where.append(table.person_id == person_id)
    if scope is not None:
        there = sa.select(residents.c.person_id).where(lives_within(scope))
        where.append(table.person_id.in_(there))
    if state == "OPTED_OUT":
        where.append(table.withdrawn_at.is_not(None))
    elif state is not None:
        where.append(table.withdrawn_at.is_(None))
        where.append(table.pending.is_(True) if state == "ENTERED" else table.pending.is_not(True))
    return part_of(conn, opt_ins, part, *where, newest_first=True, at="opted_at")
