"""The rules that hold."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import Day, StreetOrCommunity
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.fields import day_of
from fivered.services.credit.rules.model import DIMENSIONS, Rule
from fivered.services.credit.storage import consent_notices
from fivered.services.credit.storage import rule_sets as store
from fivered.services.credit.storage.in_force import rules_in_force

# Who reads drafts, and which persons wrote and published a rule set.
DISTRICT = ("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR")


class RulesAt(Request, frozen=True):
    """On which day."""

    at: (
        Annotated[
            Day, Meta(description="生效日期,默认今天 / day, default today", examples=["2025-03-01"])
        ]
        | None
    ) = None
    community: (
        Annotated[
            StreetOrCommunity,
            Meta(
                description="社区或街道,并列出该街道的补充规则 / with what its street adds",
                examples=["370811015901"],
            ),
        ]
        | None
    ) = None


def card(rule: Rule) -> replies.RuleCard:
    """Return a rule as people read it."""
    return replies.RuleCard(
        code=rule.code,
        name=rule.name_zh,
        name_en=rule.name_en,
        kind=rule.kind,
        dimension=rule.dimension,
        dimension_name=DIMENSIONS[rule.dimension],
        instrument=rule.instrument,
        article=rule.article.number,
        text=rule.article.text,
        basis=rule.article.basis,
        type=rule.type,
        source=rule.source,
        deduction=rule.negative,
        severity=rule.severity,
        valid_periods=rule.valid_periods,
        requires_legal_document=rule.requires_legal_document,
        evidence=list(rule.evidence),
        propose=list(rule.propose),
        approve=list(rule.approve),
        levels=[
            replies.RuleLevel(
                code=level.code, name=level.name_zh, score=level.score, points=level.points
            )
            for level in rule.levels
        ],
        public_reason=rule.public_reason,
        cases=[
            replies.RuleCase(text=case.text, score=case.score, points=case.points)
            for case in rule.cases
        ],
    )


def of_district(tx: Tx, area: str) -> bool:
    """Tell whether the caller works on the rule sets of an area, or watches over them."""
    return tx.actor.role in DISTRICT and tx.actor.covers(area)


def offices(row: Row) -> dict[str, str | None]:
    """Return the offices that a rule set's document names. Documents of before named persons."""
    people = {row.publisher, *row.authors}
    named = {name: row.body[name] for name in ("author", "publisher")}
    return {name: None if said in people else said for name, said in named.items()}


def persons(tx: Tx, row: Row) -> dict[str, str | None]:
    """Return who wrote and who published a rule set; nobody but the district reads it (K15)."""
    inside = of_district(tx, row.area)
    return {name: getattr(row, name) if inside else None for name in ("author", "publisher")}


def rules(tx: Tx, payload: RulesAt) -> replies.RulesReply:
    """现行规则 / Rules in force.

    Raises:
        Invalid: No date.
    """
    in_force = rules_in_force(tx.conn)
    on = day_of(payload.at, "at") if payload.at else tx.calendar.local_date(tx.now)
    notice_version = consent_notices.known(tx).current
    found = in_force.on(on)
    if found is None:
        return replies.RulesReply(at=on, notice_version=notice_version, items=[])
    code, compiled = found
    row = store.of_code(tx.conn, code)
    rule_set = compiled.rule_set
    street = in_force.street(payload.community or "", on)
    items = [*rule_set.rules, *(street[1].rule_set.rules if street is not None else ())]
    signed = persons(tx, row) if of_district(tx, row.area) else offices(row)
    return replies.RulesReply(
        at=on,
        code=code,
        version=rule_set.version,
        state=row.state,
        effective_from=rule_set.effective_from,
        effective_to=row.effective_to,
        author=signed["author"],
        publisher=signed["publisher"],
        legal_review=rule_set.legal_review,
        instruments=list(rule_set.instruments),
        digest=row.digest,
        notice_version=notice_version,
        street=_street_card(tx, street[0]) if street is not None else None,
        items=[card(rule) for rule in items],
    )


def _street_card(tx: Tx, code: str) -> replies.StreetRules:
    row = store.of_code(tx.conn, code)
    codes = [rule["code"] for rule in row.body["rules"]]
    return replies.StreetRules.of(row, scope=row.area, rules=codes)
