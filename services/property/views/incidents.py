"""Outages, works and faults: what everybody reads of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import UNSET, Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Instant, Limit
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.requests import Request
from fivered.services.property import replies, rules
from fivered.services.property.fields import IncidentKind, IncidentState
from fivered.services.property.replies import Both
from fivered.services.property.storage import incidents as stored
from fivered.services.property.storage import lists, tables
from fivered.services.property.storage.rows import Condition, Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope


class IncidentFilter(Request, frozen=True):
    """通告筛选 / Filter of announcements: where, when, what."""

    scope: Scope | None = None
    building: (
        Annotated[
            str,
            Meta(
                max_length=40,
                description="楼栋:影响该楼栋或全部楼栋的 / those of this building, or of all",
                examples=["3号楼"],
            ),
        ]
        | None
    ) = None
    at: (
        Annotated[
            Instant,
            Meta(
                description="当时正在发生或预计发生的 / what is, was or will be going on then",
                examples=["2025-03-03T10:00:00+08:00"],
            ),
        ]
        | None
    ) = None
    kind: IncidentKind | None = None
    state: IncidentState | None = None
    project_id: str | None = None
    followed: Annotated[bool, Meta(description="只看本人关注的 / those that I follow")] = False
    mine: Annotated[
        bool,
        Meta(description="只看由我负责的 / those for which the caller answers in this role"),
    ] = False
    overdue: Annotated[
        bool, Meta(description="只看预计时间已过仍未恢复的 / not over when it was expected to be")
    ] = False
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def incidents(tx: Tx, payload: IncidentFilter) -> Both[replies.Incident]:
    """停供、施工、故障通告 / Announcements of outages, works and faults.

    Answer announcements of a place, newest first; with `at` what goes on there at that time.

    Raises:
        Invalid: A building is named without an area.
    """
    table = tables.incidents
    if payload.building is not None and payload.scope is None:
        raise Invalid(field="scope", reason=said("请填写楼栋所在区域 / say in which area it is"))
    conditions = lists.conditions(
        table, kind=payload.kind, state=payload.state, project_id=payload.project_id
    )
    if payload.scope is not None:
        conditions.append(stored.in_place(payload.scope))
    if payload.at is not None:
        conditions += stored.going_on(payload.at, tx.now)
    if payload.followed:
        conditions.append(stored.followed_by(tx.actor.id))
    if payload.overdue:
        conditions += [table.c.state == "RUNNING", table.c.ends_at <= tx.now]
    if payload.mine:
        conditions.append(_mine(tx))
    if payload.building is not None:
        there = records.rows(
            tx.conn, sa.select(table.c.incident_id, table.c.buildings).where(*conditions)
        )
        conditions = [
            table.c.incident_id.in_(
                [
                    row.incident_id
                    for row in there
                    if not row.buildings or rules.in_buildings(row.buildings, payload.building)
                ]
            )
        ]
    found = ground.page(
        tx,
        table,
        conditions,
        payload,
        show=lambda row: _shown(tx, row),
        oldest_first=False,
    )
    if tx.actor.id:
        followed = stored.followed_of(tx.conn, tx.actor.id, [one.id for one in found.items])
        for one in found.items:
            one.following = one.id in followed
    return found


def _mine(tx: Tx) -> Condition:
    """Return the condition that the caller answers for an announcement: for the own project's;
    officials for those of their area that no project announced; others for their own."""
    table = tables.incidents
    if tx.actor.role == "R_PM":
        return table.c.project_id.in_(ground.own_side(tx) or [])
    if tx.actor.role in ground.STAFF:
        return sa.and_(table.c.announced_role != "R_PM", stored.in_place(tx.actor.scope))
    return table.c.announced_by == tx.actor.id


def _shown(tx: Tx, row: Row) -> replies.Incident:
    staff = tx.actor.role in ground.STAFF and tx.actor.covers(row.area)
    inside = staff or (bool(tx.actor.id) and row.announced_by == tx.actor.id)
    updates = [
        replies.IncidentUpdate(
            at=datetime.fromisoformat(one["at"]),
            text=one["text"],
            ends_at=datetime.fromisoformat(one["ends_at"]),
        )
        for one in row.updates
    ]
    told = ground.shown(replies.Incident, row, persons=inside, id=row.incident_id, updates=updates)
    told.announced_role = row.announced_role if inside else UNSET
    return told


class WhichIncident(Request, frozen=True):
    """Which announcement is meant."""

    incident_id: str


def incident(tx: Tx, payload: WhichIncident) -> replies.Incident:
    """通告 / One announcement, with all that was told of it.

    Raises:
        NotFound: There is none.
    """
    row = records.get(tx.conn, tables.incidents, payload.incident_id)
    told = _shown(tx, row)
    if tx.actor.id:
        told.following = bool(stored.followed_of(tx.conn, tx.actor.id, [row.incident_id]))
    return told
