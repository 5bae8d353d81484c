"""Grants of a district's budget, from their proposal on."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import tables as t


def add(conn: sa.Connection, **values: object) -> Row:
    """Store a proposed grant and return it."""
    return records.add(conn, t.budget_grants, version=1, **values)


def locked(conn: sa.Connection, grant_id: str) -> Row | None:
    """Return a grant and hold it until the transaction ends, or None."""
    return records.find(conn, t.budget_grants, grant_id, lock=True)


def change(conn: sa.Connection, row: Row, **values: object) -> Row:
    """Change columns of a grant that the caller has locked, and return it as it is then."""
    return records.update(conn, t.budget_grants, row, **values)
