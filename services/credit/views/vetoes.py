"""Vetoes, as each viewer may see them."""

from __future__ import annotations

from fivered.chassis.bus import Tx, is_uuid
from fivered.chassis.fields import PartOfList
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.storage import vetoes as store
from fivered.services.credit.views import cards


class OneVeto(Request, frozen=True):
    """Which veto is meant."""

    veto_id: str


def proposed(tx: Tx, payload: PartOfList) -> Page[replies.VetoReply]:
    """待确认的一票否决 / Vetoes of the caller's area that wait for another person, oldest first."""
    found, tied = store.page(tx.conn, tx.actor.scope, "PROPOSED", payload), cards.ties(tx)
    return found.listed(lambda row: _told(tx, row, own_matter=row.subject_id in tied))


def veto(tx: Tx, payload: OneVeto) -> replies.VetoReply:
    """一票否决 / A veto.

    Return a veto with its basis to the organisation and to staff of its area.

    Raises:
        NotFound: There is none, or it is none of the caller's business.
    """
    row = store.seen(tx.conn, payload.veto_id) if is_uuid(payload.veto_id) else None
    if row is None or not cards.may_see(tx, row.subject_id):
        raise NotFound(kind="veto", id=payload.veto_id)
    return _told(tx, row, own_matter=row.subject_id in cards.ties(tx))


def _told(tx: Tx, row: Row, *, own_matter: bool) -> replies.VetoReply:
    return replies.VetoReply.of(
        row,
        **cards.veto_members(row),
        subject=row.subject_id,
        reasons=row.reasons,
        overdue=bool(row.state == "PROPOSED" and row.due_at is not None and row.due_at <= tx.now),
        own_matter=own_matter,
    )
