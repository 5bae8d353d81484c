"""Settlements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from chassis.bus import Tx
from chassis.fields import Cursor, DownToCommunity, Limit, Period
from chassis.refusal import NotFound
from services.credit.storage import entries as entry_store
from services.credit.storage import queries
from services.credit.storage import settlement as store
from services.credit.views.cards import entry_card, iso


@dataclass(frozen=True, slots=True)
class Settlements:
    """Which settlements."""

    period: Annotated[Period, Meta(examples=["2025-03"])] | None = None
    community: DownToCommunity | None = None
    state: (
        Literal["OPEN", "DRAFTED", "REVIEWED", "CONFIRMED", "PUBLISHED", "FINALISING", "SETTLED"]
        | None
    ) = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OneSettlement:
    """Which settlement is meant."""

    settlement_id: str


def settlement_card(row: Any) -> dict[str, Any]:
    """Return a settlement without its entries."""
    return {
        "id": row.settlement_id,
        "period": row.period,
        "community": row.area,
        "state": row.state,
        "version": row.version,
        "complete": row.complete,
        "missing": row.missing,
        "hash": row.digest,
        "rule_set": row.rule_set,
        "entries": row.entries,
        "to_check": row.to_check,
        "checked": row.checked,
        "unfunded_points": row.unfunded_points,
        "notice_id": row.notice_id,
        "drafted_at": iso(row.drafted_at),
        "reviewed_at": iso(row.reviewed_at),
        "confirmed_at": iso(row.confirmed_at),
        "published_at": iso(row.published_at),
        "objection_until": iso(row.objection_until),
        "settled_at": iso(row.settled_at),
    }


def settlements(tx: Tx, payload: Settlements) -> dict[str, Any]:
    """月度赋分列表 / Settlements.

    List settlements of the caller's area.
    """
    area = payload.community or tx.actor.scope
    if not area.startswith(tx.actor.scope):
        area = tx.actor.scope
    found = queries.settlements_page(
        tx.conn,
        area=area,
        exact=payload.community is not None,
        period=payload.period,
        state=payload.state,
        part=payload,
    )
    return found.reply(settlement_card)


def settlement(tx: Tx, payload: OneSettlement) -> dict[str, Any]:
    """月度赋分 / A settlement.

    Return a settlement with its entries, to staff of its area: the draft for reviewers.

    Raises:
        NotFound: There is none, or it lies outside the caller's scope.
    """
    row = store.settlement(tx.conn, payload.settlement_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="settlement", id=payload.settlement_id)
    entries = entry_store.entries(tx.conn, row.settlement_id)
    previous = queries.previous_scores(tx.conn, row.settlement_id, row.period)
    items = []
    for entry in entries:
        card = entry_card(entry)
        before = previous.get(entry.subject_id)
        card["before"] = {"score": before[0], "grade": before[1]} if before else None
        items.append(card)
    return settlement_card(row) | {"items": items}
