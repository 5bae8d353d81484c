"""What people were told: of themselves, and of the subjects for which they speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
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
    asked = sa.select(t.messages).where(_to(conn, person_id, subject_ids))
    return records.page(conn, asked, part, (row.created_at, row.message_id), newest_first=True)


def _to(conn: sa.Connection, person_id: str, subject_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    row = t.messages.c
    return sa.or_(row.person_id == person_id, bulk.members(row.subject_id, subject_ids, conn))


def heads(conn: sa.Connection, person_id: str, subject_ids: Sequence[str]) -> store.Select:
    """Return the query of the same messages, as the mechanism of all services lists them."""
    row = t.messages.c
    return sa.select(
        row.message_id,
        row.code.label("kind"),
        sa.literal("credit").label("about_kind"),
        row.ref.label("about_id"),
        row.created_at,
    ).where(_to(conn, person_id, subject_ids))


def some(conn: sa.Connection, message_ids: Sequence[str]) -> list[store.Row]:
    """Return some messages."""
    asked = sa.select(t.messages).where(t.messages.c.message_id.in_(message_ids))
    return store.rows(conn, asked)
