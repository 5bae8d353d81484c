"""Which rule sets may be loaded: what the law and the house forbid is refused with its reason."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Final

from fivered.chassis.refusal import said
from fivered.chassis.text import PERIOD
from fivered.services.credit.errors import PointsNotAllowed
from fivered.services.credit.rules import cases, deciding, predicates
from fivered.services.credit.rules.awards import Compiled, compile_rules
from fivered.services.credit.rules.errors import (
    BandsOverlap,
    CapInvalid,
    DeductionFromOwnAct,
    DuplicateRule,
    ForbiddenTopic,
    HearingMissing,
    NegativeRuleForPerson,
    RuleCaseFailed,
    RuleSetInvalid,
    SeriousNeedsDocument,
    SeverityMissing,
    UnknownEvent,
)
from fivered.services.credit.rules.model import (
    SPENDING_KINDS,
    Band,
    Case,
    Document,
    Given,
    Rule,
    RuleSet,
    parse,
    template_field,
)
from fivered.services.credit.rules.producing import PRODUCERS, EventType
from fivered.services.credit.rules.standing import PERSONS

Producers = Mapping[str, EventType]

# The matters that must not become rules for persons, by words that betray them (DOMAIN 4.9, end;
# REQ-L02). A steward is a person too, and the post is no reason to score any of them.
FORBIDDEN_TOPICS: Final = {
    "信访、投诉": ("信访", "上访", "投诉", "petition", "complaint", "complaining"),
    "申诉、异议": ("申诉", "提出异议", "appeal"),
    "参与度低": ("参与度低", "不参加", "缺席", "low participation"),
    "欠缴费用": ("欠缴", "欠费", "拖欠", "未缴", "逾期缴", "unpaid"),
    "交通违法": ("交通违法", "闯红灯", "违章", "traffic"),
    "养犬": ("养犬", "遛狗", "犬只", "dog"),
    "乱扔垃圾": ("乱扔", "垃圾", "litter"),
    "债务": ("债务", "负债", "失信被执行", "debt"),
    "诉讼": ("诉讼", "败诉", "被起诉", "lawsuit", "court"),
    "宗教": ("宗教", "信教", "religion", "religious"),
    "疾病": ("疾病", "患病", "病史", "illness", "disease"),
    "生育": ("生育", "超生", "怀孕", "birth"),
    "网络言论": ("网络言论", "网上言论", "发帖", "online speech"),
    "拒绝授权": ("拒绝授权", "不同意授权", "撤回授权", "consent"),
    "拒绝入户": ("拒绝入户", "拒访", "拒绝走访", "refusing a visit"),
}
# Who may propose; all but the grid may approve.
ROLES: Final = frozenset({"R_SYSTEM", "R_GRID", *deciding.LEVELS})
# English signs are whole words, so that a courtyard is no court.
_TOPIC_SIGNS: Final = {
    topic: re.compile(
        "|".join(rf"\b{sign}s?\b" if sign.isascii() else sign for sign in signs), re.IGNORECASE
    )
    for topic, signs in FORBIDDEN_TOPICS.items()
}
TOPIC_KINDS: Final = frozenset({*PERSONS, "STW"})

# Blood and gifts stay unpaid, and credit is not for sale (REQ-L16).
UNPAID: Final = ("献血", "捐赠", "捐款", "blood", "donation")


def shipped(code: str) -> Document:
    """Return the decoded JSON of a rule set that comes with this service, e.g. "RC-2025.1".

    Raises:
        FileNotFoundError: There is none of that code.
    """
    if not code.replace("-", "").replace(".", "").isalnum():
        raise FileNotFoundError(code)
    text = (
        resources.files("fivered.services.credit").joinpath(f"data/{code}.json").read_text("utf-8")
    )
    return dict(json.loads(text))


@functools.cache
def shipped_codes() -> frozenset[str]:
    """Return the codes of the rule sets that come with this service: samples."""
    folder = resources.files("fivered.services.credit").joinpath("data")
    return frozenset(
        path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json")
    )


def load(document: object, producers: Producers = PRODUCERS) -> RuleSet:
    """Read a rule set from decoded JSON and judge it.

    Args:
        document: The decoded JSON.
        producers: The events to which rules can be bound.

    Raises:
        RuleSetInvalid: A field is missing, unknown or not what it must be.
        DuplicateRule: Two rules have the same code.
        NegativeRuleForPerson: A deduction or veto for RES or HH (ruling 4).
        DeductionFromOwnAct: A deduction bound to an act of filing, or falling on the actor of
            the event (ruling 4).
        ForbiddenTopic: A rule for persons about a matter that must not be scored.
        SeverityMissing: A deduction without severity.
        SeriousNeedsDocument: SERIOUS without a legally effective document.
        HearingMissing: GENERAL or SERIOUS that no person decides.
        UnknownEvent: A binding to an event or a field that does not exist.
        BandsOverlap: Two bands give one value two scores.
        CapInvalid: A cap that limits nothing or leaves nothing.
        PointsNotAllowed: Points for a kind that cannot spend, or for an unpaid deed.
        RuleCaseFailed: A rule does not give what one of its own worked cases says.
    """
    rule_set = parse(document)
    if rule_set.effective_from.day != 1:
        raise _invalid("-", "effective_from", "the first day of a month")
    tag = _judge_scope(rule_set)
    seen: set[str] = set()
    for rule in rule_set.rules:
        if rule.code in seen:
            raise DuplicateRule(rule=rule.code, field="code")
        seen.add(rule.code)
        for check in _CHECKS:
            check(rule)
        _judge_events(rule, producers)
        if rule_set.street:
            _judge_street_rule(rule, tag)
        elif rule.code.count("-") != 2:
            raise _invalid(rule.code, "code", f"R-{rule.kind}-NN")
        if rule.instrument not in rule_set.instruments:
            raise _invalid(rule.code, "instrument", "one of the set's instruments")
    _judge_references(rule_set, seen, producers)
    _judge_cases(rule_set, producers)
    return rule_set


def _invalid(rule: str, at: str, expected: str) -> RuleSetInvalid:
    return RuleSetInvalid(rule=rule, at=at, expected=expected, field=at)


# --------------------------------------------------------------------------------------------------
# What a street may add


def _judge_scope(rule_set: RuleSet) -> str:
    """Return the tag of a street's set, which its rules bear too; a district's has none."""
    if not re.fullmatch(r"[0-9]{6}([0-9]{3})?", rule_set.scope):
        raise _invalid("-", "scope", "the code of a district or street")
    if not rule_set.street:
        if not re.fullmatch(r"[A-Z]+-[0-9]{4}", rule_set.id):
            raise _invalid("-", "id", "RC-<year>")
        return ""
    found = re.fullmatch(r"[A-Z]+-([A-Z]{2,8})-[0-9]{4}", rule_set.id)
    if found is None:
        raise _invalid("-", "id", "RC-<letters of the street>-<year>")
    if rule_set.reversals:
        raise _invalid("-", "reversals", "none: only the district's rules take deeds back")
    return found[1]


def _judge_street_rule(rule: Rule, tag: str) -> None:
    """A street adds single awards under a cap; what is measured, summed up over a year, or of
    lasting consequence is the district's."""
    code = rule.code
    if not code.startswith(f"R-{rule.kind}-{tag}-"):
        raise _invalid(code, "code", f"R-{rule.kind}-{tag}-NN")
    if rule.type not in ("FIXED", "LEVELED"):
        raise _invalid(code, "type", "FIXED or LEVELED in a street's set")
    if rule.cap is None:
        raise _invalid(code, "cap", "a cap in a street's set")
    if rule.excludes or rule.repeat_veto is not None:
        raise _invalid(code, "excludes", "nothing that reaches beyond the rule itself")
    if rule.severity == "SERIOUS":
        raise _invalid(code, "severity", "MINOR or GENERAL in a street's set")


