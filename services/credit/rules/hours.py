"""Running totals of a year: what records of volunteer hours give, and what corrections take.

Records come in nearly always in the order in which they were done. Such a one is counted from the
totals that those before it have reached (`later_awards`); only a correction, or a record that lies
before one that is known already, makes all records of its subject be counted again
(`hours_awards`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime

import msgspec

from fivered.chassis.calendar import Calendar
from fivered.services.credit.rules.awards import CAPPED, CORRECTION, award_id
from fivered.services.credit.rules.model import Rule, Tiers


class Hours(msgspec.Struct, frozen=True):
    """A confirmed or corrected record of minutes of one subject.

    Attributes:
        record_id: The record; a correction names the record that it corrects.
        on: Local date of the deed.
        minutes: What the record says from now on.
        source: QR, GPS or BACKFILL.
        period: Period of the award: that of the deed, or the open one when it came late.
        paid: Whether the subject had consented to points at the time of the deed. A correction
            keeps what holds for the record that it corrects.
    """

    event_id: str
    record_id: str
    occurred_at: datetime
    on: date
    minutes: int
    source: str
    period: str
    paid: bool = True


@dataclass(frozen=True, slots=True)
class Slice:
    """What a correction takes from one earlier award; it counts until that award ends."""

    award_id: str
    score: int
    points: int
    last_period: str


@dataclass(frozen=True, slots=True)
class HoursAward:
    """What one record or correction gives.

    Attributes:
        score: Gain of a record; 0 when it only takes back (see `slices`).
        raw_points: Points before the monthly cap.
        slices: Non-positive parts, newest award first (LIFO).
    """

    event_id: str
    award_id: str
    period: str
    last_period: str
    occurred_at: datetime
    score: int
    points: int
    raw_points: int
    flags: tuple[str, ...] = ()
    slices: tuple[Slice, ...] = ()


def tier_score(tiers: Tiers, minutes: int) -> int:
    """Return f of the year's counted minutes: whole units tier by tier.

    Source: Weihai's published scheme, as in DOMAIN 4.9, R-RES-01.
    """
    score, begun = 0, 0
    for step in tiers.steps:
        end = minutes if step.to_minutes is None else min(minutes, step.to_minutes)
        if end > begun:
            score += (end - begun) // step.minutes
        if step.to_minutes is None or minutes <= step.to_minutes:
            break
        begun = step.to_minutes
    return score


@dataclass(slots=True)
class _Open:
    """An award of the rule from which a correction can still take."""

    award_id: str
    last_period: str
    year: int
    month: tuple[int, int]
    score: int
    points: int


@dataclass(frozen=True, slots=True)
class _Change:
    """What a record changes in the totals of its year and month, by the rule of its day."""

    rule: Rule
    score: int
    points: int
    raw_points: int
    year: int
    month: tuple[int, int]


RuleOf = Callable[[date], Rule]


def _order(fact: Hours) -> tuple[str, datetime, str]:
    return fact.period, fact.occurred_at, fact.event_id


def hours_awards(rule: Rule | RuleOf, subject: str, facts: Iterable[Hours]) -> list[HoursAward]:
    """Return what each record and correction of one subject gives.

    A rule may have been amended within the year: each record, and each correction of it, is
    counted by the version that was in force on the day of the deed, from the total that those
    before it have reached. So what earlier months gave never changes by an amendment.

    All facts of the calendar years concerned are given; they are taken in the order
    (period, occurred_at, event id). A late fact belongs to a later period, so what earlier
    periods gave never changes, and the order of arrival changes nothing.

    Score is the difference of f over the year's counted minutes, of which one day counts 8 hours
    at most. Points are the difference of what the month's total of the deed's month gives, under
    the rule's monthly cap; records of the named sources give none. A difference below zero is
    taken from the newest awards of the same year (score) or month (points) first, and keeps their
    end.

    Args:
        rule: The rule, or what gives its version of a day.
        subject: Whose records.
        facts: The records and corrections.

    Raises:
        TypeError: The rule is not TIERED_CUMULATIVE.
    """
    rule_of = rule if callable(rule) else lambda _day: rule
    totals = _Totals(rule_of)
    opened: list[_Open] = []
    results = []
    for fact in sorted(facts, key=_order):
        change = totals.take(fact)
        results.append(_hours_award(change.rule, subject, fact, opened, change))
    return results


def later_awards(
    rule_of: RuleOf, subject: str, facts: Sequence[Hours], fresh: AbstractSet[str]
) -> list[HoursAward] | None:
    """Return what the fresh ones of a subject's records give, as `hours_awards` does.

    What those before them have given stands, and is not computed again: only their minutes count.

    Args:
        rule_of: Gives the rule's version of a day.
        subject: Whose records.
        facts: All of the calendar years concerned.
        fresh: Event ids of those that were told now.

    Returns:
        What each fresh record gives; None where one of them lies before another that is known, or
        any record was corrected: then what others give may change, and all are counted again.

    Raises:
        TypeError: The rule is not TIERED_CUMULATIVE.
    """
    if len({fact.record_id for fact in facts}) < len(facts):
        return None
    new = sorted((fact for fact in facts if fact.event_id in fresh), key=_order)
    totals = _Totals(rule_of)
    first = _order(new[0])
    for fact in facts:
        if fact.event_id in fresh:
            continue
        if _order(fact) >= first:
            return None
        totals.know(fact)
    totals.count()
    return [_gain(subject, fact, totals.take(fact)) for fact in new]


@dataclass(slots=True)
class _Day:
    """The minutes of a day: all of them, and those that may give points."""

    total: int = 0
    paid: int = 0


class _Totals:
    """The running totals of one subject: minutes by day, by month and by year.

    The day's limit is applied to the day's sum, so that the order of its records does not matter.
    """

    def __init__(self, rule_of: RuleOf) -> None:
        self._rule_of = rule_of
        self._days: dict[date, _Day] = {}
        self._records: dict[tuple[date, str], Hours] = {}
        self._years: dict[int, int] = {}
        self._months: dict[tuple[int, int], int] = {}

    def know(self, fact: Hours) -> None:
        """Add a record's minutes to its day; `count` follows when all are known."""
        day = self._days.get(fact.on)
        if day is None:
            day = self._days[fact.on] = _Day()
        day.total += fact.minutes
        day.paid += _paid(_tiers(self._rule_of(fact.on)), fact)

    def count(self) -> None:
        """Count the days that are known."""
        for on, day in self._days.items():
            limit = _tiers(self._rule_of(on)).per_day_minutes
            month = (on.year, on.month)
            self._years[on.year] = self._years.get(on.year, 0) + min(day.total, limit)
            self._months[month] = self._months.get(month, 0) + min(day.paid, limit)

    def take(self, fact: Hours) -> _Change:
        """Count a record or a correction, and return what it changes."""
        on = fact.on
        rule = self._rule_of(on)
        tiers = _tiers(rule)
        limit = tiers.per_day_minutes
        day = self._days.get(on)
        if day is None:
            day = self._days[on] = _Day()
        counted, pointed = min(day.total, limit), min(day.paid, limit)
        known = self._records.get((on, fact.record_id))
        if known is not None:
            day.total -= known.minutes
            day.paid -= _paid(tiers, known)
            # It keeps what holds for the record that it corrects.
            fact = msgspec.structs.replace(fact, paid=known.paid)
        self._records[on, fact.record_id] = fact
        day.total += fact.minutes
        day.paid += _paid(tiers, fact)
        year, month = on.year, (on.year, on.month)
        before, month_before = self._years.get(year, 0), self._months.get(month, 0)
        after = self._years[year] = before + min(day.total, limit) - counted
        month_after = self._months[month] = month_before + min(day.paid, limit) - pointed
        score = tier_score(tiers, after) - tier_score(tiers, before)
        points, raw_points = _month_points(rule, tiers, month_before, month_after)
        return _Change(rule, score, points, raw_points, year, month)


