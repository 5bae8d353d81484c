"""The rules that hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from msgspec import Meta

from chassis.bus import Tx
from chassis.fields import Day, StreetOrCommunity
from chassis.refusal import Invalid, said
from services.credit.storage import rule_sets
from services.credit.storage.in_force import rules_in_force
from services.credit.views.cards import of_district, offices, persons, rule_card


@dataclass(frozen=True, slots=True)
class RulesAt:
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


def rules(tx: Tx, payload: RulesAt) -> dict[str, Any]:
    """现行规则 / Rules in force.

    Raises:
        Invalid: No date.
    """
    in_force = rules_in_force(tx.conn)
    try:
        on = date.fromisoformat(payload.at) if payload.at else tx.calendar.local_date(tx.now)
    except ValueError as error:
        raise Invalid(
            field="at", reason=said("日期格式应为 YYYY-MM-DD / a day is written YYYY-MM-DD")
        ) from error
    found = in_force.on(on)
    if found is None:
        return {
            "at": on.isoformat(),
            "code": None,
            "notice_version": tx.settings.notice_version,
            "items": [],
            "next": None,
        }
    code, compiled = found
    row = rule_sets.by_code(tx.conn, code)
    rule_set = compiled.rule_set
    street = in_force.street(payload.community or "", on)
    items = [*rule_set.rules, *(street[1].rule_set.rules if street is not None else ())]
    return {
        "at": on.isoformat(),
        "code": code,
        "version": rule_set.version,
        "state": row.state,
        "effective_from": rule_set.effective_from.isoformat(),
        "effective_to": row.effective_to.isoformat() if row.effective_to else None,
        **(persons(tx, row) if of_district(tx, row.area) else offices(row)),
        "legal_review": rule_set.legal_review,
        "instruments": list(rule_set.instruments),
        "digest": row.digest,
        "notice_version": tx.settings.notice_version,
        "street": _street_card(tx, street[0]) if street is not None else None,
        "items": [rule_card(rule) for rule in items],
        "next": None,
    }


def _street_card(tx: Tx, code: str) -> dict[str, Any]:
    row = rule_sets.by_code(tx.conn, code)
    return {
        "code": code,
        "scope": row.area,
        "effective_from": row.effective_from.isoformat(),
        "effective_to": row.effective_to.isoformat() if row.effective_to else None,
        "digest": row.digest,
        "rules": [rule["code"] for rule in row.body["rules"]],
    }
