"""What people were told: of themselves, and of the subjects for which they speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from fivered.chassis import records
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t


def add(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Store messages."""
    bulk.insert(conn, t.messages, rows)


def page(
    conn: sa.Connection,
    *,
    person_id: str,
    subject_ids: Sequence[str],
    part: records.PartOfList,
) -> records.Page:
    """Return the messages to a person and to the person who speaks for some subjects, newest
    first."""
    row = t.messages.c
    asked = sa.select(t.messages).where(
        sa.or_(row.person_id == person_id, bulk.members(row.subject_id, subject_ids, conn))
    )
    return records.page(conn, asked, part, (row.created_at, row.message_id), newest_first=True)
