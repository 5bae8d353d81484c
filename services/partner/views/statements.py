"""Statements and the position of the money fund."""

from collections.abc import Callable
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import percent, ratio
from fivered.chassis.fields import SORT, Area, Cursor, Limit, Period, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.chassis.storage import within
from fivered.services.partner import replies
from fivered.services.partner.replies import StatementState
from fivered.services.partner.storage import partners as partner_store
from fivered.services.partner.storage import statements as store
from fivered.services.partner.storage.tables import funds, statements
from fivered.services.partner.views.redemptions import OFFICIALS, steps_of


class StatementsQuery(Request, frozen=True):
    """结算单筛选 / Filter of statements."""

    partner_id: str | None = None
    period: Period | None = None
    state: StatementState | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class StatementQuery(Request, frozen=True):
    """Which statement is wanted."""

    statement_id: str


class FundQuery(Request, frozen=True):
    """基金 / Of which area and month."""

    area: Area
    period: Period


class FundsQuery(Request, frozen=True):
    """基金筛选 / Which funds; those of one's own area when left out."""

    scope: Area | None = None
    period: Period | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def statement_line(
    tx: Tx, row: Row, *, own_matter: bool | UnsetType = UNSET
) -> replies.StatementLine:
    """Return a statement without its lines."""
    return replies.StatementLine.of(row, **_shown(tx, row), own_matter=own_matter)


def _shown(tx: Tx, row: Row) -> dict[str, object]:
    disputed = row.state == "DISPUTED" and row.review_due is not None
    return {
        "id": row.statement_id,
        "disputed_lines": row.disputed_lines or [],
        "review_late": disputed and row.review_due <= tx.now,
    }


def statements_list(tx: Tx, payload: StatementsQuery) -> Page[replies.StatementLine]:
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
    own = own_matters(tx)
    return found.listed(lambda row: statement_line(tx, row, own_matter=own(row.partner_id)))


def own_matters(tx: Tx) -> Callable[[str], bool | UnsetType]:
    """Return what marks, in a list of an official, the partners about which that
    official decides nothing: somebody of the household has a stake in them."""
    if tx.actor.role not in OFFICIALS:
        return lambda _partner_id: UNSET
    tied = set(tx.conn.execute(partner_store.tied_partners(tx.conn, tx.actor.id)).scalars())
    return lambda partner_id: partner_id in tied


def funds_list(tx: Tx, payload: FundsQuery) -> Page[replies.FundLine]:
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
    return found.listed(lambda row: replies.FundLine.of(row, id=row.fund_id))


def statement(tx: Tx, payload: StatementQuery) -> replies.StatementCard:
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
    return replies.StatementCard.of(
        row,
        **_shown(tx, row),
        lines=[replies.BilledLine.of(line) for line in store.lines_of(tx.conn, row.statement_id)],
        history=steps_of(tx, statements, row.statement_id),
    )


def fund(tx: Tx, payload: FundQuery) -> replies.FundPosition:
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
    return replies.FundPosition.of(
        row,
        id=row.fund_id,
        committed_fen=bound["CONFIRMED"],
        paid_fen=bound["PAID"],
        burn_percent=percent(ratio(bound["PAID"], row.budget_fen)),
        free_fen=row.budget_fen - sum(bound.values()),
        held_fen=int(tx.conn.execute(held).scalar() or 0),
    )