def judge_amounts(street: RuleSet, district: RuleSet) -> None:
    """Refuse rules of a street that give or take more than the district's for that kind.

    Raises:
        RuleSetInvalid: Names the rule and the most that it may give or take.
    """
    for rule in street.rules:
        same = [one for one in district.rules if one.kind == rule.kind]
        most = max((score for one in same for score in one.scores), default=0)
        least = min((score for one in same for score in one.scores), default=0)
        points = max((_most_points(one) for one in same), default=0)
        if not least <= min(rule.scores) <= max(rule.scores) <= most:
            raise _invalid(rule.code, "score", f"{least} to {most}, as the district's rules")
        if _most_points(rule) > points:
            raise _invalid(rule.code, "points", f"at most {points}, as the district's rules")


def _most_points(rule: Rule) -> int:
    return max([rule.points, *(level.points for level in rule.levels)])


# --------------------------------------------------------------------------------------------------
# What no rule may do


def _judge_person(rule: Rule) -> None:
    if rule.negative and rule.kind in PERSONS:
        raise NegativeRuleForPerson(rule=rule.code, field="score")


def _judge_topic(rule: Rule) -> None:
    if rule.kind not in TOPIC_KINDS:
        return
    words = f"{rule.name_zh} {rule.name_en} {rule.article.text} {rule.public_reason}"
    for topic, signs in _TOPIC_SIGNS.items():
        if signs.search(words):
            raise ForbiddenTopic(rule=rule.code, topic=topic)


