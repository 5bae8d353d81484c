"""A published month computed again from its log alone: the same rules, the same digest.

The log of a month is a list of lines (JSON objects), grouped by subject. It holds what the month
was computed from (rule sets, consents, measures, records of hours, awards with their inputs) and
what was published (entries, and the digest of each). The digest of all entries stands in the public
notice, so nobody can change the log without one of two things: what is computed from it differs
from what it says, or what it says differs from the notice. The first difference is named.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from chassis.refusal import Refusal
from services.credit.rules import awards as rules
from services.credit.rules import loader, standing
from services.credit.rules.model import Cap, Rule, RuleSet
from services.credit.rules.settlement import AwardLine, EntryLine, SettlementDigest, entry_digest

Line = Mapping[str, Any]

FORMAT: Final = "fivered.credit.month/1"
PERSONS: Final = ("RES", "HH")
ORGANISATIONS: Final = ("PRJ", "PCO", "MER", "PTN", "UNT")
_MANIFEST: Final = frozenset({"period", "area", "rule_set", "rule_sets", "digest"})

# What a finding may be. The first six name an award, the next two an entry.
AWARD_AMOUNT: Final = "AWARD_AMOUNT"
AWARD_MISSING: Final = "AWARD_MISSING"
AWARD_IDENTITY: Final = "AWARD_IDENTITY"
CAP: Final = "CAP"
EXCLUDED: Final = "EXCLUDED"
NO_CONSENT: Final = "NO_CONSENT"
ENTRY: Final = "ENTRY"
ENTRY_MISSING: Final = "ENTRY_MISSING"
RULE: Final = "RULE"
NOTICE: Final = "NOTICE"
SEAL: Final = "SEAL"
FORM: Final = "FORM"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not what it was when the month was published.

    Attributes:
        what: One of the constants above.
        subject: Whose entry or award; empty for the file as a whole.
        award: Id of the award, where it is one.
        rule: Code of the rule, where it is one.
        member: Which value differs.
        said: What the log says.
        found: What follows from the rest of the log.
    """

    what: str
    subject: str = ""
    award: str = ""
    rule: str = ""
    member: str = ""
    said: str = ""
    found: str = ""

    def __str__(self) -> str:
        named = [self.what]
        named += [
            f"{name} {value}"
            for name, value in (
                ("subject", self.subject),
                ("award", self.award),
                ("rule", self.rule),
            )
            if value
        ]
        told = f": {self.member} says {self.said}, computed {self.found}" if self.member else ""
        return " ".join(named) + told


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification has found.

    Attributes:
        published: The digest that was published.
        computed: The digest of what was computed again.
        findings: In the order of rules, subjects, and the file as a whole.
    """

    period: str
    area: str
    published: str
    computed: str
    entries: int
    awards: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether the month is what was published."""
        return not self.findings and self.published == self.computed

    @property
    def first(self) -> Finding | None:
        """The first thing that is wrong, or None."""
        return self.findings[0] if self.findings else None


class Unreadable(ValueError):
    """The file is no log of a month; the message says at which line."""


# --------------------------------------------------------------------------------------------------
# Writing


def encode(line: Line) -> str:
    """Return one line of a log; the same content always gives the same bytes."""
    return json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def document_digest(document: Any) -> str:
    """Return the SHA-256 of the content of a rule set or of one rule."""
    return hashlib.sha256(encode(document).encode()).hexdigest()


def rule_digests(document: Any) -> dict[str, str]:
    """Return rule code -> digest of the rule, so that a changed rule can be named."""
    return {rule["code"]: document_digest(rule) for rule in document["rules"]}


def decode(text: str) -> dict[str, Any]:
    """Return a line that `encode` has written."""
    return dict(json.loads(text))


def counts(line: Line, period: str) -> bool:
    """Tell whether an award counts in a month: it is valid and effective, or it is a deduction
    that this month's settlement lists. What was taken back after the month was confirmed ends
    with it: before, it ends earlier."""
    if not line["period"] <= period <= line["to_period"]:
        return False
    listed = line["deduction"] and line["period"] == period
    decided = line["state"] in ("APPROVED", "REVERSED") or (
        line["state"] == "PROPOSED" and line["decides"] == "SETTLEMENT"
    )
    return bool(line["effective"] or (listed and decided))


