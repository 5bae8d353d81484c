"""Public notices; what was published is never edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from chassis import records
from services.credit.storage import tables as t


def add(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Store a notice; it is never edited."""
    conn.execute(t.notices.insert().values(**row))


def notice(conn: sa.Connection, notice_id: str, *, lock: bool = False) -> Any:
    """Return a notice, or None."""
    return records.find(conn, t.notices, notice_id, lock=lock)


def change(conn: sa.Connection, notice_id: str, **values: Any) -> None:
    """Change the state of a notice; its body never changes."""
    assert "body" not in values  # noqa: S101  a notice is never edited
    conn.execute(
        sa.update(t.notices)
        .where(t.notices.c.notice_id == notice_id)
        .values(**values, version=t.notices.c.version + 1)
    )
