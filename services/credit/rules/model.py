"""What a rule set is, and how it is read: the types say what each field may be.

An error names the rule, the field and what was expected there. What one field says of another is
judged by `loader`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta, Struct, field

from fivered.chassis.refusal import said
from fivered.chassis.typed import converted
from fivered.services.credit.rules.errors import RuleSetInvalid
from fivered.services.credit.rules.predicates import Data, Predicate

# A rule set as it is written and kept: decoded JSON.
Document: TypeAlias = dict[str, Any]

Kind = Literal["RES", "HH", "STW", "PRJ", "PCO", "MER", "PTN", "UNT"]
Dimension = Literal["GOVERNANCE", "CONDUCT", "SERVICE"]
Type = Literal["FIXED", "LEVELED", "TIERED_CUMULATIVE", "BAND", "PER_UNIT", "VETO"]
Source = Literal["AUTO", "AUTO_REVIEW", "MANUAL"]
Severity = Literal["MINOR", "GENERAL", "SERIOUS"]
Window = Literal["DAY", "WEEK", "MONTH", "QUARTER", "HALF_YEAR", "YEAR", "EVER", "DEED"]

SPENDING_KINDS: Final = frozenset({"RES", "HH", "STW"})
DIMENSIONS: Final = {"GOVERNANCE": "参与社区治理", "CONDUCT": "日常表现", "SERVICE": "社会服务"}

# The widest scale is 200 apart, and ten years are the longest that anything counts; what is more
# than this is a slip of the pen, and no column or calendar would hold it.
MOST_SCORE: Final = 1_000
MOST_NUMBER: Final = 100_000
MOST_PERIODS: Final = 120

Text = Annotated[str, Meta(pattern=r"\S", max_length=4_000)]
Title = Annotated[str, Meta(pattern=r"\S", max_length=200)]
Code = Annotated[str, Meta(pattern=r"\S", max_length=40)]
Texts: TypeAlias = tuple[Annotated[str, Meta(min_length=1)], ...]
Score = Annotated[int, Meta(ge=-MOST_SCORE, le=MOST_SCORE)]
Number = Annotated[int, Meta(ge=-MOST_NUMBER, le=MOST_NUMBER)]
Some = Annotated[int, Meta(ge=1, le=MOST_NUMBER)]
Periods = Annotated[int, Meta(ge=1, le=MOST_PERIODS)]


class Moment(datetime):
    """A time with its offset."""


class _Form(Struct, frozen=True, forbid_unknown_fields=True):
    """An object of a rule set: what is not declared may not stand there."""


class Cap(_Form, frozen=True):
    """What one subject can get from one rule within a window; None is without limit.

    Attributes:
        per: Calendar window of the award's period, EVER, or DEED (only the best of a deed counts).
        count: Number of awards.
        score: Sum of |score|.
        points: Sum of points.
    """

    per: Window
    count: Number | None = None
    score: Number | None = None
    points: Number | None = None


class Level(_Form, frozen=True, kw_only=True):
    """One row of a level table; `valid_periods` None means that of the rule."""

    code: Code
    name_zh: Text
    score: Score
    points: Number
    valid_periods: Periods | None = None


class Band(_Form, frozen=True, kw_only=True):
    """An interval of a measured value, or (with `when`) a case of the measured row.

    The first case that holds decides; intervals never overlap. An end is in the interval (`ge`,
    `le`) or not (`gt`, `lt`).
    """

    score: Score
    points: Number = 0
    ge: Fraction | None = None
    gt: Fraction | None = None
    le: Fraction | None = None
    lt: Fraction | None = None
    when: Predicate | None = None

    @property
    def low(self) -> Fraction | None:
        """The lower end; None is without end."""
        return self.ge if self.gt is None else self.gt

    @property
    def low_open(self) -> bool:
        """Whether the lower end itself is outside."""
        return self.gt is not None

    @property
    def high(self) -> Fraction | None:
        """The upper end; None is without end."""
        return self.le if self.lt is None else self.lt

    @property
    def high_open(self) -> bool:
        """Whether the upper end itself is outside."""
        return self.lt is not None


class Step(_Form, frozen=True, kw_only=True):
    """Up to `to_minutes` of the year (None: without end) every full `minutes` give one."""

    to_minutes: Some | None = None
    minutes: Some


class Unit(_Form, frozen=True, kw_only=True):
    """A full unit of a month's minutes gives so many points."""

    minutes: Some
    points: Annotated[int, Meta(ge=0, le=MOST_NUMBER)]


