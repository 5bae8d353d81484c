"""The rota: a month from a pattern, copies of a week or a month, moves, swaps of two stewards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Area, Grid, Instant
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, Refusal, StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.steward import storage
from fivered.services.steward.actions import posts, shift_telling
from fivered.services.steward.actions.changes import Reason, note_change, refused
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import BadSpan, NotMyGrid, ShiftOverlap
from fivered.services.steward.errors.desk import ShiftOver, SwapStands, SwapWithSelf
from fivered.services.steward.replies import Changed
from fivered.services.steward.replies import rota as told

MOST_SHIFTS = 1000
LONGEST_PLAN = 62
Clock = Annotated[
    str,
    Meta(
        pattern="^[0-9]{2}:[0-9]{2}$",
        description="北京时间 / time of the day in Asia/Shanghai",
        examples=["08:00"],
    ),
]
ShiftPlace = Annotated[str, Meta(min_length=1, max_length=100, examples=["红色驿站"]), PUBLIC]
Preview = Annotated[
    bool, Meta(description="只试算,不写入 / say what would come of it, and change nothing")
]


class PatternLine(Request, frozen=True):
    """每周一行 / Who sits when, week by week."""

    steward_id: Annotated[str, Meta(max_length=64)]
    weekdays: Annotated[
        list[Annotated[int, Meta(ge=1, le=7)]],
        UNIQUE,
        Meta(
            min_length=1,
            max_length=7,
            description="星期,1 为周一 / days of the week, 1 is Monday",
            examples=[[1, 2, 3, 4, 5]],
        ),
    ]
    start: Clock
    end: Annotated[
        Clock,
        Meta(description="早于开始的为次日 / before the start: of the next day"),
    ]
    place: ShiftPlace


class PlanShifts(Request, frozen=True):
    """按周模板排班 / Plan the shifts of a grid from a pattern of weeks."""

    grid: Grid
    first: Annotated[date, Meta(examples=["2025-04-01"])]
    last: Annotated[date, Meta(description="含当日;至多 62 天 / that day too; 62 days at most")]
    lines: Annotated[list[PatternLine], Meta(min_length=1, max_length=50)]
    working_days_only: Annotated[
        bool, Meta(description="跳过节假日 / leave holidays out, and work on make-up days")
    ] = False
    preview: Preview = False


class CopyShifts(Request, frozen=True):
    """复制一周或一月的班次 / Copy the shifts of a span of days."""

    scope: Annotated[Area, Meta(description="社区或网格 / a community or a grid")]
    first: Annotated[date, Meta(description="复制自 / copied from this day")]
    last: Annotated[date, Meta(description="至,含当日 / up to this day; 31 days at most")]
    to_first: Annotated[
        date,
        Meta(
            description="复制到此日起;相差整周则星期不变 / to this day on; whole weeks later, the "
            "days of the week stay"
        ),
    ]
    steward_id: Annotated[str, Meta(max_length=64)] | None = None
    preview: Preview = False


class MoveShift(Request, frozen=True):
    """调整班次 / Move a shift that has not begun; what is left out stays."""

    shift_id: str
    reason: Annotated[Reason, Meta(examples=["本人调休"])]
    start: Instant | None = None
    end: Instant | None = None
    place: ShiftPlace | None = None
    steward_id: Annotated[str, Meta(max_length=64)] | None = None


class CancelShift(Request, frozen=True):
    """取消班次 / Take back a shift that has not begun."""

    shift_id: str
    reason: Annotated[Reason, Meta(examples=["站点临时关闭"])]


class AskSwap(Request, frozen=True):
    """申请换班 / Ask another steward to swap a shift, or to take it."""

    shift_id: Annotated[str, Meta(max_length=64, description="本人的班次 / one's own shift")]
    to_steward: Annotated[str, Meta(max_length=64, description="对方 / who is asked")]
    for_shift: (
        Annotated[
            str,
            Meta(max_length=64, description="换对方此班;不给为请其代班 / theirs; none: to take it"),
        ]
        | None
    ) = None


class AnswerSwap(Request, frozen=True):
    """答复换班 / Whether one agrees; who has asked takes it back by false."""

    swap_id: str
    agrees: bool


class _Wanted(msgspec.Struct):
    """A shift that is to be planned."""

    steward_id: str
    grid: str
    start: datetime
    end: datetime
    place: str


def plan_shifts(tx: Tx, payload: PlanShifts) -> told.ShiftsPlanned:
    """按周模板排班 / Plan a span of days from a pattern, in one call.

    Plan each day of a span from a pattern of weeks. A shift that stands there already is unchanged,
    so that the same call may be sent again; one that cannot be planned says why and stops no other.

    Raises:
        BadSpan: The span is none, or longer than 62 days; or a shift ends when it begins.
        Invalid: It would be more than 1,000 shifts, or a time is none.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    days = _days(payload.first, payload.last, LONGEST_PLAN)
    if payload.working_days_only:
        days = [day for day in days if tx.calendar.is_working_day(day)]

    def wanted() -> Iterator[_Wanted]:
        for day in days:
            for line in payload.lines:
                # A day that is worked is worked by who sits on weekdays.
                weekday = day.isoweekday()
                if payload.working_days_only and weekday > 5:
                    weekday = 5
                if weekday in line.weekdays:
                    start = _at(tx, day, line.start)
                    end = _at(tx, day, line.end)
                    if end == start:
                        # A day and a night is what two lines say, as for a single shift.
                        raise BadSpan(field="lines")
                    if end < start:
                        end = _at(tx, day + timedelta(days=1), line.end)
                    yield _Wanted(line.steward_id, payload.grid, start, end, line.place)

    tx.require_scope(payload.grid)
    return _plan(tx, wanted(), preview=payload.preview)


