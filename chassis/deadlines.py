"""Deadlines that count working days, and how they move when a year's calendar arrives.

A deadline is the n-th working day after it began. When the days that it counted turn out otherwise
it is counted again from its beginning, and moves only later, never earlier: whoever relied on the
earlier day loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from chassis import years
from chassis.calendar import Calendar, DeadlineMoved

if TYPE_CHECKING:
    from chassis.bus import Heard, Tx

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Counted:
    """One kind of deadline of a service that counts working days.

    Attributes:
        what: Its name on the wire, e.g. "request.resolve".
        table: Where it stands.
        key: Column of the id.
        since: Column of the instant from which days are counted.
        still: Whether a row's deadline is open.
        column: Column of the deadline; None where only timers know it.
        timers: Kinds of the timers that belong to it; their ref is the id.
        since_ends: Whether `since` is the end of a day, from which the next one is counted.
        move: Writes the new deadline in the service's own way (history, messages); by default the
            column and the row's version change.
    """

    what: str
    table: sa.Table
    key: str
    since: str
    still: sa.ColumnElement[bool]
    column: str | None = None
    timers: tuple[str, ...] = ()
    since_ends: bool = False
    move: Callable[[Tx, Any, datetime], None] | None = None


def first_change(before: Calendar, after: Calendar, year: int) -> date | None:
    """Return the first day of a year's notice that is worked in one and free in the other."""
    day, end = date(year - 1, 12, 1), date(year, 12, 31)
    while day <= end:
        if before.is_working_day(day) != after.is_working_day(day):
            return day
        day += timedelta(days=1)
    return None


def later(before: Calendar, after: Calendar, since: datetime, due: datetime) -> datetime:
    """Return when a deadline is due under the calendar `after`; never earlier than it was."""
    begin = before.local_date(since)
    last = before.local_date(due - _MOMENT)
    moved = after.add_working_days(begin, before.working_days(begin, last))
    return max(due, due + (moved - last))


def recount(
    tx: Tx,
    year: int,
    before: Calendar,
    after: Calendar,
    counted: Sequence[Counted],
    *,
    version: int,
    scope: str,
) -> int:
    """Move the open deadlines that a year's calendar makes later. Returns how many.

    Each move is a fact; what the service shows and tells of it is the deadline's own `move`, which
    leaves the timers to this.

    Args:
        tx: The transaction.
        year: The year whose notice arrived.
        before: The calendar until now.
        after: The calendar from now on.
        counted: What the service has of deadlines.
        version: How often the year was loaded.
        scope: The area for which it was loaded.
    """
    from_day = first_change(before, after, year)
    if from_day is None:
        return 0
    # What is over is over: a deadline that has passed is not open.
    start, count = max(after.midnight(from_day), tx.now), 0
    for kind in counted:
        for ref, old, new in _moves(tx, kind, before, after, start):
            count += 1
            tx.say(
                DeadlineMoved(kind.what, ref, year, old, new),
                subject=f"{kind.what}:{ref}",
                scope=scope,
                sequence=version,
            )
    return count + _recurring(tx, after, start)


def _moves(
    tx: Tx, kind: Counted, before: Calendar, after: Calendar, start: datetime
) -> Iterator[tuple[str, datetime, datetime]]:
    columns = kind.table.c
    moved: dict[str, tuple[datetime, datetime]] = {}
    if kind.column is not None:
        due = columns[kind.column]
        rows = tx.conn.execute(
            sa.select(kind.table).where(kind.still, due > start).order_by(columns[kind.key])
        ).all()
        for row in rows:
            values = row._mapping  # noqa: SLF001  SQLAlchemy's public name for it
            old = values[kind.column]
            new = later(before, after, _begin(kind, values[kind.since]), old)
            if new == old:
                continue
            if kind.move is not None:
                kind.move(tx, row, new)
            else:
                _change(tx, kind, values, new)
            moved[str(values[kind.key])] = (old, new)
    for ref, old, new in _timers(tx, kind, before, after, start):
        moved.setdefault(ref, (old, new))
    for ref, (old, new) in moved.items():
        yield ref, old, new


def _begin(kind: Counted, since: datetime) -> datetime:
    return since - _MOMENT if kind.since_ends else since


def _change(tx: Tx, kind: Counted, values: Any, new: datetime) -> None:
    table = kind.table
    set_: dict[str, Any] = {str(kind.column): new}
    if "version" in table.c:
        set_["version"] = table.c.version + 1
    tx.conn.execute(sa.update(table).where(table.c[kind.key] == values[kind.key]).values(**set_))


def _timers(
    tx: Tx, kind: Counted, before: Calendar, after: Calendar, start: datetime
) -> list[tuple[str, datetime, datetime]]:
    if not kind.timers:
        return []
    timers = tx.runtime.chassis.timers
    rows = tx.conn.execute(
        sa.select(timers, kind.table.c[kind.since].label("since"))
        .join(kind.table, kind.table.c[kind.key] == timers.c.ref)
        .where(timers.c.kind.in_(kind.timers), timers.c.due_at > start, kind.still)
        .order_by(timers.c.kind, timers.c.ref)
    ).all()
    found = []
    for row in rows:
        new = later(before, after, _begin(kind, row.since), row.due_at)
        if new > row.due_at:
            _put_off(tx, row, new)
            found.append((row.ref, row.due_at, new))
    return found


def _put_off(tx: Tx, row: Any, new: datetime) -> None:
    timers = tx.runtime.chassis.timers
    tx.conn.execute(
        sa.update(timers)
        .where(timers.c.kind == row.kind, timers.c.ref == row.ref)
        .values(due_at=new)
    )


def _recurring(tx: Tx, after: Calendar, start: datetime) -> int:
    """Move the next run of what recurs: a month's cut-off, its statements."""
    timers, count = tx.runtime.chassis.timers, 0
    kinds = tuple(tx.runtime.schedules)
    rows = tx.conn.execute(
        sa.select(timers).where(timers.c.kind.in_(kinds), timers.c.due_at > start)
    ).all()
    for row in rows:
        # Its schedule says when, asked as of the month in which it runs.
        begin, _ = after.month_bounds(after.period(row.due_at))
        ref, at = tx.runtime.schedules[row.kind](begin - _MOMENT, after)
        if ref == row.ref and at > row.due_at:
            _put_off(tx, row, at)
            count += 1
    return count


def hear(tx: Tx, heard: Sequence[Heard], counted: Sequence[Counted]) -> None:
    """Take the years that were loaded, and move what they make later."""
    for event, before, after in years.put_heard(tx, heard):
        recount(
            tx,
            event.data.year,
            before,
            after,
            counted,
            version=event.sequence,
            scope=event.scope,
        )


def provisional(calendar: Calendar, *dues: datetime | None) -> bool:
    """Tell whether any of these deadlines rests on a year without data."""
    return any(due is not None and calendar.provisional(due) for due in dues)


__all__ = ["Counted", "hear", "later", "provisional", "recount"]
