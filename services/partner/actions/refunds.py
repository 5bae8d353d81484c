"""Refunds: asked for by the holder, decided by an official who has no tie to the partner."""

import logging
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, said
from fivered.chassis.requests import Request
from fivered.chassis.text import fold
from fivered.services.partner import events
from fivered.services.partner.actions import notices
from fivered.services.partner.actions.overdue import go_up
from fivered.services.partner.actions.partners import require_no_stake
from fivered.services.partner.actions.redemptions import reply
from fivered.services.partner.actions.statements import confirm_held
from fivered.services.partner.errors import (
    ReceivableShort,
    RefundDecided,
    StreetDecides,
    WindowOver,
)
from fivered.services.partner.replies import RedemptionReply
from fivered.services.partner.rules import redemptions as rules
from fivered.services.partner.rules.statements import Line
from fivered.services.partner.storage import partners as partner_store
from fivered.services.partner.storage import redemptions as store
from fivered.services.partner.storage import statements as statement_store
from fivered.services.partner.storage.tables import partners, redemptions, statements

REVIEW_TIMER = "refund_review"
log = logging.getLogger("fivered.partner")


class AskRefund(Request, frozen=True):
    """申请退回 / Within seven days, where the partner is at fault."""

    redemption_id: str
    reason: Annotated[
        PublicText, Meta(min_length=1, max_length=500, examples=["理发中途停电,未完成"])
    ]


class DecideRefund(Request, frozen=True):
    """审理退回 / Why it is decided so."""

    redemption_id: str
    reasons: Annotated[PublicText, Meta(max_length=500)] = ""


class DenyRefund(Request, frozen=True):
    """不同意退回 / Why not; the holder reads it."""

    redemption_id: str
    reasons: Annotated[
        str, Meta(min_length=2, max_length=500, examples=["现场核实服务已完成"]), PUBLIC
    ]


def ask_refund(tx: Tx, payload: AskRefund) -> RedemptionReply:
    """申请退回 / Ask for a refund.

    Ask for a refund within seven days; it is decided within five working days.

    A denied one is asked for once more, with other reasons.

    Raises:
        NotFound: It is neither the caller's nor of the caller's household.
        StateConflict: It is not redeemed.
        WindowOver: More than seven days have passed.
        RefundDecided: It was denied, and these are the reasons of before, or it was asked twice.
    """
    reason = payload.reason.strip()
    if not 1 <= len(reason) <= 500:
        raise Invalid(
            field="reason",
            reason=said("请写明理由,500 字以内 / say why, in at most 500 characters"),
        )
    row = records.locked(tx.conn, redemptions, payload.redemption_id)
    if not store.is_owner(tx.conn, row.redemption_id, tx.actor.id):
        raise NotFound(kind="redemption", id=payload.redemption_id)
    records.require_state(row, "REDEEMED", "SETTLED")
    tx.check_version(row.version)
    until = row.redeemed_at + rules.REFUND_WINDOW
    if tx.now >= until:
        raise WindowOver(until=tx.calendar.minute(until))
    if row.refund_denied is not None and (
        row.refund_asks >= rules.MOST_REFUND_ASKS or fold(reason) == fold(row.refund_text)
    ):
        raise RefundDecided(field="reason", reasons=row.refund_denied)
    due = tx.calendar.due(tx.now, rules.REFUND_WORKING_DAYS)
    tx.arm(REVIEW_TIMER, row.redemption_id, due)
    version = records.change(
        tx,
        redemptions,
        row,
        step="refund_ask",
        state="REFUND_REVIEW",
        note=reason,
        refund_text=reason,
        refund_asked_at=tx.now,
        refund_due=due,
        refund_late=False,
        refund_asks=row.refund_asks + 1,
    ).version
    notices.of_redemption(tx, "REFUND_ASKED", row, reason=reason, until=tx.calendar.minute(due))
    return replace(reply(row, state="REFUND_REVIEW", version=version), due=due)


def overdue(tx: Tx, due: Due) -> None:
    """Lay a refund that nobody has decided in time before the level above.

    Neither side has its money.
    """
    row = records.locked(tx.conn, redemptions, due.ref)
    if row.state != "REFUND_REVIEW" or row.refund_due is None or tx.now < row.refund_due:
        return
    go_up(
        tx,
        due,
        redemptions,
        row,
        step="refund_overdue",
        fact=lambda level: fact_of(
            events.RefundOverdue,
            row,
            level=level,
            concerned=sorted({row.holder, *partner_store.operators_of(tx.conn, row.partner_id)}),
        ),
        refund_late=True,
    )
    log.warning("refund_overdue", extra={"redemption": row.redemption_id, "area": row.area})


def _decided(tx: Tx, row: Row, version: int, outcome: str) -> None:
    """Say that one that went up is decided, so that nobody has to see to it any more."""
    if row.refund_late:
        tx.publish(
            events.RefundDecided(row.redemption_id, outcome),
            subject=row.redemption_id,
            scope=row.area,
            sequence=version,
        )


def _to_decide(tx: Tx, payload: DecideRefund | DenyRefund) -> Row:
    row = records.locked(tx.conn, redemptions, payload.redemption_id)
    home = row.community or row.area
    if not (tx.actor.covers(row.area) or tx.actor.covers(home)):
        raise RoleDenied(role=tx.actor.role, scope=tx.actor.scope, area=row.area)
    records.require_state(row, "REFUND_REVIEW")
    tx.check_version(row.version)
    require_no_stake(tx, row.partner_id, row.holder)
    if row.refund_denied is not None and (
        tx.actor.role not in rules.REFUSED_REFUNDS or row.refund_decided_by == tx.actor.id
    ):
        raise StreetDecides
    return row


