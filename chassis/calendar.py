"""Months, local days and working days of Asia/Shanghai. Pure: statutory holidays are data.

Source: State Council holiday notices of 2024, 2025 and 2026 (`data/holidays.json`) and whatever
years an installation loads. A year without a notice is counted provisionally: Monday to Friday
less the holidays whose dates the law itself fixes. Nothing here ever fails for want of data.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from importlib import resources
from typing import Annotated, ClassVar

from msgspec import Meta

from fivered.chassis.facts import fact, measure, moment
from fivered.chassis.text import DAY, broken, is_day, tidy, unreadable

# China has had one zone without daylight saving since 1991, so a fixed offset is exact here and
# spares a lookup of the zone database.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


def instant(text: str) -> datetime:
    """Read a time with its zone, such as a cursor holds.

    Raises:
        ValueError: It is none, it has no zone, or UTC has no such year.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"no zone: {text}")
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"out of every calendar: {text}") from error


def with_zone(at: datetime) -> datetime:
    """Return a time that somebody has written: one without a zone is local."""
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)


# The holidays that the State Council's regulation fixes by the date of the year (in its wording of
# November 2024): New Year, 1-2 May, 1-3 October. The others follow the moon and the sun; their
# days are known to this program only through a notice.
_FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})

# Every instant lies between these, in every zone and on every database.
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = date(1, 1, 2), date(9999, 12, 30)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working-day calendar.

    Attributes:
        off: Dates that are free although they may be weekdays.
        make_up: Weekend dates that are worked.
        years: Years for which the tables hold data; any other year is provisional.
    """

    off: frozenset[date]
    make_up: frozenset[date]
    years: frozenset[int]

    def is_working_day(self, day: date) -> bool:
        """Tell whether `day` is worked; a year without data is counted provisionally."""
        if day in self.make_up:
            return True
        if day.weekday() >= 5 or day in self.off:
            return False
        return day.year in self.years or (day.month, day.day) not in _FIXED

    def provisional(self, at: date | datetime) -> bool:
        """Tell whether a deadline rests on a year without data.

        Args:
            at: The last day that was counted, or the (exclusive) instant at which it ends.
        """
        day = self.local_date(at - _MOMENT) if isinstance(at, datetime) else at
        return day.year not in self.years

    def ends_on(self, now: datetime) -> date:
        """Return the last day up to which the data reach: from `now` on without a gap, or, when
        there are none for the present year, the end of the last year before it that has some.

        Where no year so far has any, nothing is known from the present year on.
        """
        year = self.local_date(now).year
        if year not in self.years:
            return date(max((one for one in self.years if one < year), default=year - 1), 12, 31)
        while year in self.years:
            year += 1
        return date(year - 1, 12, 31)

    def with_years(self, years: Iterable[Year]) -> Calendar:
        """Return this calendar with years that an installation has loaded.

        A year replaces what was known of it, and adds the days of the December before that its
        notice moves.
        """
        off, make_up, known = set(self.off), set(self.make_up), set(self.years)
        for year in sorted(years, key=lambda one: one.year):
            for days, theirs, others in ((off, year.off, make_up), (make_up, year.make_up, off)):
                days -= {day for day in days if day.year == year.year}
                days |= set(theirs)
                others -= set(theirs)
            known.add(year.year)
        return Calendar(frozenset(off), frozenset(make_up), frozenset(known))

    def next_working_day(self, day: date) -> date:
        """Return the first working day strictly after `day`."""
        day = self._after(day)
        while not self.is_working_day(day) and day < _LAST_DAY:
            day += _DAY
        return day

    def add_working_days(self, day: date, n: int) -> date:
        """Return the n-th working day strictly after `day`; n = 0 gives `day` itself."""
        for _ in range(n):
            day = self.next_working_day(day)
        return day

    def working_days(self, start: date, end: date) -> int:
        """Return how many working days lie strictly after `start`, up to `end` inclusive."""
        count = 0
        while start < end:
            start += _DAY
            count += self.is_working_day(start)
        return count

    def due(self, start: date | datetime, n: int) -> datetime:
        """Return the exclusive instant that ends the n-th working day after `start` (UTC).

        The day of receipt never counts: `due(2025-09-25, 3)` is 2025-09-30 00:00 local time.
        """
        day = self.local_date(start) if isinstance(start, datetime) else start
        return self.midnight(self._after(self.add_working_days(day, n)))

    def nth_working_day(self, period: str, n: int) -> date:
        """Return the n-th working day of the month `period` ("YYYY-MM"), counted from 1."""
        first = self.first_day(period)
        return self.add_working_days(max(first, _FIRST_DAY) - _DAY, n)

    def cutoff(self, period: str) -> datetime:
        """Return the instant at which `period` is cut off: the end of working day 2 of the next
        month (UTC, exclusive)."""
        return self.midnight(self._after(self.nth_working_day(self.next_period(period), 2)))

    def next_cutoff(self, now: datetime) -> tuple[str, datetime]:
        """Return (period, cut-off) of the first cut-off strictly after `now`."""
        period = self.previous_period(self.period(now))
        while (at := self.cutoff(period)) <= now:
            period = self.next_period(period)
        return period, at

    @staticmethod
    def _after(day: date) -> date:
        """Return the day after; the last one that can be counted has none."""
        return day + _DAY if day < _LAST_DAY else _LAST_DAY

    @staticmethod
    def local_date(at: datetime) -> date:
        """Return the local date of an aware instant."""
        return Calendar.local(at).date()

    @staticmethod
    def local(at: datetime) -> datetime:
        """Return the instant in local time."""
        return min(max(at, EARLIEST), LATEST).astimezone(SHANGHAI)

    @staticmethod
    def minute(at: datetime) -> str:
        """Return the local time as people read it: 2025-03-07 19:00."""
        return f"{Calendar.local(at):%Y-%m-%d %H:%M}"

    @staticmethod
    def midnight(day: date) -> datetime:
        """Return the instant (UTC) at which the local `day` begins."""
        return Calendar.at(day, 0)

    @staticmethod
    def at(day: date, hour: int, minute: int = 0) -> datetime:
        """Return the instant (UTC) of a local wall-clock time."""
        day = min(max(day, _FIRST_DAY), _LAST_DAY)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)

    @staticmethod
    def period(at: datetime) -> str:
        """Return the local calendar month "YYYY-MM" of an aware instant."""
        local = Calendar.local(at)
        return f"{local.year:04d}-{local.month:02d}"

    @staticmethod
    def first_day(period: str) -> date:
        """Return the first day of the month `period` ("YYYY-MM")."""
        return date(int(period[:4]), int(period[5:7]), 1)

    @staticmethod
    def next_period(period: str, n: int = 1) -> str:
        """Return the month n months after `period`; n may be negative.

        There is none before 0001-01 and none after 9999-12.
        """
        months = int(period[:4]) * 12 + int(period[5:7]) - 1 + n
        months = min(max(months, 12), 9999 * 12 + 11)
        return f"{months // 12:04d}-{months % 12 + 1:02d}"

    def previous_period(self, period: str) -> str:
        """Return the month before `period`."""
        return self.next_period(period, -1)

    def month_bounds(self, period: str) -> tuple[datetime, datetime]:
        """Return the instants (UTC) at which the month begins and ends (exclusive)."""
        after = self.next_period(period)
        end = self.midnight(self.first_day(after)) if after > period else LATEST
        return self.midnight(self.first_day(period)), end


class Counting(Calendar):
    """A calendar that remembers what was counted with it, so that the keeper of a deadline can
    keep from where its days are counted."""

    __slots__ = ("_days", "_dues")
    _days: dict[date, date]
    _dues: dict[datetime, date]

    def __init__(self, known: Calendar) -> None:
        super().__init__(known.off, known.make_up, known.years)
        # What is known stays as it is (the class is frozen); what was counted is added.
        object.__setattr__(self, "_days", {})
        object.__setattr__(self, "_dues", {})

    def due(self, start: date | datetime, n: int) -> datetime:
        """See `Calendar.due`."""
        found = super().due(start, n)
        since = self.local_date(start) if isinstance(start, datetime) else start
        self._dues[found] = since
        return found

    def nth_working_day(self, period: str, n: int) -> date:
        """See `Calendar.nth_working_day`."""
        found = super().nth_working_day(period, n)
        self._days[found] = max(self.first_day(period), _FIRST_DAY) - _DAY
        return found

    def since(self, due: datetime) -> date | None:
        """Return the day after which the working days of a deadline count; None for one that was
        not counted here. What happens on a working day happens at its beginning or at 09:00."""
        if due in self._dues:
            return self._dues[due]
        local = self.local(due)
        begins = (local.hour, local.minute, local.second, local.microsecond) == (9, 0, 0, 0)
        return self._days.get(local.date()) if begins else None


class AsCutOff(Calendar):
    """A calendar that knows which months a service has cut off, and when it will the next.

    A year that is corrected moves no cut-off that was, and the next one only later; by its days
    alone a month would be open that is measured already, or over that is not.
    """

    __slots__ = ("_now", "_to_come")
    _now: datetime
    _to_come: Mapping[str, datetime]

    def __init__(self, known: Calendar, to_come: Mapping[str, datetime], now: datetime) -> None:
        super().__init__(known.off, known.make_up, known.years)
        object.__setattr__(self, "_to_come", to_come)
        object.__setattr__(self, "_now", now)

    def cutoff(self, period: str) -> datetime:
        """See `Calendar.cutoff`; of a month that was cut off, no later than now."""
        if period in self._to_come:
            return self._to_come[period]
        said = super().cutoff(period)
        over = bool(self._to_come) and period < min(self._to_come)
        return min(said, self._now) if over else said


class UnreadableYear(ValueError):
    """A year's table says something that no notice says.

    Attributes:
        why: NO_SUCH_DAY, TWICE, NOT_A_WEEKEND, FIXED_HOLIDAY, TOO_MANY or NO_SOURCE.
        at: The list and the position, e.g. `off[3]`.
        day: What stands there.
    """

    _ENGLISH: ClassVar[dict[str, str]] = {
        "NO_SUCH_DAY": "is no day of the year or of the December before it",
        "TWICE": "stands there twice",
        "NOT_A_WEEKEND": "is worked in any case: a make-up day is a Saturday or Sunday",
        "FIXED_HOLIDAY": "is a holiday by law and is not among the days off",
        "TOO_MANY": "more days than a year's notice has",
        "NO_SOURCE": "says which notice the days are from; it is empty",
    }

    def __init__(self, why: str, at: str, day: str) -> None:
        self.why = why
        self.at = at
        self.day = day
        super().__init__(f"{at}: {day} {self._ENGLISH[why]}")


@dataclass(frozen=True, slots=True)
class Year:
    """One year of the State Council's notice.

    Attributes:
        off: Days off, weekends among them or not; sorted.
        make_up: Weekend days that are worked; sorted.
        source: The notice, in words.
    """

    year: int
    off: tuple[date, ...]
    make_up: tuple[date, ...]
    source: str


@dataclass(frozen=True, slots=True)
class YearHeard:
    """What every service reads of a year that its owner has loaded."""

    year: int
    off: list[date]
    make_up: list[date]
    source: str


@fact(
    "deadline_moved.v1",
    about="deadline",
    visibility="public",
    when="某年工作日历载入或更正,使尚未到期的期限变晚时;每个期限每次变动一条 / when a year's "
    "calendar is loaded or put right and makes an open deadline later; one event per deadline, "
    "each time it moves",
    by=("approve_calendar_year", "on_calendar"),
)
class DeadlineMoved:
    """期限顺延 / A deadline is later, since its year's working days are others than assumed."""

    what: Annotated[
        str,
        # Each service's own (`deadline_words`).
        Meta(description="哪种期限,按服务内的名称 / which deadline, by its name in the service"),
    ]
    id: Annotated[str, Meta(description="期限所属事项的编号 / id of what has the deadline")]
    year: Annotated[
        int, measure("哪一年的工作日历 / the year whose working days were loaded", "年 / year")
    ]
    before: Annotated[datetime, moment("原期限,UTC / when it was due until now, in UTC")]
    after: Annotated[
        datetime, moment("现期限,UTC,只会更晚 / when it is due now, in UTC; only later")
    ]


