"""Requests, their clocks, timeline and numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, TypedDict, cast

import sqlalchemy as sa

from fivered.chassis import records, sorting
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.text import code
from fivered.services.steward.rules.areas import DISTRICT
from fivered.services.steward.rules.requests import DONE, IN_HAND, OPEN
from fivered.services.steward.storage.tables import (
    UNDER_REVIEW,
    request_clocks,
    request_numbers,
    request_references,
    request_timeline,
    requests,
    stewards,
)

# Statements of every command, written once: to build one costs as much as to run it.
_CHANGED = sa.update(requests).where(requests.c.request_id == sa.bindparam("its_id"))
_INSERTED = sa.insert(requests)
_STEP = sa.insert(request_timeline)
_CLOCK = sa.insert(request_clocks)
# PostgreSQL changes a request and writes the step into its timeline by one statement.
_STEP_NAMES = tuple(column.name for column in request_timeline.c if column.name != "id")
_CHANGED_BY_STEP = records.along(_CHANGED, request_timeline, _STEP_NAMES, 1)


@cache
def _filed(steps: int, clocks: int) -> sa.Executable:
    with_steps = records.along(_INSERTED, request_timeline, _STEP_NAMES, steps)
    if not clocks:
        return with_steps
    return records.along(with_steps, request_clocks, Clock.__annotations__, clocks)


def request(conn: sa.Connection, request_id: str) -> Row | None:
    """Return a request's row, or None."""
    return records.find(conn, requests, request_id)


def lock(conn: sa.Connection, request_id: str) -> Row | None:
    """Return a request's row locked, or None."""
    return records.find(conn, requests, request_id, lock=True)


def by_reference(
    conn: sa.Connection, *, source: str, channel: str, community: str, reference: str
) -> tuple[Row, str] | None:
    """Return what came under a source's own reference, and the digest of what was said then."""
    asked = (
        sa.select(requests, request_references.c.digest)
        .join(requests, requests.c.request_id == request_references.c.request_id)
        .where(
            request_references.c.source == source,
            request_references.c.channel == channel,
            request_references.c.community == community,
            request_references.c.reference == reference,
        )
    )
    row = records.first(conn, asked)
    return (row, row.digest) if row is not None else None


def by_old_reference(
    conn: sa.Connection, channel: str, community: str, external_ref: str
) -> Row | None:
    """Return what the release before kept under a channel's reference, or None.

    It kept references as they were sent; here are the spellings that its index can find.
    """
    known = code(external_ref)
    spellings = {external_ref, known, known.upper(), known.lower()}
    return records.first(
        conn,
        sa.select(requests)
        .where(
            requests.c.channel == channel,
            requests.c.external_ref.in_(sorted(spellings)),
            requests.c.area == community,
        )
        .order_by(requests.c.created_at, requests.c.request_id),
    )


def claim_reference(conn: sa.Connection, **values: object) -> bool:
    """Keep a source's reference. Returns False when it stands for a request already."""
    return records.add_new(conn, request_references, **values) is not None


def file(
    conn: sa.Connection,
    new: Row,
    given: Mapping[str, object],
    steps: Sequence[Mapping[str, object]],
    due_at: Mapping[str, datetime],
) -> Row:
    """Insert a request with its first steps and its clocks, and return its row.

    Args:
        conn: The transaction.
        new: The request before anybody has it.
        given: Its number, its state, and who has it.
        steps: The lines of its timeline.
        due_at: The end of each of its clocks, all of which start now; empty for one that follows
            another request.
    """
    values = {**records.values_of(new), **given}
    handler = cast("str | None", values.get("handler"))
    clocks = [
        clock(new, which, due_at=due, now=new.created_at, handler=handler)
        for which, due in due_at.items()
    ]
    # A statement for all of a table keeps their order, which the timeline is read in.
    if store.is_postgresql(conn):
        told = records.rows_along(request_timeline, steps)
        told |= records.rows_along(request_clocks, clocks)
        conn.execute(_filed(len(steps), len(clocks)), values | told)
    else:
        conn.execute(_INSERTED, values)
        write_timeline(conn, steps)
        if clocks:
            conn.execute(_CLOCK, clocks)
    return records.written(requests, values)


