"""Messages to a person."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.fields import PartOfList
from fivered.chassis.i18n import told
from fivered.chassis.records import Row
from fivered.chassis.replies import Page
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
            text=_message(tx, row, named.get(row.topic_id, "")),
        )
    )


def _message(tx: Tx, row: Row, number: str) -> str:
    """Return a message in the language that the caller reads."""
    # What a release before has told says less: it named no task.
    places = dict.fromkeys(("title", "reason"), "—") | {"number": number} | (row.detail or {})
    return told("fivered.services.forum", MESSAGES[row.code], places, tx.lang)