def _judge_severity(rule: Rule) -> None:
    if not rule.negative:
        if rule.severity is not None:
            raise _invalid(rule.code, "severity", "null for a rule that deducts nothing")
        return
    if rule.severity is None:
        raise SeverityMissing(rule=rule.code, field="severity")
    if rule.severity == "SERIOUS" and not rule.requires_legal_document:
        raise SeriousNeedsDocument(rule=rule.code, field="requires_legal_document")
    if rule.severity != "MINOR" and not rule.human:
        raise HearingMissing(rule=rule.code, field="source")


def _judge_points(rule: Rule) -> None:
    points = [rule.points, *(level.points for level in rule.levels)]
    points += [band.points for band in rule.bands]
    if rule.tiers is not None:
        points.append(rule.tiers.points.points)
    if min(points) < 0:
        raise _invalid(rule.code, "points", "no points below 0: only scores are deducted")
    if max(points) == 0:
        return
    if rule.kind not in SPENDING_KINDS:
        raise PointsNotAllowed(
            rule=rule.code,
            reason=said("该类主体不使用积分 / subjects of this kind use no points"),
            field="points",
        )
    words = f"{rule.name_zh} {rule.name_en}".lower()
    if any(sign in words for sign in UNPAID):
        raise PointsNotAllowed(
            rule=rule.code,
            reason=said("献血和捐赠必须无偿 / blood and gifts are given unpaid"),
            field="points",
        )


# --------------------------------------------------------------------------------------------------
# Whether the rule is whole