class Tiers(_Form, frozen=True, kw_only=True):
    """How a running total of minutes becomes score and points.

    Attributes:
        per_day_minutes: What of one day counts at most.
        steps: The tiers of the calendar year, lowest first.
        points: What a full unit of the month's total gives.
        no_points_sources: Sources of records that give score and no points.
        corrected_by: Event that corrects a record; its award is the difference.
    """

    per_day_minutes: Some
    steps: tuple[Step, ...]
    points: Unit
    no_points_sources: Texts = ()
    corrected_by: Text


class Binding(_Form, frozen=True, kw_only=True):
    """An event that fires the rule.

    Attributes:
        event: "<service>.<fact>.v<n>".
        subject: "<KIND>:{field}".
        when: Predicate over the event's data; None always holds.
        deed: "{field}": what the award is for, so that another event can reverse it.
        on: Field of the local date of the deed; None means the date of occurred_at.
        level: "{field}": level of a LEVELED rule.
        score: Score of this event where it is not the rule's.
    """

    event: Text
    subject: Text
    when: Predicate | None = None
    deed: Text | None = None
    on: Text | None = None
    level: Text | None = None
    score: Score | None = None


class Ratio(_Form, frozen=True, kw_only=True):
    """A field over another one, times `scale`."""

    of: Text
    to: Text
    scale: Some


class Change(_Form, frozen=True, kw_only=True):
    """By how much a ratio is more than it was, in proportion to what it was, times `scale`."""

    now_of: Text
    now_to: Text
    before_of: Text
    before_to: Text
    scale: Some


class Metric(_Form, frozen=True, kw_only=True):
    """The value of a rule that is measured once a month.

    Attributes:
        event: The month marker that carries the rows.
        rows: Member of its data that lists the rows.
        subject: "<KIND>:{field of the row}".
        when: Predicate over the row; None always holds.
        ratio: What the value is; or it is a `change`, or a `field`; none where bands are cases.
        minimum: Smallest sample per field; below it the rule yields 0.
        months: Calendar months "MM" in which it is measured; empty means every month.
        per: Units of a PER_UNIT rule: one `score` per full `per` of the value.
    """

    event: Text
    rows: Text
    subject: Text
    when: Predicate | None = None
    ratio: Ratio | None = None
    change: Change | None = None
    field: Text | None = None
    minimum: dict[str, Some] = msgspec.field(default_factory=dict)
    months: Texts = ()
    per: Some | None = None

    @property
    def values(self) -> list[Ratio | Change | str]:
        """What the value is said to be; one at most."""
        return [one for one in (self.ratio, self.change, self.field) if one is not None]

    @property
    def fields(self) -> set[str]:
        """The fields of the row from which the value follows."""
        found = {self.field} if self.field is not None else set()
        if self.ratio is not None:
            found |= {self.ratio.of, self.ratio.to}
        if self.change is not None:
            change = self.change
            found |= {change.now_of, change.now_to, change.before_of, change.before_to}
        return found


class RepeatVeto(_Form, frozen=True, kw_only=True):
    """The n-th award within a run of periods vetoes the subject (一票否决)."""

    count: Annotated[int, Meta(ge=2, le=MOST_NUMBER)]
    within_periods: Periods
    veto_periods: Periods


class Given(_Form, frozen=True, kw_only=True):
    """One fact of a worked case.

    Attributes:
        event: Its type; empty where the rule is bound to one only, or a person proposes.
        at: When it happened; None for what is measured once a month.
        period: The month that was measured; empty for what happened at a moment.
        data: The members of the event, or of the measured row.
        level: Level of a rule with levels that a person proposes.
        deed: The evidence of what a person proposes.
    """

    event: Text = ""
    at: Moment | None = None
    period: Text = ""
    data: Data = msgspec.field(default_factory=dict)
    level: Text | None = None
    deed: Text = ""


class Case(_Form, frozen=True, kw_only=True):
    """A worked case of a rule: what it gives in all for some facts, caps included."""

    text: Text
    given: Annotated[tuple[Given, ...], Meta(min_length=1)]
    score: Number
    points: Number


class Article(_Form, frozen=True, kw_only=True):
    """Where the rule stands: number in its instrument, text in plain words, and its ground."""

    number: Some
    text: Text
    basis: Text


