"""Commitments of the agreements: whose they are, until when, and which are overdue."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit
from fivered.chassis.requests import Request
from fivered.services.property import replies
from fivered.services.property.replies import Both
from fivered.services.property.storage import lists, tables
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope

# Whose commitments are a role's own.
_SIDE = {
    "R_PM": "PROJECT",
    "R_PCO": "PROJECT",
    "R_CADRE": "COMMUNITY",
    "R_SECRETARY": "COMMUNITY",
}


class CommitmentFilter(Request, frozen=True):
    """履约事项筛选 / Filter of commitments; `mine=true`: what the own side still owes."""

    scope: Scope | None = None
    project_id: str | None = None
    agreement_id: str | None = None
    responsible: Literal["PROJECT", "COMMUNITY"] | None = None
    state: (
        Literal[
            "SCHEDULED",
            "DUE",
            "SUBMITTED",
            "OVERDUE",
            "FULFILLED",
            "FULFILLED_LATE",
            "WAIVED",
            "CANCELLED",
        ]
        | None
    ) = None
    due_from: Annotated[date, Meta(description="期限不早于 / due on this day or later")] | None = (
        None
    )
    due_to: Annotated[date, Meta(description="期限不晚于 / due on this day or before")] | None = (
        None
    )
    mine: Annotated[
        bool, Meta(description="本方未完成的 / what the own side owes and has not done")
    ] = False
    sort: Annotated[Literal["due_at", "-due_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def commitments(tx: Tx, payload: CommitmentFilter) -> Both[replies.Commitment]:
    """履约事项列表 / Commitments.

    Answer commitments, the first to fall due first: the area's to staff, the own projects' to the
    project's side. `mine=true` lists what the caller's side still owes.

    Raises:
        RoleDenied: The area asked for lies outside the actor's scope.
        Invalid: The cursor is none of this list.
    """
    table = tables.commitments
    responsible: str | None = payload.responsible
    conditions = lists.conditions(
        table,
        **ground.whose(tx, payload.scope),
        project_id=payload.project_id,
        agreement_id=payload.agreement_id,
        state=payload.state,
    )
    if payload.mine:
        responsible = _SIDE.get(tx.actor.role, "COMMUNITY")
        conditions.append(table.c.state.in_(("SCHEDULED", "DUE", "OVERDUE")))
    if responsible is not None:
        conditions.append(table.c.responsible == responsible)
    if payload.due_from is not None:
        conditions.append(table.c.due_date >= payload.due_from)
    if payload.due_to is not None:
        conditions.append(table.c.due_date < payload.due_to + timedelta(days=1))
    inside = ground.insider(tx)
    found = records.page(
        tx.conn,
        sa.select(table).where(*conditions),
        payload,
        (table.c.due_at, table.c.commitment_id),
        counted=True,
    )

    def show(row: Row) -> replies.Commitment:
        return ground.shown(
            replies.Commitment,
            row,
            persons=inside(row),
            id=row.commitment_id,
            evidence=row.evidence if inside(row) else [],
        )

    return ground.both(found, show)
