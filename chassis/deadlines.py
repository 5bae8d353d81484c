"""Deadlines that count working days, and how they move when a year's calendar arrives.

A deadline is the n-th working day after it began. When the days that it counted turn out otherwise
it is counted again from its beginning, and moves only later, never earlier: a person who relied on
the earlier day loses nothing.

Where a year is taken back, the day that somebody relied on stays, and how many days the deadline
counts is kept beside it (`days`): the next calendar counts those, not what lies before that day.

A timer keeps from where its days are counted (`Tx.arm`), so each that is armed is found here; so
are the rows that show the same deadline: an open one lies ahead, and no other column of a row
that names the timer's subject holds the same instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis import years
from fivered.chassis.calendar import AsCutOff, Calendar, DeadlineMoved
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.messages import Event, Members, Move
from fivered.chassis.transaction import Tx

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Counted:
    """A deadline that counts working days and has no timer of its own.

    Attributes:
        what: Its name on the wire, e.g. "award".
        table: Where it stands.
        key: Column of the id.
        since: Column of the instant from which days are counted.
        column: Column of the deadline.
        days: Column of how many it counts, where it is due later than they say.
        still: Whether a row's deadline is open.
    """

    what: str
    table: sa.Table
    key: str
    since: str
    column: str
    days: str
    still: sa.ColumnElement[bool]


def first_change(before: Calendar, after: Calendar, year: int) -> date | None:
    """Return the first day of a year's notice that is worked in one and free in the other."""
    day, end = date(year - 1, 12, 1), date(year, 12, 31)
    while day <= end:
        if before.is_working_day(day) != after.is_working_day(day):
            return day
        day += timedelta(days=1)
    return None


def later(
    before: Calendar, after: Calendar, since: date, due: datetime, days: int | None = None
) -> tuple[datetime, int | None]:
    """Return when a deadline is due under another calendar; never earlier than it was.

    Args:
        before: The calendar until now.
        after: The calendar from now on.
        since: The day after which its working days are counted.
        due: When it was due.
        days: How many they are, where it was due later than they say.

    Returns:
        When it is due; and how many days it counts, where that is later than they say.
    """
    last = before.local_date(due - _MOMENT)
    counts = before.working_days(since, last) if days is None else days
    moved = after.add_working_days(since, counts)
    return max(due, due + (moved - last)), (counts if moved < last else None)


def consume(tx: Tx, heard: Sequence[Event], counted: Sequence[Counted] = ()) -> None:
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


def recount(
    tx: Tx,
    year: int,
    before: Calendar,
    after: Calendar,
    counted: Sequence[Counted] = (),
    *,
    version: int,
    scope: str,
) -> int:
    """Move the open deadlines that a year's calendar makes later. Returns how many.

    Each move is a fact; what the service shows and tells of it is its own `deadline_moved`.

    Args:
        tx: The transaction.
        year: The year whose notice arrived.
        before: The calendar until now.
        after: The calendar from now on.
        counted: Deadlines of the service that have no timers.
        version: How often the year was loaded.
        scope: The area for which it was loaded.
    """
    from_day = first_change(before, after, year)
    if from_day is None:
        return 0
    tx.write_timers()
    # What is over is over: a deadline that has passed is not open.
    start = max(after.midnight(from_day), tx.now)
    moves = [*_timers(tx, before, after, start), *_recurring(tx, after, start)]
    _show(tx, moves)
    for kind in counted:
        moves += _without_timers(tx, kind, before, after, start)
    service = tx.runtime.instance()
    for move in moves:
        service.deadline_moved(tx, move)
        tx.publish(
            DeadlineMoved(move.what, move.ref, year, move.before, move.after),
            subject=f"{move.what}:{move.ref}",
            scope=scope,
            sequence=version,
        )
    return len(moves)


def _timers(tx: Tx, before: Calendar, after: Calendar, start: datetime) -> Iterator[Move]:
    timers = tx.runtime.chassis.timers
    asked = sa.select(timers).where(
        timers.c.since.is_not(None),
        timers.c.due_at > start,
        timers.c.kind.not_in(tuple(tx.runtime.schedules)),
    )
    for row in store.rows(tx.conn, asked.order_by(timers.c.kind, timers.c.ref)):
        new, days = later(before, after, row.since, row.due_at, row.days)
        if (new, days) != (row.due_at, row.days):
            _put_off(tx, row, new, days)
        if new > row.due_at:
            yield Move(row.kind, row.ref, row.due_at, new, row.data or {})