def _judge_shape(rule: Rule) -> None:
    code, kind = rule.code, rule.type
    if not code.startswith(f"R-{rule.kind}-") or not code.rpartition("-")[2].isdigit():
        raise _invalid(code, "code", f"R-{rule.kind}-NN")
    wanted = {"LEVELED": "levels", "BAND": "bands", "TIERED_CUMULATIVE": "tiers"}
    for name in ("levels", "bands", "tiers"):
        if bool(getattr(rule, name)) != (wanted.get(kind) == name):
            expected = (
                "a value" if wanted.get(kind) == name else f"nothing in a rule of type {kind}"
            )
            raise _invalid(code, name, expected)
    if kind in ("BAND", "PER_UNIT") and rule.metric is None:
        raise _invalid(code, "metric", "a metric")
    if kind == "PER_UNIT" and (rule.metric is None or rule.metric.per is None):
        raise _invalid(code, "metric.per", "the size of a unit")
    if kind == "FIXED" and not any(rule.scores) and not rule.points:
        raise _invalid(code, "score", "a score other than 0")
    codes = [level.code for level in rule.levels]
    if len(set(codes)) != len(codes):
        raise _invalid(code, "levels", "levels with different codes")
    if rule.requires_legal_document and rule.severity != "SERIOUS":
        raise _invalid(code, "severity", "SERIOUS where a legal document is required")
    if rule.repeat_veto is not None and not rule.negative:
        raise _invalid(code, "repeat_veto", "nothing in a rule that deducts nothing")


def _judge_source(rule: Rule) -> None:
    code, bound = rule.code, bool(rule.bindings) or rule.metric is not None
    if rule.source == "MANUAL" and bound:
        raise _invalid(code, "source", "AUTO or AUTO_REVIEW where an event is bound")
    if rule.source != "MANUAL" and not bound:
        raise _invalid(code, "source", "MANUAL where no event produces the fact")
    if rule.bindings and rule.metric is not None:
        raise _invalid(code, "metric", "a binding or a metric, not both")
    if not rule.propose or not rule.approve:
        raise _invalid(code, "approve", "roles")
    for name in ("propose", "approve"):
        for role in getattr(rule, name):
            if role not in ROLES or (name, role) == ("approve", "R_GRID"):
                raise _invalid(code, name, f"roles that can do it, not {role}")
    if rule.human and "R_SYSTEM" in rule.approve:
        raise _invalid(code, "approve", "roles of persons where a person decides")
    if rule.source == "MANUAL" and "R_SYSTEM" in rule.propose:
        raise _invalid(code, "propose", "roles of persons where no event proposes")
    if rule.type == "LEVELED" and any(bound.level is None for bound in rule.bindings):
        raise _invalid(code, "binding.level", "the field that names the level")


def _judge_cap(rule: Rule) -> None:
    cap = rule.cap
    if cap is None:
        return
    limits = [limit for limit in (cap.count, cap.score, cap.points) if limit is not None]
    if cap.per == "DEED":
        if limits:
            raise CapInvalid(
                rule=rule.code,
                reason=said(
                    "按最高级别计分时不设次数和分值"
                    " / where the highest level counts there is no count and no score"
                ),
                field="cap",
            )
    elif not limits:
        raise CapInvalid(
            rule=rule.code,
            reason=said("未设次数、分值或积分上限 / no count, score or points are given"),
            field="cap",
        )
    elif min(limits) < 1:
        raise CapInvalid(
            rule=rule.code, reason=said("上限必须至少为 1 / a cap is at least 1"), field="cap"
        )


def _judge_bands(rule: Rule) -> None:
    for place, band in enumerate(rule.bands):
        for open_end, end in (("gt", "ge"), ("lt", "le")):
            if getattr(band, open_end) is not None and getattr(band, end) is not None:
                raise _invalid(
                    rule.code, f"bands[{place}].{open_end}", f"only one of {end} and {open_end}"
                )
        if band.low is not None and band.high is not None and band.low > band.high:
            raise _invalid(
                rule.code, f"bands[{place}].le", "an upper end that is not below the lower end"
            )
        bounded = band.low is not None or band.high is not None
        if bounded == (band.when is not None):
            raise _invalid(rule.code, f"bands[{place}]", "an interval or a case, not both")
    intervals = [(place, band) for place, band in enumerate(rule.bands) if band.when is None]
    if intervals and (rule.metric is None or not rule.metric.values):
        raise _invalid(rule.code, "metric", "a ratio, a change or a field for its intervals")
    for index, (first, one) in enumerate(intervals):
        for second, other in intervals[index + 1 :]:
            if _overlap(one, other):
                raise BandsOverlap(
                    rule=rule.code, first=first + 1, second=second + 1, field="bands"
                )


