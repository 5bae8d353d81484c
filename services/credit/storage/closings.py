"""When subjects are closed: what they do then is not scored.

A merchant or a unit that an office closes is closed from that moment. What another service ends (a
project, a partner, a steward's post) is closed from the end of that month on: what was done before
is still told of within it. Natural persons go by their consent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t

# Kinds that offices open and close.
BY_HAND = ("MER", "UNT")

# Subject -> the times in which it is closed, [since, until); the last may have no end yet.
Closings = Mapping[str, list[tuple[datetime, datetime | None]]]


def closings(conn: sa.Connection, calendar: Calendar, subject_ids: Iterable[str]) -> Closings:
    """Return when subjects were and are closed; those that never were are left out."""
    wanted = sorted({one for one in subject_ids if one.partition(":")[0] not in PERSONS})
    if not wanted:
        return {}
    subject, state = t.subjects.c, t.states.c
    ended = sa.select(t.subjects).where(
        bulk.members(subject.subject_id, wanted, conn), subject.closed_at.is_not(None)
    )
    now = {row.subject_id: row for row in records.rows(conn, ended)}
    asked = sa.select(t.states).where(
        bulk.members(state.subject_id, wanted, conn),
        sa.or_(state.state == "CLOSED", bulk.members(state.subject_id, sorted(now), conn)),
    )
    before: dict[str, list[Row]] = defaultdict(list)
    for row in records.rows(conn, asked.order_by(state.until)):
        before[row.subject_id].append(row)
    found: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for key in sorted({*now, *before}):
        by_hand = key.partition(":")[0] in BY_HAND
        times: list[tuple[datetime, datetime | None]] = [
            (since, one.until)
            for one in before[key]
            if one.state == "CLOSED"
            and (since := one.since if by_hand else _month_end(calendar, one.since)) < one.until
        ]
        if key in now:
            since = before[key][-1].until if by_hand and before[key] else now[key].closed_at
            times.append((since, None))
        if times:
            found[key] = times
    return found


def scored_since(conn: sa.Connection, subject_id: str, since: datetime) -> list[Row]:
    """Return and lock the awards that stand for what a subject did from an instant on; what was
    measured of the months before it is told later, and is none of these."""
    award = t.awards.c
    asked = (
        sa.select(t.awards)
        .where(
            award.subject_id == subject_id,
            award.state.in_(("PROPOSED", "APPROVED")),
            award.occurred_at >= since,
            award.period >= Calendar.period(since),
        )
        .order_by(award.award_id)
    )
    return records.rows(conn, store.lock(asked, conn))


def _month_end(calendar: Calendar, at: datetime) -> datetime:
    return calendar.month_bounds(calendar.period(at))[1]


def closed_since(known: Closings, subject_id: str, at: datetime) -> datetime | None:
    """Return since when a subject was closed at a time; None if it was not."""
    for since, until in known.get(subject_id, ()):
        if since <= at and (until is None or at < until):
            return since
    return None