def _recurring(tx: Tx, after: Calendar, start: datetime) -> Iterator[Move]:
    """Move the next run of what recurs: a month's cut-off, its statements."""
    timers = tx.runtime.chassis.timers
    asked = sa.select(timers).where(
        timers.c.kind.in_(tuple(tx.runtime.schedules)), timers.c.due_at > start
    )
    for row in store.rows(tx.conn, asked):
        # Its schedule says when, asked as of the month in which it runs.
        begin, _ = after.month_bounds(after.period(row.due_at))
        ref, at = tx.runtime.schedules[row.kind](begin - _MOMENT, after)
        if ref == row.ref and at > row.due_at:
            _put_off(tx, row, at)
            yield Move(row.kind, row.ref, row.due_at, at)


def _put_off(tx: Tx, row: store.Row, new: datetime, days: int | None = None) -> None:
    timers = tx.runtime.chassis.timers
    tx.conn.execute(
        sa.update(timers)
        .where(timers.c.kind == row.kind, timers.c.ref == row.ref)
        .values(due_at=new, days=days)
    )


def _show(tx: Tx, moves: Sequence[Move]) -> None:
    """Write the new deadlines into the rows that show the old ones."""
    of: dict[tuple[str, datetime], Move] = {}
    for move in moves:
        for name in (move.ref, *(v for v in move.data.values() if isinstance(v, str))):
            of[name, move.before] = move
    if not of:
        return
    own = {getattr(tx.runtime.chassis, name).name for name in store.ChassisTables.__annotations__}
    for table in tx.runtime.service_cls.tables.sorted_tables:
        if table.name not in own:
            _show_in(tx, table, of)


def _show_in(tx: Tx, table: sa.Table, of: Mapping[tuple[str, datetime], Move]) -> None:
    ids = [column.name for column in table.c if isinstance(column.type, sa.String | sa.Uuid)]
    instants = [column for column in table.c if isinstance(column.type, store.UtcDateTime)]
    olds = sorted({old for _, old in of})
    if not ids or not instants:
        return
    asked = sa.select(table).where(sa.or_(*(column.in_(olds) for column in instants)))
    for found in tx.conn.execute(asked).mappings().all():
        row = dict(found)
        for column in instants:
            named = (of.get((str(row[name]), row[column.name])) for name in ids)
            move = next((one for one in named if one is not None), None)
            if move is not None:
                row = _change(tx, table, row, column.name, move.after)
                move.rows.append((table.name, row))


def _change(tx: Tx, table: sa.Table, row: Members, name: str, new: datetime) -> Members:
    values: Members = {name: new}
    for version in ("version", "row_version"):
        if version in table.c:
            values[version] = row[version] + 1
    _put(tx, table, row, values)
    return dict(row) | values


def _put(tx: Tx, table: sa.Table, row: Members, values: Members) -> None:
    mine = sa.and_(*(column == row[column.name] for column in table.primary_key.columns))
    tx.conn.execute(sa.update(table).where(mine).values(**values))


def _without_timers(
    tx: Tx, kind: Counted, before: Calendar, after: Calendar, start: datetime
) -> Iterator[Move]:
    table = kind.table
    asked = sa.select(table).where(kind.still, table.c[kind.column] > start)
    for row in tx.conn.execute(asked.order_by(table.c[kind.key])).mappings().all():
        old = row[kind.column]
        since = before.local_date(row[kind.since])
        new, days = later(before, after, since, old, row[kind.days])
        if days != row[kind.days]:
            _put(tx, table, dict(row), {kind.days: days})
        if new > old:
            changed = _change(tx, table, dict(row), kind.column, new)
            yield Move(kind.what, str(row[kind.key]), old, new, rows=[(table.name, changed)])


