"""What a rule set is, and how it is read: every error names the rule, the field and what was
expected there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final, NoReturn, TypeAlias

from chassis.refusal import said
from services.credit.errors import RuleSetInvalid

PERSON_KINDS: Final = frozenset({"RES", "HH"})
SPENDING_KINDS: Final = frozenset({"RES", "HH", "STW"})
KINDS: Final = frozenset({"RES", "HH", "STW", "PRJ", "PCO", "MER", "PTN", "UNT"})
DIMENSIONS: Final = {"GOVERNANCE": "参与社区治理", "CONDUCT": "日常表现", "SERVICE": "社会服务"}
TYPES: Final = frozenset({"FIXED", "LEVELED", "TIERED_CUMULATIVE", "BAND", "PER_UNIT", "VETO"})
SOURCES: Final = frozenset({"AUTO", "AUTO_REVIEW", "MANUAL"})
SEVERITIES: Final = frozenset({"MINOR", "GENERAL", "SERIOUS"})
WINDOWS: Final = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "HALF_YEAR", "YEAR", "EVER", "DEED"})
# The widest scale is 200 apart, and ten years are the longest that anything counts; what is more
# than this is a slip of the pen, and no column or calendar would hold it.
MOST_SCORE: Final = 1_000
MOST_NUMBER: Final = 100_000
MOST_PERIODS: Final = 120
OPERATORS: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "in", "not_in"})

# A rule set as it is written and kept: decoded JSON.
Document: TypeAlias = dict[str, Any]
Predicate: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cap:
    """What one subject can get from one rule within a window; None is without limit.

    Attributes:
        per: Calendar window of the award's period, EVER, or DEED (only the best of a deed counts).
        count: Number of awards.
        score: Sum of |score|.
        points: Sum of points.
    """

    per: str
    count: int | None = None
    score: int | None = None
    points: int | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One row of a level table; `valid_periods` None means that of the rule."""

    code: str
    name_zh: str
    score: int
    points: int
    valid_periods: int | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """An interval of a measured value, or (with `when`) a case of the measured row.

    The first case that holds decides; intervals never overlap.
    """

    score: int
    points: int
    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    when: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Up to `to_minutes` of the year (None: without end) every full `minutes` give one."""

    to_minutes: int | None
    minutes: int


@dataclass(frozen=True, slots=True)
class Tiers:
    """How a running total of minutes becomes score and points.

    Attributes:
        per_day_minutes: What of one day counts at most.
        steps: The tiers of the calendar year, lowest first.
        unit_minutes: A full unit of the month's total gives `unit_points`.
        no_points_sources: Sources of records that give score and no points.
        corrected_by: Event that corrects a record; its award is the difference.
    """

    per_day_minutes: int
    steps: tuple[Step, ...]
    unit_minutes: int
    unit_points: int
    no_points_sources: tuple[str, ...]
    corrected_by: str


@dataclass(frozen=True, slots=True)
class Binding:
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

    event: str
    subject: str
    when: Predicate | None = None
    deed: str | None = None
    on: str | None = None
    level: str | None = None
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """The value of a rule that is measured once a month.

    Attributes:
        event: The month marker that carries the rows.
        rows: Member of its data that lists the rows.
        subject: "<KIND>:{field of the row}".
        when: Predicate over the row; None always holds.
        value: ("ratio", numerator, denominator, scale) | ("field", name) |
            ("change", now numerator, now denominator, before numerator, before denominator, scale)
            | () where the bands are cases.
        minimum: Smallest sample per field; below it the rule yields 0.
        months: Calendar months "MM" in which it is measured; empty means every month.
        per: Units of a PER_UNIT rule: one `score` per full `per` of the value.
    """

    event: str
    rows: str
    subject: str
    when: Predicate | None
    value: tuple[Any, ...]
    minimum: tuple[tuple[str, int], ...]
    months: tuple[str, ...]
    per: int | None


@dataclass(frozen=True, slots=True)
class RepeatVeto:
    """The n-th award within a run of periods vetoes the subject (一票否决)."""

    count: int
    within_periods: int
    veto_periods: int


@dataclass(frozen=True, slots=True)
class Given:
    """One fact of a worked case.

    Attributes:
        event: Its type; empty where the rule is bound to one only, or a person proposes.
        at: When it happened; None for what is measured once a month.
        period: The month that was measured; empty for what happened at a moment.
        data: The members of the event, or of the measured row.
        level: Level of a rule with levels that a person proposes.
        deed: The evidence of what a person proposes.
    """

    event: str
    at: datetime | None
    period: str
    data: Mapping[str, Any]
    level: str | None
    deed: str


@dataclass(frozen=True, slots=True)
class Case:
    """A worked case of a rule: what it gives in all for some facts, caps included."""

    text: str
    given: tuple[Given, ...]
    score: int
    points: int


@dataclass(frozen=True, slots=True)
class Article:
    """Where the rule stands: number in its instrument, text in plain words, and its ground."""

    number: int
    text: str
    basis: str


@dataclass(frozen=True, slots=True)
class Rule:
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

    code: str
    name_zh: str
    name_en: str
    kind: str
    dimension: str
    instrument: str
    article: Article
    type: str
    score: int
    points: int
    levels: tuple[Level, ...]
    bands: tuple[Band, ...]
    tiers: Tiers | None
    cap: Cap | None
    evidence: tuple[str, ...]
    source: str
    propose: tuple[str, ...]
    approve: tuple[str, ...]
    valid_periods: int
    severity: str | None
    requires_legal_document: bool
    public_reason: str
    excludes: tuple[str, ...]
    bindings: tuple[Binding, ...]
    metric: Metric | None
    repeat_veto: RepeatVeto | None
    cases: tuple[Case, ...]

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


@dataclass(frozen=True, slots=True)
class Reversal:
    """An event that takes back what was awarded for a deed, e.g. an order issued in error."""

    event: str
    deed: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A rule set of a scope and version; immutable once published."""

    id: str
    version: str
    scope: str
    effective_from: date
    author: str
    publisher: str
    legal_review: str
    instruments: tuple[str, ...]
    rules: tuple[Rule, ...]
    reversals: tuple[Reversal, ...]
    _by_code: dict[str, Rule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {rule.code: rule for rule in self.rules})

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

    def events(self) -> frozenset[str]:
        """Return every event type that some rule or reversal listens to."""
        found = {bound.event for rule in self.rules for bound in rule.bindings}
        found |= {rule.metric.event for rule in self.rules if rule.metric}
        found |= {rule.tiers.corrected_by for rule in self.rules if rule.tiers}
        return frozenset(found | {reversal.event for reversal in self.reversals})


