"""A public notice goes up, is told of, and comes down: for months, rule sets and commendations.

What was published is never edited. A mistake is withdrawn with its reason, and another notice that
names the first one stands for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivered.chassis.replies import plain
from fivered.services.credit import events
from fivered.services.credit.rules import settlement as rules
from fivered.services.credit.rules.month_log import document_digest
from fivered.services.credit.storage import notices as store
from fivered.services.credit.storage import numbers
from fivered.services.credit.storage import tables as t

if TYPE_CHECKING:
    from datetime import datetime

    from fivered.chassis.bus import Tx


def put_up(
    tx: Tx,
    *,
    kind: str,
    area: str,
    period: str,
    body: object,
    until: datetime,
    settlement_id: str | None = None,
    commendation_id: str | None = None,
    corrects: str | None = None,
    notice_id: str | None = None,
    number: str | None = None,
) -> str:
    """Publish an immutable snapshot that holds ids only; it is told by `tell`. Returns the notice's
    id, which the caller may have made before, as its number."""
    told = plain(body)
    made = store.add(
        tx.conn,
        notice_id=notice_id or tx.new_id("gs"),
        number=number or next_number(tx, area),
        kind=kind,
        area=area,
        period=period,
        settlement_id=settlement_id,
        commendation_id=commendation_id,
        corrects=corrects,
        body=told,
        digest=document_digest(told),
        state="PUBLISHED",
        published_at=tx.now,
        ends_at=until,
        down_at=rules.notice_down(until),
        version=1,
    )
    return str(made.notice_id)


def next_number(tx: Tx, area: str) -> str:
    """Return the number of the next notice of an area."""
    # A letter behind the kind of paper: forum publishes notices too (GS-Y), with counts of its own.
    return numbers.following(tx, t.notices.c.number, "GS-X", area)


def tell(
    tx: Tx, notice_id: str, *, kind: str, area: str, until: datetime, period: str | None = None
) -> None:
    """Say that a notice is up; `period` is the month that the event belongs to."""
    tx.publish(
        events.NoticePublished(notice_id, kind, area, until.isoformat()),
        subject=notice_id,
        scope=area,
        sequence=1,
        period=period,
    )


def take_down(tx: Tx, notice_id: str, reason: str, corrected_by: str | None) -> None:
    """Withdraw a notice, with the reason and the one that stands for it now."""
    store.change(
        tx.conn,
        notice_id,
        state="WITHDRAWN",
        withdrawn_at=tx.now,
        withdrawn_by=tx.actor.id,
        withdrawn_because=reason[:400],
        corrected_by=corrected_by,
    )