def loaded(document: Any) -> RuleSet | None:
    """Return a rule set of a log, or None where it is none."""
    try:
        return loader.load(document)
    except Refusal:
        return None


def public_reason(rule: Rule | None, score: int, *, deduction: bool) -> dict[str, Any] | None:
    """Return a reason as a notice says it, or None where it is not published: it gives no score,
    or is a deduction of a minor matter."""
    if rule is None or score == 0:
        return None
    if deduction and rule.severity not in ("GENERAL", "SERIOUS"):
        return None
    return {
        "rule": rule.code,
        "reason": rule.public_reason,
        "score": score,
        "article": rule.article.number,
    }


def public_item(
    kind: str,
    subject: str,
    *,
    score: int | None,
    grade: str,
    gates_failed: Sequence[str],
    reasons: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return an entry as a notice says it: of a person his grade and no number."""
    ref = subject.partition(":")[2]
    if kind not in ORGANISATIONS:
        return {
            "subject": subject,
            "ref": ref,
            "grade": grade,
            "reasons": sorted({str(reason["reason"]) for reason in reasons}),
        }
    return {
        "subject": subject,
        "kind": kind,
        "ref": ref,
        "score": score,
        "grade": grade,
        "gates_failed": list(gates_failed),
        "reasons": list(reasons),
    }


class Seal:
    """Counts and digests the lines of a log; its last line says both."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._lines = 0

    def add(self, text: str) -> None:
        """Take one line, without its end."""
        self._hash.update(text.encode())
        self._hash.update(b"\n")
        self._lines += 1

    def line(self) -> dict[str, Any]:
        """Return the last line of the log."""
        return {"line": "end", "lines": self._lines, "sha256": self._hash.hexdigest()}


def standing_digest(period: str, area: str, rule_set: str, index: Iterable[tuple[str, str]]) -> str:
    """Return the digest of a settlement from the digests of its entries.

    Raises:
        ValueError: A subject stands there twice.
    """
    digest = SettlementDigest(rules=rule_set, period=period, community=area)
    for subject, entry in sorted(index):
        digest.add(subject, entry)
    return digest.value()


# --------------------------------------------------------------------------------------------------
# Reading


@dataclass(slots=True)
class _Subject:
    """The lines of one subject."""

    subject: str
    head: Line | None = None
    consents: list[Line] = field(default_factory=list)
    vetoes: list[Line] = field(default_factory=list)
    measures: list[Line] = field(default_factory=list)
    hours: list[Line] = field(default_factory=list)
    awards: list[Line] = field(default_factory=list)
    entry: Line | None = None

    def consents_at(self, purpose: str, at: datetime) -> bool:
        return any(
            line["purpose"] == purpose
            and datetime.fromisoformat(line["since"]) <= at
            and (line["until"] is None or at < datetime.fromisoformat(line["until"]))
            for line in self.consents
        )


_LISTS: Final = {
    "consent": "consents",
    "veto": "vetoes",
    "measure": "measures",
    "hours": "hours",
    "award": "awards",
}


@dataclass(slots=True)
class _Month:
    """What stands before the subjects."""

    manifest: Line = field(default_factory=dict)
    compiled: dict[str, rules.Compiled] = field(default_factory=dict)
    index: dict[str, str] = field(default_factory=dict)
    projects: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))

    @property
    def period(self) -> str:
        return str(self.manifest["period"])

    @property
    def district(self) -> str:
        """The district's rule set; a street that adds to it stands behind it."""
        return str(self.manifest["rule_set"]).partition("+")[0]

    def rule(self, rule_set: str, code: str) -> Rule | None:
        compiled = self.compiled.get(rule_set)
        return compiled.rule_set.rule(code) if compiled is not None else None

    def rule_on(self, day: date, code: str) -> Rule | None:
        """The version of a district's rule for deeds of a day: the newest that had begun."""
        begun = sorted(
            (compiled.rule_set.effective_from, rule)
            for compiled in self.compiled.values()
            if not compiled.rule_set.street and compiled.rule_set.effective_from <= day
            for rule in (compiled.rule_set.rule(code),)
            if rule is not None
        )
        return begun[-1][1] if begun else None


