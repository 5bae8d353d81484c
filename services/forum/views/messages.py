"""Messages to a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from fivered.chassis import going_out
from fivered.chassis import storage as store
from fivered.chassis.bus import Tx
from fivered.chassis.fields import PartOfList
from fivered.chassis.i18n import told
from fivered.chassis.records import Row
from fivered.chassis.replies import Page
from fivered.chassis.telling import Elsewhere, Leaving
from fivered.services.forum import replies, storage
from fivered.services.forum.messages import MESSAGES


def my_messages(tx: Tx, payload: PartOfList) -> Page[replies.MessageCard]:
    """我的消息 / My messages.

    Return what the caller was told, newest first.
    """
    found = storage.messages.message_page(tx.conn, payload, tx.actor.id)
    named = storage.topics.topics_named(tx.conn, [row.topic_id for row in found.rows])
    return found.listed(
        lambda row: replies.MessageCard.of(
            row,
            id=row.message_id,
            topic_id=row.topic_id or None,
            at=row.created_at,
            text=_message(row, named.get(row.topic_id, ""), tx.lang),
        )
    )


def _message(row: Row, number: str, lang: str, *, leaves: bool = False) -> str:
    """Return a message in a language."""
    detail = going_out.plain(row.detail or {}) if leaves else row.detail or {}
    # What a release before has told says less: it named no task.
    places = dict.fromkeys(("title", "reason"), "—") | {"number": number} | detail
    return told("fivered.services.forum", MESSAGES[row.code], places, lang)


def _of(_tx: Tx, person_id: str) -> store.Select:
    row = storage.tables.messages.c
    return sa.select(
        row.message_id,
        row.code.label("kind"),
        sa.literal("topic").label("about_kind"),
        row.topic_id.label("about_id"),
        row.created_at,
    ).where(row.person_id == person_id)


def _texts(tx: Tx, message_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    table = storage.tables.messages
    rows = store.rows(tx.conn, sa.select(table).where(table.c.message_id.in_(message_ids)))
    named = storage.topics.topics_named(tx.conn, [row.topic_id for row in rows])
    found = {}
    for row in rows:
        number = named.get(row.topic_id, "")
        found[row.message_id] = (_message(row, number, "zh"), _message(row, number, "en"))
    return found


def _out(tx: Tx, message_ids: Sequence[str]) -> Iterator[Leaving]:
    table = storage.tables.messages
    rows = store.rows(tx.conn, sa.select(table).where(table.c.message_id.in_(message_ids)))
    named = storage.topics.topics_named(tx.conn, [row.topic_id for row in rows])
    for row in rows:
        number = named.get(row.topic_id, "")
        zh, en = (_message(row, number, lang, leaves=True) for lang in ("zh", "en"))
        yield Leaving(row.message_id, [row.person_id], row.code, row.created_at, (zh, en))


TOLD = Elsewhere(
    kinds=MESSAGES,
    to="参与议题的人、受邀人、承办人或督办人 / who takes part in the topic, is invited, does it or "
    "oversees it",
    when="议题、协商会、任务或意见走到该步时 / when the topic, session, task or opinion comes to "
    "that step",
    group="MATTERS",
    of=_of,
    texts=_texts,
    out=_out,
)