def approve_refund(tx: Tx, payload: DecideRefund) -> RedemptionReply:
    """同意退回 / Approve a refund.

    On a statement that is not paid, the line is taken back on that statement; on a paid one, the
    next statement carries a negative line. Where the partner has left, its oldest unpaid statement
    that can bear it does; where none can, the district bears it.

    Raises:
        StateConflict: No refund is asked for.
        ConflictOfInterest: The official acts for the partner, or holds the redemption.
        ReceivableShort: The partner has not enough open points to take it from, because this one
            is paid, or because an earlier refund of a paid one has used them.
    """
    seen = records.get(tx.conn, redemptions, payload.redemption_id)
    # Partner, statement, redemption: suspending and paying lock them in this order too. With the
    # partner's row two refunds cannot both count the same open points.
    partner = records.locked(tx.conn, partners, seen.partner_id)
    statement = (
        records.locked(tx.conn, statements, seen.statement_id) if seen.statement_id else None
    )
    row = _to_decide(tx, payload)
    # The statement that is not paid and carries the negative line.
    bearing = statement if statement is not None and statement.state != "PAID" else None
    paid_fen = statement_store.amounts_paid(tx.conn, [row.redemption_id]).get(row.redemption_id, 0)
    open_points = _open_points(tx, row, bearing, paid_fen)
    borne_by = None
    if open_points < row.points:
        if partner.state != "EXITED" or row.settled_at is None:
            raise ReceivableShort(open=open_points, points=row.points)
        bearing = _bearing(tx, row, paid_fen)
        borne_by = "DISTRICT" if bearing is None else None
    if bearing is not None:
        _take_back(tx, bearing, row, paid_fen)
    version = records.change(
        tx,
        redemptions,
        row,
        step="refund_approve",
        state="REFUNDED",
        note=payload.reasons[:500],
        refunded_at=tx.now,
        refund_decided_by=tx.actor.id,
        refund_late=False,
        refund_statement_id=bearing.statement_id if bearing else None,
        refund_borne_by=borne_by,
    ).version
    if row.points:
        tx.publish(
            fact_of(events.RedemptionRefunded, row, borne_by=borne_by),
            subject=row.redemption_id,
            scope=row.area,
            sequence=version,
        )
    notices.of_redemption(tx, "REFUND_BORNE" if borne_by else "REFUND_APPROVED", row)
    _decided(tx, row, version, "REFUNDED")
    return reply(row, state="REFUNDED", version=version)


def _open_points(tx: Tx, row: Row, own: Row | None, paid_fen: int) -> int:
    """Return the points from which a refund can be taken.

    A refund of what stands on an unpaid statement is taken from that statement alone (`own`); any
    other from what stands on no statement. What another statement will settle is not open.
    """
    if own is None:
        return store.unbilled_points(tx.conn, row.partner_id)
    return int(own.points) if own.amount_fen >= paid_fen else 0


def _bearing(tx: Tx, row: Row, paid_fen: int) -> Row | None:
    """Return the unpaid statement that bears what a partner that has left gives back, held.

    No statement may follow, so that it is the oldest whose points and money suffice; or None.
    """
    for one in statement_store.lock_unpaid_of(tx.conn, row.partner_id):
        if one.points >= row.points and one.amount_fen >= paid_fen:
            return one
    return None


def _take_back(tx: Tx, statement: Row, row: Row, paid_fen: int) -> None:
    """Add the negative line to a statement that is not paid yet."""
    lines = statement_store.lines_of(tx.conn, statement.statement_id)
    taken = Line(row.redemption_id, "REFUND", -row.points, -paid_fen, row.redeemed_at)
    statement_store.add_lines(tx.conn, statement.statement_id, [taken], first=len(lines) + 1)
    records.change(
        tx,
        statements,
        statement,
        step="refund",
        note=row.redemption_id,
        points=statement.points - row.points,
        amount_fen=statement.amount_fen - paid_fen,
    )
    # The money that is free again may be what others wait for, and nothing to pay needs none.
    fund = statement_store.fund_for(tx.conn, statement.area, statement.period, hold=True)
    confirm_held(tx, fund.area if fund else statement.area, statement.period)


def deny_refund(tx: Tx, payload: DenyRefund) -> RedemptionReply:
    """不同意退回 / Deny a refund.

    Refuse a refund with reasons; the redemption is as it was.

    Raises:
        StateConflict: No refund is asked for.
        ConflictOfInterest: The official acts for the partner, or holds the redemption.
        StreetDecides: It was denied before.
    """
    row = _to_decide(tx, payload)
    state = "SETTLED" if row.settled_at else "REDEEMED"
    version = records.change(
        tx,
        redemptions,
        row,
        step="refund_deny",
        state=state,
        note=payload.reasons,
        refund_decided_by=tx.actor.id,
        refund_denied=payload.reasons,
        refund_late=False,
    ).version
    tx.publish(
        events.RefundDenied(row.redemption_id, row.number),
        subject=row.redemption_id,
        scope=row.area,
        sequence=version,
    )
    notices.of_redemption(tx, "REFUND_DENIED", row, reason=payload.reasons)
    _decided(tx, row, version, "DENIED")
    return reply(row, state=state, version=version)
