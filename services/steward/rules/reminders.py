"""When those are reminded who have a request in hand: before each of its clocks runs out.

An instant is counted back from the end of the clock, by the time that the clock has from its
beginning: so it moves with the end, whatever moves that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from fivered.services.steward.rules.requests import IN_HAND, OPEN, reopened_span
from fivered.services.steward.rules.standards import Times


class Reminder(NamedTuple):
    """One reminder.

    Attributes:
        at: When.
        which: Of which clock: ACCEPT, CONTACT or RESOLVE.
        turn: 1 to who has it in hand; 2 to that person and to the level above.
    """

    at: datetime
    which: str
    turn: int


class _Request(Protocol):
    state: str
    clock: str
    due_accept: datetime | None
    due_contact: datetime | None
    due_resolve: datetime
    contacted_at: datetime | None
    paused_until: datetime | None
    span_s: int
    reopens: int


def planned(row: _Request, times: Times, shares: tuple[int, int]) -> list[Reminder]:
    """Return the reminders of a request's running clocks, by their time.

    Args:
        row: The request.
        times: How long its steps may take.
        shares: After how many percent of a clock's time the first and the second reminder come.
    """
    ends: list[tuple[str, datetime, timedelta]] = []
    accept = timedelta(minutes=times.accept_minutes)
    if row.state == "DISPATCHED" and row.due_accept is not None:
        ends.append(("ACCEPT", row.due_accept, accept))
    to_contact = row.state in IN_HAND and row.contacted_at is None
    if to_contact and row.due_contact is not None and times.contact_minutes:
        ends.append(("CONTACT", row.due_contact, timedelta(minutes=times.contact_minutes)))
    # A clock that rests reminds nobody.
    if row.state in OPEN and row.paused_until is None:
        whole = timedelta(seconds=row.span_s)
        ends.append(("RESOLVE", row.due_resolve, reopened_span(whole) if row.reopens else whole))
    found = [
        Reminder(end - span * (100 - share) / 100, which, turn)
        for which, end, span in ends
        for turn, share in enumerate(shares, 1)
    ]
    return sorted(found)


def next_at(
    row: _Request, times: Times, shares: tuple[int, int], after: datetime
) -> datetime | None:
    """Return when the next reminder after an instant comes, or None."""
    return next((one.at for one in planned(row, times, shares) if one.at > after), None)