def verify(
    lines: Iterable[str], published: str | None = None, sealed: str | None = None
) -> Verdict:
    """Compute a month again from its log and compare it with what was published.

    Args:
        lines: The lines of the log, without their ends, in order; read once and not kept.
        published: The digest in the public notice; without it the one that the log states.
        sealed: The SHA-256 of the log in the public notice. With it even a change that has no
            effect on any score is found, such as that of an award that was taken back.

    Raises:
        Unreadable: It is no log of a month.
    """
    month = _Month()
    findings: list[Finding] = []
    computed: dict[str, str] = {}
    awards = entries = 0
    for part in _parts(lines, month, findings, sealed):
        awards += len(part.awards)
        entries += part.entry is not None
        try:
            found = _Check(month, part).run()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # A line that lacks a member, or holds what none of ours does, was changed by hand.
            findings.append(
                Finding(FORM, part.subject, member="line", said=repr(error)[:80], found="-")
            )
            continue
        findings += found.findings
        if found.digest is not None:
            computed[part.subject] = found.digest
    said = published or str(month.manifest["digest"])
    ordered, digest = _judge(month, findings, computed, said)
    return Verdict(
        period=month.period,
        area=str(month.manifest["area"]),
        published=said,
        computed=digest,
        entries=entries,
        awards=awards,
        findings=ordered,
    )


def _judge(
    month: _Month, findings: list[Finding], computed: Mapping[str, str], said: str
) -> tuple[tuple[Finding, ...], str]:
    """Return all findings in their order, and the digest of what was computed."""
    manifest = month.manifest
    period, area = month.period, str(manifest["area"])
    rule_set = str(manifest["rule_set"] or "")
    named = {finding.subject for finding in findings if finding.subject}
    differing = [
        Finding(
            ENTRY_MISSING if subject not in computed else ENTRY,
            subject=subject,
            member="digest",
            said=month.index.get(subject, "-"),
            found=computed.get(subject, "-"),
        )
        for subject in sorted(month.index.keys() | computed.keys())
        if month.index.get(subject) != computed.get(subject) and subject not in named
    ]
    whole = [finding for finding in findings if not finding.subject]
    rules_first = [finding for finding in whole if finding.what == RULE]
    by_subject = sorted(
        [finding for finding in findings if finding.subject] + differing,
        key=lambda finding: finding.subject,
    )
    digest = standing_digest(period, area, rule_set, computed.items())
    stated = standing_digest(period, area, rule_set, month.index.items())
    notice = [
        Finding(NOTICE, member=member, said=one, found=digest)
        for member, one in (("digest", said), ("manifest", str(manifest["digest"])))
        if one != digest
    ]
    if not notice and stated != digest:
        notice = [Finding(NOTICE, member="index", said=stated, found=digest)]
    others = [finding for finding in whole if finding.what != RULE]
    return (*rules_first, *by_subject, *notice, *others), digest


