"""The complaint rate and its change year on year, frozen and revised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import few
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import decimal
from fivered.chassis.fields import Area
from fivered.chassis.requests import Request
from fivered.services.property import errors, replies, rules
from fivered.services.property.storage import months
from fivered.services.property.storage.rows import Row
from fivered.services.property.views.ground import STAFF

DAY = timedelta(days=1)
DAY_AFTER_ALL = date.max


class RateQuestion(Request, frozen=True):
    """投诉率口径 / Where, when, and on which basis.

    Attributes:
        window: YEAR is the calendar year, YTD from its first day to `until`, ROLLING the twelve
            months that end with the month of `until`. A year that is not over is read as YTD.
            QUARTER and MONTH are those of `quarter` and `month`; one that is not over is compared
            with the same days of the year before.
        basis: SAME_PROJECTS compares the projects that were there in both windows; ALL compares
            whatever was there.
    """

    year: Annotated[int, Meta(ge=2000, le=2100, examples=[2023])]
    scope: Area = "370811"
    window: Literal["YEAR", "YTD", "ROLLING", "QUARTER", "MONTH"] = "YEAR"
    quarter: (
        Annotated[int, Meta(ge=1, le=4, description="季度,用于 QUARTER / for QUARTER")] | None
    ) = None
    month: Annotated[int, Meta(ge=1, le=12, description="月份,用于 MONTH / for MONTH")] | None = (
        None
    )
    until: Annotated[date, Meta(description="窗口最后一日 / last day of the window")] | None = None
    basis: Literal["SAME_PROJECTS", "ALL"] = "SAME_PROJECTS"
    project_id: str | None = None
    company_id: (
        Annotated[
            str,
            Meta(
                description="只算该企业现管的小区 / only the compounds that this company runs now"
            ),
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True)
class Days:
    """A window of local days, both included."""

    first: date
    last: date

    def periods(self) -> list[str]:
        """The months that it touches."""
        return rules.months_between(self.first.isoformat()[:7], self.last.isoformat()[:7])

    def holds_whole(self, period: str) -> bool:
        """Tell whether a month lies inside as a whole."""
        first, last = rules.days_of_period(period)
        return self.first <= first and last <= self.last


def _windows(tx: Tx, payload: RateQuestion) -> tuple[str, Days, Days]:
    """Return what kind of window it is, the window, and the one a year before.

    Raises:
        UntilOutsideYear, UntilOutsideWindow: The window would end in another year, or outside.
        WindowIncomplete: See `_bounds`.
    """
    if payload.until is not None and payload.until.year != payload.year:
        raise errors.UntilOutsideYear(
            field="until", until=str(payload.until), year=str(payload.year)
        )
    new_year, year_end = _bounds(payload)
    yesterday = tx.calendar.local_date(tx.now) - DAY
    until = min(payload.until or year_end, year_end)
    kind = payload.window
    if kind == "ROLLING":
        complete = min(until, yesterday)
        _, last = rules.days_of_period(complete.isoformat()[:7])
        if last > yesterday:
            last = complete.replace(day=1) - DAY
        first = rules.add_months(last.replace(day=1), -11)
        before = first - DAY
        return kind, Days(first, last), Days(rules.add_months(first, -12), before)
    last = max(min(until, yesterday), new_year)
    if last < year_end and kind == "YEAR":
        kind = "YTD"
    before_last = rules.add_months(last, -12)
    if last == rules.days_of_period(last.isoformat()[:7])[1]:
        # The same day of a leap year's February is its last one.
        before_last = rules.days_of_period(before_last.isoformat()[:7])[1]
    return kind, Days(new_year, last), Days(rules.add_months(new_year, -12), before_last)


def _bounds(payload: RateQuestion) -> tuple[date, date]:
    """Return the first and the last day of the year, quarter or month that is asked for.

    Raises:
        WindowIncomplete: A quarter or a month is asked for, and not which.
        UntilOutsideWindow: The window would end outside of it.
    """
    first, months_ = 1, 12
    if payload.window == "QUARTER":
        if payload.quarter is None:
            raise errors.WindowIncomplete(field="quarter", window=payload.window)
        first, months_ = payload.quarter * 3 - 2, 3
    elif payload.window == "MONTH":
        if payload.month is None:
            raise errors.WindowIncomplete(field="month", window=payload.window)
        first, months_ = payload.month, 1
    begin = date(payload.year, first, 1)
    end = rules.add_months(begin, months_) - DAY
    if payload.until is not None and months_ < 12 and not begin <= payload.until <= end:
        raise errors.UntilOutsideWindow(field="until", until=str(payload.until))
    return begin, end


class _Window:
    """The counts of one window, per project and month."""

    def __init__(self, tx: Tx, payload: RateQuestion, days: Days) -> None:
        self.days = days
        self.periods = days.periods()
        self.live = months.live_complaints(
            tx.conn,
            begin=tx.calendar.midnight(days.first),
            end=tx.calendar.midnight(days.last + DAY),
            scope=payload.scope,
            project_id=payload.project_id,
        )
        self.frozen = months.frozen_months(
            tx.conn,
            first=self.periods[0],
            last=self.periods[-1],
            scope=payload.scope,
            project_id=payload.project_id,
        )
        self.steps = months.household_steps(
            tx.conn, scope=payload.scope, project_id=payload.project_id
        )
        there = months.compounds(tx.conn, scope=payload.scope, project_id=payload.project_id)
        self.closed = {
            row.project_id: tx.calendar.local_date(row.closed_at)
            for row in there
            if row.closed_at is not None
        }
        self.yesterday = tx.calendar.local_date(tx.now) - DAY
        # A compound that was handed over is one, by the name of the project that has it now.
        heirs = {row.predecessor_id: row.project_id for row in there if row.predecessor_id}
        self.one: dict[str, list[str]] = {}
        for row in there:
            now = row.project_id
            while now in heirs:
                now = heirs[now]
            self.one.setdefault(now, []).append(row.project_id)
        self.rows = {row.project_id: row for row in there}
        if payload.company_id is not None:
            # Of a compound that was handed over, the company that has it now is meant.
            self.one = {
                now: line
                for now, line in self.one.items()
                if self.rows[now].company_id == payload.company_id
            }
        # A loaded month has no days, so a part of it cannot be told.
        self.split_history = any(
            row.source == "IMPORTED" and not days.holds_whole(period)
            for (project, period), row in self.frozen.items()
            if project in {one for line in self.one.values() for one in line}
        )
        self.projects = {
            compound
            for compound in self.one
            if any(self.households(compound, period) for period in self.periods)
        }

    def members(self, payload: RateQuestion) -> list[str] | None:
        """The projects to which a question is limited, or None."""
        if payload.company_id is None:
            return None
        return [project for line in self.one.values() for project in line]

    def households(self, compound: str, period: str) -> int:
        """Households at the end of a month, or of the window where that comes first."""
        return sum(self._homes(project, period) for project in self.one[compound])

    def _homes(self, project: str, period: str) -> int:
        first, last = rules.days_of_period(period)
        last = min(last, self.days.last)
        if first > self.yesterday or self.closed.get(project, DAY_AFTER_ALL) <= last:
            # A month that has not begun has none; those of a closed project are another one's.
            return 0
        frozen = self.frozen.get((project, period))
        if frozen is not None:
            return int(frozen.households)
        return months.households_on(self.steps.get(project, []), last)

    def unknown(self, projects: set[str]) -> bool:
        """Tell whether nobody knows the households of a part of the window."""
        return any(
            not any(self.households(project, period) for project in projects)
            for period in self.periods
        )

    def _frozen_here(self, project: str, period: str) -> Row | None:
        row = self.frozen.get((project, period))
        return row if row is not None and self.days.holds_whole(period) else None

    def frozen_count(self, compound: str, period: str) -> int:
        """Complaints as they were frozen; as they are now where nothing is frozen yet."""
        return sum(self._frozen_count(project, period) for project in self.one[compound])

    def _frozen_count(self, project: str, period: str) -> int:
        row = self._frozen_here(project, period)
        return int(row.complaints) if row else self.live.get((project, period), 0)

    def revised_count(self, compound: str, period: str) -> int:
        """Complaints as they count now."""
        return sum(self._revised_count(project, period) for project in self.one[compound])

    def _revised_count(self, project: str, period: str) -> int:
        row = self._frozen_here(project, period)
        count = self.live.get((project, period), 0)
        if row is not None and row.source == "IMPORTED":
            count += int(row.complaints - row.invalidated)
        return count

    def mean_households(self, projects: set[str]) -> Fraction | None:
        """Mean over the months of the households of all projects together."""
        return rules.average(
            [
                sum(self.households(project, period) for project in projects)
                for period in self.periods
            ]
        )

    def totals(self, projects: set[str]) -> tuple[int, int]:
        """(frozen, revised) complaints of the window."""
        pairs = [(project, period) for project in projects for period in self.periods]
        return (
            sum(self.frozen_count(*pair) for pair in pairs),
            sum(self.revised_count(*pair) for pair in pairs),
        )

    def months(self, projects: set[str]) -> list[replies.MonthOfWindow]:
        """Month by month: households, frozen and revised counts and rates."""
        return [self._month(projects, period) for period in self.periods]

    def _month(self, projects: set[str], period: str) -> replies.MonthOfWindow:
        households = sum(self.households(project, period) for project in projects)
        frozen = sum(self.frozen_count(project, period) for project in projects)
        revised = sum(self.revised_count(project, period) for project in projects)
        mean = Fraction(households) if households else None
        members = {project for compound in projects for project in self.one[compound]}
        sources = {
            row.source
            for (project, p), row in self.frozen.items()
            if p == period and project in members
        }
        return replies.MonthOfWindow(
            period=period,
            households=households,
            complaints=frozen,
            revised=revised,
            rate=decimal(rules.rate(frozen, mean)),
            rate_revised=decimal(rules.rate(revised, mean)),
            frozen=bool(sources),
            sources=sorted(sources),
        )

    def exact(self, projects: set[str]) -> Fraction | None:
        """The frozen rate of the window, exactly."""
        return rules.rate(self.totals(projects)[0], self.mean_households(projects))

    def figures(self, projects: set[str]) -> replies.WindowFigures:
        """The window without its months."""
        mean = self.mean_households(projects)
        frozen, revised = self.totals(projects)
        return replies.WindowFigures(
            first=self.days.first,
            last=self.days.last,
            complaints=frozen,
            complaints_revised=revised,
            households_average=decimal(mean),
            rate=decimal(rules.rate(frozen, mean)),
            rate_revised=decimal(rules.rate(revised, mean)),
        )

    def card(self, projects: set[str]) -> replies.Window:
        """The window as it travels."""
        told = self.figures(projects)
        return replies.Window(
            **{name: getattr(told, name) for name in told.__struct_fields__},
            months=self.months(projects),
        )


def complaint_rate(tx: Tx, payload: RateQuestion) -> replies.Rate:
    """投诉率及同比 / Complaint rate, year on year.

    Answer valid complaints per 100 households, and their change on the year before.

    The frozen figure never changes; what became known later is the revised column. The change is
    null where a window has fewer than ten complaints, where a loaded month would have to be
    split, or where nobody knows the households of a month. A compound that was handed over counts
    as one.

    Raises:
        UntilOutsideYear: `until` lies in another year.

    Source:
        DOMAIN 5 M-01, M-02, F10, E10; FEATURES P15.
    """
    kind, days, days_before = _windows(tx, payload)
    now, before = _Window(tx, payload, days), _Window(tx, payload, days_before)
    projects, projects_before = _compared(payload, now, before)
    change, change_revised, why = _change(now, before, projects, projects_before)
    frozen, revised = now.totals(projects)
    frozen_before, revised_before = before.totals(projects_before)
    return replies.Rate(
        scope=payload.scope,
        project_id=payload.project_id,
        window=kind,
        basis=payload.basis,
        projects=len(projects),
        left_out=sorted((now.projects | before.projects) - projects),
        current=now.card(projects),
        previous=before.card(projects_before),
        change_percent=decimal(change, 1),
        change_exact=str(change) if change is not None else None,
        change_percent_revised=decimal(change_revised, 1),
        restated=(frozen, frozen_before) != (revised, revised_before),
        null_because=why,
        categories=_categories(tx, payload, days, now),
        closures=_closures(tx, payload, days, now),
    )


def _closures(tx: Tx, payload: RateQuestion, days: Days, window: _Window) -> replies.Closures:
    """Return what is closed; what nobody confirmed is counted apart."""
    said = months.closures(
        tx.conn,
        begin=tx.calendar.midnight(days.first),
        end=tx.calendar.midnight(days.last + DAY),
        scope=payload.scope,
        project_id=payload.project_id,
        projects=window.members(payload),
    )
    told = replies.Closures(
        closed=sum(said.values()),
        confirmed=said.get("SOLVED", 0),
        not_solved=said.get("NOT_SOLVED", 0),
        unconfirmed=said.get(None, 0),
    )
    if tx.actor.role in STAFF and tx.actor.covers(payload.scope):
        return told
    parts = {"confirmed": "closed", "not_solved": "closed", "unconfirmed": "closed"}
    hidden = few.hidden_parts({name: getattr(told, name) for name in parts})
    if few.is_few(told.closed):
        hidden = {*parts, "closed"}
    return few.leave_out(told, hidden)


def _compared(
    payload: RateQuestion, now: _Window, before: _Window, among: set[str] | None = None
) -> tuple[set[str], set[str]]:
    """Return the compounds that are compared, of all or of some: now, and a year before."""
    projects, projects_before = now.projects, before.projects
    if among is not None:
        projects, projects_before = projects & among, projects_before & among
    same = projects & projects_before
    if payload.basis == "SAME_PROJECTS" and same:
        return same, same
    return projects, projects_before


def _change(
    now: _Window, before: _Window, projects: set[str], projects_before: set[str]
) -> tuple[Fraction | None, Fraction | None, str | None]:
    """Return the change of the frozen and of the revised rate in per cent, or why there is none."""
    frozen, revised = now.totals(projects)
    frozen_before, revised_before = before.totals(projects_before)
    mean, mean_before = now.mean_households(projects), before.mean_households(projects_before)
    change = rules.year_on_year(frozen, mean, frozen_before, mean_before)
    change_revised = rules.year_on_year(revised, mean, revised_before, mean_before)
    split = now.split_history or before.split_history
    unknown = now.unknown(projects) or before.unknown(projects_before)
    if split or unknown:
        change = change_revised = None
    return change, change_revised, _why_null(split, unknown, change, frozen, frozen_before)


class RatesQuestion(RateQuestion, frozen=True):
    """分项投诉率 / One line for each of these."""

    by: Literal["PROJECT", "COMPANY", "COMMUNITY", "STREET"] = "PROJECT"


_DIGITS = {"COMMUNITY": 12, "STREET": 9}


def complaint_rates(tx: Tx, payload: RatesQuestion) -> replies.Rates:
    """分项投诉率 / Complaint rates side by side.

    Answer the rate and its change for each project, company, community or street of an area.

    Each line is what `complaint-rate` says of it, by the same rules; the highest rate first. A
    compound that was handed over stands in the line of who has it now.

    Raises:
        UntilOutsideYear, UntilOutsideWindow, WindowIncomplete: As of `complaint-rate`.
    """
    kind, days, days_before = _windows(tx, payload)
    now, before = _Window(tx, payload, days), _Window(tx, payload, days_before)
    groups: dict[str, set[str]] = {}
    for compound in now.projects | before.projects:
        groups.setdefault(_line_of(now, payload.by, compound), set()).add(compound)
    found = []
    for ref, among in groups.items():
        projects, projects_before = _compared(payload, now, before, among)
        change, revised, why = _change(now, before, projects, projects_before)
        card, card_before = now.figures(projects), before.figures(projects_before)
        line = replies.RateLine(
            ref=ref,
            projects=len(projects),
            left_out=sorted(((now.projects | before.projects) & among) - projects),
            current=card,
            previous=card_before,
            change_percent=decimal(change, 1),
            change_percent_revised=decimal(revised, 1),
            null_because=why,
        )
        found.append((now.exact(projects), line))
    found.sort(key=lambda one: (-(one[0] or 0), one[1].ref))
    return replies.Rates(
        scope=payload.scope,
        window=kind,
        by=payload.by,
        basis=payload.basis,
        items=[line for _, line in found],
    )


def _line_of(window: _Window, by: str, compound: str) -> str:
    row = window.rows[compound]
    if by == "COMPANY":
        return str(row.company_id)
    return str(row.area)[: _DIGITS[by]] if by in _DIGITS else compound


def _categories(
    tx: Tx, payload: RateQuestion, days: Days, window: _Window
) -> list[replies.Category]:
    """Return the complaints by category; a category with few of them to staff of the area alone."""
    shown = [
        replies.Category.of(one)
        for one in months.complaint_categories(
            tx.conn,
            begin=tx.calendar.midnight(days.first),
            end=tx.calendar.midnight(days.last + DAY),
            scope=payload.scope,
            project_id=payload.project_id,
            projects=window.members(payload),
        )
    ]
    if tx.actor.role in STAFF and tx.actor.covers(payload.scope):
        return shown
    # The whole window's number is told beside them.
    hidden = few.hidden_parts({one.category: one.filed for one in shown})
    for one in shown:
        if one.category in hidden:
            few.leave_out(one, {"filed", "invalidated"})
        else:
            few.hide(one, parts={"invalidated": "filed"})
    return shown


def _why_null(
    split: bool, unknown: bool, change: Fraction | None, now: int, before: int
) -> str | None:
    if change is not None:
        return None
    if split:
        return "MONTHLY_HISTORY_CANNOT_BE_SPLIT"
    if min(now, before) < rules.LEAST_FOR_TREND:
        return "FEWER_THAN_10_COMPLAINTS"
    if unknown:
        return "WINDOW_NOT_KNOWN"
    return "NO_HOUSEHOLDS"
