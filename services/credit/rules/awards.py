"""Which rules an event fires and what they give; caps, running totals and months of awards.

A rule set is compiled once; after that an event costs a dictionary look-up and the predicates of
the few rules that listen to its type.
"""

from __future__ import annotations

import functools
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Final

from fivered.chassis.calendar import Calendar
from fivered.services.credit.rules.errors import RuleSetInvalid
from fivered.services.credit.rules.model import (
    Band,
    Binding,
    Cap,
    Metric,
    Ratio,
    Rule,
    RuleSet,
    template_field,
)
from fivered.services.credit.rules.predicates import Data, Test, compile_predicate

# Every award of every installation lies in this namespace, so that the same rule, subject and
# source event give the same award id wherever and however often they are computed (ruling 2).
NAMESPACE: Final = uuid.UUID("5a3c1c1e-6f1d-5b0a-9a58-2f6b1d0c7e11")
_NAMESPACE_BYTES: Final = NAMESPACE.bytes
_hash_of = functools.partial(hashlib.sha1, usedforsecurity=False)

CAPPED: Final = "CAPPED"
CORRECTION: Final = "CORRECTION"
NOT_BEST: Final = "NOT_BEST"
EXCLUDED: Final = "EXCLUDED"


@dataclass(frozen=True, slots=True)
class Event:
    """What the rules see of an event.

    Attributes:
        type: "<service>.<fact>.v<n>".
        period: The month that a month marker measures; empty for other events.
    """

    id: str
    type: str
    occurred_at: datetime
    data: Data
    period: str = ""


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that an event fires for a subject, before caps.

    Attributes:
        award_id: uuid5 of rule, subject and event.
        on: Local date of the deed; period and cap windows follow from it.
        score: Signed; 0 for a TIERED_CUMULATIVE rule, whose score follows from the year's total.
        points: Never negative.
        deed: What the award is for, e.g. the id of a rectification; empty where rules do not say.
        level: Code of the level of a LEVELED rule.
        valid_periods: Number of periods for which it counts.
        value: The measured value of a monthly rule.
        facts: The data that a running total needs, else empty.
        dated: The event itself says on which day the deed was.
    """

    rule: Rule
    subject: str
    event_id: str
    award_id: str
    occurred_at: datetime
    on: date
    score: int
    points: int
    deed: str = ""
    level: str | None = None
    valid_periods: int = 1
    value: Fraction | None = None
    facts: Data = field(default_factory=dict)
    dated: bool = False

    @property
    def human(self) -> bool:
        """Whether a person must approve it."""
        return self.rule.human


def award_id(rule: str, subject: str, source: str) -> str:
    """Return the id of the award of a rule to a subject for an event or evidence (ruling 2)."""
    # uuid.uuid5, without the object in between: every event asks for it.
    digest = bytearray(_hash_of(_NAMESPACE_BYTES + f"{rule}|{subject}|{source}".encode()).digest())
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest[:16].hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def carried_id(rule: str, subject: str, award: str) -> str:
    """Return the id under which an award of an id that was given up counts for the kept one."""
    return award_id(rule, subject, f"merged:{award}")


def is_carried(award: str, rule: str, subject: str, corrects: str | None) -> bool:
    """Tell whether an award came over from an id that was given up: its deed stays there."""
    return bool(corrects) and award == carried_id(rule, subject, str(corrects))


def evidence_key(rule: Rule, deed: str, level: str | None) -> str:
    """Return what tells an award by hand from others of its rule and subject (see `award_id`).

    The deed does; where only the highest level of a deed counts, each level is an award of its
    own, so that a higher one is not taken for a repetition.
    """
    best_of_deed = level is not None and rule.cap is not None and rule.cap.per == "DEED"
    return f"{deed}|{level}" if best_of_deed else deed


# --------------------------------------------------------------------------------------------------
# A rule set, compiled


@dataclass(frozen=True, slots=True)
class _Listener:
    rule: Rule
    kind: str
    subject_field: str
    test: Test
    bound: Binding
    deed_field: str | None
    level_field: str | None


@dataclass(frozen=True, slots=True)
class _Measure:
    rule: Rule
    kind: str
    subject_field: str
    test: Test
    metric: Metric
    cases: tuple[tuple[Test, Band], ...]


class Compiled:
    """A rule set in the form in which events are put to it. Immutable; share it freely."""

    __slots__ = ("_listeners", "_measures", "_reversals", "contested", "dated", "rule_set")

    def __init__(self, rule_set: RuleSet) -> None:
        self.rule_set = rule_set
        # Rules that exclude another one, or are excluded: only for them a deed is asked about.
        self.contested = frozenset(
            code for rule in rule_set.rules if rule.excludes for code in (rule.code, *rule.excludes)
        )
        self._listeners: dict[str, list[_Listener]] = {}
        self._measures: dict[str, list[_Measure]] = {}
        self._reversals: dict[str, list[tuple[str, frozenset[str]]]] = {}
        # Events that say themselves on which day the deed was: another set may hold for that day.
        self.dated = frozenset(
            bound.event
            for rule in rule_set.rules
            for bound in rule.bindings
            if bound.on is not None
        )
        for rule in rule_set.rules:
            for bound in rule.bindings:
                self._listeners.setdefault(bound.event, []).append(_listener(rule, bound))
            if rule.metric is not None:
                self._measures.setdefault(rule.metric.event, []).append(_measure(rule, rule.metric))
        for reversal in rule_set.reversals:
            self._reversals.setdefault(reversal.event, []).append(
                (template_field(reversal.deed) or "", frozenset(reversal.rules))
            )

    @property
    def events(self) -> frozenset[str]:
        """Every event type that can fire a rule, measured or not, without reversals."""
        return frozenset(self._listeners) | frozenset(self._measures)

    def fires(self, event: Event) -> list[Fired]:
        """Return what an event gives, before caps, in the order of the rules.

        A month marker gives one entry per row and monthly rule whose value is not 0.
        """
        if (measures := self._measures.get(event.type)) is not None:
            return [found for measure in measures for found in _measured(measure, event)]
        found = []
        for listener in self._listeners.get(event.type, ()):
            fired = _fire(listener, event)
            if fired is not None:
                found.append(fired)
        return found

    def reverses(self, event: Event) -> list[tuple[str, frozenset[str]]]:
        """Return (deed, rule codes) of the awards that an event takes back."""
        return [
            (str(event.data[name]), rules)
            for name, rules in self._reversals.get(event.type, ())
            if event.data.get(name)
        ]


def compile_rules(rule_set: RuleSet) -> Compiled:
    """Compile a loaded rule set."""
    return Compiled(rule_set)


def by_hand(
    rule: Rule,
    subject: str,
    *,
    evidence_ref: str,
    occurred_at: datetime,
    level: str | None = None,
) -> Fired:
    """Return what a person proposes under a rule, before caps.

    The evidence is the deed: the same rule, subject and evidence give the same award id, so a
    second proposal finds the first.

    Raises:
        RuleSetInvalid: The level is not in the rule's table, or missing, or not wanted.
    """
    found = rule.level(level) if level is not None else None
    if (found is None) == bool(rule.levels) or (level is not None and found is None):
        codes = ", ".join(one.code for one in rule.levels) or "-"
        raise RuleSetInvalid(rule=rule.code, at="level", expected=codes, field="level")
    return Fired(
        rule=rule,
        subject=subject,
        event_id=evidence_ref,
        award_id=award_id(rule.code, subject, evidence_key(rule, evidence_ref, level)),
        occurred_at=occurred_at,
        on=Calendar.local_date(occurred_at),
        score=found.score if found else rule.score,
        points=found.points if found else rule.points,
        deed=evidence_ref,
        level=level,
        valid_periods=rule.valid(level),
    )


def _listener(rule: Rule, bound: Binding) -> _Listener:
    return _Listener(
        rule=rule,
        kind=bound.subject.partition(":")[0],
        subject_field=template_field(bound.subject) or "",
        test=compile_predicate(bound.when),
        bound=bound,
        deed_field=template_field(bound.deed) if bound.deed else None,
        level_field=template_field(bound.level) if bound.level else None,
    )


def _measure(rule: Rule, metric: Metric) -> _Measure:
    return _Measure(
        rule=rule,
        kind=metric.subject.partition(":")[0],
        subject_field=template_field(metric.subject) or "",
        test=compile_predicate(metric.when),
        metric=metric,
        cases=tuple((compile_predicate(band.when), band) for band in rule.bands),
    )


def _fire(listener: _Listener, event: Event) -> Fired | None:
    data, rule = event.data, listener.rule
    ref = data.get(listener.subject_field)
    if not ref or not listener.test(data):
        return None
    score, points, level = rule.score, rule.points, None
    if listener.level_field is not None:
        level = str(data.get(listener.level_field))
        found = rule.level(level)
        if found is None:
            return None
        score, points = found.score, found.points
    elif listener.bound.score is not None:
        score = listener.bound.score
    subject = f"{listener.kind}:{ref}"
    return Fired(
        rule=rule,
        subject=subject,
        event_id=event.id,
        award_id=award_id(rule.code, subject, event.id),
        occurred_at=event.occurred_at,
        on=_day(data, listener.bound.on, event.occurred_at),
        score=score,
        points=points,
        deed=str(data.get(listener.deed_field) or "") if listener.deed_field else "",
        level=level,
        valid_periods=rule.valid(level),
        facts=data if rule.tiers else {},
        dated=listener.bound.on is not None,
    )


def _day(data: Data, name: str | None, at: datetime) -> date:
    found = data.get(name) if name else None
    if isinstance(found, datetime):
        return Calendar.local_date(found)
    if isinstance(found, date):
        return found
    return date.fromisoformat(found) if isinstance(found, str) else Calendar.local_date(at)


def _measured(measure: _Measure, event: Event) -> Iterable[Fired]:
    metric, rule = measure.metric, measure.rule
    period = event.period or str(event.data.get("period", ""))
    if metric.months and period[5:7] not in metric.months:
        return
    last = date.fromisoformat(Calendar.next_period(period) + "-01") - timedelta(days=1)
    for row in event.data.get(metric.rows) or ():
        ref = row.get(measure.subject_field)
        if not ref or not measure.test(row):
            continue
        score, points, value = measure_row(measure, row)
        if not score and not points:
            continue
        subject = f"{measure.kind}:{ref}"
        yield Fired(
            rule=rule,
            subject=subject,
            event_id=event.id,
            award_id=award_id(rule.code, subject, event.id),
            occurred_at=event.occurred_at,
            on=last,
            score=score,
            points=points,
            valid_periods=rule.valid_periods,
            value=value,
        )


def measure_row(measure: _Measure, row: Data) -> tuple[int, int, Fraction | None]:
    """Return (score, points, value) that a measured row gives; 0 below the minimum sample."""
    metric, rule = measure.metric, measure.rule
    if any((row.get(name) or 0) < least for name, least in metric.minimum.items()):
        return 0, 0, None
    value = metric_value(metric, row)
    if not rule.bands:
        units = int(value // (metric.per or 1)) if value is not None else 0
        # One award stands for all units of the month, so a cap by count is applied here.
        if rule.cap is not None and rule.cap.count is not None:
            units = min(units, rule.cap.count)
        return rule.score * units, rule.points * units, value
    for test, band in measure.cases:
        if band.when is not None:
            if test(row):
                return band.score, band.points, value
        elif value is not None and within(band, value):
            return band.score, band.points, value
    return 0, 0, value


def metric_value(metric: Metric, row: Data) -> Fraction | None:
    """Return the exact value of a metric, or None where its denominator is 0 or absent."""
    if metric.field is not None:
        return _number(row, metric.field)
    if metric.ratio is not None:
        return _ratio(row, metric.ratio)
    if metric.change is None:
        return None
    change = metric.change
    now = _ratio(row, Ratio(of=change.now_of, to=change.now_to, scale=1))
    before = _ratio(row, Ratio(of=change.before_of, to=change.before_to, scale=1))
    if now is None or not before:
        return None
    return (now - before) / before * change.scale


def _ratio(row: Data, ratio: Ratio) -> Fraction | None:
    top, bottom = _number(row, ratio.of), _number(row, ratio.to)
    return top * ratio.scale / bottom if top is not None and bottom else None


def _number(row: Data, name: str) -> Fraction | None:
    """Return a measured number exactly: the mean of a year comes rounded, and in twelfths beside.

    Months of before it came so have the rounded one only.
    """
    exact = row.get(f"{name}_twelfths")
    if exact is not None:
        return Fraction(exact, 12)
    found = row.get(name)
    return Fraction(found) if found is not None else None


def within(band: Band, value: Fraction) -> bool:
    """Tell whether a value lies in the interval of a band."""
    if band.low is not None and (value <= band.low if band.low_open else value < band.low):
        return False
    return band.high is None or (value < band.high if band.high_open else value <= band.high)


# --------------------------------------------------------------------------------------------------
# Caps


@dataclass(frozen=True, slots=True)
class Counted:
    """An award as the caps see it, and (as a result) what is left of it.

    Attributes:
        period: Period of the award. It matters where a window is longer than a month: a late
            award stands behind those of the periods that are final already.
    """

    occurred_at: datetime
    event_id: str
    score: int
    points: int
    flags: tuple[str, ...] = ()
    period: str = ""


def window(per: str, on: date, deed: str = "", period: str = "") -> str:
    """Return the name of the cap window of an award, e.g. "2025-Q2".

    Args:
        per: The window of the cap.
        on: Local date of the deed.
        deed: What the award is for.
        period: Period of the award where it is not that of the deed, as for one that came late:
            it takes room in that period, because the earlier one is final.
    """
    # A day and a week (from Monday, as ISO 8601 numbers them) are those of the deed; a week may lie
    # in two months.
    if per not in ("DAY", "WEEK") and period:
        on = date.fromisoformat(period + "-01")
    match per:
        case "DAY":
            return on.isoformat()
        case "WEEK":
            return f"{on:%G-W%V}"
        case "MONTH":
            return f"{on:%Y-%m}"
        case "QUARTER":
            return f"{on.year}-Q{(on.month + 2) // 3}"
        case "HALF_YEAR":
            return f"{on.year}-H{1 if on.month <= 6 else 2}"
        case "YEAR":
            return str(on.year)
        case "DEED":
            return deed
    return "EVER"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a cap window has given already, and keeps: awards, |score| and points."""

    count: int = 0
    score: int = 0
    points: int = 0

    def and_of(self, kept: Sequence[Counted]) -> Taken:
        """Return what it is with what these awards have of the window too."""
        return Taken(
            self.count + len(kept),
            self.score + sum(abs(award.score) for award in kept),
            self.points + sum(award.points for award in kept),
        )


