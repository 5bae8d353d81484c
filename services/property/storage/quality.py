"""Second looks: what waits, and what has followed."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.services.property.storage import tables as t


def waiting(conn: sa.Connection, kind: str, ref: str) -> bool:
    """Tell whether something waits for a second look."""
    table = t.quality_checks
    asked = sa.select(table.c.check_id).where(
        table.c.kind == kind, table.c.ref == ref, table.c.state == "WAITING"
    )
    return conn.execute(asked.limit(1)).first() is not None


def followed(conn: sa.Connection, rectification_id: str) -> bool:
    """Tell whether another order follows this one already."""
    table = t.rectifications
    asked = sa.select(table.c.rectification_id).where(table.c.again_of == rectification_id)
    return conn.execute(asked.limit(1)).first() is not None
