"""Tasks that get more time, end without being done, or are done by others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import PersonId
from fivered.chassis.records import Row
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions import plans
from fivered.services.forum.actions.judges import led_task
from fivered.services.forum.actions.plans import PlannedTask
from fivered.services.forum.actions.record import (
    move,
    tell,
)
from fivered.services.forum.actions.tasks import (
    UNDELIVERED,
    UNENDED,
    Finding,
    acted,
    assign_one,
    doers,
    publish_assigned,
    watchers,
)


class EndTask(Request, frozen=True):
    """原因 / Why it is not done, or is done again."""

    task_id: str
    reason: Annotated[Finding, Meta(examples=["施工许可未获批准"])]


class ExtendTask(Request, frozen=True):
    """任务延期 / A new last day. The community extends twice, the street as often as it must."""

    task_id: str
    due_date: Annotated[date, Meta(description="新期限(含当日) / new last day")]
    reason: Annotated[Finding, Meta(examples=["雨季停工"])]


class ReassignTask(Request, frozen=True):
    """改派任务 / The task ends and a new one takes its place."""

    task_id: str
    reason: Finding
    responsible_kind: Literal["PROJECT", "COMMUNITY"]
    responsible_id: Annotated[str, Meta(min_length=1, max_length=64, examples=["370811015901"])]
    due_date: Annotated[date, Meta(description="期限(含当日),默认 60 天 / last day")] | None = None
    supervisors: Annotated[
        list[PersonId],
        UNIQUE,
        Meta(max_length=20, description="默认沿用原监督员 / those of before"),
    ] = field(default_factory=list)


def standing_tasks(tx: Tx, topic: Row) -> list[Row]:
    """Return the tasks of a topic's round in whose place no other one has come."""
    tasks = storage.tasks.tasks_of(tx.conn, topic.topic_id, round_=topic.round)
    replaced = {task.replaces for task in tasks}
    return [task for task in tasks if task.task_id not in replaced]


def settle(tx: Tx, topic: Row) -> Row:
    """Verify a topic of which no task is open any more; without any accepted one it waits for
    tasks again. Returns it as it is."""
    states = Counter(t.state for t in standing_tasks(tx, topic))
    if topic.state != "IMPLEMENTING" or states.keys() & set(UNENDED):
        return topic
    if states["ACCEPTED"]:
        tx.arm("topic_close", topic.topic_id, tx.calendar.due(tx.now, rules.CLOSE_WD))
        if not states["CANCELLED"]:
            return move(tx, topic, "VERIFIED", "all_accepted", verified_at=tx.now)
        counts = {name: states[name.upper()] for name in ("accepted", "cancelled")}
        return move(
            tx,
            topic,
            "VERIFIED",
            "all_ended",
            code="TOPIC_VERIFIED_IN_PART",
            detail=counts,
            told={name: str(count) for name, count in counts.items()},
            verified_at=tx.now,
        )
    tasks_due = tx.calendar.due(tx.now, rules.TASKS_WD)
    tx.arm("task_assign", topic.topic_id, tasks_due)
    return move(
        tx,
        topic,
        "RESOLVED",
        "tasks_cancelled",
        code="TOPIC_TASKS_CANCELLED",
        tasks_due=tasks_due,
    )


def publish_rework(tx: Tx, row: Row, code: str, *, final: bool, why: str | None = None) -> None:
    """Say that work goes back, or that a task is taken away for good; `why` is for who did it."""
    tx.publish(
        fact_of(events.TaskRework, row, reason=code, final=final, why=why),
        subject=row.task_id,
        scope=row.area,
        sequence=row.version,
    )


def take_away(
    tx: Tx, task: Row, state: str, action: str, code: str, *, reason: str | None = None
) -> Row:
    """End a task that is not accepted; who does it is told that it is taken away for good."""
    row = records.update(tx.conn, storage.tables.tasks, task, state=state)
    for kind in ("task_due", "supervision_gap", "task_accept"):
        tx.disarm(kind, row.task_id)
    acted(tx, row)
    records.note(
        tx, storage.tables.tasks, row, step=action, note={"reason": reason} if reason else {}
    )
    publish_rework(tx, row, code, final=True, why=reason)
    return row


def tell_cancelled(tx: Tx, topic: Row, task: Row, reason: str) -> None:
    """Tell everyone concerned with a topic, and who was to do it, that a task is cancelled."""
    people = storage.topics.participants_of(tx.conn, topic) | doers(tx, task)
    told = {"title": task.title, "reason": reason}
    tell(tx, "TASK_CANCELLED", topic.topic_id, people, ref=task.task_id, **told)


