"""Work orders: a project's tasks out of resolutions and three-party meetings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from chassis.bus import Heard, Tx
from chassis.refusal import StateConflict
from services.property import errors, events
from services.property.actions import ground, rectifications
from services.property.actions.ground import Reply
from services.property.storage import rows, tables
from services.property.storage.rows import Row

Reference = Annotated[str, Meta(min_length=1, max_length=300)]


def new_work(
    tx: Tx,
    project: Row,
    *,
    work_id: str,
    source: str,
    title: str,
    due_at: datetime | None,
    task_id: str | None = None,
    topic_id: str | None = None,
    meeting_id: str | None = None,
) -> Row:
    """Write a work order for a project."""
    row = rows.add(
        tx.conn,
        tables.works,
        {
            "work_id": work_id,
            "project_id": project["project_id"],
            "source": source,
            "task_id": task_id,
            "topic_id": topic_id,
            "meeting_id": meeting_id,
            "title": title,
            "state": "ASSIGNED",
            "evidence": [],
            "rework_count": 0,
            "overdue": False,
            "due_at": due_at,
            "area": project["area"],
            "version": 1,
            "created_at": tx.now,
        },
    )
    ground.note(tx, "work", row, "ASSIGNED", source=source)
    return row


def hear_assigned(tx: Tx, heard: list[Heard]) -> None:
    """A task of one of our projects becomes a work order, once."""
    mine = [event for event in heard if event.data.responsible_kind == "PROJECT"]
    projects = rows.known_projects(tx.conn, [event.data.responsible_id for event in mine])
    known = rows.works_of_tasks(tx.conn, [event.data.task_id for event in mine])
    for event in mine:
        data: events.TaskAssignedHeard = event.data
        project = projects.get(data.responsible_id)
        if project is None:
            continue
        if data.task_id in known:
            # Said again: the forum has given the task a new term.
            row = known[data.task_id]
            if row["state"] != "CLOSED" and data.due_at and row["due_at"] != data.due_at:
                row = rows.change(tx.conn, tables.works, row, due_at=data.due_at, overdue=False)
                ground.note(tx, "work", row, "EXTENDED", due_at=data.due_at.isoformat())
                known[data.task_id] = row
            continue
        known[data.task_id] = new_work(
            tx,
            project,
            work_id="wrk_" + data.task_id.removeprefix("tsk_"),
            source="TASK",
            title=data.title or "协商决议任务",
            due_at=data.due_at,
            task_id=data.task_id,
            topic_id=data.topic_id,
        )


def hear_accepted(tx: Tx, heard: list[Heard]) -> None:
    """The task was accepted: the work order is closed."""
    ids = [event.data.task_id for event in heard]
    for row in rows.works_of_tasks(tx.conn, ids).values():
        if row["state"] != "CLOSED":
            _close(tx, row)


def _close(tx: Tx, row: Row) -> Row:
    row = rows.change(tx.conn, tables.works, row, state="CLOSED", closed_at=tx.now)
    ground.note(tx, "work", row, "CLOSED")
    return row


def hear_rework(tx: Tx, heard: list[Heard]) -> None:
    """The work must be done again, or is taken away for good."""
    newest = {event.data.task_id: event for event in heard}
    for task_id, row in rows.works_of_tasks(tx.conn, newest).items():
        if row["state"] == "CLOSED":
            continue
        data: events.TaskReworkHeard = newest[task_id].data
        if data.final:
            _close(tx, row)
        else:
            _again(tx, row, data.reason or "")


def _again(tx: Tx, row: Row, reason: str) -> Row:
    row = rows.change(
        tx.conn, tables.works, row, state="DOING", rework_count=row["rework_count"] + 1
    )
    ground.note(tx, "work", row, "REWORK", reason=reason)
    return row


def hear_overdue(tx: Tx, heard: list[Heard]) -> None:
    """An overdue task of a project opens one S3 order, however often it goes up."""
    mine = {e.data.task_id: e for e in heard if e.data.responsible_kind == "PROJECT"}
    known = rows.works_of_tasks(tx.conn, mine)
    projects = rows.known_projects(tx.conn, [e.data.responsible_id for e in mine.values()])
    for task_id, event in mine.items():
        work = known.get(task_id)
        if work is not None and not work["overdue"]:
            work = rows.change(tx.conn, tables.works, work, overdue=True)
            ground.note(tx, "work", work, "OVERDUE")
        project = projects.get(event.data.responsible_id)
        if project is None or rows.order_of(tx.conn, task_id=task_id) is not None:
            continue
        rectifications.open_order(
            tx,
            project,
            severity="S3",
            facts=f"协商决议任务 {task_id} 逾期未完成",
            basis="协商决议及任务期限",
            source="TASK",
            task_id=task_id,
            cause=event,
        )


@dataclass(frozen=True, slots=True)
class Which:
    """Which work order is meant."""

    work_id: str


def start(tx: Tx, order: Which) -> Reply:
    """The manager starts the work.

    Raises:
        NotTheManager: The actor does not manage the project.
        StateConflict: It is started.
    """
    row = ground.meant(tx, tables.works, "work", order.work_id)
    if row["state"] != "ASSIGNED":
        raise StateConflict(state=row["state"])
    row = rows.change(tx.conn, tables.works, row, state="DOING", started_at=tx.now)
    ground.note(tx, "work", row, "STARTED")
    return ground.reply(row, "work")


@dataclass(frozen=True, slots=True)
class Deliver:
    """The evidence of the work."""

    work_id: str
    evidence: list[Reference] = field(default_factory=list)


def deliver(tx: Tx, order: Deliver) -> Reply:
    """The manager delivers; a task's delivery is said to the forum.

    Raises:
        NotTheManager: The actor does not manage the project.
        EvidenceRequired: There is no evidence.
        StateConflict: It is not being done.
    """
    row = ground.meant(tx, tables.works, "work", order.work_id)
    if row["state"] != "DOING":
        raise StateConflict(state=row["state"])
    if not order.evidence:
        raise errors.EvidenceRequired(field="evidence")
    row = rows.change(
        tx.conn,
        tables.works,
        row,
        state="DELIVERED",
        evidence=list(order.evidence),
        delivered_at=tx.now,
        delivered_by=tx.actor.id,
    )
    ground.note(tx, "work", row, "DELIVERED")
    if row["task_id"] is not None:
        tx.say(
            events.WorkDelivered(
                row["work_id"],
                row["task_id"],
                row["topic_id"],
                row["project_id"],
                list(order.evidence),
            ),
            subject=row["work_id"],
            scope=row["area"],
            sequence=row["version"],
        )
    return ground.reply(row, "work")


@dataclass(frozen=True, slots=True)
class CheckWork:
    """The community's finding on a work order out of a three-party meeting."""

    work_id: str
    accepted: bool
    reason: str = ""


def check(tx: Tx, order: CheckWork) -> Reply:
    """The community accepts the work of a meeting's decision, or sends it back.

    A task's work is accepted in the forum, where its supervisor is.

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        ReasonRequired: Sent back without a reason.
        StateConflict: It is not delivered, or is a task's.
    """
    row = ground.meant(tx, tables.works, "work", order.work_id, may=ground.uninterested)
    if row["source"] != "MEETING" or row["state"] != "DELIVERED":
        raise StateConflict(state=row["state"])
    if order.accepted:
        return ground.reply(_close(tx, row), "work")
    ground.require_reason(order.reason)
    return ground.reply(_again(tx, row, order.reason), "work")
