"""Persons, and who may know what about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from chassis import storage as store
from services.steward.rules import requests as request_rules
from services.steward.storage.tables import (
    person_reads,
    persons,
    request_timeline,
    requests,
    stewards,
)


def person(conn: sa.Connection, person_id: str) -> Any:
    """Return a person's row, or None."""
    return conn.execute(sa.select(persons).where(persons.c.person_id == person_id)).first()


def lock(conn: sa.Connection, person_id: str) -> Any:
    """Return a person's row locked, or None."""
    asked = sa.select(persons).where(persons.c.person_id == person_id)
    return conn.execute(store.lock(asked, conn)).first()


def several(conn: sa.Connection, person_ids: Iterable[str]) -> Sequence[Any]:
    """Return the rows of several persons."""
    asked = sa.select(persons).where(persons.c.person_id.in_(list(person_ids)))
    return conn.execute(asked).all()


def insert(conn: sa.Connection, rows: list[dict[str, Any]]) -> set[str]:
    """Insert persons; those whose id or numbers exist are left out. Returns the inserted ids."""
    statement = (
        store.insert(conn, persons)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(persons.c.person_id)
    )
    return set(conn.execute(statement).scalars())


def holders(
    conn: sa.Connection, id_hmacs: Iterable[str], phone_hmacs: Iterable[str]
) -> tuple[set[str], set[str]]:
    """Return which identity and phone digests belong to registered persons."""
    ids = conn.execute(
        sa.select(persons.c.id_no_hmac).where(persons.c.id_no_hmac.in_(list(id_hmacs)))
    )
    phones = conn.execute(
        sa.select(persons.c.phone_hmac).where(
            persons.c.phone_hmac.in_(list(phone_hmacs)), persons.c.status == "ACTIVE"
        )
    )
    return set(ids.scalars()), set(phones.scalars())


def update(conn: sa.Connection, person_id: str, **values: Any) -> None:
    """Change a person."""
    conn.execute(sa.update(persons).where(persons.c.person_id == person_id).values(**values))


def reporters_in_hand(
    conn: sa.Connection, handler_person: str, person_ids: Iterable[str]
) -> set[str]:
    """Return which of the persons reported an open request that `handler_person` handles.

    One that he wrote himself tells him nothing: he named the person. One that somebody else filed
    in the name of a person of another community tells nothing either, unless an intake above both
    took it: nobody is unmasked by being named.
    """
    filed = (
        sa.select(request_timeline.c.id)
        .where(
            request_timeline.c.request_id == requests.c.request_id,
            request_timeline.c.action == "submit",
            sa.or_(
                request_timeline.c.actor_id == requests.c.reporter_id,
                request_timeline.c.actor_role.in_(("R_STREET", "R_DISTRICT", "R_SYSTEM")),
            ),
        )
        .exists()
    )
    asked = (
        sa.select(requests.c.reporter_id)
        .join(persons, persons.c.person_id == requests.c.reporter_id)
        .where(
            requests.c.handler_person == handler_person,
            requests.c.reporter_id.in_(list(person_ids)),
            sa.or_(requests.c.recorded_by.is_(None), requests.c.recorded_by != handler_person),
            requests.c.state.in_(request_rules.OPEN),
            sa.or_(persons.c.area == requests.c.area, filed),
        )
    )
    return set(conn.execute(asked).scalars())


def write_reads(conn: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Keep who read what of whom."""
    conn.execute(person_reads.insert(), rows)


def reads(
    conn: sa.Connection,
    scope: str,
    *,
    person_id: str | None,
    actor_id: str | None,
    before: int | None,
    limit: int,
) -> Sequence[Any]:
    """Return who read what of the persons of an area, newest first."""
    asked = sa.select(person_reads).where(person_reads.c.area.startswith(scope, autoescape=True))
    if person_id is not None:
        asked = asked.where(person_reads.c.person_id == person_id)
    if actor_id is not None:
        asked = asked.where(person_reads.c.actor_id == actor_id)
    if before is not None:
        asked = asked.where(person_reads.c.id < before)
    return conn.execute(asked.order_by(person_reads.c.id.desc()).limit(limit)).all()


def posts(conn: sa.Connection, person_ids: Iterable[str]) -> Sequence[Any]:
    """Return the stewards among the persons who agreed to stand on the board."""
    asked = (
        sa.select(stewards)
        .where(
            stewards.c.person_id.in_(list(person_ids)),
            stewards.c.status == "ACTIVE",
            stewards.c.board_consent.is_(True),
        )
        .order_by(stewards.c.created_at, stewards.c.steward_id)
    )
    return conn.execute(asked).all()
