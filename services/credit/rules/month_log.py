"""The log of a month: its lines, and the digests over them.

A line is a JSON object, and these are the members of each kind. What is read back was perhaps
changed by a hand: nothing but comparing it with what follows from the rest says that it is as
declared here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict

from fivered.chassis.refusal import Refusal
from fivered.services.credit.events import MonthRow
from fivered.services.credit.rules import loader
from fivered.services.credit.rules.awards import is_carried
from fivered.services.credit.rules.model import Document, RuleSet
from fivered.services.credit.rules.settlement import SettlementDigest

FORMAT: Final = "fivered.credit.month/1"
# A line of whatever kind: its members by name.
Line: TypeAlias = Mapping[str, object]


class Stated(TypedDict):
    """A rule set as a manifest states it: the digest of the whole, and of each rule."""

    digest: str
    rules: dict[str, str]


class Manifest(TypedDict):
    """The first line; logs of before 0.2.0 lack `notice` and `decided`."""

    line: Literal["manifest"]
    format: str
    formula: NotRequired[int]
    settlement: str
    period: str
    area: str
    rule_set: str | None
    digest: str
    entries: int
    notice: NotRequired[str]
    decided: NotRequired[str]
    rule_sets: dict[str, Stated]


class RuleSetLine(TypedDict):
    """A rule set that the log cites."""

    line: Literal["rule_set"]
    code: str
    body: Document


class IndexLine(TypedDict):
    """The digest of one entry."""

    line: Literal["index"]
    subject: str
    digest: str


class ProjectLine(TypedDict):
    """A project of a company, whose score is the mean of such."""

    line: Literal["project"]
    company: str
    score: int | None
    households: int
    grade: str


class SubjectLine(TypedDict):
    """A subject as it was at the end of the month."""

    line: Literal["subject"]
    subject: str
    kind: str
    state: str


class ConsentLine(TypedDict):
    """A span of consent; `until` None is open."""

    line: Literal["consent"]
    subject: str
    purpose: str
    since: str
    until: str | None


VetoLine = TypedDict(
    "VetoLine",
    {"line": Literal["veto"], "subject": str, "rule": str, "from": str, "to": str},
)


class MeasureLine(TypedDict):
    """What a source has measured of a subject in the month."""

    line: Literal["measure"]
    subject: str
    source: str
    type: str
    event: str
    rows: str
    occurred_at: str
    data: MonthRow


class HoursLine(TypedDict):
    """A record of hours."""

    line: Literal["hours"]
    subject: str
    rule: str
    event: str
    record: str
    occurred_at: str
    day: str
    minutes: int
    source: str
    period: str


class AwardLine(TypedDict):
    """An award: everything that its amounts follow from, and why."""

    line: Literal["award"]
    subject: str
    award: str
    rule_set: str
    rule: str
    type: str
    event: str | None
    deed: str | None
    level: str | None
    occurred_at: str
    day: str
    period: str
    to_period: str
    window: str | None
    score_raw: int
    points_raw: int
    score: int
    points: int
    late: bool
    correction: bool
    corrects: NotRequired[str | None]
    deduction: bool
    effective: bool
    decides: str
    state: str
    amended: bool
    document_no: str | None
    version: int
    other: NotRequired[str]


class OriginLine(TypedDict):
    """What an award that came over from an id that was given up follows from, as it stands there.

    `merged` says of an award that it stood when its id was given up, in a month that was still
    open: it counts there no more.
    """

    line: Literal["origin"]
    subject: str
    merged: bool
    of: ConsentLine | HoursLine | AwardLine


class EntryLine(TypedDict):
    """An entry as it is published."""

    line: Literal["entry"]
    subject: str
    kind: str
    gain: int
    loss: int
    score: int | None
    raw_grade: str
    grade: str
    gates_failed: list[str]
    pending: NotRequired[int]


class EndLine(TypedDict):
    """The last line: how many stand before it, and their digest."""

    line: Literal["end"]
    lines: int
    sha256: str


OfSubject: TypeAlias = (
    SubjectLine
    | ConsentLine
    | VetoLine
    | MeasureLine
    | HoursLine
    | AwardLine
    | OriginLine
    | EntryLine
)
Head: TypeAlias = Manifest | RuleSetLine | IndexLine | ProjectLine


def encode(line: object) -> str:
    """Return one line of a log; the same content always gives the same bytes."""
    return json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def document_digest(document: object) -> str:
    """Return the SHA-256 of the content of a rule set or of one rule."""
    return hashlib.sha256(encode(document).encode()).hexdigest()


def rule_digests(document: Document) -> dict[str, str]:
    """Return rule code -> digest of the rule, so that a changed rule can be named."""
    return {rule["code"]: document_digest(rule) for rule in document["rules"]}


def loaded(document: Document) -> RuleSet | None:
    """Return a rule set of a log, or None where it is none."""
    try:
        return loader.load(document)
    except Refusal:
        return None


def counts(line: AwardLine, period: str) -> bool:
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


def came_over(line: AwardLine) -> bool:
    """Tell whether an award came over from an id that was given up (`awards.is_carried`)."""
    return is_carried(line["award"], line["rule"], line["subject"], line.get("corrects"))


def time(text: str) -> datetime:
    """Return a time of a log."""
    return datetime.fromisoformat(text)


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

    def line(self) -> EndLine:
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
