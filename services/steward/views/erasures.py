"""Requests that the data of a person be erased."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage


class WhichErasure(Request, frozen=True):
    """Which request is meant."""

    erasure_id: str


class ErasureList(Request, frozen=True):
    """删除申请筛选 / Which requests; one's own, or, with an area, those of the area."""

    scope: Annotated[Area, Meta(description="工作人员查本辖区 / staff: of this area")] | None = None
    state: Literal["ASKED", "HELD", "DONE", "REFUSED", "WITHDRAWN"] | None = None
    sort: Annotated[Literal["asked_at", "-asked_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def _told(tx: Tx, row: Row) -> tuple[str | None, list[tuple[str, str]] | None]:
    return storage.erasures.told(tx.conn, storage.vault(tx), row)


def erasure(tx: Tx, payload: WhichErasure) -> replies.ErasureCard:
    """查看删除申请 / One request for erasure.

    Raises:
        NotFound: There is none of the caller or the caller's area.
    """
    row = storage.erasures.erasure(tx.conn, payload.erasure_id)
    if row is not None and (
        tx.actor.id in {row.person_id, row.asked_by}
        or (tx.actor.role in rules.access.SENIORS and tx.actor.covers(row.area))
    ):
        return replies.ErasureCard.about(row, *_told(tx, row))
    raise NotFound(kind="erasure", id=payload.erasure_id)


def erasures(tx: Tx, payload: ErasureList) -> Page[replies.ErasureCard]:
    """删除申请列表 / Requests for erasure, oldest first.

    Answer the caller's own; staff, of an area.

    Raises:
        RoleDenied: The area lies outside the caller's.
    """
    staff = tx.actor.role in rules.access.SENIORS
    scope = payload.scope
    if staff:
        scope = scope or tx.actor.scope
        tx.require_scope(scope)
    found = storage.erasures.listed(
        tx.conn, scope if staff else None, [tx.actor.id], payload.state, payload
    )
    return found.listed(lambda row: replies.ErasureCard.about(row, *_told(tx, row)))