def parse(document: object) -> RuleSet:
    """Read a rule set from decoded JSON. It is read, not yet judged: `loader.load` does both.

    Raises:
        RuleSetInvalid: Names the rule, the field and what was expected; nothing is returned.
    """
    top = _Members(document, "", "")
    header = RuleSet(
        id=top.text("id", most=24),
        version=top.text("version", most=12),
        scope=top.text("scope"),
        effective_from=top.day("effective_from"),
        author=top.text("author"),
        publisher=top.text("publisher"),
        legal_review=top.text("legal_review"),
        instruments=top.texts("instruments"),
        rules=tuple(_rule(item, index) for index, item in enumerate(top.items("rules"))),
        reversals=tuple(_reversal(item) for item in top.items("reversals", required=False)),
    )
    top.text("title_zh", required=False, most=200)
    top.text("title_en", required=False, most=200)
    top.end()
    return header


def _rule(item: Any, index: int) -> Rule:
    code = item.get("code") if isinstance(item, Mapping) else None
    got = _Members(item, code if isinstance(code, str) else f"#{index + 1}", "")
    bound = got.raw("binding", required=False)
    bound = bound if isinstance(bound, list) else [] if bound is None else [bound]
    rule = Rule(
        code=got.text("code", most=40),
        name_zh=got.text("name_zh"),
        name_en=got.text("name_en"),
        kind=got.word("kind", KINDS),
        dimension=got.word("dimension", frozenset(DIMENSIONS)),
        instrument=got.text("instrument"),
        article=_article(got.inner("article")),
        type=got.word("type", TYPES),
        score=got.number("score", required=False, high=MOST_SCORE) or 0,
        points=got.number("points", required=False) or 0,
        levels=tuple(_level(one) for one in got.inners("levels")),
        bands=tuple(_band(one) for one in got.inners("bands")),
        tiers=_tiers(tiers) if (tiers := got.inner("tiers", required=False)) else None,
        cap=_cap(cap) if (cap := got.inner("cap", required=False)) else None,
        evidence=got.texts("evidence"),
        source=got.word("source", SOURCES),
        propose=got.texts("propose"),
        approve=got.texts("approve"),
        valid_periods=got.number("valid_periods", low=1, high=MOST_PERIODS) or 1,
        severity=got.word("severity", SEVERITIES, required=False),
        requires_legal_document=got.flag("requires_legal_document"),
        public_reason=got.text("public_reason"),
        excludes=got.texts("excludes", required=False),
        bindings=tuple(
            _binding(_Members(one, got.rule, f"binding[{place}]"))
            for place, one in enumerate(bound)
        ),
        metric=_metric(metric) if (metric := got.inner("metric", required=False)) else None,
        repeat_veto=_repeat(veto) if (veto := got.inner("repeat_veto", required=False)) else None,
        cases=tuple(_case(one) for one in got.inners("cases")),
    )
    got.end()
    return rule


