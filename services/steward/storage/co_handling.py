"""Who helps with a case beside the steward who has it in hand, and what somebody handed on."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules.requests import OPEN, UNDONE
from fivered.services.steward.storage.tables import metadata, requests, stewards

_STANDS = sa.text("state IN ('ASKED', 'ACCEPTED')")

co_handlings = sa.Table(
    "co_handlings",
    metadata,
    sa.Column("co_handling_id", store.Id, primary_key=True),
    sa.Column("request_id", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, nullable=False),
    sa.Column("steward_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("duty", sa.String(20), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("answer", sa.String(500)),
    sa.Column("asked_by", store.Id, nullable=False),
    sa.Column("asked_at", store.UtcDateTime, nullable=False),
    sa.Column("answered_at", store.UtcDateTime),
    sa.Column("ended_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_co_handlings_person_id", "person_id", "state", "asked_at", "co_handling_id"),
    sa.Index("ix_co_handlings_request_id", "request_id", "asked_at", "co_handling_id"),
    sa.Index(
        "uq_co_handlings_standing",
        "request_id",
        "steward_id",
        unique=True,
        postgresql_where=_STANDS,
        sqlite_where=_STANDS,
    ),
    info={"kind": "co-handling"},
)
STANDING = ("ASKED", "ACCEPTED")


def insert(conn: sa.Connection, **values: object) -> Row | None:
    """Ask a steward for help, and return the row; None where it stands already."""
    return records.add_new(conn, co_handlings, **values)


def lock(conn: sa.Connection, co_handling_id: str) -> Row:
    """Return a co-handling locked.

    Raises:
        NotFound: There is none.
    """
    return records.locked(conn, co_handlings, co_handling_id)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked co-handling, and return it as it is now."""
    return records.update(conn, co_handlings, row, **values)


def standing(conn: sa.Connection, request_id: str) -> int:
    """Return how many stewards are asked to help with a request, or do."""
    asked = sa.select(sa.func.count()).where(
        co_handlings.c.request_id == request_id, co_handlings.c.state.in_(STANDING)
    )
    return int(conn.execute(asked).scalar_one())


def helps(conn: sa.Connection, request_id: str, person_id: str) -> bool:
    """Tell whether somebody helps with a request, or was asked to and may look at it."""
    asked = sa.select(co_handlings.c.co_handling_id).where(
        co_handlings.c.request_id == request_id,
        co_handlings.c.person_id == person_id,
        co_handlings.c.state.in_(STANDING),
    )
    return conn.execute(asked.limit(1)).first() is not None


def helpers(conn: sa.Connection, request_id: str, *, at_present: bool = False) -> set[str]:
    """Return the persons who help with a request, or ever did."""
    states = ("ACCEPTED",) if at_present else ("ACCEPTED", "ENDED")
    asked = sa.select(co_handlings.c.person_id).where(
        co_handlings.c.request_id == request_id, co_handlings.c.state.in_(states)
    )
    return set(conn.execute(asked).scalars())


_SHOWN = (co_handlings, requests.c.number, requests.c.due_resolve)


def of_request(conn: sa.Connection, request_id: str, part: records.PartOfList) -> records.Page:
    """Return who was asked to help with a request, oldest first."""
    asked = sa.select(*_SHOWN).join(requests, requests.c.request_id == co_handlings.c.request_id)
    asked = asked.where(co_handlings.c.request_id == request_id)
    by = (co_handlings.c.asked_at, co_handlings.c.co_handling_id)
    return records.page(conn, asked, part, by)


def of_person(
    conn: sa.Connection, person_id: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return with what somebody helps, or is asked to, oldest first: of requests that are open."""
    asked = sa.select(*_SHOWN).join(requests, requests.c.request_id == co_handlings.c.request_id)
    asked = asked.where(
        co_handlings.c.person_id == person_id,
        co_handlings.c.state.in_((state,) if state is not None else STANDING),
        requests.c.state.in_(OPEN),
    )
    by = (co_handlings.c.asked_at, co_handlings.c.co_handling_id)
    return records.page(conn, asked, part, by)


def handed_on(
    conn: sa.Connection, steward_ids: Collection[str], person_id: str, part: records.PartOfList
) -> records.Page:
    """Return the requests that some posts of a person had first, that somebody else has now, and
    that are not over; what is due soonest first."""
    others = sa.or_(requests.c.handler_person.is_(None), requests.c.handler_person != person_id)
    asked = sa.select(requests).where(
        requests.c.first_handler.in_(list(steward_ids)), others, requests.c.state.in_(UNDONE)
    )
    return records.page(conn, asked, part, (requests.c.due_resolve, requests.c.request_id))


def first_receiver(conn: sa.Connection, row: Row) -> str | None:
    """Return the person who had a request first, where it is not who has it now."""
    if row.first_handler is None or row.first_handler == row.handler:
        return None
    asked = sa.select(stewards.c.person_id).where(stewards.c.steward_id == row.first_handler)
    found = conn.execute(asked).scalar()
    return str(found) if found is not None and found != row.handler_person else None
