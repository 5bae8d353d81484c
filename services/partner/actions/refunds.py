"""Refunds: asked for by the holder, decided by an official who has no tie to the partner."""

from dataclasses import dataclass
from typing import Any

from chassis.bus import Tx
from chassis.free_text import PublicText
from chassis.refusal import Invalid, NotFound, RoleDenied
from services.partner import events
from services.partner.actions.redemptions import reply
from services.partner.errors import ConflictOfInterest, ReceivableShort, WindowOver
from services.partner.rules import redemptions as rules
from services.partner.rules.statements import Line
from services.partner.storage import partners as partner_store
from services.partner.storage import redemptions as store
from services.partner.storage import rows
from services.partner.storage import statements as statement_store
from services.partner.storage.tables import partners, redemptions, statements


@dataclass(frozen=True, slots=True)
class AskRefund:
    """Why the partner is at fault."""

    redemption_id: str
    reason: PublicText


@dataclass(frozen=True, slots=True)
class DecideRefund:
    """Which refund is decided, and why."""

    redemption_id: str
    reasons: PublicText = ""


def ask(tx: Tx, order: AskRefund) -> dict[str, Any]:
    """Ask for a refund within seven days.

    Raises:
        NotFound: The caller does not hold it.
        StateConflict: It is not redeemed.
        WindowOver: More than seven days have passed.
    """
    reason = order.reason.strip()
    if not 1 <= len(reason) <= 500:
        raise Invalid(field="reason", reason="请写明理由,500 字以内")
    row = rows.lock(tx, redemptions, order.redemption_id)
    if row.holder != tx.actor.id:
        raise NotFound(kind="redemption", id=order.redemption_id)
    rules.require(row.state, "REDEEMED", "SETTLED")
    tx.check_version(row.version)
    until = row.redeemed_at + rules.REFUND_WINDOW
    if tx.now >= until:
        raise WindowOver(until=tx.calendar.local(until).isoformat(timespec="minutes"))
    version = rows.change(
        tx, redemptions, row, state="REFUND_REVIEW", refund_text=reason, refund_asked_at=tx.now
    )
    rows.remember(
        tx, "redemption", row.redemption_id, version, "refund_ask", "REFUND_REVIEW", reason
    )
    return reply(row, state="REFUND_REVIEW", version=version)


def _to_decide(tx: Tx, order: DecideRefund) -> Any:
    row = rows.lock(tx, redemptions, order.redemption_id)
    home = row.community or row.area
    if not (tx.actor.covers(row.area) or tx.actor.covers(home)):
        raise RoleDenied(role=tx.actor.role, scope=tx.actor.scope, area=row.area)
    rules.require(row.state, "REFUND_REVIEW")
    tx.check_version(row.version)
    tied = partner_store.is_operator(tx, row.partner_id, tx.actor.id)
    if tied or row.holder == tx.actor.id:
        raise ConflictOfInterest
    return row


def approve(tx: Tx, order: DecideRefund) -> dict[str, Any]:
    """Give the points back.

    On a statement that is not paid, the line is taken back on that statement; on a paid one, the
    next statement carries a negative line.

    Raises:
        StateConflict: No refund is asked for.
        ConflictOfInterest: The official acts for the partner, or holds the redemption.
        ReceivableShort: The partner has not enough open points to take it from, because this one
            is paid, or because an earlier refund of a paid one has used them.
    """
    seen = rows.get(tx, redemptions, order.redemption_id)
    # Partner, statement, redemption: suspending and paying lock them in this order too. With the
    # partner's row two refunds cannot both count the same open points.
    rows.lock(tx, partners, seen.partner_id)
    statement = rows.lock(tx, statements, seen.statement_id) if seen.statement_id else None
    row = _to_decide(tx, order)
    # Not only after payment: an earlier refund of a paid one may have used these points up.
    open_points = store.receivable(tx, row.partner_id)
    if open_points < row.points:
        raise ReceivableShort(open=open_points, points=row.points)
    refund_statement_id = None
    if statement is not None and statement.state != "PAID":
        refund_statement_id = statement.statement_id
        _take_back(tx, statement, row)
    version = rows.change(
        tx,
        redemptions,
        row,
        state="REFUNDED",
        refunded_at=tx.now,
        refund_decided_by=tx.actor.id,
        refund_statement_id=refund_statement_id,
    )
    rows.remember(
        tx,
        "redemption",
        row.redemption_id,
        version,
        "refund_approve",
        "REFUNDED",
        order.reasons[:500],
    )
    if row.points:
        tx.say(
            events.RedemptionRefunded(row.redemption_id, row.wallet, row.partner_id, row.points),
            subject=row.redemption_id,
            scope=row.area,
            sequence=version,
        )
    return reply(row, state="REFUNDED", version=version)


def _take_back(tx: Tx, statement: Any, row: Any) -> None:
    """Add the negative line to a statement that is not paid yet."""
    lines = statement_store.lines_of(tx, statement.statement_id)
    own = next(line for line in lines if line.redemption_id == row.redemption_id)
    taken = Line(row.redemption_id, "REFUND", -own.points, -own.amount_fen, own.redeemed_at)
    statement_store.add_lines(tx, statement.statement_id, [taken], first=len(lines) + 1)
    version = rows.change(
        tx,
        statements,
        statement,
        points=statement.points - own.points,
        amount_fen=statement.amount_fen - own.amount_fen,
    )
    rows.remember(
        tx, "statement", statement.statement_id, version, "refund", statement.state,
        row.redemption_id,
    )  # fmt: skip


def deny(tx: Tx, order: DecideRefund) -> dict[str, Any]:
    """Refuse a refund; the redemption is as it was.

    Raises:
        StateConflict: No refund is asked for.
        ConflictOfInterest: The official acts for the partner, or holds the redemption.
    """
    row = _to_decide(tx, order)
    state = "SETTLED" if row.settled_at else "REDEEMED"
    version = rows.change(tx, redemptions, row, state=state, refund_decided_by=tx.actor.id)
    rows.remember(
        tx, "redemption", row.redemption_id, version, "refund_deny", state, order.reasons[:500]
    )
    return reply(row, state=state, version=version)