def _case(got: _Members) -> Case:
    case = Case(
        text=got.text("text"),
        given=tuple(_given(one) for one in got.inners("given")),
        score=got.number("score") or 0,
        points=got.number("points") or 0,
    )
    if not case.given:
        got.fail("given", "at least one fact")
    got.end()
    return case


def _given(got: _Members) -> Given:
    data = got.raw("data", required=False)
    if data is not None and not isinstance(data, Mapping):
        got.fail("data", "an object")
    given = Given(
        event=got.text("event", required=False),
        at=got.moment("at"),
        period=got.text("period", required=False),
        data=data or {},
        level=got.text("level", required=False) or None,
        deed=got.text("deed", required=False),
    )
    got.end()
    return given


def _article(got: _Members) -> Article:
    article = Article(got.number("number", low=1) or 1, got.text("text"), got.text("basis"))
    got.end()
    return article


def _level(got: _Members) -> Level:
    level = Level(
        code=got.text("code", most=40),
        name_zh=got.text("name_zh"),
        score=got.number("score", high=MOST_SCORE) or 0,
        points=got.number("points") or 0,
        valid_periods=got.number("valid_periods", required=False, low=1, high=MOST_PERIODS),
    )
    got.end()
    return level


def _band(got: _Members) -> Band:
    if got.has("ge") and got.has("gt"):
        got.fail("gt", "only one of ge and gt")
    if got.has("le") and got.has("lt"):
        got.fail("lt", "only one of le and lt")
    low_open, high_open = got.has("gt"), got.has("lt")
    band = Band(
        score=got.number("score", high=MOST_SCORE) or 0,
        points=got.number("points", required=False) or 0,
        low=got.decimal("gt" if low_open else "ge"),
        low_open=low_open,
        high=got.decimal("lt" if high_open else "le"),
        high_open=high_open,
        when=got.predicate("when"),
    )
    if band.low is not None and band.high is not None and band.low > band.high:
        got.fail("le", "an upper end that is not below the lower end")
    got.end()
    return band


def _tiers(got: _Members) -> Tiers:
    steps = []
    for one in got.inners("steps"):
        steps.append(
            Step(
                to_minutes=one.number("to_minutes", required=False, low=1),
                minutes=one.number("minutes", low=1) or 1,
            )
        )
        one.end()
    ends = [step.to_minutes for step in steps]
    inner = [end for end in ends[:-1] if end is not None]
    if not steps or ends[-1] is not None or len(inner) != len(ends) - 1 or inner != sorted(inner):
        got.fail("steps", "rising ends, the last one without end")
    points = got.inner("points")
    tiers = Tiers(
        per_day_minutes=got.number("per_day_minutes", low=1) or 1,
        steps=tuple(steps),
        unit_minutes=points.number("minutes", low=1) or 1,
        unit_points=points.number("points", low=0) or 0,
        no_points_sources=got.texts("no_points_sources", required=False),
        corrected_by=got.text("corrected_by"),
    )
    points.end()
    got.end()
    return tiers


def _cap(got: _Members) -> Cap:
    cap = Cap(
        per=got.word("per", WINDOWS) or "",
        count=got.number("count", required=False),
        score=got.number("score", required=False),
        points=got.number("points", required=False),
    )
    got.end()
    return cap


