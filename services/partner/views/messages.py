"""Messages to a partner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import going_out, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.i18n import told
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.chassis.storage import Select, rows
from fivered.chassis.telling import Elsewhere, Leaving
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


def _of(_tx: Tx, person_id: str) -> Select:
    row = messages.c
    return store.messages_to(person_id, None).with_only_columns(
        row.message_id,
        row.code.label("kind"),
        sa.literal("partner").label("about_kind"),
        row.partner_id.label("about_id"),
        row.created_at,
    )


def _texts(tx: Tx, message_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    asked = sa.select(messages).where(messages.c.message_id.in_(message_ids))
    package = "fivered.services.partner"
    return {
        row.message_id: (
            told(package, MESSAGES[row.code], row.detail),
            told(package, MESSAGES[row.code], row.detail, "en"),
        )
        for row in rows(tx.conn, asked)
    }


def _out(tx: Tx, message_ids: Sequence[str]) -> Iterator[Leaving]:
    asked = sa.select(messages).where(messages.c.message_id.in_(message_ids))
    for row in rows(tx.conn, asked):
        detail = going_out.plain(row.detail)
        zh, en = (
            told("fivered.services.partner", MESSAGES[row.code], detail, lang)
            for lang in ("zh", "en")
        )
        to = store.operators_of(tx.conn, row.partner_id)
        yield Leaving(row.message_id, to, row.code, row.created_at, (zh, en))


TOLD = Elsewhere(
    kinds=MESSAGES,
    to="合伙人现任经办人 / who acts for the partner now",
    when="兑换、项目、资质或结算走到该步时 / when the redemption, offer, vetting or statement "
    "comes to that step",
    group="POINTS",
    of=_of,
    texts=_texts,
    out=_out,
)