def _overlap(one: Band, other: Band) -> bool:
    return not (_below(one, other) or _below(other, one))


def _below(one: Band, other: Band) -> bool:
    """Tell whether every value of `one` is less than every value of `other`."""
    if one.high is None or other.low is None:
        return False
    touching = one.high_open or other.low_open
    return one.high < other.low or (touching and one.high == other.low)


def _judge_tiers(rule: Rule) -> None:
    if rule.tiers is None:
        return
    ends = [step.to_minutes for step in rule.tiers.steps]
    inner = [end for end in ends[:-1] if end is not None]
    if not ends or ends[-1] is not None or len(inner) != len(ends) - 1 or inner != sorted(inner):
        raise _invalid(rule.code, "tiers.steps", "rising ends, the last one without end")


def _judge_predicates(rule: Rule) -> None:
    places = [(f"binding[{place}].when", one.when) for place, one in enumerate(rule.bindings)]
    places += [(f"bands[{place}].when", one.when) for place, one in enumerate(rule.bands)]
    if rule.metric is not None:
        places.append(("metric.when", rule.metric.when))
        if len(rule.metric.values) > 1:
            raise _invalid(rule.code, "metric", "one of ratio, change and field")
    for path, predicate in places:
        for at, expected in predicates.faults(predicate, path) if predicate is not None else ():
            raise _invalid(rule.code, at, expected)


_CHECKS: Final[tuple[Callable[[Rule], None], ...]] = (
    _judge_predicates,
    _judge_tiers,
    _judge_person,
    _judge_topic,
    _judge_severity,
    _judge_points,
    _judge_shape,
    _judge_cap,
    _judge_bands,
    _judge_source,
)


# --------------------------------------------------------------------------------------------------
# Events


def _judge_events(rule: Rule, producers: Producers) -> None:
    for event, subject, score in _deductible(rule):
        known = producers.get(event)
        if known is None:
            raise UnknownEvent(rule=rule.code, event=event, member="-", field="binding.event")
        field = template_field(subject)
        if subject.partition(":")[0] != rule.kind or field is None:
            raise _invalid(rule.code, "binding.subject", f"{rule.kind}:{{field}}")
        # A person who acts can never lose by acting; and an act of filing can cost nobody anything,
        # so that it cannot be turned against whom the filer is tied to (FEATURES c.5).
        if score < 0 and (known.filing or field in known.actors):
            raise DeductionFromOwnAct(rule=rule.code, event=event, field="binding.subject")
    for event, fields in _used_fields(rule):
        known = producers[event]
        rows = rule.metric.rows if rule.metric is not None else None
        found = known.fields if rows is None else known.row_fields(rows)
        for name in sorted(fields):
            if found is None or name not in found:
                raise UnknownEvent(rule=rule.code, event=event, member=name, field="binding")
    if rule.tiers is not None and rule.tiers.corrected_by not in producers:
        raise UnknownEvent(
            rule=rule.code, event=rule.tiers.corrected_by, member="-", field="tiers.corrected_by"
        )


def _deductible(rule: Rule) -> Iterator[tuple[str, str, int]]:
    """Yield (event, subject, least score) of everything that fires the rule."""
    for bound in rule.bindings:
        fixed = bound.score if bound.score is not None else rule.score
        least = min([fixed, *(level.score for level in rule.levels)])
        yield bound.event, bound.subject, -1 if rule.type == "VETO" else least
    if rule.metric is not None:
        yield rule.metric.event, rule.metric.subject, min(rule.scores)


