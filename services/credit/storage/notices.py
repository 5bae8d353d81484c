"""Public notices; what was published is never edited."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import tables as t


def add(conn: sa.Connection, **values: object) -> Row:
    """Store a notice; it is never edited. Returns it."""
    return records.add(conn, t.notices, **values)


def notice(conn: sa.Connection, notice_id: str, *, lock: bool = False) -> Row | None:
    """Return a notice, or None."""
    return records.find(conn, t.notices, notice_id, lock=lock)


def known(conn: sa.Connection, notice_id: str) -> Row:
    """Return the notice that a settlement names. Raises LookupError where it is gone."""
    return records.known(conn, t.notices, notice_id)


def change(conn: sa.Connection, notice_id: str, **values: object) -> None:
    """Change the state of a notice; its body never changes."""
    assert "body" not in values  # noqa: S101  a notice is never edited
    conn.execute(
        sa.update(t.notices)
        .where(t.notices.c.notice_id == notice_id)
        .values(**values, version=t.notices.c.version + 1)
    )
