"""Tasks, and one with its supervision."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.forum import replies, storage
from fivered.services.forum.rules import TaskState
from fivered.services.forum.views.cards import (
    district,
    is_near,
    sees_inside,
)


class TaskOf(Request, frozen=True):
    """Which task."""

    task_id: str


class TasksAsked(Request, frozen=True):
    """Which tasks."""

    scope: Area | None = None
    topic_id: str | None = None
    responsible_id: str | None = None
    state: TaskState | None = None
    overdue: bool = False
    mine: Annotated[bool, Meta(description="我监督的 / those that I supervise")] = False
    sort: Annotated[Literal["created_at", "-created_at", "due_at", "-due_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def task_card(row: Row) -> replies.TaskCard:
    """Return a task as everybody sees it: who accepted it is nobody's business, that it was is."""
    return replies.TaskCard.of(row, **_told(row))


def _told(row: Row) -> dict[str, object]:
    return {
        "id": row.task_id,
        "overdue": row.overdue_level > 0,
        "supervisor_accepted": row.supervisor_accepted is not None,
        "cadre_accepted": row.cadre_accepted is not None,
    }


def task(tx: Tx, payload: TaskOf) -> replies.TaskReply:
    """任务 / A task and its supervision.

    Return a task with its supervisors and what they have seen.

    Raises:
        NotFound: There is none.
    """
    row = records.find(tx.conn, storage.tables.tasks, payload.task_id)
    if row is None or not is_near(tx, row.area):
        raise NotFound(kind="task", id=payload.task_id)
    inside = sees_inside(tx, row.area)
    away = row.state in _AWAY
    return replies.TaskReply.of(
        row,
        **_told(row),
        supervisors=[
            replies.Supervisor.of(one)
            for one in storage.supervisions.supervisors_of(tx.conn, [payload.task_id])
            if inside or one.person_id == tx.actor.id
        ],
        supervisions=[
            replies.Supervision.of(one, id=one.record_id, at=one.created_at)
            for one in storage.supervisions.supervisions_of(tx.conn, [payload.task_id])
        ],
        end_reason=storage.tasks.why_ended(tx.conn, payload.task_id) if away else None,
    )


_AWAY = ("CANCELLED", "FAILED")


def task_ledger(tx: Tx, payload: TasksAsked) -> Page[replies.TaskCard]:
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
    return found.listed(task_card)
