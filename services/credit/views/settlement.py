"""Settlements."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, DownToCommunity, Limit, Period, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import queries
from fivered.services.credit.storage import settlement as store
from fivered.services.credit.views import entries


class Settlements(Request, frozen=True):
    """Which settlements."""

    period: Annotated[Period, Meta(examples=["2025-03"])] | None = None
    community: DownToCommunity | None = None
    state: (
        Literal["OPEN", "DRAFTED", "REVIEWED", "CONFIRMED", "PUBLISHED", "FINALISING", "SETTLED"]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OneSettlement(Request, frozen=True):
    """Which settlement is meant."""

    settlement_id: str


def card(row: Row) -> replies.SettlementCard:
    """Return a settlement without its entries."""
    return replies.SettlementCard.of(row, id=row.settlement_id, community=row.area, hash=row.digest)


def settlements(tx: Tx, payload: Settlements) -> Page[replies.SettlementCard]:
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
    return found.listed(card)


def settlement(tx: Tx, payload: OneSettlement) -> replies.SettlementDetail:
    """月度赋分 / A settlement.

    Return a settlement with its entries, to staff of its area: the draft for reviewers.

    Raises:
        NotFound: There is none, or it lies outside the caller's scope.
    """
    row = store.settlement(tx.conn, payload.settlement_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="settlement", id=payload.settlement_id)
    previous = queries.previous_scores(tx.conn, row.settlement_id, row.period)
    items = []
    for entry in entry_store.entries(tx.conn, row.settlement_id):
        found = previous.get(entry.subject_id)
        before = replies.Before(score=found[0], grade=found[1]) if found is not None else None
        items.append(entries.card(entry, replies.EntryCompared, before=before))
    return replies.SettlementDetail.of(
        row, id=row.settlement_id, community=row.area, hash=row.digest, items=items
    )