def _tiers(rule: Rule) -> Tiers:
    if rule.tiers is None:
        raise TypeError(f"{rule.code} has no running total")
    return rule.tiers


def _paid(tiers: Tiers, fact: Hours) -> int:
    return fact.minutes if fact.paid and fact.source not in tiers.no_points_sources else 0


def _gain(subject: str, fact: Hours, change: _Change) -> HoursAward:
    """Return what a record gives that takes nothing from another one."""
    rule = change.rule
    return HoursAward(
        event_id=fact.event_id,
        award_id=award_id(rule.code, subject, fact.event_id),
        period=fact.period,
        last_period=Calendar.next_period(fact.period, rule.valid_periods - 1),
        occurred_at=fact.occurred_at,
        score=change.score,
        points=change.points,
        raw_points=change.raw_points,
        flags=(CAPPED,) if change.points != change.raw_points else (),
    )


def _month_points(rule: Rule, tiers: Tiers, before: int, after: int) -> tuple[int, int]:
    limit = rule.cap.points if rule.cap is not None else None
    raw = [minutes // tiers.points.minutes * tiers.points.points for minutes in (before, after)]
    kept = raw if limit is None else [min(points, limit) for points in raw]
    return kept[1] - kept[0], raw[1] - raw[0]


def _hours_award(
    rule: Rule,
    subject: str,
    fact: Hours,
    opened: list[_Open],
    change: _Change,
) -> HoursAward:
    score, points = change.score, change.points
    slices: dict[str, Slice] = {}
    if score < 0:
        _take(slices, [part for part in opened if part.year == change.year], score, "score")
    if points < 0:
        _take(slices, [part for part in opened if part.month == change.month], points, "points")
    identity = award_id(rule.code, subject, fact.event_id)
    last = Calendar.next_period(fact.period, rule.valid_periods - 1)
    gained, earned = max(score, 0), max(points, 0)
    opened.append(_Open(identity, last, change.year, change.month, gained, earned))
    flags = (CAPPED,) if points != change.raw_points else ()
    return HoursAward(
        event_id=fact.event_id,
        award_id=identity,
        period=fact.period,
        last_period=last,
        occurred_at=fact.occurred_at,
        score=gained,
        points=earned,
        raw_points=change.raw_points,
        flags=(*flags, CORRECTION) if slices else flags,
        slices=tuple(slices.values()),
    )


def _take(slices: dict[str, Slice], newest_last: list[_Open], amount: int, what: str) -> None:
    for part in reversed(newest_last):
        taken = min(getattr(part, what), -amount)
        if taken:
            setattr(part, what, getattr(part, what) - taken)
            known = slices.get(part.award_id) or Slice(part.award_id, 0, 0, part.last_period)
            slices[part.award_id] = replace(known, **{what: getattr(known, what) - taken})
            amount += taken
        if not amount:
            return
