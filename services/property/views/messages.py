"""What property has told people in its own table, as the mechanism of all services shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.bus import Tx
from fivered.chassis.telling import Elsewhere, Leaving
from fivered.services.property import rules
from fivered.services.property.storage import tables
from fivered.services.property.views.orders import message_texts


def _of(_tx: Tx, person_id: str) -> store.Select:
    row = tables.messages.c
    return sa.select(
        row.message_id,
        row.code.label("kind"),
        sa.literal("complaint").label("about_kind"),
        row.complaint_id.label("about_id"),
        row.created_at,
    ).where(row.person_id == person_id)


def _texts(tx: Tx, message_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    table = tables.messages
    asked = sa.select(table).where(table.c.message_id.in_(message_ids))
    return {row.message_id: message_texts(row) for row in store.rows(tx.conn, asked)}


def _out(tx: Tx, message_ids: Sequence[str]) -> Iterator[Leaving]:
    table = tables.messages
    asked = sa.select(table).where(table.c.message_id.in_(message_ids))
    for row in store.rows(tx.conn, asked):
        texts = message_texts(row, leaves=True)
        yield Leaving(row.message_id, [row.person_id], row.code, row.created_at, texts)


TOLD = Elsewhere(
    kinds=rules.MESSAGES,
    to="投诉人、项目经理或当事的任职人 / who complained, the manager, or who holds the post",
    when="投诉、整改、任职或协议走到该步时 / when the complaint, order, post or agreement comes to "
    "that step",
    group="MATTERS",
    of=_of,
    texts=_texts,
    out=_out,
)
