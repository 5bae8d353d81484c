"""Whom an announced outage, work or fault concerns, and who of them has been told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.buildings import is_among
from fivered.chassis.records import Row
from fivered.chassis.vault import Vault
from fivered.services.steward.rules import dwellings
from fivered.services.steward.rules.dwellings import Dwelling
from fivered.services.steward.rules.requests import OPEN
from fivered.services.steward.storage import finding, tables

# So many are asked about at once.
_MANY = 500


def known(conn: sa.Connection, incident_id: str, grid: str) -> Row | None:
    """Return what is kept of an announcement for a grid, or None."""
    t = tables.known_incidents
    asked = sa.select(t).where(t.c.incident_id == incident_id, t.c.grid == grid)
    return records.first(conn, asked)


def grids_of(conn: sa.Connection, incident_id: str) -> list[str]:
    """Return the grids for which an announcement is kept."""
    t = tables.known_incidents
    asked = sa.select(t.c.grid).where(t.c.incident_id == incident_id).order_by(t.c.grid)
    return list(conn.execute(asked).scalars())


def times_of(conn: sa.Connection, incident_id: str) -> tuple[datetime, datetime] | None:
    """Return from when until when something was announced to be, or None."""
    t = tables.known_incidents
    asked = sa.select(t.c.starts_at, t.c.ends_at).where(t.c.incident_id == incident_id).limit(1)
    found = conn.execute(asked).first()
    return None if found is None else (found.starts_at, found.ends_at)


def living(conn: sa.Connection, vault: Vault, grid: str, buildings: Iterable[str]) -> set[str]:
    """Return who lives in a grid, but minors; where buildings are named, in one of these."""
    persons, found_by = tables.persons, tables.person_digests
    grown = sa.or_(persons.c.is_adult, persons.c.birth_year.is_(None))
    here = (persons.c.grid == grid, persons.c.status == "ACTIVE", grown)
    digests = [
        finding.of_dwelling(vault, grid[:12], dwellings.key(Dwelling(name)))
        for name in sorted(set(buildings))
    ]
    asked = sa.select(persons.c.person_id).where(*here)
    if digests:
        asked = asked.where(
            persons.c.person_id.in_(
                sa.select(found_by.c.person_id).where(found_by.c.digest.in_(digests))
            )
        )
    return set(conn.execute(asked).scalars())


def reporting(
    conn: sa.Connection, grid: str, buildings: Collection[str], categories: Collection[str]
) -> set[str]:
    """Return who has an open request of these categories in a grid, or in one of its buildings."""
    t = tables.requests
    asked = sa.select(t.c.reporter_id, t.c.building).where(
        t.c.grid == grid,
        t.c.state.in_(OPEN),
        t.c.category.in_(sorted(categories)),
        t.c.reporter_id.is_not(None),
    )
    return {
        person
        for person, building in conn.execute(asked)
        if not buildings or (building is not None and is_among(buildings, building))
    }


def told(conn: sa.Connection, kind: str, incident_id: str, persons: Collection[str]) -> set[str]:
    """Return who of these was told of an announcement."""
    t = tables.chassis.told
    wanted, found = sorted(persons), set[str]()
    for start in range(0, len(wanted), _MANY):
        asked = sa.select(t.c.person_id).where(
            t.c.person_id.in_(wanted[start : start + _MANY]),
            t.c.kind == kind,
            t.c.about_id == incident_id,
        )
        found.update(conn.execute(asked).scalars())
    return found