def _parts(
    lines: Iterable[str], month: _Month, findings: list[Finding], sealed: str | None
) -> Iterator[_Subject]:
    """Yield the lines of each subject; what stands before and behind them is judged here."""
    seal, current = Seal(), _Subject("")
    seen: set[str] = set()
    ended = False
    for number, text in enumerate(lines, 1):
        line = _read(number, text)
        kind = line.get("line")
        if number == 1:
            lacking = _MANIFEST - line.keys()
            if kind != "manifest" or line.get("format") != FORMAT or lacking:
                raise Unreadable(f"line 1 is not the manifest of {FORMAT}")
            month.manifest = line
        elif kind == "end":
            wanted = seal.line()
            findings += [
                Finding(SEAL, member=name, said=str(line.get(name)), found=str(wanted[name]))
                for name in ("lines", "sha256")
                if line.get(name) != wanted[name]
            ]
            if sealed is not None and wanted["sha256"] != sealed:
                findings.append(
                    Finding(SEAL, member="notice", said=sealed, found=str(wanted["sha256"]))
                )
            ended = True
            break
        elif kind == "rule_set":
            findings += _rule_set(month, line)
        elif kind == "index":
            month.index[str(line["subject"])] = str(line["digest"])
        elif kind == "project":
            month.projects[str(line["company"])].append(line)
        elif "subject" in line:
            subject = str(line["subject"])
            if subject != current.subject:
                if current.subject:
                    yield current
                if subject in seen:
                    findings.append(Finding(FORM, subject=subject, member="order"))
                seen.add(subject)
                current = _Subject(subject)
            _keep(current, str(kind), line, findings)
        else:
            raise Unreadable(f"line {number} is of no known kind: {kind}")
        seal.add(text)
    if current.subject:
        yield current
    if not month.manifest:
        raise Unreadable("the file is empty")
    if not ended:
        findings.append(Finding(SEAL, member="end", said="-", found="a last line"))


def _read(number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"line {number} is no JSON: {error}") from error
    if not isinstance(line, dict):
        raise Unreadable(f"line {number} is no JSON object")
    return line


def _keep(part: _Subject, kind: str, line: Line, findings: list[Finding]) -> None:
    if kind == "subject":
        part.head = line
    elif kind == "entry":
        part.entry = line
    elif kind in _LISTS:
        getattr(part, _LISTS[kind]).append(line)
    else:
        findings.append(Finding(FORM, subject=part.subject, member="line", said=kind, found="-"))


def _rule_set(month: _Month, line: Line) -> list[Finding]:
    """Load a rule set of the log; a rule that is not the one of the manifest is named."""
    code, document = str(line["code"]), line["body"]
    stated = month.manifest["rule_sets"].get(code, {"digest": "-", "rules": {}})
    try:
        now = rule_digests(document)
    except (KeyError, TypeError):
        return [Finding(RULE, rule=code, member="set", said=stated["digest"], found="-")]
    found = [
        Finding(
            RULE,
            rule=name,
            member="rule",
            said=str(stated["rules"].get(name, "-")),
            found=now.get(name, "-"),
        )
        for name in sorted(stated["rules"].keys() | now.keys())
        if stated["rules"].get(name) != now.get(name)
    ]
    digest = document_digest(document)
    if digest != stated["digest"] and not found:
        found = [Finding(RULE, rule=code, member="set", said=stated["digest"], found=digest)]
    try:
        month.compiled[code] = rules.compile_rules(loader.load(document))
    except Refusal as refused:
        found.append(
            Finding(
                RULE,
                rule=str(refused.params.get("rule", code)),
                member="content",
                said=refused.code,
                found="-",
            )
        )
    return found


# --------------------------------------------------------------------------------------------------
# One subject


@dataclass(frozen=True, slots=True)
class _Found:
    findings: list[Finding]
    digest: str | None