def apply_cap(cap: Cap | None, awards: Iterable[Counted], taken: Taken = Taken()) -> list[Counted]:
    """Return the awards of one subject, rule and window as the cap leaves them.

    They are taken in the order (period, occurred_at, event id), so that within a month the order
    of arrival changes nothing (ruling 2) and a final month is never changed by a later one. What
    the cap cuts, wholly or in part, carries the flag CAPPED; where only the best of a deed
    counts, the others carry NOT_BEST.

    Args:
        cap: The cap, or None.
        awards: The awards that are still open.
        taken: What the awards of months that are closed have of the window.

    Returns:
        The awards in that order; |score| and points never grow and keep their sign.
    """
    ordered = sorted(awards, key=lambda award: (award.period, award.occurred_at, award.event_id))
    if cap is None:
        return ordered
    if cap.per == "DEED":
        return _best_of_months(ordered, taken)
    count = None if cap.count is None else max(0, cap.count - taken.count)
    score = None if cap.score is None else max(0, cap.score - taken.score)
    points = None if cap.points is None else max(0, cap.points - taken.points)
    left = []
    for award in ordered:
        if count == 0:
            left.append(replace(award, score=0, points=0, flags=(*award.flags, CAPPED)))
            continue
        kept_score = award.score if score is None else _towards_zero(award.score, score)
        kept_points = award.points if points is None else min(award.points, points)
        cut = kept_score != award.score or kept_points != award.points
        flags = (*award.flags, CAPPED) if cut else award.flags
        left.append(replace(award, score=kept_score, points=kept_points, flags=flags))
        count = None if count is None else count - 1
        score = None if score is None else score - abs(kept_score)
        points = None if points is None else points - kept_points
    return left


