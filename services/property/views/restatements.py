"""The log of restated figures, as it is read."""

from __future__ import annotations

from typing import Annotated, Literal

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, Period
from fivered.chassis.requests import Request
from fivered.services.property import replies
from fivered.services.property.replies import Both
from fivered.services.property.storage import lists, tables
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope


class RestatementFilter(Request, frozen=True):
    """筛选 / Filter of restated figures."""

    scope: Scope | None = None
    project_id: str | None = None
    period: Period | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def complaint_restatements(tx: Tx, payload: RestatementFilter) -> Both[replies.Restatement]:
    """投诉数更正记录 / Restated counts of complaints.

    Answer what changed after a month was frozen, newest first: when, from what to what; who and
    why to the staff of the area, of loaded counts why to everybody.
    """
    conditions = lists.conditions(
        tables.restatements,
        scope=payload.scope,
        project_id=payload.project_id,
        period=payload.period,
    )

    def show(row: Row) -> replies.Restatement:
        staff = tx.actor.role in ground.STAFF and tx.actor.covers(row.area)
        told = replies.Restatement.of(row, id=row.restatement_id, at=row.created_at, reason=None)
        if staff:
            told.restated_by = row.restated_by
            if row.complaint_id is not None:
                told.complaint_id = row.complaint_id
        if staff or row.kind == "HISTORY_CORRECTED":
            told.reason = row.reason
        return told

    return ground.page(tx, tables.restatements, conditions, payload, show=show, oldest_first=False)
