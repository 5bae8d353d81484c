"""Requests that the data of a person be erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.vault import Vault
from fivered.services.steward.storage import people, posts
from fivered.services.steward.storage.tables import erasures, liaisons, parties, persons

# Not through: nobody has decided, or what the person holds is not handed over.
WAITING = ("ASKED", "HELD")


def erasure(conn: sa.Connection, erasure_id: str) -> Row | None:
    """Return a request, or None."""
    return records.first(conn, sa.select(erasures).where(erasures.c.erasure_id == erasure_id))


def known(conn: sa.Connection, erasure_id: str) -> Row:
    """Return a request that is there."""
    return records.locked(conn, erasures, erasure_id)


def waiting(conn: sa.Connection, person_id: str) -> Row | None:
    """Return the request about a person that is not through, or None."""
    asked = sa.select(erasures).where(
        erasures.c.person_id == person_id, erasures.c.state.in_(WAITING)
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
    mine = (erasures.c.person_id == person_id, erasures.c.state.in_(WAITING))
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


# Posts in which others may stand beside a person: who is not alone hands nothing over.
_SHARED = ("OPERATOR", "REPRESENTATIVE")
_NAMED = ("OPERATOR", "REPRESENTATIVE", "MANAGER")
# An organisation's operators are told under its partner's number.
_ORGANISATIONS = "org_"


def holds(conn: sa.Connection, person_id: str) -> list[tuple[str, str]]:
    """Return what a person hands over or ends before the data go: kinds with what they are of."""
    everyone = [person_id, *people.given_up_for(conn, person_id)]
    found = [
        ("REQUEST", str(one.number)) for each in everyone for one in people.open_cases(conn, each)
    ]
    found += [
        ("STEWARD", str(one.steward_id)) for each in everyone for one in posts.of_person(conn, each)
    ]
    links = sa.select(liaisons.c.target).where(
        liaisons.c.person_id.in_(everyone), liaisons.c.ended.is_(False)
    )
    found += [("LIAISON", one) for one in conn.execute(links.order_by("target")).scalars()]
    beside = parties.alias("beside")
    other = sa.exists().where(
        beside.c.ref == parties.c.ref,
        beside.c.post == parties.c.post,
        beside.c.person_id.not_in(everyone),
        beside.c.ended.is_(False),
    )
    asked = sa.select(parties.c.ref, parties.c.post).where(
        parties.c.person_id.in_(everyone),
        parties.c.ended.is_(False),
        sa.not_(sa.and_(parties.c.post.in_(_SHARED), other)),
    )
    found += [
        (row.post if row.post in _NAMED else "APPOINTMENT", row.ref)
        for row in conn.execute(asked.order_by(parties.c.ref, parties.c.post))
        if not row.ref.startswith(_ORGANISATIONS)
    ]
    return found


def told(
    conn: sa.Connection, vault: Vault, row: Row
) -> tuple[str | None, list[tuple[str, str]] | None]:
    """Return why a request was refused, and, while it waits, what has to be handed over first."""
    reason = vault.open_or_none(row.reason, f"{row.erasure_id}.reason")
    return reason, holds(conn, row.person_id) if row.state in WAITING else None