def apply_caps(
    caps: Mapping[str, Cap | None], awards: Iterable[Counted], taken: Taken = Taken()
) -> list[Counted]:
    """Do the same where the awards of a window were given by several versions of a rule: each is
    cut by the cap of its own day, after what those before it have taken.

    Args:
        caps: Event id -> the cap of the version that gave its award.
        awards: The awards that are still open.
        taken: What the awards of months that are closed have of the window.
    """
    ordered = sorted(awards, key=lambda award: (award.period, award.occurred_at, award.event_id))
    if any(cap is not None and cap.per == "DEED" for cap in caps.values()):
        return apply_cap(caps[ordered[-1].event_id], ordered, taken) if ordered else []
    left: list[Counted] = []
    for cap, run in groupby(ordered, key=lambda award: caps[award.event_id]):
        kept = apply_cap(cap, run, taken)
        taken = taken.and_of(kept)
        left += kept
    return left


def _towards_zero(score: int, limit: int) -> int:
    return max(-limit, min(limit, score))


def _best_of_months(ordered: Sequence[Counted], taken: Taken) -> list[Counted]:
    """Let each month have its best, less what the months before it have of the deed: what a month
    gives must not depend on whether a later one had begun when it was drafted."""
    left: list[Counted] = []
    for _, run in groupby(ordered, key=lambda award: award.period):
        kept = _best(list(run), taken)
        taken = taken.and_of(kept)
        left += kept
    return left