def change(
    conn: sa.Connection, row: Row, values: Mapping[str, object], step: Mapping[str, object]
) -> Row:
    """Change a request whose row is locked, write the step into its timeline, and return the row as
    it is now."""
    named = {"its_id": row.request_id, **values}
    if store.is_postgresql(conn):
        told = records.rows_along(request_timeline, [step])
        done = conn.execute(_CHANGED_BY_STEP, named | told)
    else:
        write_timeline(conn, [step])
        done = conn.execute(_CHANGED, named)
    store.all_changed(done.rowcount, 1, "requests")
    return records.written(requests, records.values_of(row), values)


def next_number(conn: sa.Connection, day: date, community: str) -> str:
    """Return the next human number of a community's day; the counter's row orders rivals."""
    count = records.count_on(conn, request_numbers, day=day.strftime("%Y%m%d"), community=community)
    return records.number_in(records.series_of("SR", day, community), count)


def start_clock(
    conn: sa.Connection,
    row: Row,
    which: str,
    *,
    due_at: datetime,
    now: datetime,
    handler: str | None,
) -> None:
    """Start a clock of a request."""
    conn.execute(_CLOCK, clock(row, which, due_at=due_at, now=now, handler=handler))


class Clock(TypedDict):
    """A clock of a request that starts."""

    request_id: str
    which: str
    area: str
    project_id: str | None
    handler: str | None
    started_at: datetime
    due_at: datetime
    voided: bool


def clock(row: Row, which: str, *, due_at: datetime, now: datetime, handler: str | None) -> Clock:
    """Return a clock of a request that starts now."""
    return {
        "request_id": row.request_id,
        "which": which,
        "area": row.area,
        "project_id": row.project_id,
        "handler": handler,
        "started_at": now,
        "due_at": due_at,
        "voided": False,
    }


def _running(request_id: str, which: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        request_clocks.c.request_id == request_id,
        request_clocks.c.which == which,
        request_clocks.c.done_at.is_(None),
        request_clocks.c.voided.is_(False),
    )


def stop_clock(
    conn: sa.Connection, request_id: str, which: str, now: datetime, *, handler: str | None = None
) -> None:
    """Stop the running clock (of one handler only, where one is named): the step is done."""
    statement = sa.update(request_clocks).where(_running(request_id, which))
    if handler is not None:
        statement = statement.where(request_clocks.c.handler == handler)
    conn.execute(statement.values(done_at=now))


def void_clock(conn: sa.Connection, request_id: str, which: str, now: datetime) -> None:
    """Take back a clock that has not run out; a missed one stays missed."""
    conn.execute(
        sa.update(request_clocks)
        .where(_running(request_id, which), request_clocks.c.due_at > now)
        .values(voided=True)
    )


def move_clock(conn: sa.Connection, request_id: str, which: str, due_at: datetime) -> None:
    """Move the end of the running clock."""
    conn.execute(sa.update(request_clocks).where(_running(request_id, which)).values(due_at=due_at))


def begun(conn: sa.Connection, request_id: str, which: str) -> datetime:
    """Return when the running clock of a request began."""
    asked = sa.select(sa.func.max(request_clocks.c.started_at)).where(_running(request_id, which))
    at: datetime = conn.execute(asked).scalar_one()
    return at


def place_clocks(
    conn: sa.Connection,
    request_id: str,
    *,
    area: str,
    project_id: str | None,
    since: datetime | None = None,
) -> None:
    """Note where a corrected request lies, and about whose project it is.

    Args:
        conn: The transaction.
        request_id: Which one.
        area: Where it lies.
        project_id: About whose project it is.
        since: When it was moved to another community: what ran out or was done before stays where
            it was.
    """
    its = [request_clocks.c.request_id == request_id]
    if since is not None:
        its += [request_clocks.c.done_at.is_(None), request_clocks.c.due_at > since]
    conn.execute(sa.update(request_clocks).where(*its).values(area=area, project_id=project_id))


def hand_clock(conn: sa.Connection, request_id: str, handler: str | None) -> None:
    """Name the present handler on the clocks of the request that run."""
    conn.execute(
        sa.update(request_clocks)
        .where(
            request_clocks.c.request_id == request_id,
            request_clocks.c.which != "ACCEPT",
            request_clocks.c.done_at.is_(None),
            request_clocks.c.voided.is_(False),
        )
        .values(handler=handler)
    )


