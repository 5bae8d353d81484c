"""Repairs and negative items of organisations, as each viewer may see them."""

from __future__ import annotations

from typing import Annotated, Literal

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.errors import NotForPersons
from fivered.services.credit.rules import severity
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import registry, vetoes
from fivered.services.credit.storage import repairs as store
from fivered.services.credit.storage.in_force import rules_in_force
from fivered.services.credit.views import cards


class OneRepair(Request, frozen=True):
    """Which repair is meant."""

    repair_id: str


State = Literal[
    "APPLIED", "ACCEPTED", "RETURNED", "CHECKED", "APPROVED", "REJECTED", "WITHDRAWN", "LAPSED"
]


class Repairs(Request, frozen=True):
    """Which repairs."""

    state: State | None = None
    sort: Annotated[Literal["applied_at", "-applied_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OfOrganisation(Request, frozen=True):
    """Which organisation is meant."""

    subject_id: str


def _card(row: Row, **more: object) -> replies.RepairCard:
    return replies.RepairCard.of(
        row, id=row.repair_id, award_id=str(row.award_id), subject=row.subject_id, **more
    )


def repair(tx: Tx, payload: OneRepair) -> replies.RepairCard:
    """信用修复 / A repair.

    Return a repair to who applied, to the organisation, and to staff of the area.

    Raises:
        NotFound: There is none, or it is none of the caller's business.
    """
    row = store.repair(tx.conn, payload.repair_id)
    if row is None or not (row.person_id == tx.actor.id or cards.may_see(tx, row.subject_id)):
        raise NotFound(kind="repair", id=payload.repair_id)
    return _card(row)


def repairs(tx: Tx, payload: Repairs) -> Page[replies.RepairCard]:
    """信用修复列表 / Repairs.

    List the repairs of the caller's area.
    """
    found = store.page(tx.conn, area=tx.actor.scope[:12], state=payload.state, part=payload)
    tied = cards.ties(tx)
    return found.listed(lambda row: _card(row, own_matter=row.subject_id in tied))


def negatives(tx: Tx, payload: OfOrganisation) -> replies.NegativesReply:
    """单位负面信息 / Published negative items of an organisation.

    Return the negative items of an organisation that are published now, and its vetoes.

    MINOR items are shown to the organisation and to staff only. What was repaired, or has hung for
    its longest time, is shown to nobody here.

    Raises:
        NotForPersons: No list of negatives of natural persons exists (REQ-L03).
        NotFound: There is no such organisation.
    """
    kind = payload.subject_id.partition(":")[0]
    if kind in PERSONS:
        raise NotForPersons(field="subject_id")
    subject = registry.subject(tx.conn, payload.subject_id)
    inside = subject is not None and cards.may_see(tx, payload.subject_id)
    if subject is None or (kind == "STW" and not inside):
        raise NotFound(kind="subject", id=payload.subject_id)
    now = tx.calendar.period(tx.now)
    items = [_negative(tx, award) for award in store.negatives(tx.conn, [subject.subject_id], now)]
    return replies.NegativesReply(
        subject=subject.subject_id,
        items=[item for item in items if item.public or inside],
        vetoes=[
            cards.veto_card(veto)
            for veto in vetoes.of_subject(tx.conn, subject.subject_id)
            if inside or (veto.state == "ACTIVE" and veto.from_period <= now <= veto.to_period)
        ],
    )


def _negative(tx: Tx, award: Row) -> replies.NegativeItem:
    now = tx.calendar.period(tx.now)
    rule = rules_in_force(tx.conn).rule_of(award)
    level = (rule.severity if rule is not None else None) or "MINOR"
    return replies.NegativeItem.of(
        award,
        award_id=str(award.award_id),
        severity=level,
        public=severity.is_public(level, period=award.period, to_period=award.to_period, now=now),
        rule=award.rule_code,
        reason=rule.public_reason if rule is not None else None,
        counts_until=award.to_period,
        repair_from=severity.earliest_repair(level, award.period),
    )