def _binding(got: _Members) -> Binding:
    binding = Binding(
        event=got.text("event"),
        subject=got.text("subject"),
        when=got.predicate("when"),
        deed=got.text("deed", required=False) or None,
        on=got.text("on", required=False) or None,
        level=got.text("level", required=False) or None,
        score=got.number("score", required=False, high=MOST_SCORE),
    )
    got.end()
    return binding


def _metric(got: _Members) -> Metric:
    value: tuple[Any, ...] = ()
    if (ratio := got.inner("ratio", required=False)) is not None:
        value = ("ratio", ratio.text("of"), ratio.text("to"), ratio.number("scale", low=1) or 1)
        ratio.end()
    elif (change := got.inner("change", required=False)) is not None:
        names = ("now_of", "now_to", "before_of", "before_to")
        fields = tuple(change.text(name) for name in names)
        value = ("change", *fields, change.number("scale", low=1) or 1)
        change.end()
    elif field := got.text("field", required=False):
        value = ("field", field)
    minimum = got.inner("minimum", required=False)
    metric = Metric(
        event=got.text("event"),
        rows=got.text("rows"),
        subject=got.text("subject"),
        when=got.predicate("when"),
        value=value,
        minimum=tuple((name, minimum.number(name, low=1) or 1) for name in minimum.names())
        if minimum
        else (),
        months=got.texts("months", required=False),
        per=got.number("per", required=False, low=1),
    )
    got.end()
    return metric


def _repeat(got: _Members) -> RepeatVeto:
    veto = RepeatVeto(
        count=got.number("count", low=2) or 2,
        within_periods=got.number("within_periods", low=1, high=MOST_PERIODS) or 1,
        veto_periods=got.number("veto_periods", low=1, high=MOST_PERIODS) or 1,
    )
    got.end()
    return veto


def _reversal(item: Any) -> Reversal:
    got = _Members(item, "", "reversals")
    reversal = Reversal(got.text("event"), got.text("deed"), got.texts("rules"))
    got.end()
    return reversal


