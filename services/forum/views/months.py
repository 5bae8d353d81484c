"""How topics go from proposal to end, over months."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from fivered.chassis.bus import Tx
from fivered.chassis.decimals import percent, ratio
from fivered.chassis.fields import Area, Period
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.requests import Request
from fivered.services.forum import replies, storage


class FunnelOf(Request, frozen=True):
    """Which area and months."""

    scope: Area = "370811"
    first: Period | None = None
    last: Period | None = None


def funnel(tx: Tx, payload: FunnelOf) -> replies.FunnelReply:
    """协商漏斗 / The deliberation funnel (M-15).

    Return M-15: how far the topics of some months came, and how long each step took.

    Adoption is of those collected in the months; closure of those adopted in them.

    Raises:
        Invalid: The last month lies before the first.
    """
    first = payload.first or tx.calendar.period(tx.now)
    last = payload.last or first
    if last < first:
        raise Invalid(
            field="last",
            reason=said("{last} 早于 {first} / {last} is before {first}", last=last, first=first),
        )
    start, _ = tx.calendar.month_bounds(first)
    _, end = tx.calendar.month_bounds(last)
    rows = storage.months.funnel_rows(tx.conn, payload.scope, start, end)
    collected = [row for row in rows if start <= row.created_at < end]
    cohort = [row for row in rows if row.adopted_at and start <= row.adopted_at < end]
    ways = {way: sum(r.way == way for r in collected) for way in ("ONLINE", "DOORSTEP", "HOTLINE")}
    reached = {
        name: sum(getattr(row, at) is not None for row in cohort)
        for name, at in (
            ("deliberated", "voted_at"),
            ("publicised", "publicised_at"),
            ("resolved", "resolved_at"),
            ("implementing", "implementing_at"),
            ("closed", "closed_at"),
        )
    }
    spans = (
        ("screen", "created_at", "adopted_at"),
        ("session", "adopted_at", "voted_at"),
        ("opinion", "voted_at", "publicised_at"),
        ("effective", "publicised_at", "resolved_at"),
        ("close", "resolved_at", "closed_at"),
    )
    adopted = sum(row.adopted_at is not None for row in collected)
    return replies.FunnelReply.of(
        reached,
        scope=payload.scope,
        first=first,
        last=last,
        collected=len(collected),
        ways=ways,
        adopted=len(cohort),
        adoption_rate=percent(ratio(adopted, len(collected))),
        closure_rate=percent(ratio(reached["closed"], len(cohort))),
        median_hours={name: _median_hours(cohort, a, b) for name, a, b in spans},
    )


def _median_hours(rows: Sequence[Row], a: str, b: str) -> float | None:
    spans = [
        (getattr(row, b) - getattr(row, a)).total_seconds() / 3600
        for row in rows
        if getattr(row, a) and getattr(row, b)
    ]
    return round(median(spans), 1) if spans else None