class Rule(_Form, frozen=True, kw_only=True):
    """One rule.

    Attributes:
        kind: Kind of subject that it scores.
        dimension: GOVERNANCE, CONDUCT or SERVICE.
        instrument: The document in which its article stands.
        score: Of one award; 0 where levels, bands or tiers say it.
        cap: What one subject gets at most; None is without limit.
        source: AUTO (an event, nobody decides), AUTO_REVIEW (an event proposes, a person approves)
            or MANUAL (no event produces the fact: a person proposes with evidence, another
            approves).
        propose: Roles that may propose.
        approve: Roles that may approve.
        valid_periods: An award of period P counts in P .. P + valid_periods - 1.
        severity: Of a deduction; it decides about publication and repair.
        public_reason: What a notice says.
        excludes: Rules that yield to this one where both were awarded for one deed.
        bindings: Events that fire it.
        metric: What is measured once a month instead.
        cases: Worked cases; a set whose rules do not give what they say is refused.
    """

    code: Code
    name_zh: Text
    name_en: Text
    kind: Kind
    dimension: Dimension
    instrument: Text
    article: Article
    type: Type
    score: Score = 0
    points: Number = 0
    levels: tuple[Level, ...] = ()
    bands: tuple[Band, ...] = ()
    tiers: Tiers | None = None
    cap: Cap | None = None
    evidence: Texts
    source: Source
    propose: Texts
    approve: Texts
    valid_periods: Periods
    severity: Severity | None = None
    requires_legal_document: bool
    public_reason: Text
    excludes: Texts = ()
    bindings: tuple[Binding, ...] = field(default=(), name="binding")
    metric: Metric | None = None
    repeat_veto: RepeatVeto | None = None
    cases: tuple[Case, ...] = ()

    @property
    def scores(self) -> tuple[int, ...]:
        """Every score that the rule can give before caps."""
        found = [level.score for level in self.levels] + [band.score for band in self.bands]
        found += [bound.score for bound in self.bindings if bound.score is not None]
        return (self.score, *found)

    @property
    def negative(self) -> bool:
        """Whether the rule can take anything away."""
        return self.type == "VETO" or min(self.scores) < 0

    @property
    def human(self) -> bool:
        """Whether a person must approve each award (maker and checker differ)."""
        return self.source != "AUTO"

    def level(self, code: str) -> Level | None:
        """Return the level of that code, or None."""
        return next((level for level in self.levels if level.code == code), None)

    def valid(self, level: str | None = None) -> int:
        """Return the number of periods for which an award of that level counts."""
        found = self.level(level) if level is not None else None
        return found.valid_periods or self.valid_periods if found else self.valid_periods


class Reversal(_Form, frozen=True, kw_only=True):
    """An event that takes back what was awarded for a deed, e.g. an order issued in error."""

    event: Text
    deed: Text
    rules: Texts


class RuleSet(_Form, frozen=True, kw_only=True, dict=True):
    """A rule set of a scope and version; immutable once published."""

    id: Annotated[str, Meta(pattern=r"\S", max_length=24)]
    version: Annotated[str, Meta(pattern=r"\S", max_length=12)]
    title_zh: Title | None = None
    title_en: Title | None = None
    scope: Text
    effective_from: date
    author: Text
    publisher: Text
    legal_review: Text
    instruments: Texts
    rules: tuple[Rule, ...]
    reversals: tuple[Reversal, ...] = ()

    @cached_property
    def _by_code(self) -> dict[str, Rule]:
        return {rule.code: rule for rule in self.rules}

    @property
    def code(self) -> str:
        """The name under which it is cited, e.g. "RC-2025.1"."""
        return f"{self.id.rpartition('-')[0]}-{self.version}"

    @property
    def street(self) -> bool:
        """Whether it adds to the district's rules in one street."""
        return len(self.scope) == 9

    def rule(self, code: str) -> Rule | None:
        """Return the rule of that code, or None."""
        return self._by_code.get(code)


# --------------------------------------------------------------------------------------------------
# Reading


def parse(document: object) -> RuleSet:
    """Read a rule set from decoded JSON. It is read, not yet judged: `loader.load` does both.

    Raises:
        RuleSetInvalid: Names the rule, the field and what was expected; nothing is returned.
    """
    try:
        return converted(_told(document), RuleSet, dec_hook=_read)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), document) from error


# Whose members have names of their own; null says something there.
_FREE: Final = ("data", "when", "minimum")


def _told(found: object) -> object:
    """Return what a document says: null says nothing, and one binding is a list of one."""
    if isinstance(found, list):
        return [_told(one) for one in found]
    if not isinstance(found, dict):
        return found
    told = {
        name: one if name in _FREE else _told(one) for name, one in found.items() if one is not None
    }
    if isinstance(told.get("binding"), dict):
        told["binding"] = [told["binding"]]
    return told