def write_timeline(conn: sa.Connection, steps: Sequence[Mapping[str, object]]) -> None:
    """Write what happened to requests, in its order; nothing is ever taken away here."""
    if steps:
        conn.execute(_STEP, [dict(step) for step in steps])


def timeline(conn: sa.Connection, request_id: str) -> list[Row]:
    """Return what happened to a request, oldest first."""
    return records.rows(
        conn,
        sa.select(request_timeline)
        .where(request_timeline.c.request_id == request_id)
        .order_by(request_timeline.c.id),
    )


def steps_of(
    request_id: str,
    *,
    told: Collection[str] = (),
    hidden: Collection[str] = (),
    since: datetime | None = None,
) -> sa.ColumnElement[bool]:
    """Return the condition that finds steps of a request.

    Args:
        request_id: Which one.
        told: Which actions alone; all when empty.
        hidden: Which actions not.
        since: From when on.
    """
    steps = request_timeline.c
    found = [steps.request_id == request_id]
    if told:
        found.append(steps.action.in_(sorted(told)))
    if hidden:
        found.append(steps.action.not_in(sorted(hidden)))
    if since is not None:
        found.append(steps.at >= since)
    return sa.and_(*found)


def timeline_page(
    conn: sa.Connection, wanted: Sequence[sa.ColumnElement[bool]], part: records.PartOfList
) -> records.Page:
    """Return a part of the steps that one of some conditions finds, oldest first."""
    asked = sa.select(request_timeline).where(sa.or_(*wanted))
    return records.page(conn, asked, part, (request_timeline.c.id,))


def merged_at(conn: sa.Connection, request_id: str) -> datetime:
    """Return when a request that follows another one was merged into it last."""
    return _last(conn, request_id, "merge")


def closed_last(conn: sa.Connection, request_id: str) -> datetime:
    """Return when a request that is closed was closed, for the last time."""
    return _last(conn, request_id, "close")


def _last(conn: sa.Connection, request_id: str, action: str) -> datetime:
    asked = sa.select(sa.func.max(request_timeline.c.at)).where(
        request_timeline.c.request_id == request_id, request_timeline.c.action == action
    )
    found: datetime = conn.execute(asked).scalar_one()
    return found


def chain(conn: sa.Connection, request_id: str) -> set[str]:
    """Return the persons who ever had a request in hand."""
    asked = (
        sa.select(stewards.c.person_id)
        .join(request_clocks, request_clocks.c.handler == stewards.c.steward_id)
        .where(request_clocks.c.request_id == request_id)
    )
    return set(conn.execute(asked).scalars())


def carried_on(conn: sa.Connection, request_id: str) -> list[str]:
    """Return the requests that one carries on, since their reporters took them back."""
    first = request_timeline.c.detail["from"].as_string()
    asked = (
        sa.select(requests.c.request_id)
        .join(request_timeline, requests.c.number == first)
        .where(request_timeline.c.request_id == request_id, request_timeline.c.action == "go_on")
    )
    return list(conn.execute(asked).scalars())


def in_hand_of(conn: sa.Connection, steward_id: str) -> list[Row]:
    """Return the requests that a steward has in hand, locked, oldest first."""
    return _in_hand(conn, requests.c.handler == steward_id)


