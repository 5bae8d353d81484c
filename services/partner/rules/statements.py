"""Month statements, the fund's guard, and the service share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fivered.chassis.calendar import Calendar

CONFIRM_WORKING_DAYS = 5
REVIEW_WORKING_DAYS = 5
MOST_BUDGET_FEN = 10**12


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement; a refund's numbers are negative."""

    redemption_id: str
    kind: str
    points: int
    amount_fen: int
    redeemed_at: datetime


def next_issue(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return (month, instant) of the first issue strictly after `now`.

    Statements of a month are issued at 09:00 local on working day 3 of the next month, after the
    month's cut-off.
    """
    period = calendar.previous_period(calendar.period(now))
    while (at := issue_at(period, calendar)) <= now:
        period = calendar.next_period(period)
    return period, at


def issue_at(period: str, calendar: Calendar) -> datetime:
    """Return when the statements of a month are issued."""
    return calendar.at(calendar.nth_working_day(calendar.next_period(period), 3), 9)


def lines_that_fit(redeemed: Sequence[Line], refunds: Sequence[Line]) -> list[Line]:
    """Return the lines of a statement: all that was redeemed, and refunds as far as they fit.

    A statement is never negative, in points or in money: the ledger cannot burn what the partner
    does not have. A refund that does not fit waits for the next month.

    Args:
        redeemed: Lines of the month, positive.
        refunds: Lines of what was paid before and given back since, negative, oldest first.

    Returns:
        Lines whose points and amounts sum to at least 0.
    """
    lines = list(redeemed)
    points = sum(line.points for line in lines)
    amount = sum(line.amount_fen for line in lines)
    for line in refunds:
        if points + line.points >= 0 and amount + line.amount_fen >= 0:
            lines.append(line)
            points += line.points
            amount += line.amount_fen
    return lines


def fits(*, budget_fen: int, committed_fen: int, amount_fen: int) -> bool:
    """Tell whether a fund can promise an amount. Nothing to pay always fits."""
    return amount_fen == 0 or committed_fen + amount_fen <= budget_fen
