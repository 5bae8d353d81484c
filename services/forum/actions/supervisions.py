"""Who watches over a task, and what they have seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.fields import PersonId
from fivered.chassis.records import Row
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.forum import replies, rules, storage
from fivered.services.forum.actions import plans
from fivered.services.forum.actions.judges import (
    led_task,
    require_no_conflict,
    require_supervisor,
    topic_of,
)
from fivered.services.forum.actions.plans import PlannedTask
from fivered.services.forum.actions.record import (
    escalate,
    tell,
    topic_locked,
)
from fivered.services.forum.actions.tasks import (
    UNDELIVERED,
    UNENDED,
    Finding,
    Media,
    WhichTask,
    task_locked,
    watchers,
)


class ChangeSupervisors(Request, frozen=True):
    """更换监督员 / The whole list of who watches from now on."""

    task_id: str
    supervisors: Annotated[list[PersonId], UNIQUE, Meta(min_length=1, max_length=20)]
    reason: Finding


class RecordSupervision(Request, frozen=True):
    """监督记录 / What a supervisor has seen."""

    task_id: str
    finding: Finding
    media: Media = field(default_factory=list)


def add_record(tx: Tx, task: Row, kind: str, finding: str, media: Sequence[object]) -> str:
    """Keep what the caller has found; returns the id of the record."""
    record_id = tx.new_id("spv")
    files.attach(tx, media, task_id=task.task_id)
    records.add(
        tx.conn,
        storage.tables.supervisions,
        record_id=record_id,
        task_id=task.task_id,
        topic_id=task.topic_id,
        person_id=tx.actor.id,
        kind=kind,
        finding=finding,
        media=list(media),
        created_at=tx.now,
    )
    return record_id


def record_supervision(tx: Tx, payload: RecordSupervision) -> replies.Supervised:
    """监督记录 / Record supervision.

    Record what a supervisor has seen; the next record is due in 14 days.

    Raises:
        NotFound: There is no such task.
        NotSupervisor: The caller was not appointed.
        ConflictOfInterest: The caller holds a post in the responsible project.
        StateConflict: The task has ended.
    """
    task = task_locked(tx, payload.task_id, require_supervisor, *UNENDED)
    require_no_conflict(tx, task)
    record_id = add_record(tx, task, "RECORD", payload.finding, payload.media)
    if task.state in UNDELIVERED:
        tx.arm("supervision_gap", payload.task_id, tx.now + rules.SUPERVISION_EVERY)
    records.note(tx, storage.tables.tasks, task, step="supervise", note={"record_id": record_id})
    return replies.Supervised.of(task, id=record_id, state="RECORDED", version=1)


def miss_supervision(tx: Tx, due: Due) -> None:
    """Count a gap of 14 days without a record, and say so to those who should have looked."""
    task = records.find(tx.conn, storage.tables.tasks, due.ref, lock=True)
    if task is None or task.state not in UNDELIVERED:
        return
    row = records.change(
        tx,
        storage.tables.tasks,
        task,
        step="supervision_missed",
        supervisions_missed=task.supervisions_missed + 1,
    )
    watching = [s.person_id for s in storage.supervisions.supervisors_of(tx.conn, [due.ref])]
    tell(tx, "SUPERVISION_MISSED", row.topic_id, watching, ref=due.ref)
    if row.supervisions_missed * rules.SUPERVISION_EVERY < timedelta(days=365):
        tx.arm("supervision_gap", due.ref, tx.now + rules.SUPERVISION_EVERY)


def change_supervisors(tx: Tx, payload: ChangeSupervisors) -> replies.Done:
    """更换监督员 / Change who watches.

    Let others watch a task, so that it does not wait for who has left or has a conflict.

    Raises:
        SupervisorRequired: None of them is a resident here.
        NotRegistered: One is neither resident, deputy nor official here.
        SupervisorBound: One serves the responsible side, or lives with who does.
        OwnSupervisor: The caller names themselves, or somebody of their household.
        StateConflict: The task has ended.
    """
    topic, task = led_task(tx, payload.task_id, *UNENDED)
    people = list(dict.fromkeys(payload.supervisors))
    planned = PlannedTask(task.title, task.responsible_kind, task.responsible_id)
    before = set(watchers(tx, payload.task_id))
    plans.check_supervisors(tx, planned, people, topic, before)
    storage.supervisions.set_supervisors(tx.conn, payload.task_id, people, tx.now)
    # What a supervisor accepted who no longer watches is looked at again.
    kept = task.supervisor_accepted if task.supervisor_accepted in people else None
    row = records.update(tx.conn, storage.tables.tasks, task, supervisor_accepted=kept)
    storage.escalations.settle_escalations(
        tx.conn, tx.now, "ACTED", task_id=payload.task_id, deadline="supervisor_needed"
    )
    records.note(
        tx, storage.tables.tasks, row, step="change_supervisors", note={"reason": payload.reason}
    )
    tell(tx, "SUPERVISOR_APPOINTED", topic.topic_id, set(people) - before, ref=payload.task_id)
    tell(tx, "SUPERVISOR_RELEASED", topic.topic_id, before - set(people), ref=payload.task_id)
    return replies.Done.of(row, id=row.task_id)


def step_down(tx: Tx, payload: WhichTask) -> replies.Done:
    """不再担任监督员 / Step down as a supervisor.

    Stop watching a task, as its supervisor; where no resident is left the chain is told.

    Raises:
        NotSupervisor: The caller does not watch it.
        StateConflict: It has ended.
    """
    topic = topic_locked(tx, topic_of(tx, payload.task_id))
    task = task_locked(tx, payload.task_id, require_supervisor, *UNENDED)
    row = _without_supervisors(tx, topic, task, {tx.actor.id}, "step_down")
    return replies.Done.of(row, id=row.task_id)


def _without_supervisors(tx: Tx, topic: Row, task: Row, gone: set[str], action: str) -> Row:
    left = [person for person in watchers(tx, task.task_id) if person not in gone]
    storage.supervisions.set_supervisors(tx.conn, task.task_id, left, tx.now)
    # What that person has accepted stands no longer: somebody who watches accepts it.
    kept = None if task.supervisor_accepted in gone else task.supervisor_accepted
    row = records.change(tx, storage.tables.tasks, task, step=action, supervisor_accepted=kept)
    if not plans.residents_among(tx, topic, left):
        _need_supervisor(tx, topic, row)
    return row


def follow_residents(tx: Tx, people: Sequence[str]) -> None:
    """Who has moved away or died no longer watches a task, unless by office; where no resident is
    left the chain is told, so that others are appointed."""
    for task_id in storage.supervisions.watched_tasks(tx.conn, people, UNENDED):
        topic = topic_locked(tx, topic_of(tx, task_id))
        task = records.known(tx.conn, storage.tables.tasks, task_id, lock=True)
        watching = [person for person in watchers(tx, task_id) if person in people]
        stay = plans.residents_among(tx, topic, watching)
        stay |= storage.heard.deputies_of(tx.conn, watching, topic.area[:9], tx.now)
        stay |= storage.heard.officials_near(tx.conn, watching, topic.area)
        gone = set(watching) - stay
        if gone and task.state in UNENDED:
            _without_supervisors(tx, topic, task, gone, "supervisor_left")


def follow_bound(tx: Tx, project_ids: Sequence[str]) -> None:
    """Who serves a project since, or lives with who does, does not judge its work: where nobody
    else watches, the chain is told, so that others are appointed."""
    for project_id in project_ids:
        bound = storage.liaison.household_of(
            tx.conn, *storage.heard.people_of_projects(tx.conn, [project_id])
        )
        for task in storage.tasks.tasks_of_project(tx.conn, project_id, UNENDED):
            watching = watchers(tx, task.task_id)
            if not bound & set(watching):
                continue
            topic = records.known(tx.conn, storage.tables.topics, task.topic_id)
            free = [person for person in watching if person not in bound]
            if not plans.residents_among(tx, topic, free):
                _need_supervisor(tx, topic, task)


def _need_supervisor(tx: Tx, topic: Row, task: Row) -> None:
    waiting = storage.escalations.waiting_of(tx.conn, "TASK", task.task_id)
    if all(row.deadline != "supervisor_needed" for row in waiting):
        tier = rules.TASK_LADDER[0]
        escalate(tx, topic, deadline="supervisor_needed", tier=tier, level=1, task=task)