def extend_task(tx: Tx, payload: ExtendTask) -> replies.Extended:
    """任务延期 / Extend a task's term.

    Give a task a later term: the community twice, the street as often as it must.

    Raises:
        DueOutOfRange: The day is over or too far.
        DueNotLater: It is not later than the present one.
        ExtensionsUsed: The community has extended it twice.
        StateConflict: It is delivered or ended.
    """
    topic, task = led_task(tx, payload.task_id, *UNDELIVERED)
    times = task.extensions or 0
    if tx.actor.role == "R_SECRETARY" and times >= rules.EXTENSIONS:
        raise errors.ExtensionsUsed(times=times)
    due_at = plans.due_at(tx, payload.due_date)
    if due_at <= task.due_at:
        present = tx.calendar.local_date(task.due_at - timedelta(microseconds=1))
        raise errors.DueNotLater(due=str(payload.due_date), present=str(present), field="due_date")
    row = records.update(
        tx.conn, storage.tables.tasks, task, due_at=due_at, overdue_level=0, extensions=times + 1
    )
    tx.arm("task_due", payload.task_id, due_at, {"level": 1})
    acted(tx, row)
    records.note(
        tx,
        storage.tables.tasks,
        row,
        step="extend",
        note={"due": due_at.isoformat(), "reason": payload.reason},
    )
    tell(tx, "TASK_EXTENDED", topic.topic_id, watchers(tx, payload.task_id), ref=payload.task_id)
    # The responsible side learns the new term by the same fact, at a higher version.
    publish_assigned(tx, row)
    return replies.Extended.of(row, id=row.task_id, due=due_at)


def cancel_task(tx: Tx, payload: EndTask) -> replies.TaskEnded:
    """取消任务 / Cancel a task.

    End a task that will not be done. With the last one the topic is verified, or waits for
    other tasks when none was accepted.

    Raises:
        StateConflict: It has ended.
    """
    topic, task = led_task(tx, payload.task_id, *UNENDED)
    row = take_away(tx, task, "CANCELLED", "cancel", "CANCELLED", reason=payload.reason)
    tell_cancelled(tx, topic, task, payload.reason)
    topic = settle(tx, topic)
    return replies.TaskEnded.of(row, id=row.task_id, topic_state=topic.state)


def _again(
    tx: Tx,
    topic: Row,
    task: Row,
    people: Sequence[str],
    *,
    kind: Literal["PROJECT", "COMMUNITY"],
    who: str,
    due_date: date | None,
) -> replies.NewTask:
    planned = PlannedTask(
        title=task.title,
        responsible_kind=kind,
        responsible_id=who,
        due_date=due_date,
        budget_fen=task.budget_fen,
        funding=task.funding,
    )
    return assign_one(
        tx, topic, planned, people, replaces=task.task_id, kept=watchers(tx, task.task_id)
    )


def reassign_task(tx: Tx, payload: ReassignTask) -> replies.Reassigned:
    """改派任务 / Let somebody else do it.

    Let somebody else do it: the task ends and a new one takes its place.

    Raises:
        ResponsibleUnknown: The project is unknown or lies in another street.
        SupervisorRequired: Of the supervisors none is a resident here.
        SupervisorBound: A supervisor serves the project, or lives with who does.
        OwnSupervisor: The caller names themselves, or somebody of their household.
        StateConflict: It has ended.
    """
    topic, task = led_task(tx, payload.task_id, *UNENDED)
    people = payload.supervisors or watchers(tx, payload.task_id)
    row = take_away(tx, task, "CANCELLED", "reassign", "REASSIGNED", reason=payload.reason)
    told = {"title": task.title, "reason": payload.reason}
    tell(tx, "TASK_REASSIGNED", topic.topic_id, doers(tx, task), ref=payload.task_id, **told)
    made = _again(
        tx,
        topic,
        task,
        people,
        kind=payload.responsible_kind,
        who=payload.responsible_id,
        due_date=payload.due_date,
    )
    return replies.Reassigned.of(row, id=row.task_id, new_task=made)


def reopen_task(tx: Tx, payload: EndTask) -> replies.Reopened:
    """重新办理 / Let accepted work be done again.

    Let accepted work be done again while its topic is not closed: a new task takes its place.

    Raises:
        StateConflict: It is not accepted, or the topic is closed.
    """
    topic, task = led_task(tx, payload.task_id, "ACCEPTED")
    records.require_state(topic, "IMPLEMENTING", "VERIFIED")
    people = watchers(tx, payload.task_id)
    made = _again(
        tx,
        topic,
        task,
        people,
        kind=task.responsible_kind,
        who=task.responsible_id,
        due_date=None,
    )
    row = records.change(
        tx,
        storage.tables.tasks,
        task,
        step="reopen",
        note={"reason": payload.reason, "new_task": made.id},
    )
    if topic.state == "VERIFIED":
        topic = move(tx, topic, "IMPLEMENTING", "reopen", code="TOPIC_REOPENED")
    return replies.Reopened.of(row, id=row.task_id, new_task=made, topic_state=topic.state)
