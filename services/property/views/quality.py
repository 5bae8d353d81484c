"""Second looks, as they are listed and counted."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit
from fivered.chassis.requests import Request
from fivered.services.property import replies
from fivered.services.property.replies import Both
from fivered.services.property.replies.quality import CheckState
from fivered.services.property.storage import lists, rows, tables
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope


class CheckFilter(Request, frozen=True):
    """抽查筛选 / Filter of second looks."""

    scope: Scope | None = None
    project_id: str | None = None
    kind: Literal["RECTIFICATION", "COMPLAINT"] | None = None
    state: CheckState | None = None
    found_good_by: (
        Annotated[
            str,
            Meta(max_length=64, description="原核验、办结人 / who had found it good"),
        ]
        | None
    ) = None
    for_me: Annotated[
        bool, Meta(description="只看本人可复核的 / those that the caller may look at")
    ] = False
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def quality_checks(tx: Tx, payload: CheckFilter) -> Both[replies.QualityCheck]:
    """抽查复核列表 / Second looks.

    Answer what was drawn or named for a second look, newest first; `total` counts them, with
    `state=WRONG` how often somebody found good what was not.
    """
    table = tables.quality_checks
    conditions = lists.conditions(
        table,
        scope=ground.scope_of(tx, payload.scope),
        project_id=payload.project_id,
        kind=payload.kind,
        state=payload.state,
        found_good_by=payload.found_good_by,
    )
    if payload.for_me:
        me = tx.actor.id
        apart = rows.projects_of_interest(tx.conn, me)
        # Of each that is listed its thing is looked up; none of the caller's own is searched for.
        orders, complained = tables.rectifications.c, tables.complaints.c
        chain = sa.or_(orders.issued_by == me, orders.checked_by == me)
        conditions += [
            sa.or_(table.c.found_good_by.is_(None), table.c.found_good_by != me),
            ~sa.exists().where(orders.rectification_id == table.c.ref, chain),
            ~sa.exists().where(complained.complaint_id == table.c.ref, complained.decided_by == me),
        ]
        if apart:
            conditions.append(table.c.project_id.not_in(apart))
    return ground.page(tx, table, conditions, payload, show=_shown, oldest_first=False)


def _shown(row: Row) -> replies.QualityCheck:
    return replies.QualityCheck.of(row, id=row.check_id, media=row.media or [])


class WhichCheck(Request, frozen=True):
    """Which second look is meant."""

    check_id: str


def quality_check(tx: Tx, payload: WhichCheck) -> replies.QualityCheck:
    """一次抽查复核 / One second look.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the actor's scope.
    """
    row = records.get(tx.conn, tables.quality_checks, payload.check_id)
    tx.require_scope(row.area)
    return _shown(row)