def copy_shifts(tx: Tx, payload: CopyShifts) -> told.ShiftsPlanned:
    """复制一周或一月的班次 / Copy the shifts of a week or a month.

    Copy the shifts of a span of days, each by as many days as the first. What stands there already
    is unchanged; what cannot be planned says why and stops no other.

    Raises:
        BadSpan: The span is none, or longer than 31 days.
        Invalid: It would be more than 1,000 shifts.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    tx.require_scope(payload.scope)
    _days(payload.first, payload.last, 31)
    by = payload.to_first - payload.first
    found = storage.rota.kept(
        tx.conn,
        payload.scope,
        payload.first.isoformat(),
        payload.last.isoformat(),
        steward_id=payload.steward_id,
        most=MOST_SHIFTS + 1,
    )
    wanted = (
        _Wanted(row.steward_id, row.grid, row.start_at + by, row.end_at + by, row.place)
        for row in found
    )
    return _plan(tx, wanted, preview=payload.preview)


def _days(first: date, last: date, most: int) -> list[date]:
    count = (last - first).days + 1
    if not 1 <= count <= most:
        raise BadSpan(field="last")
    return [first + timedelta(days=number) for number in range(count)]


def _at(tx: Tx, day: date, clock: str) -> datetime:
    hour, minute = (int(part) for part in clock.split(":"))
    if hour > 23 or minute > 59:
        raise Invalid(field="lines", reason=said("时间应为 00:00 至 23:59 / 00:00 to 23:59"))
    return tx.calendar.at(day, hour, minute)


def _plan(tx: Tx, wanted: Iterable[_Wanted], *, preview: bool) -> told.ShiftsPlanned:
    require_serving(tx)
    several = list(wanted)
    if len(several) > MOST_SHIFTS:
        raise Invalid(
            field="last",
            reason=said("一次至多 {limit} 个班次 / {limit} shifts at most in one call"),
            limit=MOST_SHIFTS,
        )
    tried = tx.conn.begin_nested()
    items = [_planned(tx, one) for one in several]
    if preview:
        tried.rollback()
        for one in items:
            one.id = one.id if one.result == "unchanged" else None
    else:
        tried.commit()
        _tell_planned(tx, items)
    results = [one.result for one in items]
    planned, unchanged = results.count("planned"), results.count("unchanged")
    return told.ShiftsPlanned(
        state="PREVIEW" if preview else "PLANNED",
        planned=planned,
        unchanged=unchanged,
        refused=len(items) - planned - unchanged,
        items=items,
    )


def _tell_planned(tx: Tx, items: Iterable[told.PlannedShift]) -> None:
    """Tell each steward once of all shifts that were planned by one call."""
    of: dict[str, list[told.PlannedShift]] = {}
    for one in items:
        if one.result == "planned":
            of.setdefault(one.steward_id, []).append(one)
    for mine in of.values():
        first = min(mine, key=lambda one: one.start)
        shift_telling.planned(tx, first.id, len(mine))


def _planned(tx: Tx, one: _Wanted) -> told.PlannedShift:
    where = {"steward_id": one.steward_id, "grid": one.grid, "start": one.start, "end": one.end}
    shift = posts.PlanShift(one.steward_id, one.grid, one.start, one.end, one.place)
    there = storage.rota.same(tx.conn, shift)
    if there is not None:
        return told.PlannedShift.of(where, id=there, result="unchanged")
    try:
        made = posts.sit(tx, shift)
    except Refusal as refusal:
        return told.PlannedShift.of(where, id=None, **refused(refusal))
    return told.PlannedShift.of(where, id=made.id, result="planned")


def _require_coming(tx: Tx, row: Row) -> None:
    records.require_state(row, "PLANNED")
    if row.start_at <= tx.now:
        raise StateConflict(state="BEGUN")


def _coming(tx: Tx, shift_id: str) -> Row:
    """Return a shift of the caller's area that has not begun, locked.

    Raises:
        NotFound: No such shift here.
        StateConflict: It has begun, or was taken back.
    """
    row = storage.posts.shift(tx.conn, shift_id)
    if row is None or not tx.actor.covers(row.grid):
        raise NotFound(kind="shift", id=shift_id)
    tx.check_version(row.version)
    _require_coming(tx, row)
    return row


def cancel_shift(tx: Tx, payload: CancelShift) -> Changed:
    """取消班次 / Take back a shift that has not begun; nobody has missed it.

    Raises:
        NotFound: No such shift here.
        StateConflict: It has begun, or was taken back.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    require_serving(tx)
    row = _coming(tx, payload.shift_id)
    after = _take_back(tx, row, "cancel", payload.reason)
    shift_telling.cancelled(tx, row, payload.reason)
    return Changed.of(after, id=row.shift_id)


