"""Statements and the position of the money fund."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis import records
from chassis.bus import Tx
from chassis.fields import Area, Cursor, Limit, Period
from chassis.refusal import NotFound
from chassis.storage import within
from services.partner.replies import StatementState
from services.partner.rules.statements import share_text
from services.partner.storage import partners as partner_store
from services.partner.storage import statements as store
from services.partner.storage.tables import funds, statements


@dataclass(frozen=True, slots=True)
class StatementsQuery:
    """结算单筛选 / Filter of statements."""

    partner_id: str | None = None
    period: Period | None = None
    state: StatementState | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """Which statement is wanted."""

    statement_id: str


@dataclass(frozen=True, slots=True)
class FundQuery:
    """基金 / Of which area and month."""

    area: Area
    period: Period


@dataclass(frozen=True, slots=True)
class FundsQuery:
    """基金筛选 / Which funds; those of one's own area when left out."""

    scope: Area | None = None
    period: Period | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def statement_line(tx: Tx, row: Any) -> dict[str, Any]:
    """Return a statement without its lines."""
    disputed = row.state == "DISPUTED" and row.review_due is not None
    return {
        "id": row.statement_id,
        "partner_id": row.partner_id,
        "period": row.period,
        "area": row.area,
        "points": row.points,
        "amount_fen": row.amount_fen,
        "state": row.state,
        "confirm_due": row.confirm_due.isoformat(),
        "confirmed_at": row.confirmed_at.isoformat() if row.confirmed_at else None,
        "confirmed_by": row.confirmed_by,
        "dispute_reason": row.dispute_reason,
        "disputed_lines": row.disputed_lines or [],
        "review_due": row.review_due.isoformat() if row.review_due else None,
        "review_late": disputed and row.review_due <= tx.now,
        "paid_at": row.paid_at.isoformat() if row.paid_at else None,
        "payment_ref": row.payment_ref,
        "version": row.version,
        "created_at": row.created_at.isoformat(),
    }


def statements_list(tx: Tx, payload: StatementsQuery) -> dict[str, Any]:
    """结算单 / Statements.

    Return a partner operator's own statements, or those of an official's area.
    """
    query = sa.select(statements)
    if tx.actor.role == "R_PARTNER":
        query = query.where(statements.c.partner_id.in_(partner_store.partners_of(tx.actor.id)))
    else:
        query = query.where(within(statements.c.area, tx.actor.scope))
    for name in ("partner_id", "period", "state"):
        value = getattr(payload, name)
        if value:
            query = query.where(statements.c[name] == value)
    found = records.page(
        tx.conn, query, payload, (statements.c.created_at, statements.c.statement_id)
    )
    return found.reply(lambda row: statement_line(tx, row))


def funds_list(tx: Tx, payload: FundsQuery) -> dict[str, Any]:
    """共建基金列表 / Funds.

    Return the funds of an official's area, with what was set.

    Raises:
        RoleDenied: The asked area lies outside the caller's.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    query = sa.select(funds).where(within(funds.c.area, scope))
    if payload.period:
        query = query.where(funds.c.period == payload.period)
    found = records.page(tx.conn, query, payload, (funds.c.created_at, funds.c.fund_id))
    return found.reply(
        lambda row: {
            "id": row.fund_id,
            "level": row.level,
            "area": row.area,
            "period": row.period,
            "budget_fen": row.budget_fen,
            "version": row.version,
            "created_at": row.created_at.isoformat(),
        }
    )


def steps_of(tx: Tx, table: sa.Table, row_id: str) -> list[dict[str, Any]]:
    """Return the history of one thing as it travels."""
    return [
        {
            "step": one.step,
            "state": one.state,
            "at": one.at.isoformat(),
            "role": one.role,
            "note": one.note,
        }
        for one in records.steps_of(tx.conn, table, row_id)
    ]


def statement(tx: Tx, payload: StatementQuery) -> dict[str, Any]:
    """结算单明细 / One statement.

    Return a statement with its lines and history.

    Raises:
        NotFound: There is none, or it is no concern of the caller's.
    """
    row = records.get(tx.conn, statements, payload.statement_id)
    if tx.actor.role == "R_PARTNER":
        concerned = partner_store.is_operator(tx.conn, row.partner_id, tx.actor.id)
    else:
        concerned = tx.actor.covers(row.area)
    if not concerned:
        raise NotFound(kind="statement", id=payload.statement_id)
    return statement_line(tx, row) | {
        "lines": [
            {
                "line_no": line.line_no,
                "redemption_id": line.redemption_id,
                "kind": line.kind,
                "points": line.points,
                "amount_fen": line.amount_fen,
                "redeemed_at": line.redeemed_at.isoformat(),
            }
            for line in store.lines_of(tx.conn, row.statement_id)
        ],
        "history": steps_of(tx, statements, row.statement_id),
    }


def fund(tx: Tx, payload: FundQuery) -> dict[str, Any]:
    """基金收支 / The position of a fund.

    Return what a fund has, has promised, has paid, and what waits for it.

    Raises:
        NotFound: No budget is set for that area and month.
    """
    tx.require_scope(payload.area)
    row = store.fund_at(tx.conn, payload.area, payload.period, hold=False)
    if row is None:
        raise NotFound(kind="fund", id=f"{payload.area} {payload.period}")
    bound = store.bound_fen(tx.conn, row.fund_id)
    held = sa.select(sa.func.coalesce(sa.func.sum(statements.c.amount_fen), 0)).where(
        statements.c.state == "HELD",
        statements.c.period == payload.period,
        within(statements.c.area, payload.area),
    )
    return {
        "id": row.fund_id,
        "level": row.level,
        "area": row.area,
        "period": row.period,
        "budget_fen": row.budget_fen,
        "committed_fen": bound["CONFIRMED"],
        "paid_fen": bound["PAID"],
        "burn_percent": share_text(bound["PAID"], row.budget_fen),
        "free_fen": row.budget_fen - sum(bound.values()),
        "held_fen": int(tx.conn.execute(held).scalar() or 0),
        "version": row.version,
    }
