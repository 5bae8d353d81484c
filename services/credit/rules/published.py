"""What a public notice says of a month: it holds ids only, and of a person the grade alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from fivered.services.credit.rules.model import Rule

ORGANISATIONS: Final = ("PRJ", "PCO", "MER", "PTN", "UNT")


class Reason(Struct, frozen=True):
    """Why an entry has its score, as a notice says it."""

    rule: str
    reason: str
    score: int
    article: int


class OrganisationItem(Struct, frozen=True):
    """The entry of an organisation."""

    subject: str
    kind: str
    ref: str
    score: int | None
    grade: str
    gates_failed: list[str]
    reasons: list[Reason]


class PersonItem(Struct, frozen=True):
    """The entry of a person: no number."""

    subject: str
    ref: str
    grade: str
    reasons: list[str]


Item: TypeAlias = OrganisationItem | PersonItem


class SettlementNotice(Struct, frozen=True, kw_only=True):
    """The notice of a month of an area.

    Attributes:
        digest: Of all entries.
        log: Of the log from which the month can be computed again.
        rule_sets: Code -> digest of its content, of every rule set that the log cites.
    """

    period: str
    area: str
    rule_set: str | None
    digest: str
    entries: int
    organisations: list[Item]
    red_list: list[Item]
    log: str
    rule_sets: dict[str, str]


def reason_of(rule: Rule | None, score: int, *, deduction: bool) -> Reason | None:
    """Return a reason as a notice says it, or None where it is not published: it gives no score,
    or is a deduction of a minor matter."""
    if rule is None or score == 0:
        return None
    if deduction and rule.severity not in ("GENERAL", "SERIOUS"):
        return None
    return Reason(rule.code, rule.public_reason, score, rule.article.number)


def item_of(
    kind: str,
    subject: str,
    *,
    score: int | None,
    grade: str,
    gates_failed: Sequence[str],
    reasons: Sequence[Reason],
) -> Item:
    """Return an entry as a notice says it: of a person the grade and no number."""
    ref = subject.partition(":")[2]
    if kind not in ORGANISATIONS:
        return PersonItem(subject, ref, grade, sorted({reason.reason for reason in reasons}))
    return OrganisationItem(subject, kind, ref, score, grade, list(gates_failed), list(reasons))
