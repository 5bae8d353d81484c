"""Messages to a partner."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.i18n import told
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.partner import replies
from fivered.services.partner.messages import MESSAGES
from fivered.services.partner.storage import partners as store
from fivered.services.partner.storage.tables import messages


class MessagesQuery(Request, frozen=True):
    """消息筛选 / Of which partner; without one, of all for which the caller acts."""

    partner_id: Annotated[str, Meta(max_length=64, examples=["ptn_1"])] | None = None
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def partner_messages(tx: Tx, payload: MessagesQuery) -> Page[replies.MessageCard]:
    """本店消息 / Messages to the partners for which I act.

    Return what the partners were told for which the caller acts, newest first: what waits for them
    and how it ended. A person who acts for one no more reads nothing of it.

    Raises:
        NotFound: The caller does not act for the partner.
    """
    if payload.partner_id is not None and not store.is_operator(
        tx.conn, payload.partner_id, tx.actor.id
    ):
        raise NotFound(kind="partner", id=payload.partner_id)
    found = records.page(
        tx.conn,
        store.messages_to(tx.actor.id, payload.partner_id),
        payload,
        (messages.c.created_at, messages.c.message_id),
        newest_first=True,
    )
    return found.listed(
        lambda row: replies.MessageCard.of(
            row,
            id=row.message_id,
            at=row.created_at,
            text=told("fivered.services.partner", MESSAGES[row.code], row.detail, tx.lang),
        )
    )
