"""Service standards as data: categories, who handles them, how long each step may take, and in
which hours. The first version is shipped; a request keeps the version under which it was filed."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib import resources
from itertools import pairwise
from typing import Annotated, Literal, NoReturn, TypeVar, get_args

import msgspec
from msgspec import Meta

from fivered.chassis.calendar import Calendar
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.requests import Request
from fivered.chassis.typed import decoded
from fivered.services.steward.fields import Category, Duty, Priority

DAY = timedelta(days=1)
SHIPPED_ID = "std_1"
ClockName = Literal["P1", "P2", "P3", "P4", "CONSULT"]
# An outage of the service's own catches up with what ran out in sets of so long.
SHORTEST = 5
_WEEK = 7 * 24 * 60
LONGEST_CLOSED = timedelta(days=59)
Code = Annotated[
    str,
    Meta(
        pattern="^[A-Z][A-Z0-9_]{1,23}$",
        description="大写字母、数字、下划线 / capitals, digits, underscores",
        examples=["LIFT_TRAPPED"],
    ),
]
Named = Annotated[str, Meta(min_length=1, max_length=40)]
HourOfDay = Annotated[
    str,
    Meta(
        pattern="^[0-9]{2}:[0-9]{2}$",
        description="北京时间,时:分 / local time, hour and minute",
        examples=["08:30"],
    ),
]
Minutes = Annotated[int, Meta(ge=SHORTEST, le=_WEEK, description="分钟 / minutes")]


class Break(Request, frozen=True):
    """午休等 / A break."""

    start: HourOfDay
    end: HourOfDay


class Closed(Request, frozen=True):
    """停办日 / Days on which nobody works there, from the first to the last."""

    first: Annotated[date, Meta(description="首日 / first day", examples=["2026-02-15"])]
    last: Annotated[date, Meta(description="末日,含 / last day, within", examples=["2026-02-23"])]


class Hours(Request, frozen=True):
    """工作时间 / Hours of work."""

    code: Code
    name_zh: Annotated[Named, Meta(examples=["工作日两班"])]
    name_en: Annotated[Named, Meta(examples=["Working days, two shifts"])]
    days: Annotated[
        Literal["EVERY_DAY", "WORKING_DAYS"],
        Meta(description="每天,或工作日 / every day, or the calendar's working days"),
    ]
    opens: HourOfDay
    closes: HourOfDay
    breaks: Annotated[list[Break], Meta(max_length=3)] = msgspec.field(default_factory=list)
    closed_weekdays: Annotated[
        list[Annotated[int, Meta(ge=1, le=7)]],
        Meta(
            max_length=6,
            description="每周停办的日子,1 为周一 / weekdays that are closed, 1 is Monday",
            examples=[[1]],
        ),
    ] = msgspec.field(default_factory=list)
    closed: Annotated[
        list[Closed], Meta(max_length=20, description="停办日,如春节 / closed days, as at New Year")
    ] = msgspec.field(default_factory=list)

    def is_open(self, day: date, calendar: Calendar) -> bool:
        """Tell whether a day is one of these hours' days, and not closed."""
        if self.days == "WORKING_DAYS" and not calendar.is_working_day(day):
            return False
        return not self.is_closed(day)

    def is_closed(self, day: date) -> bool:
        """Tell whether a day is closed, whatever the calendar says of it."""
        return day.isoweekday() in self.closed_weekdays or any(
            one.first <= day <= one.last for one in self.closed
        )


class Times(Request, frozen=True):
    """办理时限 / How long each step may take."""

    clock: Annotated[
        ClockName,
        Meta(description="优先级,或咨询 / the priority, or a question of P3 and P4"),
    ]
    accept_minutes: Minutes
    counting: Annotated[
        Literal["ALWAYS", "SHIFTED", "OPEN_HOURS"],
        Meta(
            description="全天候;到期落在工作时间外的顺延至上班;只计工作时间 / around the clock; "
            "an end outside the hours moves to when they begin; only the hours count"
        ),
    ]
    contact_minutes: Minutes | None = None
    resolve_minutes: (
        Annotated[int, Meta(ge=SHORTEST, le=26 * _WEEK, description="分钟 / minutes")] | None
    ) = None
    resolve_working_days: (
        Annotated[int, Meta(ge=1, le=60, description="工作日 / working days")] | None
    ) = None


