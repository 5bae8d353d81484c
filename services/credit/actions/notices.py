"""Public notices outside the ordinary course: withdrawn, corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.free_text import PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import commendation_notices, month_logs, publishing, settlement
from fivered.services.credit.errors import TextTooShort
from fivered.services.credit.rules import settlement as rules
from fivered.services.credit.storage import notices as store
from fivered.services.credit.storage import settlement as settlement_store
from fivered.services.credit.storage import tables

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx
    from fivered.chassis.records import Row

LEAST_REASON = 5


class WithdrawNotice(Request, frozen=True):
    """撤回公示并说明原因 / Take a notice down, and say why."""

    notice_id: str
    reason: Annotated[
        PublicText, Meta(min_length=1, max_length=400, examples=["项目名称有误,另行公示。"])
    ]


def withdraw_notice(tx: Tx, payload: WithdrawNotice) -> replies.Done:
    """撤回公示 / Withdraw a notice.

    Take a notice down before its time. What it said has no further effect by that: a commendation
    that is not approved yet goes back to before its notice, and a month whose notice still ran
    waits until it is published anew (`correct_notice`).

    Raises:
        TextTooShort: No reason.
        NotFound: There is no such notice.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is down already.
        CommendationApproved: Somebody is commended by it.
    """
    seen = store.notice(tx.conn, payload.notice_id)
    commended = commendation_notices.lock_of_notice(tx, seen)
    _month_of(tx, seen)
    known = _to_withdraw(tx, payload)
    publishing.take_down(tx, known.notice_id, payload.reason, None)
    if known.settlement_id:
        tx.disarm("notice_end", known.settlement_id)
    if commended is not None:
        commendation_notices.notice_withdrawn(tx, commended, known.notice_id, payload.reason)
    return replies.Done(
        id=known.notice_id,
        number=known.number,
        state="WITHDRAWN",
        version=known.version + 1,
    )


def correct_notice(tx: Tx, payload: WithdrawNotice) -> replies.NoticeCorrected:
    """更正公示(撤回并重新公示) / Withdraw a notice and publish another in its place.

    Withdraw the notice of a settlement, if it was not taken down already, and publish what the
    settlement says now.

    Both notices name each other. While the objection period runs it begins anew, because nobody
    could object before to what is said only now.

    Raises:
        TextTooShort: No reason.
        NotFound: There is no such notice.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is down already, or is not that of a settlement.
    """
    seen = store.notice(tx.conn, payload.notice_id)
    row = _month_of(tx, seen)
    # One that was taken down while it ran is published anew: its month waits for that.
    waits = seen is not None and seen.state == "WITHDRAWN" and _runs(row, seen)
    known = _to_withdraw(tx, payload, down=waits)
    if row is None or row.published_at is None:
        raise StateConflict(state=known.kind)
    running = row.state == "PUBLISHED"
    until = rules.notice_ends(tx.calendar, tx.now) if running else max(known.ends_at, tx.now)
    notice_id = tx.new_id("gs")
    # What it says now follows from another state of the month: it has a log of its own.
    number = publishing.next_number(tx, known.area)
    frozen = month_logs.freeze(tx, row, number, key=notice_id)
    publishing.put_up(
        tx,
        notice_id=notice_id,
        kind=known.kind,
        area=known.area,
        period=known.period,
        body=settlement.snapshot(tx, row, frozen),
        until=until,
        settlement_id=row.settlement_id,
        corrects=known.notice_id,
        number=number,
    )
    publishing.tell(
        tx, notice_id, kind=known.kind, area=known.area, until=until, period=known.period
    )
    if waits:
        store.change(tx.conn, known.notice_id, corrected_by=notice_id)
    else:
        publishing.take_down(tx, known.notice_id, payload.reason, notice_id)
    if running:
        tx.arm("notice_end", row.settlement_id, until)
        # No month is closed while its notice hangs: what is held then would never be decided.
        tx.arm("settlement_close", row.settlement_id, rules.closes(tx.calendar, tx.now))
    settlement_store.change(
        tx.conn,
        row,
        notice_id=notice_id,
        objection_until=until if running else row.objection_until,
    )
    made = store.known(tx.conn, notice_id)
    return replies.NoticeCorrected.of(
        made, id=notice_id, number=made.number, due=until, corrects=known.notice_id
    )


def _month_of(tx: Tx, notice: Row | None) -> Row | None:
    """Return and lock the settlement of a notice, before the notice: who ends or corrects it locks
    them in this order too."""
    if notice is None or not notice.settlement_id:
        return None
    return settlement_store.settlement(tx.conn, notice.settlement_id, lock=True)


def _runs(row: Row | None, notice: Row) -> bool:
    return row is not None and row.state == "PUBLISHED" and row.notice_id == notice.notice_id


def _to_withdraw(tx: Tx, payload: WithdrawNotice, *, down: bool = False) -> Row:
    """Return and lock the notice that is taken down, or is `down` already."""
    if len(payload.reason.strip()) < LEAST_REASON:
        raise TextTooShort(field="reason", least=LEAST_REASON)
    known = records.locked(tx.conn, tables.notices, payload.notice_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    if not down and (known.state == "WITHDRAWN" or known.down_at <= tx.now):
        raise StateConflict(state=known.state)
    return known
