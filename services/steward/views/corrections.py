"""What people say is wrong in the register, for them and for who decides."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage


class CorrectionList(Request, frozen=True):
    """更正申请筛选 / Which proposals; one's own, or, for staff, those of an area."""

    scope: Annotated[Area, Meta(description="工作人员查本辖区 / staff: of this area")] | None = None
    state: Literal["ASKED", "DONE", "REFUSED", "WITHDRAWN", "ENDED"] | None = None
    sort: Annotated[Literal["asked_at", "-asked_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def corrections(tx: Tx, payload: CorrectionList) -> Page[replies.CorrectionCard]:
    """更正申请列表 / Corrections that people have proposed, oldest first.

    Answer the caller's own; a cadre or above, those of an area, for whose people the name is known.

    Raises:
        RoleDenied: The area lies outside the caller's.
    """
    staff = tx.actor.role in rules.access.SENIORS
    scope = payload.scope or tx.actor.scope
    if staff:
        tx.require_scope(scope)
    vault = storage.vault(tx)
    found = storage.corrections.listed(
        tx.conn, scope if staff else None, tx.actor.id, payload.state, payload
    )
    return found.listed(lambda row: replies.CorrectionCard.about(row, vault))
