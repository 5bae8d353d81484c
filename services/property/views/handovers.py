"""Hand-overs between companies, and what is on their lists."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.property.replies import Both
from fivered.services.property.replies.handovers import HandoverCard, HandoverItem, HandoverLine
from fivered.services.property.storage import handovers as stored
from fivered.services.property.storage import lists
from fivered.services.property.storage.rows import Condition, Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope

Deed = Literal["HAND", "RECEIVE", "SETTLE"]


def _seen(tx: Tx, table: sa.Table, scope: str | None) -> list[Condition]:
    """Return what the caller may see: the area's staff, and both companies."""
    own = ground.own_side(tx)
    if own is None:
        return lists.conditions(table, scope=ground.scope_of(tx, scope))
    either = sa.or_(table.c.project_id.in_(own), table.c.new_project_id.in_(own))
    return [either, *lists.conditions(table, scope=scope)]


class HandoverFilter(Request, frozen=True):
    """移交筛选 / Filter of hand-overs."""

    scope: Scope | None = None
    project_id: Annotated[str, Meta(description="原项目 / of who goes")] | None = None
    state: Literal["OPEN", "DONE"] | None = None
    overdue: bool | None = None
    sort: Annotated[Literal["created_at", "-created_at", "due_at", "-due_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def handovers(tx: Tx, payload: HandoverFilter) -> Both[HandoverLine]:
    """项目移交列表 / Hand-overs.

    Answer the hand-overs of an area to its staff, to a company those in which it goes or comes.
    """
    conditions = _seen(tx, stored.handovers, payload.scope)
    conditions += lists.conditions(
        stored.handovers,
        project_id=payload.project_id,
        state=payload.state,
        overdue=payload.overdue,
    )
    return ground.page(
        tx,
        stored.handovers,
        conditions,
        payload,
        show=lambda row: HandoverLine.of(row, id=row.handover_id, due=row.due_at),
        oldest_first=False,
    )


class WhichHandover(Request, frozen=True):
    """Which hand-over is meant."""

    handover_id: str


def handover(tx: Tx, payload: WhichHandover) -> HandoverCard:
    """项目移交及清单 / A hand-over.

    Answer a hand-over with everything on its list.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, stored.handovers, payload.handover_id)
    _require_seen(tx, row, "handover", payload.handover_id)
    staff = tx.actor.role in ground.STAFF
    return HandoverCard.of(
        row,
        id=row.handover_id,
        due=row.due_at,
        items=[_item(tx, one) for one in stored.items_of(tx.conn, row.handover_id)],
        history=ground.history(tx, stored.handovers, row.handover_id, with_actors=staff),
    )


def _require_seen(tx: Tx, row: Row, kind: str, key: str) -> None:
    own = ground.own_side(tx)
    mine = own is not None and bool({row.project_id, row.new_project_id} & {*own})
    if not (mine or (own is None and tx.actor.covers(row.area))):
        raise NotFound(kind=kind, id=key)


def _item(tx: Tx, row: Row) -> HandoverItem:
    staff = tx.actor.role in ground.STAFF
    return ground.shown(HandoverItem, row, persons=staff, id=row.item_id, due=row.due_at)


class ItemFilter(Request, frozen=True):
    """移交事项筛选 / Filter of what is to be handed over."""

    scope: Scope | None = None
    handover_id: str | None = None
    state: Literal["PENDING", "HANDED", "RECEIVED", "MISSING", "SETTLED"] | None = None
    waits_for: (
        Annotated[
            Deed,
            Meta(description="待移交、待接收、待街道处理 / what the caller has to do"),
        ]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at", "due_at", "-due_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def handover_items(tx: Tx, payload: ItemFilter) -> Both[HandoverItem]:
    """移交事项列表 / What is to be handed over.

    Answer the lines of hand-overs, to those who may see the hand-over.
    """
    table = stored.items
    conditions = _seen(tx, table, payload.scope)
    conditions += lists.conditions(table, handover_id=payload.handover_id, state=payload.state)
    if payload.waits_for is not None:
        conditions += _waits_for(tx, payload.waits_for)
    return ground.page(tx, table, conditions, payload, show=lambda row: _item(tx, row))


def _waits_for(tx: Tx, deed: str) -> list[Condition]:
    item = stored.items.c
    own = ground.own_side(tx)
    if deed == "SETTLE":
        late = [item.state.in_(("PENDING", "HANDED", "MISSING")), item.due_at <= tx.now]
        return late if own is None else [sa.false()]
    if own is None:
        return [sa.false()]
    if deed == "HAND":
        return [item.state.in_(("PENDING", "MISSING")), item.project_id.in_(own)]
    return [item.state == "HANDED", item.new_project_id.in_(own)]


class WhichItem(Request, frozen=True):
    """Which line is meant."""

    item_id: str


def handover_item(tx: Tx, payload: WhichItem) -> HandoverItem:
    """移交事项 / One thing that is to be handed over.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, stored.items, payload.item_id)
    _require_seen(tx, row, "handover_item", payload.item_id)
    return _item(tx, row)
