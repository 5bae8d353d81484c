"""Months, local days and working days of Asia/Shanghai. Pure: statutory holidays are data.

Source: State Council holiday notices of 2024, 2025 and 2026 (`data/holidays.json`).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from importlib import resources

# China has had one zone without daylight saving since 1991, so a fixed offset is exact here and
# spares a lookup of the zone database.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_DAY = timedelta(days=1)


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


class CalendarMissing(LookupError):
    """The working-day table has no data for a year that a deadline needs."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working-day calendar.

    Attributes:
        off: Dates that are free although they may be weekdays.
        make_up: Weekend dates that are worked.
        years: Years for which the tables hold data; any other year raises `CalendarMissing`.
    """

    off: frozenset[date]
    make_up: frozenset[date]
    years: frozenset[int]

    def is_working_day(self, day: date) -> bool:
        """Tell whether `day` is worked. Raises `CalendarMissing` for a year without data."""
        if day.year not in self.years:
            raise CalendarMissing(f"the working-day calendar has no data for {day.year}")
        if day in self.make_up:
            return True
        return day.weekday() < 5 and day not in self.off

    def next_working_day(self, day: date) -> date:
        """Return the first working day strictly after `day`."""
        day += _DAY
        while not self.is_working_day(day):
            day += _DAY
        return day

    def add_working_days(self, day: date, n: int) -> date:
        """Return the n-th working day strictly after `day`; n = 0 gives `day` itself."""
        for _ in range(n):
            day = self.next_working_day(day)
        return day

    def due(self, start: date | datetime, n: int) -> datetime:
        """Return the exclusive instant that ends the n-th working day after `start` (UTC).

        The day of receipt never counts: `due(2025-09-25, 3)` is 2025-09-30 00:00 local time.
        """
        day = self.local_date(start) if isinstance(start, datetime) else start
        return self.midnight(self.add_working_days(day, n) + _DAY)

    def nth_working_day(self, period: str, n: int) -> date:
        """Return the n-th working day of the month `period` ("YYYY-MM"), counted from 1."""
        first = date.fromisoformat(period + "-01")
        return self.add_working_days(first - _DAY, n)

    def cutoff(self, period: str) -> datetime:
        """Return the instant at which `period` is cut off: the end of working day 2 of the next
        month (UTC, exclusive)."""
        return self.midnight(self.nth_working_day(self.next_period(period), 2) + _DAY)

    def next_cutoff(self, now: datetime) -> tuple[str, datetime]:
        """Return (period, cut-off) of the first cut-off strictly after `now`."""
        period = self.previous_period(self.period(now))
        while (at := self.cutoff(period)) <= now:
            period = self.next_period(period)
        return period, at

    @staticmethod
    def local_date(at: datetime) -> date:
        """Return the local date of an aware instant."""
        return at.astimezone(SHANGHAI).date()

    @staticmethod
    def local(at: datetime) -> datetime:
        """Return the instant in local time."""
        return at.astimezone(SHANGHAI)

    @staticmethod
    def midnight(day: date) -> datetime:
        """Return the instant (UTC) at which the local `day` begins."""
        return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)

    @staticmethod
    def at(day: date, hour: int, minute: int = 0) -> datetime:
        """Return the instant (UTC) of a local wall-clock time."""
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)

    @staticmethod
    def period(at: datetime) -> str:
        """Return the local calendar month "YYYY-MM" of an aware instant."""
        return at.astimezone(SHANGHAI).strftime("%Y-%m")

    @staticmethod
    def next_period(period: str, n: int = 1) -> str:
        """Return the month n months after `period`; n may be negative."""
        months = int(period[:4]) * 12 + int(period[5:7]) - 1 + n
        return f"{months // 12:04d}-{months % 12 + 1:02d}"

    def previous_period(self, period: str) -> str:
        """Return the month before `period`."""
        return self.next_period(period, -1)

    def month_bounds(self, period: str) -> tuple[datetime, datetime]:
        """Return the instants (UTC) at which the month begins and ends (exclusive)."""
        first = date.fromisoformat(period + "-01")
        after = date.fromisoformat(self.next_period(period) + "-01")
        return self.midnight(first), self.midnight(after)


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
    text = resources.files("chassis").joinpath("data/holidays.json").read_text("utf-8")
    return from_table(json.loads(text)["years"])