class _Check:
    """Computes one subject's month again."""

    def __init__(self, month: _Month, part: _Subject) -> None:
        self._month = month
        self._part = part
        self._findings: list[Finding] = []

    def run(self) -> _Found:
        """Return what is wrong, and the digest of the entry as it is computed."""
        part = self._part
        own = [line for line in part.awards if line["period"] == self._month.period]
        for line in own:
            self._award(line)
        self._hours(own)
        self._measured(own)
        self._excluded()
        self._caps()
        if part.head is None:
            self._say(ENTRY_MISSING, member="subject", said="-", found=part.subject)
            return _Found(self._findings, None)
        entry = self._entry()
        if entry is None:
            return _Found(self._findings, None)
        return _Found(self._findings, entry_digest(entry))

    def _say(self, what: str, **more: str) -> None:
        self._findings.append(Finding(what, subject=self._part.subject, **more))

    def _differs(self, what: str, line: Line, member: str, found: Any, **more: str) -> None:
        if line[member] != found:
            self._say(
                what,
                award=str(line["award"]),
                rule=str(line["rule"]),
                member=member,
                said=str(line[member]),
                found=str(found),
                **more,
            )

    def _rule(self, line: Line) -> Rule | None:
        return self._month.rule(str(line["rule_set"]), str(line["rule"]))

    # -- awards -----------------------------------------------------------------------------------

    def _award(self, line: Line) -> None:
        """An award must be the one of its rule, subject and event, and give what the rule says."""
        rule = self._rule(line)
        if rule is None:
            self._say(
                AWARD_AMOUNT,
                award=str(line["award"]),
                rule=str(line["rule"]),
                member="rule",
                said=str(line["rule"]),
                found="-",
            )
            return
        if rule.kind in PERSONS and line["state"] in ("APPROVED", "PROPOSED"):
            at = datetime.fromisoformat(line["occurred_at"])
            if not self._part.consents_at("SCORING", at):
                self._say(NO_CONSENT, award=str(line["award"]), rule=rule.code)
        if not line["correction"]:
            deed, level = str(line["deed"]), line["level"]
            source = line["event"] or rules.evidence_key(rule, deed, level)
            self._differs(
                AWARD_IDENTITY,
                line,
                "award",
                rules.award_id(rule.code, self._part.subject, str(source)),
            )
        if rule.tiers is not None or rule.metric is not None:
            return
        scores, points = self._raw(rule, line)
        if self._is_carried(line):
            # What was left of it under the other id came over; points that a month had promised
            # there already stayed there.
            if abs(line["score_raw"]) > max(map(abs, scores)):
                self._differs(AWARD_AMOUNT, line, "score_raw", min(scores))
            if not 0 <= line["points_raw"] <= points:
                self._differs(AWARD_AMOUNT, line, "points_raw", points)
            self._within(line)
            return
        if line["score_raw"] not in scores:
            self._differs(AWARD_AMOUNT, line, "score_raw", min(scores))
        self._differs(AWARD_AMOUNT, line, "points_raw", points)
        self._within(line)
        if line["window"] is None and not line["amended"]:
            self._differs(AWARD_AMOUNT, line, "score", line["score_raw"])
            self._differs(AWARD_AMOUNT, line, "points", line["points_raw"])

    def _raw(self, rule: Rule, line: Line) -> tuple[set[int], int]:
        level = rule.level(line["level"]) if line["level"] else None
        points = level.points if level else rule.points
        scores = {level.score if level else rule.score}
        if level is None and rule.bindings:
            # A rule may be bound to two events and give another score for each.
            scores = {
                bound.score if bound.score is not None else rule.score
                for bound in rule.bindings
                if bound.event == line["type"]
            } or {rule.score}
        if rule.kind in PERSONS and not self._part.consents_at(
            "POINTS", datetime.fromisoformat(line["occurred_at"])
        ):
            points = 0
        return scores, points

    def _within(self, line: Line) -> None:
        """No cap and no objection ever makes an award larger, or turns it round."""
        low, high = sorted((0, line["score_raw"]))
        if not low <= line["score"] <= high:
            self._differs(AWARD_AMOUNT, line, "score", line["score_raw"])
        if not 0 <= line["points"] <= line["points_raw"]:
            self._differs(AWARD_AMOUNT, line, "points", line["points_raw"])

    def _hours(self, own: Sequence[Line]) -> None:
        """Awards of running totals follow from the records of hours, all of them and no other."""
        by_rule: dict[str, list[Line]] = defaultdict(list)
        for line in self._part.hours:
            by_rule[str(line["rule"])].append(line)
        stated = {
            str(line["award"]): line
            for line in own
            if (rule := self._rule(line)) is not None
            and rule.tiers is not None
            and not self._is_carried(line)
        }
        wanted: dict[str, tuple[str, int, int]] = {}
        for code, records in by_rule.items():
            facts = [self._fact(line) for line in records]
            versions = {fact.on: self._month.rule_on(fact.on, code) for fact in facts}
            rule = next((found for found in versions.values() if found is not None), None)
            if rule is None or rule.tiers is None:
                continue

            def rule_of(day: date, versions: Any = versions, other: Rule = rule) -> Rule:
                return versions[day] or other

            for award in rules.hours_awards(rule_of, self._part.subject, facts):
                if award.period != self._month.period:
                    continue
                if award.score or award.points or not award.slices:
                    wanted[award.award_id] = (code, award.score, award.points)
                for part in award.slices:
                    identity = rules.award_id("CORRECTION", part.award_id, award.event_id)
                    wanted[identity] = (code, part.score, part.points)
        # What a record has moved elsewhere stays behind with nothing in it.
        self._compare(stated, wanted, absent=0)

    def _is_carried(self, line: Line) -> bool:
        """Tell whether an award came over from an id that was given up: its records stay there."""
        corrects = line.get("corrects")
        return bool(corrects) and line["award"] == rules.carried_id(
            str(line["rule"]), self._part.subject, str(corrects)
        )

    def _fact(self, line: Line) -> rules.Hours:
        at = datetime.fromisoformat(line["occurred_at"])
        return rules.Hours(
            event_id=str(line["event"]),
            record_id=str(line["record"]),
            occurred_at=at,
            on=date.fromisoformat(line["day"]),
            minutes=int(line["minutes"]),
            source=str(line["source"]),
            period=str(line["period"]),
            paid=self._part.consents_at("POINTS", at),
        )

    def _measured(self, own: Sequence[Line]) -> None:
        """Awards of measured rules follow from the markers' rows, all of them and no other."""
        stated = {
            str(line["award"]): line
            for line in own
            if (rule := self._rule(line)) is not None and rule.metric is not None
        }
        wanted: dict[str, tuple[str, int, int]] = {}
        compiled = self._month.compiled.get(self._month.district)
        if compiled is None:
            return
        for line in self._part.measures:
            event = rules.Event(
                id=str(line["event"]),
                type=str(line["type"]),
                occurred_at=datetime.fromisoformat(line["occurred_at"]),
                data={"period": self._month.period, line["rows"]: [line["data"]]},
                period=self._month.period,
            )
            for fired in compiled.fires(event):
                if fired.subject == self._part.subject:
                    wanted[fired.award_id] = (fired.rule.code, fired.score, fired.points)
        self._compare(stated, wanted, absent=0)

    def _compare(
        self,
        stated: Mapping[str, Line],
        wanted: Mapping[str, tuple[str, int, int]],
        absent: int | None = None,
    ) -> None:
        for identity in sorted(stated.keys() | wanted.keys()):
            line, found = stated.get(identity), wanted.get(identity)
            if line is None:
                code = found[0] if found else ""
                self._say(AWARD_MISSING, award=identity, rule=code)
                continue
            if line["amended"]:
                continue
            if found is None and absent is None:
                self._say(
                    AWARD_IDENTITY,
                    award=identity,
                    rule=str(line["rule"]),
                    member="record",
                    said=identity,
                    found="-",
                )
                continue
            _, score, points = found or ("", 0, 0)
            self._differs(AWARD_AMOUNT, line, "score", score)
            self._differs(AWARD_AMOUNT, line, "points", points)

    # -- rules that exclude each other ------------------------------------------------------------

    def _excluded(self) -> None:
        """At one deed a rule yields to the one that excludes it."""
        deeds: dict[str, list[tuple[Line, Rule]]] = defaultdict(list)
        for line in self._part.awards:
            rule = self._rule(line)
            if line["deed"] and rule is not None and not line["correction"]:
                deeds[str(line["deed"])].append((line, rule))
        for _, members in sorted(deeds.items()):
            lost = rules.excluded(
                rule
                for line, rule in members
                if rules.takes_deed(str(line["state"]), by_event=line["event"] is not None)
            )
            for line, rule in members:
                if rule.code in lost and counts(line, self._month.period):
                    self._say(
                        EXCLUDED,
                        award=str(line["award"]),
                        rule=rule.code,
                        member="state",
                        said=str(line["state"]),
                        found=f"yields to {lost[rule.code]}",
                    )

    # -- caps -------------------------------------------------------------------------------------

    def _caps(self) -> None:
        """Caps cut in the order (occurred_at, event id); earlier months keep what they have."""
        windows: dict[tuple[str, str], list[Line]] = defaultdict(list)
        for line in self._part.awards:
            counting = (
                line["state"] == "APPROVED"
                or (line["state"] == "PROPOSED" and line["decides"] != "PERSON")
                or (line["state"] == "REVERSED" and counts(line, self._month.period))
            )
            if line["window"] is not None and counting:
                windows[str(line["rule"]), str(line["window"])].append(line)
        for (_, _), members in sorted(windows.items()):
            mine = [line for line in members if line["period"] == self._month.period]
            if not mine:
                continue
            caps = {
                str(line["event"] or line["award"]): rule.cap
                for line in mine
                if (rule := self._rule(line)) is not None
            }
            if len(caps) < len(mine) or any(line["amended"] for line in members):
                continue
            before = [line for line in members if line["period"] < self._month.period]
            self._window(caps, mine, before)

    def _window(
        self, caps: Mapping[str, Cap | None], mine: Sequence[Line], before: Sequence[Line]
    ) -> None:
        taken = rules.Taken(
            len(before),
            sum(abs(line["score"]) for line in before),
            sum(line["points"] for line in before),
        )
        by_key = {str(line["event"] or line["award"]): line for line in mine}
        counted = [
            rules.Counted(
                datetime.fromisoformat(line["occurred_at"]),
                key,
                line["score_raw"],
                line["points_raw"],
            )
            for key, line in by_key.items()
        ]
        for kept in rules.apply_caps(caps, counted, taken):
            self._differs(CAP, by_key[kept.event_id], "score", kept.score)
            self._differs(CAP, by_key[kept.event_id], "points", kept.points)

    # -- the entry --------------------------------------------------------------------------------

    def _entry(self) -> EntryLine | None:
        """Return the entry as it follows from the log, and compare the stated one with it."""
        part, month = self._part, self._month
        counting = [line for line in part.awards if counts(line, month.period)]
        gain = sum(line["score"] for line in counting if not line["deduction"])
        loss = -sum(line["score"] for line in counting if line["deduction"])
        found = self._standing(gain, loss)
        entry = EntryLine(
            subject=part.subject,
            gain=gain,
            loss=loss,
            score=found.score,
            grade=found.grade,
            gates_failed=found.gates_failed,
            awards=tuple(
                AwardLine(str(line["rule"]), str(line["day"]), line["score"], line["points"])
                for line in counting
                if line["period"] == month.period
            ),
        )
        if part.entry is None:
            self._say(ENTRY_MISSING, member="entry", said="-", found=entry.grade)
            return None
        for member, computed in (
            ("gain", gain),
            ("loss", loss),
            ("score", found.score),
            ("raw_grade", found.raw_grade),
            ("grade", found.grade),
            ("gates_failed", list(found.gates_failed)),
        ):
            if part.entry[member] != computed:
                self._say(ENTRY, member=member, said=str(part.entry[member]), found=str(computed))
        return entry

    def _standing(self, gain: int, loss: int) -> standing.Standing:
        part = self._part
        assert part.head is not None  # noqa: S101  the caller has looked
        kind = str(part.head["kind"])
        vetoed = bool(part.vetoes)
        if kind == "PCO":
            projects = self._month.projects.get(part.subject.partition(":")[2], [])
            rated = [(x["score"], x["households"]) for x in projects if x["score"] is not None]
            score = standing.company_score(rated, gain - loss)
            below = sum(1 for line in projects if line["grade"] in ("C", "D"))
            company = standing.Measures(
                active=score is not None, projects_below_b=below, vetoed=vetoed
            )
            return standing.standing_of_score("PCO", score or 0, company)
        source = standing.GATE_SOURCE.get(kind)
        row = next((m["data"] for m in part.measures if m["source"] == source), None)
        if row is not None:
            formula = int(self._month.manifest.get("formula", 1))
            measures = standing.measures_of(kind, row, formula=formula)
        else:
            measures = standing.Measures(active=kind != "STW")
        if kind not in (*PERSONS, "STW") and part.head["state"] != "ACTIVE":
            measures = replace(measures, active=False)
        return standing.standing_of(kind, gain, loss, replace(measures, vetoed=vetoed))
