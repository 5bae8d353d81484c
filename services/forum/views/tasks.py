"""Tasks, and what their supervisors found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from chassis import records
from chassis.bus import Tx
from chassis.fields import Area, Cursor, Limit
from chassis.records import Row
from chassis.refusal import NotFound
from services.forum import storage
from services.forum.rules import TaskState
from services.forum.views.cards import (
    card,
    district,
    is_near,
    iso,
    sees_inside,
    whose_rows,
)


@dataclass(frozen=True, slots=True)
class SupervisionsAsked:
    """Which records of supervision."""

    scope: Area | None = None
    mine: Annotated[bool, Meta(description="本人的记录 / one's own")] = False
    task_id: str | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class TaskOf:
    """Which task."""

    task_id: str


@dataclass(frozen=True, slots=True)
class TasksAsked:
    """Which tasks."""

    scope: Area | None = None
    topic_id: str | None = None
    responsible_id: str | None = None
    state: TaskState | None = None
    overdue: bool = False
    mine: Annotated[bool, Meta(description="我监督的 / those that I supervise")] = False
    limit: Limit = 50
    cursor: Cursor | None = None


def supervisions(tx: Tx, payload: SupervisionsAsked) -> dict[str, Any]:
    """监督记录列表 / What supervisors found: of an area for its staff, else one's own.

    Raises:
        RoleDenied: The area lies outside the caller's scope, or he acts for none.
    """
    whose = whose_rows(tx, payload.scope, mine=payload.mine)
    found = storage.tasks.supervision_page(tx.conn, payload, **whose, task_id=payload.task_id)
    return found.reply(lambda row: card(row, "record_id"))


_TASK_SHOWN = (
    *("topic_id", "round", "title", "responsible_kind", "responsible_id", "due_at", "budget_fen"),
    *("funding", "area", "grid", "state", "overdue_level", "reworks", "supervisions_missed"),
    *("percent", "evidence", "work_id", "started_at", "delivered_at", "accepted_at", "replaces"),
    *("extensions", "created_at", "version"),
)


def task_card(row: Row) -> dict[str, Any]:
    """Return a task as everybody sees it: who accepted it is nobody's business, that it was is."""
    shown = {name: iso(getattr(row, name)) for name in _TASK_SHOWN}
    return {
        "id": row.task_id,
        "task_id": row.task_id,
        **shown,
        "overdue": row.overdue_level > 0,
        "supervisor_accepted": row.supervisor_accepted is not None,
        "cadre_accepted": row.cadre_accepted is not None,
    }


def task(tx: Tx, payload: TaskOf) -> dict[str, Any]:
    """任务 / A task and its supervision.

    Return a task with its supervisors and what they have seen.

    Raises:
        NotFound: There is none.
    """
    row = records.find(tx.conn, storage.tables.tasks, payload.task_id)
    if row is None or not is_near(tx, row.area):
        raise NotFound(kind="task", id=payload.task_id)
    people = storage.tasks.supervisors_of(tx.conn, [payload.task_id])
    seen = storage.tasks.supervisions_of(tx.conn, [payload.task_id])
    inside = sees_inside(tx, row.area)
    own = tx.actor.id
    return task_card(row) | {
        "supervisors": [
            {"person_id": s.person_id, "appointed_at": iso(s.appointed_at)}
            for s in people
            if inside or s.person_id == own
        ],
        "supervisions": [
            {
                "id": r.record_id,
                "kind": r.kind,
                "at": iso(r.created_at),
                "finding": r.finding,
                "media": r.media,
            }
            for r in seen
        ],
        "end_reason": storage.tasks.why_ended(tx.conn, payload.task_id)
        if row.state in _AWAY
        else None,
    }


_AWAY = ("CANCELLED", "FAILED")


def task_ledger(tx: Tx, payload: TasksAsked) -> dict[str, Any]:
    """任务台账 / Tasks.

    Return tasks with their progress: the ledger of resolutions.
    """
    found = storage.tasks.task_page(
        tx.conn,
        payload,
        near=district(tx),
        scope=payload.scope,
        topic_id=payload.topic_id,
        responsible_id=payload.responsible_id,
        state=payload.state,
        overdue=payload.overdue,
        supervisor=tx.actor.id if payload.mine else None,
    )
    return found.reply(task_card)
