"""Invitations to oneself."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import PartOfList
from fivered.chassis.records import Row
from fivered.chassis.replies import Page
from fivered.services.forum import replies, storage
from fivered.services.forum.views.cards import (
    title_of,
)


def my_invitations(tx: Tx, payload: PartOfList) -> Page[replies.MyInvitation]:
    """我的邀请 / My invitations.

    Return the caller's invitations, newest first, with when and where.
    """
    found = storage.invitations.invitation_page(tx.conn, payload, tx.actor.id)
    about = storage.agenda.agendas(tx.conn, [row.session_id for row in found.rows])

    def card_of(row: Row) -> replies.MyInvitation:
        held = records.known(tx.conn, storage.tables.sessions, row.session_id)
        return replies.MyInvitation.of(
            row,
            id=row.invitation_id,
            session_state=held.state,
            start=held.start_at,
            place=held.place,
            topics=[
                replies.AgendaItem.of(one, title=title_of(tx, one))
                for one in about.get(row.session_id, ())
            ],
        )

    return found.listed(card_of)