def as_cut_off(tx: Tx, kind: str = "cutoff") -> AsCutOff:
    """Return the calendar with the months that are to be cut off by the recurring timers of a kind,
    and when."""
    timers = tx.runtime.chassis.timers
    armed = tx.conn.execute(sa.select(timers.c.ref, timers.c.due_at).where(timers.c.kind == kind))
    return AsCutOff(tx.calendar, {row.ref: row.due_at for row in armed}, tx.now)


def mark(tx: Tx, reply: Json) -> Json:
    """Say in each part of a reply which of its deadlines rest on a year without data.

    The members are the service's `counts`. Where the timer of a deadline says from where its
    working days are counted, it is exact: marked is what has counted a day of such a year. What has
    no timer is told by its form: deadlines that count working days end with a day or fall on 09:00.
    """
    names = tx.runtime.service_cls.counts
    if not names:
        return reply
    known = Calendar.midnight(tx.calendar.ends_on(tx.now - _LONGEST) + timedelta(days=1))
    ahead = list(_ahead(reply, names, max(tx.now, known).astimezone(UTC)))
    since = _since(tx, ahead) if ahead else {}
    for part, name, at in ahead:
        own = [since[key] for key in ((ref, at) for ref in _refs(part)) if key in since]
        if any(_counts_unknown(tx.calendar, day, at) for day in own) if own else _looks_it(tx, at):
            marked = part.setdefault("provisional", [])
            if isinstance(marked, list):
                marked.append(name)
                marked.sort()
    return reply


# No deadline that is ahead began longer ago.
_LONGEST = timedelta(days=366)
# Members that have members of their own; a reply is built of these alone.
_HOLDERS = frozenset({list, dict})


def _ahead(
    reply: Json, names: frozenset[str], beyond: datetime
) -> Iterator[tuple[JsonObject, str, datetime]]:
    """Find the deadlines after an instant, before which all days that were counted are known."""
    until = beyond.isoformat()
    parts = [reply]
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += reversed(part)
        elif isinstance(part, dict):
            for name in names & part.keys():
                at = _instant(part[name], until)
                if at is not None and at > beyond:
                    yield part, name, at
            if not _HOLDERS.isdisjoint(map(type, part.values())):
                parts += reversed(part.values())


def _instant(value: object, until: str) -> datetime | None:
    """Return the instant that a member says; None where it says none, or one up to another.

    Args:
        value: The member.
        until: The other, in UTC.
    """
    if not isinstance(value, str) or len(value) < len("2027-01-01T00:00Z"):
        return None
    if value.endswith("+00:00") and value <= until:
        return None  # instants of one zone are in the order of their texts
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if at.tzinfo is None else at


def _counts_unknown(calendar: Calendar, since: date | None, at: datetime) -> bool:
    """Tell whether the days after `since`, up to the one that ends at an instant or that it lies
    in, reach into a year without data; without `since` no days are counted."""
    if since is None:
        return False
    first = since + timedelta(days=1)
    last = calendar.local_date(at - _MOMENT)
    return any(year not in calendar.years for year in range(first.year, last.year + 1))


def _looks_it(tx: Tx, at: datetime) -> bool:
    local = Calendar.local(at)
    whole = (local.hour, local.minute, local.second) in {(0, 0, 0), (9, 0, 0)}
    return whole and tx.calendar.provisional(at)


def _refs(part: Mapping[str, object]) -> list[str]:
    """Return the ids that a part of a reply bears: a deadline's timer is named by one of them."""
    return [
        value
        for name, value in part.items()
        if isinstance(value, str) and (name == "id" or name.endswith("_id"))
    ]


def _since(
    tx: Tx, ahead: Sequence[tuple[JsonObject, str, datetime]]
) -> dict[tuple[str, datetime], date | None]:
    """Return of the timers of these deadlines from where each counts its days, None for none."""
    tx.write_timers()
    timers = tx.runtime.chassis.timers
    refs = sorted({ref for part, _, _ in ahead for ref in _refs(part)})
    asked = sa.select(timers.c.ref, timers.c.due_at, timers.c.since).where(
        timers.c.due_at.in_(sorted({at for _, _, at in ahead})), timers.c.ref.in_(refs)
    )
    return {(ref, due_at): since for ref, due_at, since in tx.conn.execute(asked)}


__all__ = ["Counted", "Move", "as_cut_off", "consume", "later", "mark", "recount"]
