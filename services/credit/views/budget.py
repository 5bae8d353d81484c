"""A district's budget of points, and the ledger's balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chassis.bus import Tx
from chassis.fields import Cursor, Limit
from services.credit.storage import ledger, queries
from services.credit.storage.budget import grant_card


@dataclass(frozen=True, slots=True)
class BudgetGrants:
    """Which grants."""

    state: Literal["PROPOSED", "GRANTED", "REJECTED"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def budget_grants(tx: Tx, payload: BudgetGrants) -> dict[str, Any]:
    """积分预算拨付列表 / Grants of the budget.

    List the grants of the caller's district, the newest first.
    """
    found = queries.grants_page(
        tx.conn,
        area=tx.actor.scope[:6],
        state=payload.state,
        part=payload,
    )
    return found.reply(grant_card)


def trial_balance(tx: Tx) -> dict[str, Any]:
    """Return the sums of all accounts, from balances and from lines; both sum to zero."""
    found = ledger.trial_balance(tx.conn)
    accounts = found["accounts"]
    # In a sound ledger each side's balance is the sum of its lines.
    names = set(accounts) | set(found["lines"])
    agrees = all(accounts.get(name, 0) == found["lines"].get(name, 0) for name in names)
    budget = "SYS:BUDGET" in accounts
    return {
        "at": tx.now.isoformat(),
        **found,
        "balanced": found["sum"] == 0
        and agrees
        and found["lots"] == accounts.get("AVAILABLE", 0)
        and found["holds"] == accounts.get("HELD", 0),
        "budget": {
            "enforced": budget,
            "left": accounts.get("SYS:BUDGET", 0),
            "unfunded_points": queries.unfunded(tx.conn),
        },
    }