def _take_back(tx: Tx, row: Row, action: str, reason: str) -> Row:
    after = storage.posts.update_shift(tx.conn, row, state="CANCELLED")
    _end_swaps(tx, [row.shift_id])
    note_change(
        tx, "SHIFT", row.shift_id, after.version, action,
        before={"state": row.state}, reason=reason,
    )  # fmt: skip
    return after


def move_shift(tx: Tx, payload: MoveShift) -> Changed:
    """调整班次 / Move a shift that has not begun, or give it to another steward.

    The shift is taken back and another one is planned in its place, whose id is answered.

    Raises:
        NotFound: No such shift here, or no such steward.
        StateConflict: It has begun, or was taken back; or the steward is suspended.
        NotMyGrid: The steward does not serve the grid.
        BadSpan: The end does not follow the start within 24 hours.
        ShiftOverlap: The steward sits there, or elsewhere, at that time already.
        PastShift: Nobody plans a shift of their own, or of their household, for a day that is over.
        MonthOver: The shift's month is measured already.
        ShiftOver: It would begin in the past.
        TooFarAhead: It would begin more than a year ahead.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    row = _coming(tx, payload.shift_id)
    if payload.start is not None and payload.start <= tx.now:
        raise ShiftOver(field="start")
    _take_back(tx, row, "move", payload.reason)
    made = posts.plan_shift(
        tx,
        posts.PlanShift(
            steward_id=payload.steward_id or row.steward_id,
            grid=row.grid,
            start=payload.start or row.start_at,
            end=payload.end or row.end_at,
            place=payload.place or row.place,
        ),
    )
    there = storage.posts.shift(tx.conn, made.id)
    assert there is not None, "it was planned just now"  # noqa: S101
    shift_telling.moved(tx, row, there, payload.reason)
    return made


# --------------------------------------------------------------------------------------------------
# Swaps


def _own_post(tx: Tx, steward_id: str) -> bool:
    row = storage.posts.steward(tx.conn, steward_id)
    return row is not None and row.person_id == tx.actor.id and row.status == "ACTIVE"


def ask_swap(tx: Tx, payload: AskSwap) -> Changed:
    """申请换班或代班 / Ask another steward to swap a shift, or to take it.

    Raises:
        NotFound: It is no shift of the caller's, or none of who is asked.
        StateConflict: One of them has begun, or was taken back.
        NotMyGrid: One of both does not serve the other's grid.
        SwapWithSelf: Nobody swaps with a post of the own.
        SwapStands: It is offered already.
        CallerNotServing: The caller's post is suspended or over.
    """
    require_serving(tx)
    mine = _to_swap(tx, payload.shift_id)
    if not _own_post(tx, mine.steward_id):
        raise NotFound(kind="shift", id=payload.shift_id)
    other = storage.posts.steward(tx.conn, payload.to_steward)
    if other is None or other.status != "ACTIVE" or other.area[:9] != mine.area[:9]:
        raise NotFound(kind="steward", id=payload.to_steward)
    if other.person_id == tx.actor.id:
        raise SwapWithSelf(field="to_steward")
    if storage.rota.offered(tx.conn, mine.shift_id):
        raise SwapStands(field="shift_id")
    theirs = None
    if payload.for_shift is not None:
        theirs = _to_swap(tx, payload.for_shift)
        if theirs.steward_id != other.steward_id:
            raise NotFound(kind="shift", id=payload.for_shift)
    _check_grids(tx, mine, theirs, other.steward_id)
    swap = storage.rota.insert_swap(
        tx.conn,
        swap_id=tx.new_id("swp"),
        shift_id=mine.shift_id,
        for_shift=payload.for_shift,
        from_steward=mine.steward_id,
        to_steward=other.steward_id,
        area=mine.area,
        state="ASKED",
        created_at=tx.now,
        starts_at=min([mine.start_at] + ([theirs.start_at] if theirs is not None else [])),
        version=1,
    )
    shift_telling.swap_asked(tx, swap, mine)
    return Changed(id=swap.swap_id, state="ASKED", version=1)


def _to_swap(tx: Tx, shift_id: str) -> Row:
    row = storage.posts.shift(tx.conn, shift_id)
    if row is None:
        raise NotFound(kind="shift", id=shift_id)
    _require_coming(tx, row)
    return row


def _check_grids(tx: Tx, mine: Row, theirs: Row | None, other: str) -> None:
    if mine.grid not in storage.posts.grids_of(tx.conn, other):
        raise NotMyGrid(grid=mine.grid, field="shift_id")
    if theirs is not None and theirs.grid not in storage.posts.grids_of(tx.conn, mine.steward_id):
        raise NotMyGrid(grid=theirs.grid, field="for_shift")


def answer_swap(tx: Tx, payload: AnswerSwap) -> Changed:
    """答复换班 / Answer whether one swaps.

    Who is asked agrees or refuses; who has asked takes it back. Agreed, both shifts change hands in
    one step.

    Raises:
        NotFound: The caller is none of both.
        StateConflict: It was answered, or a shift has begun meanwhile.
        ShiftOverlap: One of both sits elsewhere at that time by now.
        NotMyGrid: One of both does not serve the other's grid any more.
        CallerNotServing: The caller's post is suspended or over.
    """
    require_serving(tx)
    swap = storage.rota.lock_swap(tx.conn, payload.swap_id)
    asked = swap is not None and _own_post(tx, swap.to_steward)
    asker = swap is not None and _own_post(tx, swap.from_steward)
    if swap is None or not (asked or (asker and not payload.agrees)):
        raise NotFound(kind="swap", id=payload.swap_id)
    tx.check_version(swap.version)
    records.require_state(swap, "ASKED")
    state = "AGREED" if payload.agrees else "REFUSED" if asked else "WITHDRAWN"
    if payload.agrees:
        _exchange(tx, swap)
    after = storage.rota.update_swap(tx.conn, swap, state=state, answered_at=tx.now)
    shift = storage.posts.shift(tx.conn, swap.shift_id)
    assert shift is not None, "no shift is deleted"  # noqa: S101
    shift_telling.swap_answered(tx, after, shift)
    return Changed.of(after, id=swap.swap_id)


def _exchange(tx: Tx, swap: Row) -> None:
    # In the order of their ids, so that two swaps do not wait for each other.
    rows = {
        shift_id: _to_swap(tx, shift_id)
        for shift_id in sorted({swap.shift_id, *([swap.for_shift] if swap.for_shift else [])})
    }
    mine = rows[swap.shift_id]
    theirs = rows[swap.for_shift] if swap.for_shift else None
    if mine.steward_id != swap.from_steward or (
        theirs is not None and theirs.steward_id != swap.to_steward
    ):
        raise StateConflict(state="CHANGED")
    _check_grids(tx, mine, theirs, swap.to_steward)
    # Both out of the way before either is looked at.
    out = [
        (storage.posts.update_shift(tx.conn, row, state="CANCELLED"), taker)
        for row, taker in ((mine, swap.to_steward), (theirs, swap.from_steward))
        if row is not None
    ]
    for row, taker in out:
        if storage.posts.shift_overlaps(
            tx.conn, taker, grid=row.grid, place=row.place, start=row.start_at, end=row.end_at
        ):
            raise ShiftOverlap(field="swap_id")
        storage.posts.update_shift(tx.conn, row, state="PLANNED", steward_id=taker)
    _end_swaps(tx, sorted(rows), but=swap.swap_id)


def _end_swaps(tx: Tx, shift_ids: Sequence[str], *, but: str = "") -> None:
    """End what was asked about shifts that are gone, or whose steward has changed, and say so."""
    for swap in storage.rota.end_swaps(tx.conn, shift_ids, tx.now, but=but):
        shift = storage.posts.shift(tx.conn, swap.shift_id)
        if shift is not None:
            shift_telling.swap_answered(tx, swap, shift)
