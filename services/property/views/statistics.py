"""Counts by category, grid, project and day, hidden where people could be recognised."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta

from fivered.chassis import few
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Area
from fivered.chassis.requests import Request
from fivered.services.property import errors, replies
from fivered.services.property.replies.statistics import By
from fivered.services.property.storage import statistics as stored
from fivered.services.property.storage.rows import COMMUNITY_DIGITS
from fivered.services.property.views.ground import STAFF

MOST_DAYS = 400
_OF_COMPLAINTS = ("filed", "not_valid", "closed")


class StatisticsQuestion(Request, frozen=True):
    """统计口径 / Where, when, by what."""

    since: Annotated[date, Meta(description="首日 / first day", examples=["2025-03-01"])]
    until: Annotated[date, Meta(description="末日 / last day", examples=["2025-03-31"])]
    scope: Area = "370811"
    by: By = "CATEGORY"


def statistics(tx: Tx, payload: StatisticsQuestion) -> replies.Statistics:
    """投诉与整改统计 / Complaints and orders, counted.

    Answer how many complaints came in and orders were issued, by category, grid, project or day.

    Orders have no category and no grid, so those columns are null there. Who does not work for the
    area is told no number of fewer than five complaints, nor one that would tell it.

    Raises:
        DaysNotAllowed: The last day comes before the first, or there are more than 400.
    """
    days = (payload.until - payload.since).days + 1
    if not 1 <= days <= MOST_DAYS:
        raise errors.DaysNotAllowed(field="until", most=MOST_DAYS)
    begin = tx.calendar.midnight(payload.since)
    end = tx.calendar.midnight(payload.until + timedelta(days=1))

    where = stored.Where(payload.by, payload.scope, begin, end)
    counted = stored.complaints(tx.conn, where)
    with_orders = payload.by in ("PROJECT", "DAY") and len(payload.scope) <= COMMUNITY_DIGITS
    if with_orders:
        for key, numbers in stored.orders(tx.conn, where).items():
            counted.setdefault(key, Counter()).update(numbers)
    items = [_line(key, numbers, with_orders) for key, numbers in sorted(counted.items())]
    total = _line("TOTAL", sum(counted.values(), Counter()), with_orders)
    if not (tx.actor.role in STAFF and tx.actor.covers(payload.scope)):
        hidden = few.hidden_parts({one.key: one.filed for one in items})
        for one in items:
            if one.key in hidden:
                few.leave_out(one, set(_OF_COMPLAINTS))
            else:
                few.hide(one, parts={"not_valid": "filed", "closed": "filed"})
        few.hide(total, parts={"not_valid": "filed", "closed": "filed"})
        # The rest of a sum would tell what one line hides.
        few.leave_out(total, {name for one in items for name in one.few or ()} - {"filed"})
    return replies.Statistics(scope=payload.scope, by=payload.by, items=items, total=total)


def _line(key: str, numbers: Counter[str], with_orders: bool) -> replies.Statistic:
    told = replies.Statistic(
        key=key, filed=numbers["filed"], not_valid=numbers["not_valid"], closed=numbers["closed"]
    )
    if with_orders:
        told.orders = numbers["orders"]
        told.orders_late = numbers["orders_late"]
        told.orders_met = numbers["orders_met"]
    return told
