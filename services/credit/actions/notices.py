"""Public notices outside the ordinary course: published for a commendation, withdrawn, corrected.

What was published is never edited. A mistake is withdrawn with its reason, and another notice that
names the first one stands for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.refusal import NotFound, StateConflict
from services.credit import events
from services.credit.actions import settlement
from services.credit.errors import TextTooShort
from services.credit.rules import settlement as rules
from services.credit.storage import numbers
from services.credit.storage import settlements as store
from services.credit.storage import tables as t

if TYPE_CHECKING:
    from datetime import datetime

    from chassis.bus import Tx

LEAST_REASON = 5


@dataclass(frozen=True, slots=True)
class WithdrawNotice:
    """Which notice is taken down before its time, and why."""

    notice_id: str
    reason: str


def put_up(
    tx: Tx,
    *,
    kind: str,
    area: str,
    period: str,
    body: Mapping[str, Any],
    until: datetime,
    settlement_id: str | None = None,
    commendation_id: str | None = None,
    corrects: str | None = None,
) -> str:
    """Publish an immutable snapshot that holds ids only. Returns the notice's id."""
    notice_id = tx.new_id("gs")
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    day = tx.calendar.local_date(tx.now)
    prefix = f"GS-{day:%Y%m%d}-{area[-6:]}-"
    store.add_notice(
        tx.conn,
        {
            "notice_id": notice_id,
            "number": numbers.following(tx.conn, t.notices.c.number, prefix),
            "kind": kind,
            "area": area,
            "period": period,
            "settlement_id": settlement_id,
            "commendation_id": commendation_id,
            "corrects": corrects,
            "body": dict(body),
            "digest": hashlib.sha256(text.encode()).hexdigest(),
            "state": "PUBLISHED",
            "published_at": tx.now,
            "ends_at": until,
            "down_at": rules.notice_down(until),
            "version": 1,
        },
    )
    tx.say(
        events.NoticePublished(notice_id, kind, area, until.isoformat()),
        subject=notice_id,
        scope=area,
        sequence=1,
        period=period,
    )
    return notice_id


def withdraw_notice(tx: Tx, order: WithdrawNotice) -> dict[str, Any]:
    """Take a notice down before its time. What it said has no further effect by that.

    Raises:
        TextTooShort: No reason.
        NotFound: There is no such notice.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is down already.
    """
    known = _to_withdraw(tx, order)
    _take_down(tx, known, order.reason, None)
    return {
        "id": known.notice_id,
        "number": known.number,
        "state": "WITHDRAWN",
        "version": known.version + 1,
    }


def correct_notice(tx: Tx, order: WithdrawNotice) -> dict[str, Any]:
    """Withdraw the notice of a settlement and publish what the settlement says now.

    Both notices name each other. While the objection period runs it begins anew, because nobody
    could object before to what is said only now.

    Raises:
        TextTooShort: No reason.
        NotFound: There is no such notice.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is down already, or is not that of a settlement.
    """
    known = _to_withdraw(tx, order)
    row = store.settlement(tx.conn, known.settlement_id, lock=True) if known.settlement_id else None
    if row is None or row.published_at is None:
        raise StateConflict(state=known.kind)
    running = row.state == "PUBLISHED"
    until = rules.notice_ends(tx.calendar, tx.now) if running else max(known.ends_at, tx.now)
    notice_id = put_up(
        tx,
        kind=known.kind,
        area=known.area,
        period=known.period,
        body=settlement.snapshot(tx, row),
        until=until,
        settlement_id=row.settlement_id,
        corrects=known.notice_id,
    )
    _take_down(tx, known, order.reason, notice_id)
    values: dict[str, Any] = {"notice_id": notice_id}
    if running:
        values["objection_until"] = until
        tx.arm("notice_end", row.settlement_id, until)
    store.change(tx.conn, row.settlement_id, **values)
    made = store.notice(tx.conn, notice_id)
    return {
        "id": notice_id,
        "number": made.number,
        "state": made.state,
        "version": made.version,
        "due": until.isoformat(),
        "corrects": known.notice_id,
    }


def _to_withdraw(tx: Tx, order: WithdrawNotice) -> Any:
    if len(order.reason.strip()) < LEAST_REASON:
        raise TextTooShort(field="reason", least=LEAST_REASON)
    known = store.notice(tx.conn, order.notice_id, lock=True)
    if known is None:
        raise NotFound(kind="notice", id=order.notice_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    if known.state == "WITHDRAWN" or known.down_at <= tx.now:
        raise StateConflict(state=known.state)
    return known


def _take_down(tx: Tx, known: Any, reason: str, corrected_by: str | None) -> None:
    store.change_notice(
        tx.conn,
        known.notice_id,
        state="WITHDRAWN",
        withdrawn_at=tx.now,
        withdrawn_by=tx.actor.id,
        withdrawn_because=reason[:400],
        corrected_by=corrected_by,
    )
