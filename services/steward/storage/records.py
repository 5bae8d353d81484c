"""Volunteer hours, hazards and visits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules.requests import DONE, OPEN
from fivered.services.steward.storage.tables import (
    hazards,
    persons,
    requests,
    visits,
    volunteer_hours,
)

# The order of volunteer records.
_BY_HOURS = (volunteer_hours.c.created_at, volunteer_hours.c.record_id)


def record(conn: sa.Connection, record_id: str) -> Row | None:
    """Return a volunteer record locked, or None."""
    return records.find(conn, volunteer_hours, record_id, lock=True)


def place_of(conn: sa.Connection, row: Row) -> str:
    """Return where a volunteer record belongs: to the grid where the person lives, as long as that
    is in the record's community, or else to the community."""
    person = records.find(conn, persons, row.person_id)
    grid = person.grid if person is not None else None
    return str(grid) if grid and grid[:12] == row.area else str(row.area)


def insert_record(conn: sa.Connection, **values: object) -> Row:
    """Insert a volunteer record, and return it; one that a rival inserted first stays."""
    inserted = records.add_new(conn, volunteer_hours, **values)
    return inserted or records.known(conn, volunteer_hours, str(values["record_id"]), lock=True)


def update_record(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked volunteer record, and return it as it is now."""
    return records.update(conn, volunteer_hours, row, **values)


def overlapping(
    conn: sa.Connection,
    person_id: str,
    check_in: datetime,
    check_out: datetime,
    but: str,
    *,
    confirmed: bool = False,
) -> str | None:
    """Return another record of the person within the span, or None; one that was taken back is
    none. With `confirmed`, only one that is confirmed."""
    asked = sa.select(volunteer_hours.c.record_id).where(
        volunteer_hours.c.person_id == person_id,
        volunteer_hours.c.record_id != but,
        volunteer_hours.c.minutes > 0,
        volunteer_hours.c.check_in < check_out,
        volunteer_hours.c.check_out > check_in,
    )
    if confirmed:
        asked = asked.where(volunteer_hours.c.state == "CONFIRMED")
    return conn.execute(asked.order_by(volunteer_hours.c.record_id).limit(1)).scalar()


def records_of_day(conn: sa.Connection, person_id: str, day: date, but: str) -> list[Row]:
    """Return a person's records of a day, one left out; what was taken back is none."""
    asked = sa.select(volunteer_hours).where(
        volunteer_hours.c.person_id == person_id,
        volunteer_hours.c.date == day,
        volunteer_hours.c.record_id != but,
        volunteer_hours.c.minutes > 0,
    )
    return records.rows(conn, asked.order_by(volunteer_hours.c.record_id))


def told_twice(conn: sa.Connection, person_id: str, other: str) -> list[str]:
    """Return the records of one registration that overlap with one of another registration, or say
    the same of the same day without a time."""
    mine, theirs = volunteer_hours.alias("mine"), volunteer_hours.alias("theirs")
    timed = sa.and_(mine.c.check_in.is_not(None), theirs.c.check_in.is_not(None))
    overlap = sa.and_(mine.c.check_in < theirs.c.check_out, mine.c.check_out > theirs.c.check_in)
    alike = sa.and_(
        sa.not_(timed),
        mine.c.date == theirs.c.date,
        mine.c.minutes == theirs.c.minutes,
        mine.c.activity == theirs.c.activity,
    )
    asked = (
        sa.select(mine.c.record_id)
        .join(theirs, theirs.c.person_id == other)
        .where(
            mine.c.person_id == person_id,
            mine.c.minutes > 0,
            theirs.c.minutes > 0,
            sa.or_(overlap, alike),
        )
        .distinct()
        .order_by(mine.c.record_id)
    )
    return list(conn.execute(asked).scalars())


def minutes_of_day(conn: sa.Connection, person_id: str, day: date, but: str) -> int:
    """Return the confirmed minutes of a person's day, one record left out."""
    asked = sa.select(sa.func.coalesce(sa.func.sum(volunteer_hours.c.minutes), 0)).where(
        volunteer_hours.c.person_id == person_id,
        volunteer_hours.c.date == day,
        volunteer_hours.c.state == "CONFIRMED",
        volunteer_hours.c.record_id != but,
    )
    return int(conn.execute(asked).scalar_one())


def one_record(conn: sa.Connection, record_id: str) -> Row | None:
    """Return a volunteer record, or None."""
    return records.find(conn, volunteer_hours, record_id)


def records_of(
    conn: sa.Connection,
    person_id: str,
    state: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return a person's volunteer records, oldest first."""
    asked = sa.select(volunteer_hours).where(volunteer_hours.c.person_id == person_id)
    if state is not None:
        asked = asked.where(volunteer_hours.c.state == state)
    return records.page(conn, asked, part, _BY_HOURS)


def records_in(
    conn: sa.Connection,
    scope: str,
    state: str,
    part: records.PartOfList,
) -> records.Page:
    """Return the volunteer records of an area in a state, oldest first; of a grid those of who
    lives there, since a record names the community only."""
    asked = sa.select(volunteer_hours).where(
        volunteer_hours.c.state == state, store.within(volunteer_hours.c.area, scope[:12])
    )
    if len(scope) == 15:
        lives_there = sa.select(persons.c.person_id).where(persons.c.grid == scope)
        asked = asked.where(volunteer_hours.c.person_id.in_(lives_there))
    return records.page(conn, asked, part, _BY_HOURS)


def one_hazard(conn: sa.Connection, hazard_id: str) -> Row | None:
    """Return a hazard, or None."""
    return records.find(conn, hazards, hazard_id)


def hazards_in(
    conn: sa.Connection,
    scope: str | None,
    *,
    state: str | None,
    reporter: str | None,
    part: records.PartOfList,
    mending: str | None = None,
) -> records.Page:
    """Return the hazards of an area, or of a reporter, oldest first; those whose request is under
    way, is late, or is done and waits to be looked at."""
    asked = sa.select(hazards)
    if mending is not None:
        how = {
            "UNDER_WAY": requests.c.state.in_(OPEN),
            "LATE": sa.and_(requests.c.state.in_(OPEN), requests.c.late.is_(True)),
            "TO_CHECK": requests.c.state.in_(DONE),
        }[mending]
        its = sa.select(requests.c.request_id).where(how)
        asked = asked.where(hazards.c.state == "TRUE", hazards.c.request_id.in_(its))
    if scope is not None:
        asked = asked.where(
            store.within(hazards.c.grid, scope), store.within(hazards.c.area, scope[:12])
        )
    if reporter is not None:
        asked = asked.where(hazards.c.reporter_id == reporter)
    if state is not None:
        asked = asked.where(hazards.c.state == state)
    return records.page(conn, asked, part, (hazards.c.created_at, hazards.c.hazard_id))


def hazard(conn: sa.Connection, hazard_id: str) -> Row | None:
    """Return a hazard locked, or None."""
    return records.find(conn, hazards, hazard_id, lock=True)


def known_hazard(conn: sa.Connection, hazard_id: str) -> Row:
    """Return a hazard that is there."""
    return records.known(conn, hazards, hazard_id)


def requests_of(conn: sa.Connection, request_ids: Iterable[str]) -> dict[str, Row]:
    """Return the requests that remove dangers, by id."""
    asked = sa.select(requests).where(requests.c.request_id.in_(list(request_ids)))
    return {row.request_id: row for row in records.rows(conn, asked)}


def insert_hazard(conn: sa.Connection, **values: object) -> None:
    """Insert a hazard."""
    conn.execute(hazards.insert().values(**values))


def update_hazard(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked hazard, and return it as it is now."""
    return records.update(conn, hazards, row, **values)


def insert_visits(
    conn: sa.Connection, rows: Sequence[Mapping[str, object]]
) -> set[tuple[str, str]]:
    """Insert visits. Returns (steward, device's number folded) of those that were new."""
    return {(row.steward_id, row.client_key) for row in records.add_missing(conn, visits, rows)}


def visits_by_number(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> list[Row]:
    """Return the visits that stand under the devices' numbers of these; the release before folded
    none."""
    found: dict[str, Row] = {}
    for column in (visits.c.client_key, visits.c.client_id):
        keys = [(row["steward_id"], row[column.name]) for row in rows]
        asked = sa.select(visits).where(sa.tuple_(visits.c.steward_id, column).in_(keys))
        found |= {row.visit_id: row for row in records.rows(conn, asked)}
    return list(found.values())


def of_visit(conn: sa.Connection, visit_id: str, request_id: str) -> None:
    """Keep which request came of a visit."""
    made = sa.update(visits).where(visits.c.visit_id == visit_id)
    conn.execute(made.values(request_id=request_id))


def visits_of(
    conn: sa.Connection,
    steward_id: str | None,
    period: str,
    *,
    scope: str,
    part: records.PartOfList,
) -> records.Page:
    """Return a steward's visits in an area, or everybody's, that count in a month, oldest first."""
    asked = sa.select(visits).where(visits.c.period == period, store.within(visits.c.grid, scope))
    if steward_id is not None:
        asked = asked.where(visits.c.steward_id == steward_id)
    return records.page(conn, asked, part, (visits.c.occurred_at, visits.c.visit_id))