def _read(kind: type, found: object) -> object:
    """Read what JSON has no type of. Raises ValueError, which says what was expected."""
    if kind is Fraction:
        # A float has already lost the exact threshold, so decimals are written as texts.
        if isinstance(found, int | str) and not isinstance(found, bool):
            try:
                return Fraction(found)
            except (ValueError, ZeroDivisionError):
                pass
        raise ValueError(
            said(
                "整数,或以文本书写的小数,例如 0.50"
                ' / a whole number or a decimal as text, such as "0.50"'
            )
        )
    if kind is Moment:
        try:
            at = Moment.fromisoformat(found) if isinstance(found, str) else None
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return at
    raise ValueError(
        said(
            "带时区的时间,例如 2025-03-01T10:00:00+08:00"
            " / a time with its offset, such as 2025-03-01T10:00:00+08:00"
        )
    )


_FAULT: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<at>.*?)`)?$", re.DOTALL)
_OF_RULE: Final = re.compile(r"^\.rules\[(?P<place>[0-9]+)\](?P<rest>.*)$")
_NAMED: Final = re.compile(
    r"^Object (?P<how>contains unknown|missing required) field `(?P<name>.*)`$"
)
_WORDS: Final = {
    "kind": Kind, "dimension": Dimension, "type": Type, "source": Source, "severity": Severity,
    "per": Window,
}  # fmt: skip
# How a fault begins -> what was expected; `{n}` is the limit that it names.
_EXPECTED: Final = (
    (r"Expected `int` >= (?P<n>-?[0-9]+)", "不小于 {n} 的整数 / a whole number of at least {n}"),
    (r"Expected `int` <= (?P<n>-?[0-9]+)", "不大于 {n} 的整数 / a whole number of at most {n}"),
    (r"Integer value out of range", "位数较少的整数 / a smaller whole number"),
    (r"Expected `int", "整数 / a whole number"),
    (r"Expected `str` of length <= (?P<n>[0-9]+)",
     "不超过 {n} 个字的文本 / a text of at most {n} characters"),
    (r"Expected `str", "非空文本 / a text that is not empty"),
    (r"Expected `array` of length >= (?P<n>[0-9]+)", "至少 {n} 项 / at least {n} of them"),
    (r"Expected `array", "列表 / a list"),
    (r"Expected `bool", "true 或 false / true or false"),
    (r"Expected `object", "对象 / an object"),
    (r"(Expected `date|Invalid )", "日期 YYYY-MM-DD / a date YYYY-MM-DD"),
)  # fmt: skip


def _refusal(fault: str, document: object) -> RuleSetInvalid:
    """Return the refusal that names the rule, the field and what was expected there."""
    told = _FAULT.match(fault)
    what, at = (told["what"], told["at"] or "") if told is not None else (fault, "")
    code = "-"
    inside = _OF_RULE.match(at)
    if inside is not None and isinstance(document, dict):
        place, at = int(inside["place"]), inside["rest"]
        rule = document["rules"][place]
        named = rule.get("code") if isinstance(rule, dict) else None
        code = named if isinstance(named, str) and named else f"#{place + 1}"
        at = _with_member(at, rule)
    at = at.removeprefix(".")
    field_ = _NAMED.match(what)
    if field_ is not None:
        at = ".".join(part for part in (at, field_["name"]) if part)
    return RuleSetInvalid(rule=code, at=at or "-", expected=_expected(what, at), field=at)


def _with_member(at: str, rule: object) -> str:
    """Return a place with the name of the member in it, where msgspec does not tell names."""
    if at != ".metric.minimum[...]" or not isinstance(rule, dict):
        return at
    for name, least in rule["metric"]["minimum"].items():
        try:
            converted(least, Some)
        except msgspec.ValidationError:
            return f".metric.minimum.{name}"
    return at


def _expected(what: str, at: str) -> str:
    words = _WORDS.get(at.rpartition(".")[2])
    named = _NAMED.match(what)
    if named is not None and named["how"] == "contains unknown":
        return said("没有此字段 / no such field")
    if named is not None:
        return said("必填 / a value")
    if words is not None and what.startswith(("Invalid enum value", "Expected `str")):
        return said("{words} 之一 / one of {words}", words=", ".join(sorted(get_args(words))))
    for sign, written in _EXPECTED:
        found = re.match(sign, what)
        if found is not None:
            return said(written, **found.groupdict())
    return what


def template_field(template: str) -> str | None:
    """Return the field of "KIND:{field}" or "{field}", or None when it is no such template."""
    _, brace, rest = template.partition("{")
    if not brace or not rest.endswith("}") or not rest[:-1].isidentifier():
        return None
    return rest[:-1]
