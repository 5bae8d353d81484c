"""Grants of a district's budget, from their proposal on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from chassis import records
from chassis import storage as store
from services.credit.storage import tables as t


def add(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Store a proposed grant."""
    conn.execute(t.budget_grants.insert().values(**row))


def grant(conn: sa.Connection, grant_id: str, *, lock: bool = False) -> Any:
    """Return a grant, or None."""
    return records.find(conn, t.budget_grants, grant_id, lock=lock)


def change(conn: sa.Connection, grant_id: str, **values: Any) -> None:
    """Change columns of a grant that the caller has locked."""
    row = t.budget_grants.c
    done = conn.execute(
        sa.update(t.budget_grants)
        .where(row.grant_id == grant_id)
        .values(**values, version=row.version + 1)
    )
    store.all_changed(done.rowcount, 1, t.budget_grants.name)


def grant_card(row: Any) -> dict[str, Any]:
    """Return a grant of the budget as staff of the district see it."""
    return {
        "id": row.grant_id,
        "state": row.state,
        "version": row.version,
        "points": row.points,
        "basis": row.basis,
        "proposed_by": row.proposed_by,
        "proposed_at": row.proposed_at.isoformat(),
        "decided_by": row.decided_by,
        "decided_at": row.decided_at.isoformat() if row.decided_at is not None else None,
        "reason": row.reason,
    }