def _used_fields(rule: Rule) -> Iterator[tuple[str, set[str]]]:
    for bound in rule.bindings:
        used = predicates.fields_of(bound.when)
        for template in (bound.subject, bound.deed, bound.level):
            if template is not None:
                field = template_field(template)
                if field is None:
                    raise _invalid(rule.code, "binding", f"a field in braces, not {template}")
                used.add(field)
        if bound.on is not None:
            used.add(bound.on)
        yield bound.event, used
    metric = rule.metric
    if metric is not None:
        used = predicates.fields_of(metric.when) | metric.minimum.keys() | metric.fields
        used.add(template_field(metric.subject) or "")
        for band in rule.bands:
            used |= predicates.fields_of(band.when)
        yield metric.event, used


def _judge_references(rule_set: RuleSet, codes: set[str], producers: Producers) -> None:
    for rule in rule_set.rules:
        for code in rule.excludes:
            if code not in codes or code == rule.code:
                raise _invalid(rule.code, "excludes", f"codes of other rules, not {code}")
            other = rule_set.rule(code)
            if other is not None and rule.code in other.excludes:
                raise _invalid(rule.code, "excludes", f"not {code}, which excludes this rule")
        for one in (rule, *filter(None, map(rule_set.rule, rule.excludes))):
            # Both are awarded for a deed, or nobody could tell that it is the same one.
            nameless = any(bound.deed is None for bound in one.bindings)
            if rule.excludes and (one.tiers is not None or one.metric is not None or nameless):
                raise _invalid(rule.code, "excludes", f"rules with a deed, not {one.code}")
    for reversal in rule_set.reversals:
        field = template_field(reversal.deed)
        known = producers.get(reversal.event)
        if known is None or field not in known.fields:
            raise UnknownEvent(
                rule="-", event=reversal.event, member=reversal.deed, field="reversals"
            )
        for code in reversal.rules:
            if code not in codes:
                raise _invalid("-", "reversals.rules", f"codes of rules, not {code}")


# --------------------------------------------------------------------------------------------------
# Worked cases


def _judge_cases(rule_set: RuleSet, producers: Producers) -> None:
    compiled: Compiled | None = None
    for rule in rule_set.rules:
        for place, case in enumerate(rule.cases):
            for number, given in enumerate(case.given):
                _judge_given(rule, given, f"cases[{place}].given[{number}]", producers)
            compiled = compiled or compile_rules(rule_set)
            found = _outcome(compiled, rule, case, f"cases[{place}]")
            if found != (case.score, case.points):
                raise RuleCaseFailed(
                    rule=rule.code,
                    case=case.text,
                    expected=f"{case.score}/{case.points}",
                    found=f"{found[0]}/{found[1]}",
                    field="cases",
                )


def _judge_given(rule: Rule, given: Given, at: str, producers: Producers) -> None:
    """Refuse a fact that this rule can never meet: the case would prove nothing."""
    code, event = rule.code, given.event or cases.event_of(rule)
    bound = {one.event for one in rule.bindings}
    if rule.metric is not None:
        bound.add(rule.metric.event)
    if bound and event not in bound:
        raise _invalid(code, f"{at}.event", "an event to which the rule is bound")
    if rule.metric is not None:
        if not re.match(PERIOD, given.period) or given.at is not None:
            raise _invalid(code, f"{at}.period", "the month YYYY-MM that was measured, and no time")
    elif given.at is None or given.period:
        raise _invalid(code, f"{at}.at", "the time at which it happened, and no month")
    if not bound:
        if given.event or given.data:
            raise _invalid(code, at, "no event where a person proposes")
        return
    if given.level or given.deed:
        raise _invalid(code, at, "an event's data, no level or deed")
    known = producers[event]
    fields = known.fields if rule.metric is None else known.row_fields(rule.metric.rows)
    for name in given.data:
        if name not in (fields or ()):
            raise UnknownEvent(rule=code, event=event, member=name, field=f"{at}.data")


def _outcome(compiled: Compiled, rule: Rule, case: Case, at: str) -> tuple[int, int]:
    try:
        return cases.outcome(compiled, rule, case)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise _invalid(rule.code, at, "values of the kinds that the rule compares") from error