def _best(ordered: Sequence[Counted], taken: Taken) -> list[Counted]:
    """Let the best of a deed give what it has more than was given for the deed before."""
    if not ordered:
        return []
    # The first of equals stays, so that a second certificate for the same deed changes nothing.
    best = max(range(len(ordered)), key=lambda i: (abs(ordered[i].score), ordered[i].points, -i))
    left = [replace(award, score=0, points=0, flags=(*award.flags, NOT_BEST)) for award in ordered]
    whole = ordered[best]
    more = max(0, abs(whole.score) - taken.score)
    kept = replace(
        whole,
        score=-more if whole.score < 0 else more,
        points=max(0, whole.points - taken.points),
    )
    cut = (kept.score, kept.points) != (whole.score, whole.points)
    left[best] = replace(kept, flags=(*whole.flags, CAPPED)) if cut else kept
    return left


def excluded(awarded: Iterable[Rule]) -> dict[str, str]:
    """Return which of the rules awarded for one deed yield, and to which of them (`excludes`).

    Rules of different rule sets may meet at one deed; the one that excludes says so.
    """
    present = {rule.code: rule for rule in awarded}
    return {
        loser: winner.code
        for winner in sorted(present.values(), key=lambda rule: rule.code, reverse=True)
        for loser in winner.excludes
        if loser in present
    }


def takes_deed(state: str, *, by_event: bool) -> bool:
    """Tell whether an award makes others for its deed yield.

    One that an event fired does from then on, whatever a person decides about it afterwards: else
    the month would depend on whether the decision came before or after the other event. A proposal
    by hand does once it is approved.
    """
    return by_event or state in ("APPROVED", "REPAIRED")


def repeat_veto(rule: Rule, periods: Iterable[str], period: str) -> tuple[str, str] | None:
    """Return (first, last) period of the veto that repeated awards bring in `period`, or None.

    Args:
        rule: The rule; without `repeat_veto` there is never one.
        periods: Periods of its effective awards to one subject, one entry per award.
        period: The period that is settled.
    """
    repeat = rule.repeat_veto
    if repeat is None:
        return None
    first = Calendar.next_period(period, 1 - repeat.within_periods)
    recent = [found for found in periods if first <= found <= period]
    if len(recent) < repeat.count or period not in recent:
        return None
    return period, Calendar.next_period(period, repeat.veto_periods - 1)
