"""Volunteer activities and who takes part."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.vault import Vault
from fivered.services.steward.storage.tables import activity_signups, volunteer_activities

# Who has a place.
PLACED = ("PLACED", "CAME", "SERVED")


def code_of(vault: Vault, activity_id: str, turn: int) -> str:
    """Return the code of an activity in a turn of ten minutes; it is kept nowhere."""
    return vault.digest("activity", f"{activity_id}\n{turn}")[:8].upper()


def activity(conn: sa.Connection, activity_id: str, *, lock: bool = False) -> Row | None:
    """Return an activity, or None; locked, so that who signs up comes in turn."""
    return records.find(conn, volunteer_activities, activity_id, lock=lock)


def insert(conn: sa.Connection, **values: object) -> Row:
    """Insert an activity, and return it."""
    return records.add(conn, volunteer_activities, **values)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked activity, and return it as it is now."""
    return records.update(conn, volunteer_activities, row, **values)


def page(
    conn: sa.Connection,
    scope: str,
    part: records.PartOfList,
    *,
    state: str | None,
    ended_by: datetime | None,
    begins_after: datetime | None,
    of_person: str | None,
) -> records.Page:
    """Return the activities of an area, of those that it lies in, and of those within it."""
    table = volunteer_activities
    above = [scope[:digits] for digits in (6, 9, 12) if digits < len(scope)]
    asked = sa.select(table).where(
        sa.or_(store.within(table.c.area, scope), table.c.area.in_(above))
    )
    if state is not None:
        asked = asked.where(table.c.state == state)
    if ended_by is not None:
        asked = asked.where(table.c.end_at <= ended_by)
    if begins_after is not None:
        asked = asked.where(table.c.start_at >= begins_after)
    if of_person is not None:
        mine = sa.select(activity_signups.c.activity_id).where(
            activity_signups.c.person_id == of_person, activity_signups.c.state != "GAVE_BACK"
        )
        asked = asked.where(table.c.activity_id.in_(mine))
    return records.page(conn, asked, part, (table.c.start_at, table.c.activity_id))


def signup(conn: sa.Connection, activity_id: str, person_id: str) -> Row | None:
    """Return what a person has to do with an activity, or None."""
    asked = sa.select(activity_signups).where(
        activity_signups.c.activity_id == activity_id, activity_signups.c.person_id == person_id
    )
    return records.first(conn, asked.order_by(activity_signups.c.created_at).limit(1))


def signups(conn: sa.Connection, activity_id: str, states: Collection[str]) -> list[Row]:
    """Return who is in some states, in the order in which they signed up."""
    asked = sa.select(activity_signups).where(
        activity_signups.c.activity_id == activity_id, activity_signups.c.state.in_(list(states))
    )
    order = (activity_signups.c.created_at, activity_signups.c.signup_id)
    return records.rows(conn, asked.order_by(*order))


def signups_page(conn: sa.Connection, activity_id: str, part: records.PartOfList) -> records.Page:
    """Return who has signed up, in the order in which they did."""
    asked = sa.select(activity_signups).where(activity_signups.c.activity_id == activity_id)
    return records.page(
        conn, asked, part, (activity_signups.c.created_at, activity_signups.c.signup_id)
    )


def insert_signup(conn: sa.Connection, **values: object) -> Row:
    """Insert that somebody takes part, and return it."""
    return records.add(conn, activity_signups, **values)


def update_signup(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change what somebody has to do with a locked activity, and return it."""
    return records.update(conn, activity_signups, row, **values)


def counted(conn: sa.Connection, ids: Collection[str]) -> dict[str, dict[str, int]]:
    """Return activity -> state -> how many people."""
    table = activity_signups
    asked = (
        sa.select(table.c.activity_id, table.c.state, sa.func.count().label("people"))
        .where(table.c.activity_id.in_(list(ids)))
        .group_by(table.c.activity_id, table.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for row in conn.execute(asked):
        found.setdefault(row.activity_id, {})[row.state] = row.people
    return found