class _Members:
    """The members of one JSON object, each read once; what is left over at the end is unknown."""

    __slots__ = ("_left", "_path", "_source", "rule")

    def __init__(self, source: Any, rule: str, path: str) -> None:
        self.rule = rule
        self._path = path
        if not isinstance(source, Mapping):
            self._source: Mapping[str, Any] = {}
            self.fail("", "an object")
        self._source = source
        self._left = dict.fromkeys(source)

    def fail(self, field: str, expected: str) -> NoReturn:
        path = ".".join(part for part in (self._path, field) if part)
        raise RuleSetInvalid(rule=self.rule or "-", at=path or "-", expected=expected, field=path)

    def has(self, field: str) -> bool:
        return field in self._source

    def names(self) -> list[str]:
        return list(self._source)

    def raw(self, field: str, *, required: bool = True) -> Any:
        self._left.pop(field, None)
        found = self._source.get(field)
        if found is None and required:
            self.fail(field, "a value")
        return found

    def text(self, field: str, *, required: bool = True, most: int = 4_000) -> str:
        found = self.raw(field, required=required)
        if found is None:
            return ""
        if not isinstance(found, str) or not found.strip():
            self.fail(field, "a text that is not empty")
        if len(found) > most:
            self.fail(field, f"a text of at most {most} characters")
        return found

    def texts(self, field: str, *, required: bool = True) -> tuple[str, ...]:
        found = self.raw(field, required=required)
        if found is None:
            return ()
        if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
            self.fail(field, "a list of texts")
        return tuple(found)

    def word(self, field: str, known: frozenset[str], *, required: bool = True) -> Any:
        found = self.raw(field, required=required)
        # What is no text cannot be looked up: a list has no hash.
        if found is not None and not (isinstance(found, str) and found in known):
            self.fail(field, "one of " + ", ".join(sorted(known)))
        return found

    def number(
        self,
        field: str,
        *,
        required: bool = True,
        low: int | None = None,
        high: int = MOST_NUMBER,
    ) -> int | None:
        found = self.raw(field, required=required)
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool):
            self.fail(field, said("整数 / a whole number"))
        if low is not None and found < low:
            self.fail(
                field, said("不小于 {low} 的整数 / a whole number of at least {low}", low=low)
            )
        if abs(found) > high:
            self.fail(
                field, said("不大于 {high} 的整数 / a whole number of at most {high}", high=high)
            )
        return found

    def decimal(self, field: str) -> Fraction | None:
        found = self.raw(field, required=False)
        if found is None:
            return None
        # A float has already lost the exact threshold, so decimals are written as texts.
        if isinstance(found, bool) or not isinstance(found, int | str):
            self.fail(field, 'a whole number or a decimal as text, such as "0.50"')
        try:
            return Fraction(found)
        except (ValueError, ZeroDivisionError):
            self.fail(field, 'a whole number or a decimal as text, such as "0.50"')

    def flag(self, field: str) -> bool:
        found = self.raw(field)
        if not isinstance(found, bool):
            self.fail(field, "true or false")
        return found

    def day(self, field: str) -> date:
        found = self.text(field)
        try:
            return date.fromisoformat(found)
        except ValueError:
            self.fail(field, "a date YYYY-MM-DD")

    def moment(self, field: str) -> datetime | None:
        found = self.text(field, required=False)
        try:
            at = datetime.fromisoformat(found) if found else None
        except ValueError:
            at = None
        if found and (at is None or at.tzinfo is None):
            self.fail(field, "a time with its offset, such as 2025-03-01T10:00:00+08:00")
        return at

    def items(self, field: str, *, required: bool = True) -> list[Any]:
        found = self.raw(field, required=required)
        if found is None:
            return []
        if not isinstance(found, list):
            self.fail(field, "a list")
        return found

    def inner(self, field: str, *, required: bool = True) -> Any:
        found = self.raw(field, required=required)
        if found is None:
            return None
        return _Members(found, self.rule, ".".join(part for part in (self._path, field) if part))

    def inners(self, field: str) -> list[_Members]:
        path = ".".join(part for part in (self._path, field) if part)
        return [
            _Members(one, self.rule, f"{path}[{place}]")
            for place, one in enumerate(self.items(field, required=False))
        ]

    def predicate(self, field: str) -> Predicate | None:
        found: Predicate | None = self.raw(field, required=False)
        if found is not None:
            self._judge(found, field)
        return found

    def _judge(self, found: Any, path: str) -> None:
        if not isinstance(found, Mapping) or not found:
            self.fail(path, "an object of conditions")
        for name, wanted in found.items():
            at = f"{path}.{name}"
            if name in ("all", "any"):
                if not isinstance(wanted, list) or not wanted:
                    self.fail(at, "a list of conditions")
                for place, one in enumerate(wanted):
                    self._judge(one, f"{at}[{place}]")
            elif name == "not":
                self._judge(wanted, at)
            elif isinstance(wanted, Mapping):
                unknown = set(wanted) - OPERATORS
                if unknown or not wanted:
                    self.fail(at, "operators out of " + ", ".join(sorted(OPERATORS)))
                for operator, value in wanted.items():
                    if operator in ("in", "not_in") and not isinstance(value, list):
                        self.fail(f"{at}.{operator}", "a list")
                    if isinstance(value, Mapping) and (
                        set(value) != {"field"} or not isinstance(value["field"], str)
                    ):
                        self.fail(f"{at}.{operator}", "a value, or the name of another field")

    def end(self) -> None:
        for name in self._left:
            self.fail(name, said("没有此字段 / no such field"))


def predicate_fields(predicate: Predicate | None) -> set[str]:
    """Return the fields of the data that a predicate looks at."""
    found: set[str] = set()
    for name, wanted in (predicate or {}).items():
        if name in ("all", "any"):
            for one in wanted:
                found |= predicate_fields(one)
        elif name == "not":
            found |= predicate_fields(wanted)
        else:
            found.add(name)
            if isinstance(wanted, Mapping):
                found |= {value["field"] for value in wanted.values() if isinstance(value, Mapping)}
    return found


def template_field(template: str) -> str | None:
    """Return the field of "KIND:{field}" or "{field}", or None when it is no such template."""
    _, brace, rest = template.partition("{")
    if not brace or not rest.endswith("}") or not rest[:-1].isidentifier():
        return None
    return rest[:-1]
