"""A district's budget of points, a subject's wallet, and the ledger's balance."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, AsOf, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.rules.ledger import past_of
from fivered.services.credit.storage import ledger, queries, statements

_BUDGET = "SYS:BUDGET"


class BudgetGrants(Request, frozen=True):
    """Which grants."""

    state: Literal["PROPOSED", "GRANTED", "REJECTED"] | None = None
    sort: Annotated[Literal["proposed_at", "-proposed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class TrialBalance(Request, frozen=True):
    """As of when."""

    at: AsOf | None = None


def grant_card(row: Row) -> replies.BudgetGrantCard:
    """Return a grant of the budget as staff of the district see it."""
    return replies.BudgetGrantCard.of(row, id=row.grant_id)


def budget_grants(tx: Tx, payload: BudgetGrants) -> Page[replies.BudgetGrantCard]:
    """积分预算拨付列表 / Grants of the budget.

    List the grants of the caller's district, the newest first.
    """
    found = queries.grants_page(
        tx.conn,
        area=tx.actor.scope[:6],
        state=payload.state,
        part=payload,
    )
    return found.listed(grant_card)


def trial_balance(tx: Tx, payload: TrialBalance) -> replies.TrialBalance:
    """试算平衡 / Trial balance.

    Return the sums of all accounts, now with every proof, or from the lines as of a time.

    Raises:
        Invalid: Something may still be being written of that time.
    """
    at = past_of(payload.at, tx.now)
    if at is None:
        return _balance_now(tx)
    accounts = statements.trial_balance_at(tx.conn, at)
    total = sum(accounts.values())
    return replies.TrialBalance(
        at=at,
        accounts=accounts,
        sum=total,
        balanced=total == 0,
        budget=replies.BudgetLeft(enforced=_BUDGET in accounts, left=accounts.get(_BUDGET, 0)),
    )


def _balance_now(tx: Tx) -> replies.TrialBalance:
    """Return the sums of all accounts, from balances and from lines; both sum to zero."""
    found = ledger.trial_balance(tx.conn)
    accounts, lines = found.accounts, found.lines
    total = sum(accounts.values())
    # In a sound ledger each side's balance is the sum of its lines.
    agrees = all(accounts.get(name, 0) == lines.get(name, 0) for name in {*accounts, *lines})
    apart = (found.lots, found.holds) == (accounts.get("AVAILABLE", 0), accounts.get("HELD", 0))
    return replies.TrialBalance(
        at=tx.now,
        accounts=accounts,
        sum=total,
        balanced=total == 0 and agrees and apart,
        budget=replies.BudgetLeft(
            enforced=_BUDGET in accounts,
            left=accounts.get(_BUDGET, 0),
            unfunded_points=queries.unfunded(tx.conn),
        ),
        lines=lines,
        lots=found.lots,
        holds=found.holds,
        postings=found.postings,
    )


def wallet_card(conn: sa.Connection, subject: str, at: datetime) -> replies.Wallet:
    """Return a subject's balances, lots and holds for its own eyes. What has expired cannot be
    spent, also before the night in which it is posted."""
    wallet = ledger.wallet(conn, subject)
    months = [
        replies.PendingMonth(period=row.period, points=row.points)
        for row in ledger.pending_months(conn, subject)
    ]
    lots = ledger.open_lots(conn, subject)
    expired = sum(lot.left for lot in lots if lot.expires_at <= at)
    return replies.Wallet(
        pending=sum(month.points for month in months),
        available=wallet.available - expired if wallet else 0,
        held=wallet.held if wallet else 0,
        receivable=wallet.receivable if wallet else 0,
        clawback=wallet.clawback if wallet else 0,
        pending_by_month=months,
        lots=[
            replies.LotCard(
                period=lot.period, points=lot.points, left=lot.left, expires_at=lot.expires_at
            )
            for lot in lots
            if lot.expires_at > at
        ],
        holds=[
            replies.HoldCard(
                redemption_id=row.hold_id,
                partner_id=row.partner_id,
                points=row.points,
                held_at=row.held_at,
            )
            for row in ledger.holds_of(conn, subject)
        ],
    )
