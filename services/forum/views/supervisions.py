"""What supervisors found."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.forum import replies, storage
from fivered.services.forum.views.cards import (
    whose_rows,
)


class SupervisionsAsked(Request, frozen=True):
    """Which records of supervision."""

    scope: Area | None = None
    mine: Annotated[bool, Meta(description="本人的记录 / one's own")] = False
    task_id: str | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def supervisions(tx: Tx, payload: SupervisionsAsked) -> Page[replies.SupervisionCard]:
    """监督记录列表 / What supervisors found: of an area for its staff, else one's own.

    Raises:
        RoleDenied: The area lies outside the caller's scope, or the caller acts for none.
    """
    whose = whose_rows(tx, payload.scope, mine=payload.mine)
    found = storage.supervisions.supervision_page(
        tx.conn, payload, scope=whose.scope, person_id=whose.person_id, task_id=payload.task_id
    )
    return found.listed(lambda row: replies.SupervisionCard.of(row, id=row.record_id))
