"""Rights, and the ties to other services from which most of them follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.identity.rules.grants import GRANTED, asks_for_factor
from fivered.services.identity.storage.tables import areas, grants, people, ties


def held_by(conn: sa.Connection, person_id: str, at: datetime) -> list[Row]:
    """Return the rights that a person has at this (domain) time, in a stable order."""
    asked = sa.select(grants).where(
        grants.c.person_id == person_id,
        grants.c.state == "ACTIVE",
        grants.c.from_at <= at,
        sa.or_(grants.c.to_at.is_(None), grants.c.to_at > at),
    )
    return records.rows(conn, asked.order_by(grants.c.role, grants.c.scope, grants.c.grant_id))


def administering(area: str) -> list[tuple[str, str]]:
    """Return the rights that administer an area: of its street, and of the district."""
    found = [("R_DISTRICT", area[:6])]
    return [("R_STREET", area[:9]), *found] if len(area) >= 9 else found


def holding(conn: sa.Connection, rights: set[tuple[str, str]], at: datetime) -> set[str]:
    """Return who has one of some (role, area) at this (domain) time."""
    if not rights:
        return set()
    asked = sa.select(grants.c.person_id).where(
        sa.or_(
            *(
                sa.and_(grants.c.role == role, grants.c.scope == area)
                for role, area in sorted(rights)
            )
        ),
        grants.c.state == "ACTIVE",
        grants.c.from_at <= at,
        sa.or_(grants.c.to_at.is_(None), grants.c.to_at > at),
    )
    return set(conn.execute(asked.distinct()).scalars())


def is_staff(conn: sa.Connection, account: Row, at: datetime) -> bool:
    """Tell whether an account is one of staff, or its person has another right than a resident's
    at this (domain) time."""
    held = () if account.kind == "STAFF" else held_by(conn, account.person_id, at)
    return account.kind == "STAFF" or any(asks_for_factor(row.role) for row in held)


def same(conn: sa.Connection, person_id: str, role: str, scope: str) -> Row | None:
    """Return an office's right of the same content that is proposed or holds, or None."""
    asked = sa.select(grants).where(
        grants.c.person_id == person_id,
        grants.c.role == role,
        grants.c.scope == scope,
        grants.c.source.in_(sorted(GRANTED)),
        grants.c.state.in_(("PROPOSED", "ACTIVE")),
    )
    return records.first(conn, asked.limit(1))


def of_tie(conn: sa.Connection, source: str, ref: str) -> list[Row]:
    """Return the rights that follow from a tie and hold, and hold them."""
    asked = sa.select(grants).where(
        grants.c.source == source, grants.c.ref == ref, grants.c.state == "ACTIVE"
    )
    return records.rows(conn, asked.order_by(grants.c.grant_id).with_for_update(key_share=True))


def of_person(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return the rights of a person that are proposed or hold, and hold them."""
    asked = sa.select(grants).where(
        grants.c.person_id == person_id, grants.c.state.in_(("PROPOSED", "ACTIVE"))
    )
    return records.rows(conn, asked.order_by(grants.c.grant_id).with_for_update(key_share=True))


def run_out_between(conn: sa.Connection, since: datetime, until: datetime) -> list[Row]:
    """Return the rights that nobody has ended and whose time is over between these, in a stable
    order."""
    asked = sa.select(grants).where(
        grants.c.state == "ACTIVE", grants.c.to_at > since, grants.c.to_at <= until
    )
    return records.rows(conn, asked.order_by(grants.c.to_at, grants.c.grant_id))


def is_area(conn: sa.Connection, code: str) -> bool:
    """Tell whether steward has entered an area."""
    return conn.execute(sa.select(areas.c.code).where(areas.c.code == code)).first() is not None


def knows_areas(conn: sa.Connection, district: str) -> bool:
    """Tell whether steward has told of any area of a district."""
    asked = sa.select(areas.c.code).where(areas.c.code.startswith(district, autoescape=True))
    return conn.execute(asked.limit(1)).first() is not None


def tie(conn: sa.Connection, source: str, ref: str) -> dict[str, object] | None:
    """Return what is known of a tie, or None."""
    asked = sa.select(ties).where(ties.c.source == source, ties.c.ref == ref)
    row = records.first(conn, asked.with_for_update())
    return None if row is None else dict(records.values_of(row))


def put_tie(conn: sa.Connection, values: dict[str, object]) -> None:
    """Keep what is known of a tie."""
    records.put(conn, ties, [values])


def put_people(conn: sa.Connection, rows: Sequence[dict[str, object]]) -> None:
    """Keep who is registered; for whom somebody stands is said by `person_merged` alone."""
    records.put(conn, people, rows, keep=("merged_into",))