class CategoryTerms(Request, frozen=True):
    """诉求事项 / A category: its names, who handles it, how urgent it is, in which hours."""

    category: Code
    name_zh: Annotated[Named, Meta(examples=["电梯困人"])]
    name_en: Annotated[Named, Meta(examples=["Trapped in a lift"])]
    priority: Annotated[
        Priority, Meta(description="未指定时的优先级 / where nobody names another one")
    ]
    duties: Annotated[
        list[Duty],
        Meta(
            min_length=1, max_length=10, description="承办岗位,按先后 / who handles it, best first"
        ),
    ]
    hours: Annotated[Code, Meta(description="工作时间代码 / which hours")] = "DAY"
    parent: (
        Annotated[Category, Meta(description="所属大类 / of which category it is a part")] | None
    ) = None
    times: Annotated[
        list[Times], Meta(max_length=5, description="本事项的时限 / where its own differ")
    ] = msgspec.field(default_factory=list)
    offered: Annotated[bool, Meta(description="可新提交 / whether new requests may name it")] = True


@dataclass(frozen=True, slots=True)
class Terms:
    """By what one request is measured: its times, and the hours in which they count."""

    times: Times
    hours: Hours

    def due_accept(self, start: datetime, calendar: Calendar) -> datetime:
        """Return by when the handler has to accept what is dispatched at `start`."""
        return self._end(start, self.times.accept_minutes, calendar)

    def due_contact(self, start: datetime, calendar: Calendar) -> datetime | None:
        """Return by when the reporter has to be contacted (P1: by when somebody is on site)."""
        minutes = self.times.contact_minutes
        return None if minutes is None else self._end(start, minutes, calendar)

    def due_resolve(self, start: datetime, calendar: Calendar) -> datetime:
        """Return the exclusive instant by which a request has to be resolved."""
        if self.times.resolve_minutes is not None:
            return self._end(start, self.times.resolve_minutes, calendar)
        days = self.times.resolve_working_days
        assert days is not None, "one of the two is said"  # noqa: S101  see `merged`
        return calendar.due(start, self._working_days(start, days, calendar))

    def _working_days(self, start: datetime, days: int, calendar: Calendar) -> int:
        """Return how many working days of the calendar so many are that are not closed."""
        if not (self.hours.closed_weekdays or self.hours.closed):
            return days
        first, found = calendar.local_date(start), 0
        for number in range(1, 3 * 366):
            day = first + number * DAY
            if calendar.is_working_day(day):
                found += 1
                days -= not self.hours.is_closed(day)
                if not days:
                    break
        return found

    def _end(self, start: datetime, minutes: int, calendar: Calendar) -> datetime:
        span = timedelta(minutes=minutes)
        if self.times.counting == "ALWAYS":
            return start + span
        if self.times.counting == "OPEN_HOURS":
            return _later(start, span, functools.partial(self._open, calendar))
        return self._within(start + span, calendar)

    def _within(self, at: datetime, calendar: Calendar) -> datetime:
        """Move an instant outside the hours to when they begin."""
        for begin, end in self._open(calendar, at):
            if at < end:
                return max(at, begin)
        return at

    def _open(self, calendar: Calendar, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when it is open, from the day of an instant on; for three years."""
        first = calendar.local_date(since)
        edges = [("", self.hours.opens)]
        edges += [(one.start, one.end) for one in self.hours.breaks]
        edges += [(self.hours.closes, "")]
        spans = [(a[1], b[0]) for a, b in pairwise(edges)]
        for number in range(3 * 366):
            day = first + number * DAY
            if self.hours.is_open(day, calendar):
                for opens, closes in spans:
                    yield _at(calendar, day, opens), _at(calendar, day, closes)

    def _counted(self, calendar: Calendar, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the spans of time in which the clock of the resolution runs, from an instant on."""
        if self.times.resolve_minutes is None:
            day = calendar.local_date(since)
            for number in range(3 * 366):
                one = day + number * DAY
                if calendar.is_working_day(one) and not self.hours.is_closed(one):
                    yield calendar.midnight(one), calendar.midnight(one + DAY)
        elif self.times.counting == "OPEN_HOURS":
            yield from self._open(calendar, since)
        else:
            yield since, since + 3 * 366 * DAY

    def day(self) -> timedelta:
        """Return how much time of that clock a day has in which it runs."""
        if self.times.resolve_minutes is None or self.times.counting != "OPEN_HOURS":
            return DAY
        noon = Calendar(frozenset(), frozenset(), frozenset())
        week = [date(2024, 1, 8) + number * DAY for number in range(7)]
        whole = Terms(self.times, msgspec.structs.replace(self.hours, closed=[]))
        # A day of the week that is closed has none of it.
        return max(
            whole.between(noon.midnight(one), noon.midnight(one + DAY), noon) for one in week
        )

    def between(self, start: datetime, end: datetime, calendar: Calendar) -> timedelta:
        """Return how much time of the clock of the resolution lies between two instants."""
        found = timedelta()
        for opens, closes in self._counted(calendar, start):
            if opens >= end:
                break
            found += max(min(closes, end) - max(opens, start), timedelta())
        return found

    def later(self, at: datetime, by: timedelta, calendar: Calendar) -> datetime:
        """Return the instant that lies so much time of that clock behind another one."""
        return _later(at, by, functools.partial(self._counted, calendar))


def _later(
    at: datetime,
    by: timedelta,
    spans: functools.partial[Iterator[tuple[datetime, datetime]]],
) -> datetime:
    left = by
    if left <= timedelta():
        return at
    for begin, end in spans(at):
        start = max(at, begin)
        if end > start:
            if end - start >= left:
                return start + left
            left -= end - start
            at = end
    return at + left


def _at(calendar: Calendar, day: date, hour: str) -> datetime:
    if hour == "24:00":
        return calendar.midnight(day + DAY)
    said_hour = time.fromisoformat(hour)
    return calendar.at(day, said_hour.hour, said_hour.minute)


class Standard(msgspec.Struct, frozen=True):
    """One version: all hours, times and categories."""

    hours: list[Hours]
    times: list[Times]
    categories: list[CategoryTerms]

    def category(self, code: str) -> CategoryTerms | None:
        """Return a category by its code, or None."""
        return next((one for one in self.categories if one.category == code), None)

    def known(self, category: str, subcategory: str | None = None) -> CategoryTerms:
        """Return the terms of a category that a request has; its part's where one is named."""
        found = (subcategory and self.category(subcategory)) or self.category(category)
        assert found is not None, category  # noqa: S101  every version has all of them
        return found

    def parts(self, category: str) -> list[CategoryTerms]:
        """Return the parts of a category that new requests may name."""
        return [one for one in self.categories if one.parent == category and one.offered]

    def terms(self, category: str, clock: str, subcategory: str | None = None) -> Terms:
        """Return by what a request is measured: the times of its part, else of its category, else
        of its clock."""
        own = self.known(category, subcategory)
        wider = self.known(category)
        of_clock = (one for one in [*own.times, *wider.times, *self.times] if one.clock == clock)
        hours = next(one for one in self.hours if one.code == own.hours)
        return Terms(next(of_clock), hours)


@functools.cache
def shipped() -> Standard:
    """Return the first version, which is shipped with the service (DOMAIN 2.3.2, 2.3.3)."""
    file = resources.files("fivered.services.steward").joinpath("data/service_standard_1.json")
    return decoded(file.read_bytes(), Standard)


RowT = TypeVar("RowT", Hours, Times, CategoryTerms)


def _key(row: Hours | Times | CategoryTerms) -> str:
    if isinstance(row, Hours):
        return row.code
    return row.clock if isinstance(row, Times) else row.category


def _merged(before: Sequence[RowT], changed: Sequence[RowT], field: str) -> list[RowT]:
    new = {_key(one): one for one in changed}
    if len(new) < len(changed):
        _refuse(field, said("同一代码出现两次 / a code stands twice"))
    return [new.pop(_key(one), one) for one in before] + list(new.values())


def merged(
    base: Standard,
    hours: Sequence[Hours],
    times: Sequence[Times],
    categories: Sequence[CategoryTerms],
) -> Standard:
    """Return a version with what is changed in another one: rows of the same code are replaced.

    Raises:
        Invalid: What comes out cannot be measured by.
    """
    new = Standard(
        _merged(base.hours, hours, "hours"),
        _merged(base.times, times, "times"),
        _merged(base.categories, categories, "categories"),
    )
    for number, one in enumerate(hours):
        _check_hours(one, f"hours[{number}]")
    for number, each in enumerate(times):
        _check_times(each, f"times[{number}]")
    codes = {one.code for one in new.hours}
    for number, row in enumerate(categories):
        _check_category(row, codes, f"categories[{number}]")
    return new


def _refuse(field: str, reason: object) -> NoReturn:
    raise Invalid(field=field, reason=reason)


_HOUR = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def _check_hours(one: Hours, field: str) -> None:
    edges = [one.opens]
    for pause in one.breaks:
        edges += [pause.start, pause.end]
    edges.append(one.closes)
    if not all(map(_HOUR.fullmatch, edges)):
        reason = said("时刻为 00:00 至 24:00 / an hour of the day is 00:00 to 24:00")
        _refuse(f"{field}.opens", reason)
    if any(a >= b for a, b in pairwise(edges)):
        reason = said(
            "上班、休息、下班须依次在后 / opening, breaks and closing have to follow each other"
        )
        _refuse(f"{field}.closes", reason)
    open_days = set(range(1, 8 if one.days == "EVERY_DAY" else 6)) - set(one.closed_weekdays)
    if not open_days:
        reason = said("每周至少有一天办理 / a week has a day that is open")
        _refuse(f"{field}.closed_weekdays", reason)
    for number, each in enumerate(one.closed):
        if not each.first <= each.last <= each.first + LONGEST_CLOSED:
            reason = said(
                "末日不早于首日,停办不超过 60 天 / the last day is none before the first, and 60 "
                "days are the most"
            )
            _refuse(f"{field}.closed[{number}].last", reason)


def _check_times(one: Times, field: str) -> None:
    if (one.resolve_minutes is None) == (one.resolve_working_days is None):
        reason = said(
            "办结时限按分钟或按工作日,二者取一"
            " / the time to resolve is in minutes or working days: one of both"
        )
        _refuse(f"{field}.resolve_minutes", reason)
    if one.clock == "P1" and one.counting != "ALWAYS":
        _refuse(
            f"{field}.counting", said("紧急诉求全天候计时 / an emergency runs around the clock")
        )
    if one.contact_minutes is not None and one.contact_minutes < one.accept_minutes:
        reason = said("联系时限不短于接单时限 / there is no less time to contact than to accept")
        _refuse(f"{field}.contact_minutes", reason)


def _check_category(row: CategoryTerms, hours: Iterable[str], field: str) -> None:
    first = row.category in get_args(Category)
    if first and row.parent is not None:
        _refuse(f"{field}.parent", said("大类没有上级 / this category is part of no other one"))
    if not first and row.parent is None:
        _refuse(
            f"{field}.parent",
            said("新增事项须归入一个大类 / a new category is part of one of them"),
        )
    if row.hours not in hours:
        _refuse(f"{field}.hours", said("没有这个工作时间 / there are no such hours"))
    if len(set(row.duties)) < len(row.duties):
        _refuse(f"{field}.duties", said("岗位重复 / a duty stands twice"))
    if "PROPERTY_SERVICE" in {row.category, row.parent} and "PROPERTY_STAFF" in row.duties:
        reason = said(
            "对物业的投诉不由物业承办 / what is against the property is not handled by it"
        )
        _refuse(f"{field}.duties", reason)
    if len({one.clock for one in row.times}) < len(row.times):
        _refuse(f"{field}.times", said("同一时限出现两次 / a clock stands twice"))
    for number, one in enumerate(row.times):
        _check_times(one, f"{field}.times[{number}]")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions.

    Attributes:
        what: HOURS, TIMES or CATEGORY.
        code: Of which row.
        member: Which member of it; empty where the whole row came or went.
        before: What stood there, as JSON; None where there was nothing.
        after: What stands there.
    """

    what: str
    code: str
    member: str
    before: str | None
    after: str | None


def differences(before: Standard, after: Standard) -> list[Change]:
    """Return what one version changes of another one, member by member."""
    found: list[Change] = []
    for what, old, new in (
        ("HOURS", before.hours, after.hours),
        ("TIMES", before.times, after.times),
        ("CATEGORY", before.categories, after.categories),
    ):
        was = {_key(one): msgspec.to_builtins(one) for one in old}
        now = {_key(one): msgspec.to_builtins(one) for one in new}
        for code in [*was, *(one for one in now if one not in was)]:
            first, second = was.get(code), now.get(code)
            if first is None or second is None:
                found.append(Change(what, code, "", _text(first), _text(second)))
                continue
            found += [
                Change(what, code, name, _text(first.get(name)), _text(second.get(name)))
                for name in {**first, **second}
                if first.get(name) != second.get(name)
            ]
    return found


def _text(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
