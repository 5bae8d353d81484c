"""Questions about grids that are split and merged."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import storage
from fivered.services.steward.fields import GridChangeState
from fivered.services.steward.replies.grid_changes import GridChangeCard, Part


class GridChangeList(Request, frozen=True):
    """筛选 / Which changes."""

    area: Annotated[Area, Meta(description="辖区,默认本人的 / one's own where left out")] | None = (
        None
    )
    state: GridChangeState | None = None
    sort: Annotated[Literal["effective_on", "-effective_on"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichGridChange(Request, frozen=True):
    """Which change."""

    change_id: str


def grid_changes(tx: Tx, payload: GridChangeList) -> Page[GridChangeCard]:
    """网格调整列表 / Changes of grids, the latest day first."""
    scope = payload.area or tx.actor.scope
    tx.require_scope(scope)
    found = storage.grid_changes.listed(tx.conn, scope, payload.state, payload)
    return found.listed(card)


def grid_change(tx: Tx, payload: WhichGridChange) -> GridChangeCard:
    """网格调整 / One change of grids; until it is carried out, with what it would do now.

    Raises:
        NotFound: There is no such change here.
    """
    row = storage.grid_changes.find(tx.conn, payload.change_id)
    if row is None or not tx.actor.covers(row.community):
        raise NotFound(kind="grid change", id=payload.change_id)
    found = card(row)
    if row.state in {"PROPOSED", "APPROVED"}:
        looked = storage.grid_changes.look(
            tx.conn, storage.vault(tx), storage.grid_changes.drawn(row), tx.now
        )
        found.parts = [Part.of(one) for one in looked]
    return found


def card(row: Row) -> GridChangeCard:
    """Return a change as a list shows it."""
    return GridChangeCard.of(row, id=row.change_id, into=[part["code"] for part in row.into])
