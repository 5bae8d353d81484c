"""What disclosures say, version by version."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from fivered.chassis import records
from fivered.services.property.storage import tables as t
from fivered.services.property.storage.rows import Row

V = t.disclosure_versions


def add(conn: sa.Connection, disclosure_id: str, **values: object) -> Row:
    """Write the next version; the caller has locked the disclosure."""
    last = conn.execute(
        sa.select(sa.func.max(V.c.edition)).where(V.c.disclosure_id == disclosure_id)
    ).scalar()
    return records.add(conn, V, disclosure_id=disclosure_id, edition=(last or 0) + 1, **values)


def versions(conn: sa.Connection, disclosure_id: str) -> list[Row]:
    """Return all versions, oldest first."""
    asked = sa.select(V).where(V.c.disclosure_id == disclosure_id)
    return records.rows(conn, asked.order_by(V.c.edition))


def newest(conn: sa.Connection, ids: Collection[str]) -> dict[str, Row]:
    """Return the valid version of each of these, by disclosure."""
    asked = sa.select(V).where(V.c.disclosure_id.in_(list(ids))).order_by(V.c.edition)
    return {row.disclosure_id: row for row in records.rows(conn, asked)}