# No notice ever had half as many; a list that is longer is no notice.
_MOST_DAYS = 100


def read_year(year: int, off: Sequence[str], make_up: Sequence[str], source: str) -> Year:
    """Read a year. A day is "MM-DD" or "YYYY-MM-DD", a range two of them with ".." between.

    Raises:
        UnreadableYear: Says what is wrong and where.
    """
    if not source.strip():
        raise UnreadableYear("NO_SOURCE", "source", "source")
    free = _days(year, "off", off)
    worked = _days(year, "make_up", make_up)
    for day, at in worked.items():
        if day.weekday() < 5:
            raise UnreadableYear("NOT_A_WEEKEND", at, day.isoformat())
        if day in free:
            raise UnreadableYear("TWICE", at, day.isoformat())
    for month, number in sorted(_FIXED):
        if (day := date(year, month, number)) not in free:
            raise UnreadableYear("FIXED_HOLIDAY", "off", day.isoformat())
    return Year(year, tuple(sorted(free)), tuple(sorted(worked)), source.strip())


def read_year_file(text: str) -> Year:
    """Read a year from the JSON that an operator is given: year, off, make_up, source.

    Raises:
        ValueError: It is no such file, or its days are no notice's.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("its lists are nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004  a file, not an argument
    unknown = sorted(set(found) - {"year", "off", "make_up", "source"})
    if unknown:
        raise ValueError(f"unknown member {unknown[0]}")
    year, source = found.get("year"), found.get("source")
    if not isinstance(year, int) or not 2000 <= year <= 2099:
        raise ValueError("year: a number from 2000 to 2099")
    if not isinstance(source, str) or len(source) > 300:
        raise ValueError("source: a text of up to 300 characters that names the notice")
    source = tidy(source)
    if unreadable(source) is not None or broken(source) is not None:
        raise ValueError("source: one line, without control characters")
    lists = {name: found.get(name, []) for name in ("off", "make_up")}
    for name, days in lists.items():
        if not isinstance(days, list) or not all(isinstance(day, str) for day in days):
            raise ValueError(f'{name}: a list of texts such as "01-01..01-03"')
    return read_year(year, lists["off"], lists["make_up"], source)


def _once(members: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a member stands there twice")
    return found


def _days(year: int, name: str, spans: Sequence[str]) -> dict[date, str]:
    found: dict[date, str] = {}
    for number, span in enumerate(spans):
        at = f"{name}[{number}]"
        first, _, last = span.partition("..")
        day, end = _day(year, at, first), _day(year, at, last or first)
        if end < day or (end - day).days > _MOST_DAYS:
            raise UnreadableYear("NO_SUCH_DAY", at, span)
        while day <= end:
            if day in found:
                raise UnreadableYear("TWICE", at, day.isoformat())
            found[day] = at
            day += _DAY
        if len(found) > _MOST_DAYS:
            raise UnreadableYear("TOO_MANY", name, str(len(found)))
    return found


def _day(year: int, at: str, text: str) -> date:
    whole = text if len(text) == 10 else f"{year:04d}-{text}"
    if re.fullmatch(DAY, whole) is None or not is_day(whole):
        raise UnreadableYear("NO_SUCH_DAY", at, text)
    day = date.fromisoformat(whole)
    # New Year's days off may begin in December, and be worked for there.
    if not date(year - 1, 12, 1) <= day <= date(year, 12, 31):
        raise UnreadableYear("NO_SUCH_DAY", at, text)
    return day


def from_table(years: Mapping[str, Mapping[str, Iterable[str]]]) -> Calendar:
    """Build a calendar from the published table: year -> {"off": ranges, "make_up": dates}.

    A range is "MM-DD" or "MM-DD..MM-DD". Raises ValueError when a date does not exist.
    """
    off: set[date] = set()
    make_up: set[date] = set()
    for year, table in years.items():
        for span in table["off"]:
            first, _, last = span.partition("..")
            day = date.fromisoformat(f"{year}-{first}")
            end = date.fromisoformat(f"{year}-{last or first}")
            while day <= end:
                off.add(day)
                day += _DAY
        make_up.update(date.fromisoformat(f"{year}-{day}") for day in table["make_up"])
    return Calendar(frozenset(off), frozenset(make_up), frozenset(int(year) for year in years))


@functools.cache
def published() -> Calendar:
    """Return the calendar of the years whose notices are in `data/holidays.json`."""
    text = resources.files("fivered.chassis").joinpath("data/holidays.json").read_text("utf-8")
    return from_table(json.loads(text)["years"])
