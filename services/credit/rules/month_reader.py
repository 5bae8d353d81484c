"""The log of a month as it is read: what stands before the subjects, and the lines of each."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, cast

from fivered.chassis.refusal import Refusal
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules import loader
from fivered.services.credit.rules import month_log as log
from fivered.services.credit.rules.findings import FORM, RULE, SEAL, Finding, Unreadable
from fivered.services.credit.rules.model import Rule

_MANIFEST: Final = frozenset({"period", "area", "rule_set", "rule_sets", "digest"})


@dataclass(slots=True)
class Subject:
    """The lines of one subject."""

    subject: str
    head: log.SubjectLine | None = None
    consents: list[log.ConsentLine] = field(default_factory=list)
    vetoes: list[log.VetoLine] = field(default_factory=list)
    measures: list[log.MeasureLine] = field(default_factory=list)
    hours: list[log.HoursLine] = field(default_factory=list)
    awards: list[log.AwardLine] = field(default_factory=list)
    origins: list[log.OriginLine] = field(default_factory=list)
    entry: log.EntryLine | None = None

    def consents_at(self, purpose: str, at: datetime) -> bool:
        """Tell whether the subject consented to a purpose at a time."""
        return any(
            line["purpose"] == purpose
            and log.time(line["since"]) <= at
            and (line["until"] is None or at < log.time(line["until"]))
            for line in self.consents
        )


_LISTS: Final = {
    "consent": "consents",
    "veto": "vetoes",
    "measure": "measures",
    "hours": "hours",
    "award": "awards",
    "origin": "origins",
}


@dataclass(slots=True)
class Month:
    """What stands before the subjects."""

    stated: log.Manifest | None = None
    compiled: dict[str, rules.Compiled] = field(default_factory=dict)
    index: dict[str, str] = field(default_factory=dict)
    projects: dict[str, list[log.ProjectLine]] = field(default_factory=lambda: defaultdict(list))

    @property
    def manifest(self) -> log.Manifest:
        """What the first line states."""
        assert self.stated is not None  # noqa: S101  it is the first line, or nothing is read
        return self.stated

    @property
    def period(self) -> str:
        """The month."""
        return str(self.manifest["period"])

    @property
    def formula(self) -> int:
        """By which formula it was published; the first one was not stated."""
        return int(self.manifest.get("formula", 1))

    @property
    def district(self) -> str:
        """The district's rule set; a street that adds to it stands behind it."""
        return str(self.manifest["rule_set"]).partition("+")[0]

    def rule(self, rule_set: str, code: str) -> Rule | None:
        """Return a rule of a rule set that the log cites, or None."""
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


def parts(
    lines: Iterable[str], month: Month, findings: list[Finding], sealed: str | None
) -> Iterator[Subject]:
    """Yield the lines of each subject; what stands before and behind them is judged here."""
    seal, current = log.Seal(), Subject("")
    seen: set[str] = set()
    ended = False
    for number, text in enumerate(lines, 1):
        line = _read(number, text)
        kind = line.get("line")
        if number == 1:
            lacking = _MANIFEST - line.keys()
            if kind != "manifest" or line.get("format") != log.FORMAT or lacking:
                raise Unreadable(f"line 1 is not the manifest of {log.FORMAT}")
            month.stated = cast("log.Manifest", line)
        elif kind == "end":
            wanted = seal.line()
            findings += [
                Finding(SEAL, member=name, said=str(line.get(name)), found=str(one))
                for name, one in (("lines", wanted["lines"]), ("sha256", wanted["sha256"]))
                if line.get(name) != one
            ]
            if sealed is not None and wanted["sha256"] != sealed:
                findings.append(
                    Finding(SEAL, member="notice", said=sealed, found=str(wanted["sha256"]))
                )
            ended = True
            break
        elif kind == "rule_set":
            findings += _rule_set(month, cast("log.RuleSetLine", line))
        elif kind == "index":
            month.index[str(line["subject"])] = str(line["digest"])
        elif kind == "project":
            month.projects[str(line["company"])].append(cast("log.ProjectLine", line))
        elif "subject" in line:
            subject = str(line["subject"])
            if subject != current.subject:
                if current.subject:
                    yield current
                if subject in seen:
                    findings.append(Finding(FORM, subject=subject, member="order"))
                seen.add(subject)
                current = Subject(subject)
            keep(current, str(kind), line, findings)
        else:
            raise Unreadable(f"line {number} is of no known kind: {kind}")
        seal.add(text)
    if current.subject:
        yield current
    if month.stated is None:
        raise Unreadable("the file is empty")
    if not ended:
        findings.append(Finding(SEAL, member="end", said="-", found="a last line"))


def _read(number: int, text: str) -> log.Line:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"line {number} is no JSON: {error}") from error
    if not isinstance(line, dict):
        raise Unreadable(f"line {number} is no JSON object")
    return line


def keep(part: Subject, kind: str, line: log.Line, findings: list[Finding]) -> None:
    """Put a line with those of its subject; one of no known kind is found."""
    if kind == "subject":
        part.head = cast("log.SubjectLine", line)
    elif kind == "entry":
        part.entry = cast("log.EntryLine", line)
    elif kind in _LISTS:
        getattr(part, _LISTS[kind]).append(line)
    else:
        findings.append(Finding(FORM, subject=part.subject, member="line", said=kind, found="-"))


_NOT_STATED: Final[log.Stated] = {"digest": "-", "rules": {}}


def _rule_set(month: Month, line: log.RuleSetLine) -> list[Finding]:
    """Load a rule set of the log; a rule that is not the one of the manifest is named."""
    code, document = str(line["code"]), line["body"]
    stated = month.manifest["rule_sets"].get(code) or _NOT_STATED
    try:
        now = log.rule_digests(document)
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
    digest = log.document_digest(document)
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
