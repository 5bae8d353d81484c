"""Versions of the service standards; an approved one never changes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.chassis.typed import converted
from fivered.services.steward import rules
from fivered.services.steward.rules.standards import SHIPPED_ID, Standard, Terms
from fivered.services.steward.storage.tables import service_standards as standards

_APPROVED = standards.c.state == "APPROVED"
# What was approved, by its id, which no other version ever has.
_known: dict[str, Standard] = {}


def insert(conn: sa.Connection, **values: object) -> Row | None:
    """Store a proposal, and return it; None where another one waits."""
    return records.add_new(conn, standards, **values)


def lock(conn: sa.Connection, standard_id: str) -> Row:
    """Return a version's row locked.

    Raises:
        NotFound: There is none.
    """
    return records.locked(conn, standards, standard_id)


def find(conn: sa.Connection, standard_id: str) -> Row | None:
    """Return a version, or None."""
    return records.find(conn, standards, standard_id)


def update(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change a locked proposal, and return it as it is now."""
    return records.update(conn, standards, row, **values)


def last_number(conn: sa.Connection) -> int:
    """Return the highest number that a version has."""
    return int(conn.execute(sa.select(sa.func.max(standards.c.number))).scalar_one())


def latest(conn: sa.Connection) -> Row:
    """Return the approved version that is in force last, or will be."""
    asked = sa.select(standards).where(_APPROVED).order_by(standards.c.effective_at.desc())
    found = records.first(conn, asked.limit(1))
    assert found is not None, "one is shipped"  # noqa: S101  see the migration
    return found


def in_force(conn: sa.Connection, at: datetime) -> str:
    """Return the id of the version that is in force at an instant."""
    asked = sa.select(standards.c.standard_id).where(_APPROVED, standards.c.effective_at <= at)
    found = conn.execute(asked.order_by(standards.c.effective_at.desc()).limit(1)).scalar()
    return str(found or SHIPPED_ID)


def standard(conn: sa.Connection, standard_id: str | None) -> Standard:
    """Return an approved version by its id; what was filed before there were any follows the
    first."""
    if standard_id is None or standard_id == SHIPPED_ID:
        return rules.standards.shipped()
    if standard_id not in _known:
        _known[standard_id] = content(records.known(conn, standards, standard_id))
    return _known[standard_id]


def content(row: Row) -> Standard:
    """Return what a version says."""
    return converted(row.content, Standard)


def of(conn: sa.Connection, row: Row) -> Terms:
    """Return by what a request is measured: by the version under which it was filed."""
    known = standard(conn, row.standard_id)
    return known.terms(row.category, row.clock, row.subcategory)


def duties(conn: sa.Connection, row: Row) -> list[str]:
    """Return who handles a request, best first, by that version."""
    known = standard(conn, row.standard_id)
    return list(known.known(row.category, row.subcategory).duties)


def chains(conn: sa.Connection, at: datetime) -> list[list[str]]:
    """Return the duties of each category, best first, by the version in force at an instant."""
    known = standard(conn, in_force(conn, at))
    return [[*one.duties] for one in known.categories]


def listed(conn: sa.Connection, state: str | None, part: records.PartOfList) -> records.Page:
    """Return the versions, the newest first."""
    asked = sa.select(standards)
    if state is not None:
        asked = asked.where(standards.c.state == state)
    return records.page(conn, asked, part, (standards.c.number,), newest_first=True)
