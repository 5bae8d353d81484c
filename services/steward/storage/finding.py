"""By which names, initials and dwellings people are found: keyed digests only, of area and text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.steward.rules import dwellings, pinyin
from fivered.services.steward.rules.dwellings import Dwelling
from fivered.services.steward.storage.tables import areas, person_digests, persons

if TYPE_CHECKING:
    from fivered.chassis.vault import Vault
    from fivered.services.steward.storage.people import NewPerson

# 128 bits: whoever shares one by chance is told apart when the name is opened.
_LENGTH = 32


def of_name(vault: Vault, area: str, name: str) -> str:
    """Return the digest of a whole name in an area."""
    return vault.digest("name", f"{area}\n{name}")[:_LENGTH]


def of_initials(vault: Vault, area: str, letters: str) -> str:
    """Return the digest of initials in an area."""
    return vault.digest("initials", f"{area}\n{letters[: pinyin.KEPT]}")[:_LENGTH]


def of_dwelling(vault: Vault, area: str, key: str) -> str:
    """Return the digest of a dwelling, or of all of a building or unit, in an area."""
    return vault.digest("dwelling", f"{area}\n{key}")[:_LENGTH]


def digests(vault: Vault, area: str, name: str, dwelling: Dwelling | None) -> frozenset[str]:
    """Return all digests by which somebody of a name and a dwelling is found in an area."""
    found = {of_name(vault, area, name)}
    found |= {of_initials(vault, area, letters) for letters in pinyin.kept(name)}
    if dwelling is not None:
        found |= {of_dwelling(vault, area, key) for key in dwellings.keys(dwelling)}
    return frozenset(found)


def dwelling_of(vault: Vault, row: Row | NewPerson) -> Dwelling | None:
    """Return where somebody lives, in the clear."""
    return dwellings.of_text(vault.open_or_none(row.dwelling, f"{row.person_id}.dwelling"))


def digests_of(vault: Vault, row: Row) -> frozenset[str]:
    """Return by which digests a person is found as the row stands."""
    name = vault.open(row.name, f"{row.person_id}.name")
    return digests(vault, row.area, name, dwelling_of(vault, row))


def write(conn: sa.Connection, found_by: Mapping[str, Iterable[str]]) -> None:
    """Let people be found by these digests, and by no others.

    Args:
        conn: The transaction.
        found_by: The digests of each person, by id.
    """
    forget(conn, found_by)
    add(conn, found_by)


def add(conn: sa.Connection, found_by: Mapping[str, Iterable[str]]) -> None:
    """Let people be found who were not found before."""
    rows = [
        {"digest": digest, "person_id": person_id}
        for person_id, digests in found_by.items()
        for digest in sorted(digests)
    ]
    records.add_all(conn, person_digests, rows)


def forget(conn: sa.Connection, person_ids: Collection[str]) -> None:
    """Let people be found by no name any more."""
    gone = person_digests.c.person_id.in_(list(person_ids))
    conn.execute(sa.delete(person_digests).where(gone))


def registering_areas(conn: sa.Connection, scope: str) -> list[str]:
    """Return the areas within a scope that people are registered in: communities, and all above
    for those who live in no grid."""
    asked = sa.select(areas.c.code).where(
        store.within(areas.c.code, scope[:12]), areas.c.kind != "GRID"
    )
    return sorted({*conn.execute(asked).scalars(), scope[:12]} - {""})


def _here(scope: str) -> sa.ColumnElement[bool]:
    """Return the condition that somebody lives in an area, or is registered with it."""
    return store.within(sa.func.coalesce(persons.c.grid, persons.c.area), scope)


# Who lives here first.
_ORDER = (sa.case((persons.c.status == "ACTIVE", 0), else_=1), persons.c.person_id)


def by_digests(conn: sa.Connection, asked: Collection[str], scope: str, most: int) -> list[Row]:
    """Return the first people of an area who are found by one of the digests."""
    found = sa.select(person_digests.c.person_id).where(person_digests.c.digest.in_(list(asked)))
    return records.rows(
        conn,
        sa.select(persons)
        .where(persons.c.person_id.in_(found), persons.c.status != "MERGED", _here(scope))
        .order_by(*_ORDER)
        .limit(most),
    )


def of_household(conn: sa.Connection, household: str, scope: str, most: int) -> list[Row]:
    """Return the first people of an area who are of a household, or were."""
    members = sa.and_(persons.c.household_id == household, persons.c.status != "MERGED")
    return records.rows(
        conn, sa.select(persons).where(members, _here(scope)).order_by(*_ORDER).limit(most)
    )


def registered_after(conn: sa.Connection, after: str, most: int) -> list[Row]:
    """Return everybody but who was given up, locked, in the order of the ids behind one of them."""
    asked = sa.select(persons).where(persons.c.status != "MERGED", persons.c.person_id > after)
    return records.rows(conn, store.lock(asked.order_by(persons.c.person_id).limit(most), conn))