def in_hand_of_person(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return the requests that a person has in hand, locked, oldest first."""
    return _in_hand(conn, requests.c.handler_person == person_id)


def _in_hand(conn: sa.Connection, whose: sa.ColumnElement[bool]) -> list[Row]:
    asked = sa.select(requests).where(whose, requests.c.state.in_(IN_HAND))
    return records.rows(conn, store.lock(asked.order_by(requests.c.request_id), conn))


def followers(conn: sa.Connection, request_id: str) -> list[Row]:
    """Return what was merged into a request, and into that, oldest first."""
    first = sa.select(requests.c.request_id).where(requests.c.merged_into == request_id)
    below = first.cte("below", recursive=True)
    below = below.union(
        sa.select(requests.c.request_id).where(requests.c.merged_into == below.c.request_id)
    )
    asked = sa.select(requests).where(requests.c.request_id.in_(sa.select(below.c.request_id)))
    return records.rows(conn, asked.order_by(requests.c.created_at, requests.c.request_id))


def reporters_below(conn: sa.Connection, request_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Return (request, reporter) of all that was merged into some requests, and into that."""
    first = sa.select(
        requests.c.merged_into.label("top"), requests.c.request_id, requests.c.reporter_id
    ).where(requests.c.merged_into.in_(list(request_ids)))
    below = first.cte("below", recursive=True)
    below = below.union(
        sa.select(below.c.top, requests.c.request_id, requests.c.reporter_id).where(
            requests.c.merged_into == below.c.request_id
        )
    )
    asked = sa.select(below.c.top, below.c.reporter_id).where(below.c.reporter_id.is_not(None))
    return {(row.top, row.reporter_id) for row in conn.execute(asked)}


def root(conn: sa.Connection, row: Row) -> Row:
    """Return the case that a request followed in the end, or the request itself."""
    while row.merged_into is not None:
        row = records.known(conn, requests, row.merged_into)
    return row


def heir(conn: sa.Connection, request_id: str) -> Row | None:
    """Return the earliest request that was merged into one itself, locked, or None."""
    asked = (
        sa.select(requests)
        .where(requests.c.merged_into == request_id)
        .order_by(requests.c.created_at, requests.c.request_id)
        .limit(1)
    )
    return records.first(conn, store.lock(asked, conn))


def follow(conn: sa.Connection, before: str, heir_id: str) -> None:
    """Let what was merged into one request follow one of them."""
    conn.execute(
        sa.update(requests)
        .where(requests.c.merged_into == before, requests.c.request_id != heir_id)
        .values(merged_into=heir_id)
    )


def similar(
    conn: sa.Connection, grid: str, category: str, since: datetime, limit: int
) -> list[Row]:
    """Return open requests of the same place and category, newest first."""
    return records.rows(
        conn,
        sa.select(requests)
        .where(
            requests.c.grid == grid,
            requests.c.category == category,
            requests.c.created_at >= since,
            requests.c.state.in_(OPEN),
        )
        .order_by(requests.c.created_at.desc(), requests.c.request_id)
        .limit(limit),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests a list shows; each given condition narrows.

    Attributes:
        whose: What these people reported, and these requests beside.
        part_of_number: What stands somewhere in the number.
        states: None for all. Each one is read by itself, in the order of an index.
        unchecked: Also those that a steward found and nobody has looked at yet, and those whose bad
            rating is looked into.
        found: Only those that a steward found and nobody has looked at yet.
        badly_rated: Only those whose bad rating is looked into.
    """

    scope: str = ""
    grid: str | None = None
    reporter: str | None = None
    reporters: Sequence[str] | None = None
    whose: tuple[Sequence[str], Sequence[str]] | None = None
    handler_person: str | None = None
    project_id: str | None = None
    number: str | None = None
    part_of_number: str | None = None
    external_ref: str | None = None
    kind: str | None = None
    category: str | None = None
    priority: str | None = None
    channel: str | None = None
    level: int | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    overdue_at: datetime | None = None
    states: Sequence[str] | None = None
    unchecked: bool = False
    found: bool | None = None
    badly_rated: bool | None = None


# What a line of a list shows: the reporter's words and what came of them are read one by one.
_LISTED = tuple(
    column
    for column in requests.c
    if column.name not in {"text", "note", "rating_text", "media", "evidence", "tried"}
)
_LINES = sa.select(*_LISTED)
# Without a condition the count would not name its table.
_COUNT = sa.select(sa.func.count()).select_from(requests).correlate(None)
_BEGINNING, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


# Statements of lists, written once for each shape that a question has; `_values` fills them.
_SORTS = {"created_at": requests.c.created_at, "due_resolve": requests.c.due_resolve}


def _value_of(name: str, column: store.Column) -> sa.BindParameter[Any]:
    return sa.bindparam(f"its_{name}", type_=column.type)


# What a steward found, mended, and nobody has looked at.
_FOUND = sa.and_(
    requests.c.found_by.is_not(None),
    requests.c.checked_by.is_(None),
    # Said of the others, so that the index of what waits is chosen, not that of states.
    requests.c.state.not_in((*OPEN, "RATED", "CANCELLED", "REJECTED", "MERGED")),
    requests.c.outcome == "SOLVED",
)
_SAME = (
    "grid", "project_id", "number", "handler_person", "kind", "category", "priority", "channel",
    "level",
)  # fmt: skip
_NARROWED: dict[str, sa.ColumnElement[bool]] = {
    **{name: requests.c[name] == _value_of(name, requests.c[name]) for name in _SAME},
    "reporter": requests.c.reporter_id == _value_of("reporter", requests.c.reporter_id),
    "reporters": requests.c.reporter_id.in_(
        sa.bindparam("its_reporters", type_=requests.c.reporter_id.type, expanding=True)
    ),
    "whose": sa.or_(
        requests.c.reporter_id.in_(
            sa.bindparam("its_people", type_=requests.c.reporter_id.type, expanding=True)
        ),
        requests.c.request_id.in_(
            sa.bindparam("its_requests", type_=requests.c.request_id.type, expanding=True)
        ),
    ),
    "part_of_number": requests.c.number.contains(_value_of("part_of_number", requests.c.number)),
    # The release before kept it in the other column.
    "external_ref": sa.or_(
        requests.c.reference == _value_of("external_ref", requests.c.reference),
        requests.c.external_ref == _value_of("external_ref", requests.c.reference),
    ),
    "created_from": requests.c.created_at >= _value_of("created_from", requests.c.created_at),
    "created_before": requests.c.created_at < _value_of("created_before", requests.c.created_at),
    "overdue_at": sa.and_(
        requests.c.state.in_(OPEN),
        requests.c.due_resolve <= _value_of("overdue_at", requests.c.due_resolve),
    ),
    "found": _FOUND,
    "badly_rated": sa.and_(UNDER_REVIEW),
}
# How a list's parts are told apart, beside its states: each is what one index answers.
_STATES = (*OPEN, *DONE, "CANCELLED", "REJECTED", "MERGED")
_ALL, _UNCHECKED, _REVIEWED = "ALL", "UNCHECKED", "REVIEWED"
_SHAPES = 500


def _values(wanted: Wanted, window: records.Window) -> dict[str, object]:
    """Return the values of a list's statements."""
    at, request_id = window.after or (_END if window.descending else _BEGINNING, "")
    return {
        "its_scope": wanted.scope,
        "its_last": wanted.scope.ljust(15, "9"),
        **{f"its_{name}": getattr(wanted, name) for name in _NARROWED},
        "its_reporters": list(wanted.reporters or ()),
        "its_people": list(wanted.whose[0]) if wanted.whose else [],
        "its_requests": list(wanted.whose[1]) if wanted.whose else [],
        "its_states": list(wanted.states or ()),
        "its_at": at,
        "its_request_id": request_id,
        "its_most": window.wanted,
    }


def _part(wanted: tuple[int, frozenset[str]], part: str) -> sa.ColumnElement[bool]:
    """Return the condition of a part of a list.

    Args:
        wanted: How many digits its scope has, and by what it is narrowed.
        part: A state, or one of the three above.
    """
    digits, narrowed = wanted
    here: list[sa.ColumnElement[bool]] = [sa.true()]
    # A person who is bound to a grid sees that grid; everybody else sees by the community's code.
    column = {15: requests.c.grid, 12: requests.c.area}.get(digits)
    scope = _value_of("scope", requests.c.area)
    if column is not None:
        here.append(column == scope)
    elif digits:
        here.append(requests.c.area.between(scope, _value_of("last", requests.c.area)))
    here += [condition for name, condition in _NARROWED.items() if name in narrowed]
    states = sa.bindparam("its_states", type_=requests.c.state.type, expanding=True)
    if part == _UNCHECKED:
        here.append(_FOUND)
    elif part == _REVIEWED:
        # One that was rated waits among the others; this one was reopened meanwhile.
        here.append(sa.and_(UNDER_REVIEW, requests.c.state.not_in(states)))
    elif part != _ALL:
        here.append(requests.c.state == part)
    return sa.and_(*here)


@lru_cache(_SHAPES)
def _asking(
    wanted: tuple[int, frozenset[str]],
    part: str,
    window: records.Shape,
    sort: str,
    counted: bool,
) -> tuple[sa.Executable, sa.Executable]:
    """Return the statement of a part of a list, in each of whose lines stands how many the part
    has, and that of the number alone."""
    some = _part(wanted, part)
    count = _COUNT.where(some)
    # Bounded at its other end, so that the database seeks its beginning in an index.
    by = (_SORTS[sort], requests.c.request_id)
    at = _value_of("at", by[0])
    bounds = [by[0] <= at if window.descending else by[0] >= at]
    mark = (at, _value_of("request_id", requests.c.request_id))
    asked = (
        _LINES.add_columns((count.scalar_subquery() if counted else sa.null()).label("in_all"))
        .where(some, *bounds, *window.bounds(by, mark))
        .order_by(*window.order(by))
        .limit(sa.bindparam("its_most", type_=sa.Integer))
    )
    return asked, count


def page(
    conn: sa.Connection,
    wanted: Wanted,
    part: records.PartOfList,
    *,
    newest_first: bool,
    of: str,
    counted: bool = True,
) -> records.Page:
    """Return requests, newest or oldest first, and how many the list shows on all its pages.

    Args:
        conn: The transaction.
        wanted: Which requests.
        part: Which part of them.
        newest_first: The order, where `sort` names none.
        of: The list's name, for its cursors.
        counted: Whether they are counted.
    """
    sort, by, window = _window(part, newest_first=newest_first, of=of)
    narrowed = frozenset(name for name in _NARROWED if getattr(wanted, name) is not None)
    digits = 0 if wanted.scope == DISTRICT else len(wanted.scope)
    parts = [_ALL] if wanted.states is None else [*wanted.states]
    if parts == [_ALL] and sort.name != "created_at":
        # Deadlines stand in an index by state.
        parts = [*_STATES]
    parts += [_UNCHECKED, _REVIEWED] if wanted.unchecked else []
    values = _values(wanted, window)
    found: dict[str, Row] = {}
    total = 0
    for one in parts:
        # One round trip for both: the count does not depend on the line that it stands in.
        asked, count = _asking((digits, narrowed), one, window.shape, sort.name, counted)
        read = records.rows(conn, asked, values)
        if counted:
            total += int(read[0].in_all if read else conn.execute(count, values).scalar_one())
        found |= {row.request_id: row for row in read}
    rows = sorted(
        found.values(),
        key=lambda row: (getattr(row, by[0].name), row.request_id),
        reverse=window.descending,
    )
    return window.page(rows[: window.wanted], total if counted else None)


def _window(
    part: records.PartOfList, *, newest_first: bool, of: str
) -> tuple[sorting.Sort, tuple[store.Column, store.Column], records.Window]:
    sort = sorting.sort_of(part) or sorting.Sort("created_at", newest_first)
    by = (_SORTS[sort.name], requests.c.request_id)
    return sort, by, records.Window(part, by, newest_first=sort.descending, of=of)


def behind(part: records.PartOfList, row: Row, *, newest_first: bool, of: str) -> str:
    """Return the cursor of what follows a request in a list; see `page`."""
    _sort, _by, window = _window(part, newest_first=newest_first, of=of)
    return window.cursor(row, back=False)


def texts_of(conn: sa.Connection, request_ids: Collection[str]) -> dict[str, bytes]:
    """Return what reporters wrote, sealed, by the id of the request."""
    asked = sa.select(requests.c.request_id, requests.c.text)
    asked = asked.where(requests.c.request_id.in_(list(request_ids)))
    return {row.request_id: row.text for row in conn.execute(asked)}


def workbench(conn: sa.Connection, person_id: str, part: records.PartOfList) -> records.Page:
    """Return what a person has in hand, what is due soonest first."""
    soonest = sa.case(
        (requests.c.state == "DISPATCHED", requests.c.due_accept),
        (
            sa.and_(requests.c.contacted_at.is_(None), requests.c.due_contact.is_not(None)),
            requests.c.due_contact,
        ),
        else_=requests.c.due_resolve,
    ).label("soonest")
    inner = (
        sa.select(requests, soonest)
        .where(requests.c.handler_person == person_id, requests.c.state.in_(IN_HAND))
        .subquery("in_hand")
    )
    return records.page(conn, sa.select(inner), part, (inner.c.soonest, inner.c.request_id))


def in_hand_count(conn: sa.Connection, person_id: str) -> int:
    """Return how many requests a person has in hand."""
    asked = sa.select(sa.func.count()).where(
        requests.c.handler_person == person_id, requests.c.state.in_(IN_HAND)
    )
    return int(conn.execute(asked).scalar_one())
