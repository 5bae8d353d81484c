"""Requests that the data of a person be erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.vault import Vault
from fivered.services.steward.storage import people
from fivered.services.steward.storage.tables import erasures, liaisons, persons


def erasure(conn: sa.Connection, erasure_id: str) -> Row | None:
    """Return a request, or None."""
    return records.first(conn, sa.select(erasures).where(erasures.c.erasure_id == erasure_id))


def known(conn: sa.Connection, erasure_id: str) -> Row:
    """Return a request that is there."""
    return records.locked(conn, erasures, erasure_id)


def waiting(conn: sa.Connection, person_id: str) -> Row | None:
    """Return the request about a person that nobody has decided, or None."""
    asked = sa.select(erasures).where(
        erasures.c.person_id == person_id, erasures.c.state == "ASKED"
    )
    return records.first(conn, asked)


def insert(conn: sa.Connection, **values: object) -> Row:
    """Insert a request, and return it."""
    return records.add(conn, erasures, **values)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a request, and return it as it is now."""
    return records.update(conn, erasures, row, **values)


def end(conn: sa.Connection, person_id: str, at: datetime) -> None:
    """Say of what waits about a person that it is done."""
    mine = (erasures.c.person_id == person_id, erasures.c.state == "ASKED")
    done = sa.update(erasures).where(*mine)
    conn.execute(done.values(state="DONE", decided_at=at, version=erasures.c.version + 1))


def listed(
    conn: sa.Connection,
    scope: str | None,
    person_ids: Sequence[str],
    state: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return requests, oldest first: those of an area, or, without one, those of persons."""
    asked = sa.select(erasures)
    if scope is None:
        asked = asked.where(erasures.c.person_id.in_(person_ids))
    else:
        asked = asked.where(store.within(erasures.c.area, scope))
    if state is not None:
        asked = asked.where(erasures.c.state == state)
    return records.page(conn, asked, part, (erasures.c.created_at, erasures.c.erasure_id))


def mark_erased(conn: sa.Connection, row: Row) -> Row:
    """Say of a registration that nothing of the person is left in it."""
    return records.update(conn, persons, row, status="ERASED")


def is_official(conn: sa.Connection, person_id: str) -> bool:
    """Tell whether somebody answers for an area or a household as an official."""
    asked = sa.select(liaisons.c.link_id).where(liaisons.c.person_id == person_id)
    return conn.execute(asked.limit(1)).first() is not None


def told(conn: sa.Connection, vault: Vault, row: Row) -> tuple[str | None, list[str] | None]:
    """Return why a request was refused, and, while it waits, the numbers of the person's requests
    that are open."""
    reason = vault.open_or_none(row.reason, f"{row.erasure_id}.reason")
    if row.state != "ASKED":
        return reason, None
    return reason, [one.number for one in people.open_cases(conn, row.person_id)]
