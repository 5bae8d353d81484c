"""Step 5 of 135: tasks, assigned, done and delivered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Event, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import FILE_OR_PAPER, PersonId
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import UNIQUE, Request
from fivered.chassis.typed import converted
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions import plans
from fivered.services.forum.actions.plans import PlannedTask
from fivered.services.forum.actions.record import (
    escalate,
    led_topic,
    move,
    tell,
    topic_locked,
)

Media = Annotated[list[Any], Meta(max_length=20), PUBLIC, FILE_OR_PAPER]


Finding = Annotated[str, Meta(min_length=1, max_length=1000), PUBLIC]


class AssignTasks(Request, frozen=True):
    """下达任务 / Without tasks, those that the opinion planned."""

    topic_id: str
    tasks: Annotated[list[PlannedTask], Meta(max_length=50)] = field(default_factory=list)
    supervisors: Annotated[
        list[PersonId],
        UNIQUE,
        Meta(max_length=20, description="默认监督员 / for tasks that name none"),
    ] = field(default_factory=list)
    reason: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=500,
                description="任务与公示意见不一致的理由 / why they differ from the published plan",
            ),
            PUBLIC,
        ]
        | None
    ) = None


class WhichTask(Request, frozen=True):
    """Which task is meant."""

    task_id: str


class ReportProgress(Request, frozen=True):
    """进展 / How far the work is."""

    task_id: str
    note: Finding
    percent: Annotated[int, Meta(ge=0, le=100)] | None = None


class DeliverTask(Request, frozen=True):
    """交付 / The work is done; this shows it."""

    task_id: str
    evidence: Annotated[Media, Meta(examples=[["sha256:9f86d08…"]])]
    note: Annotated[str, Meta(max_length=1000), PUBLIC] = ""


def assign_tasks(tx: Tx, payload: AssignTasks) -> replies.TasksAssigned:
    """下达落实任务 / Assign the tasks.

    Assign the tasks of a resolution, each with at least one resident who watches.

    Raises:
        StepLocked: No resolution stands yet.
        OwnersVoteRequired: The owners' assembly has still to decide.
        TasksNeeded: There is no task.
        ResponsibleUnknown: A project is unknown or lies in another street.
        SupervisorRequired: A task has no supervisor who is an adult resident.
        NotRegistered: A supervisor is neither resident, deputy nor official here.
        SupervisorBound: A supervisor serves the responsible side, or lives with who does.
        OwnSupervisor: The caller names themselves, or somebody of their household.
        DueOutOfRange: A term is over or too long.
        PlanDiffers: They are not what the opinion has published, and nobody says why.
    """
    topic = led_topic(tx, payload.topic_id)
    opinion = records.find(tx.conn, storage.tables.opinions, topic.opinion_id or "")
    stands = opinion is not None and opinion.state == "EFFECTIVE"
    tally = storage.agenda.tally_of(tx.conn, topic.session_id, payload.topic_id)
    rules.check_artefacts(
        5,
        {
            1: True,
            2: storage.topics.analysis_of(tx.conn, topic) is not None,
            3: tally is not None and tally.passed,
            4: stands,
        },
    )
    records.require_state(topic, "RESOLVED")
    if not topic.binding:
        raise errors.OwnersVoteRequired
    planned = payload.tasks or converted(opinion.planned if opinion else [], list[PlannedTask])
    if not planned:
        raise errors.TasksNeeded(field="tasks")
    published = opinion.planned if opinion else []
    differs = plans.differs(planned, converted(published, list[PlannedTask]))
    reason = (payload.reason or "").strip() if differs else ""
    made = [assign_one(tx, topic, task, payload.supervisors) for task in planned]
    if differs and not reason:
        raise errors.PlanDiffers(
            field="reason", planned="、".join(task["title"] for task in published)
        )
    tx.disarm("task_assign", payload.topic_id)
    row = move(
        tx,
        topic,
        "IMPLEMENTING",
        "assign_tasks",
        detail={"tasks": len(made)}
        | ({"planned": [task["title"] for task in published], "reason": reason} if differs else {}),
        code="TOPIC_IMPLEMENTING_OTHERWISE" if differs else None,
        told={"reason": reason} if differs else None,
        implementing_at=tx.now,
    )
    return replies.TasksAssigned.of(row, id=row.topic_id, tasks=made)


def assign_one(
    tx: Tx,
    topic: Row,
    task: PlannedTask,
    default: Sequence[str],
    *,
    replaces: str | None = None,
    kept: Collection[str] = (),
) -> replies.NewTask:
    """Make a task of a resolution, and tell who watches it and who is to do it.

    Args:
        tx: The transaction.
        topic: Of the task.
        task: What is planned.
        default: Who watches where the plan names nobody.
        replaces: The task in whose place it comes.
        kept: Who watched that one.
    """
    people = list(dict.fromkeys(task.supervisors or default))
    due_at = plans.due_at(tx, task.due_date)
    plans.check_responsible(tx, task, topic.area)
    plans.check_supervisors(tx, task, people, topic, kept)
    task_id = tx.new_id("tsk")
    made = records.create(
        tx,
        storage.tables.tasks,
        step="assign",
        note={"responsible_kind": task.responsible_kind, "responsible_id": task.responsible_id},
        task_id=task_id,
        topic_id=topic.topic_id,
        round=topic.round,
        title=task.title,
        responsible_kind=task.responsible_kind,
        responsible_id=task.responsible_id,
        due_at=due_at,
        budget_fen=task.budget_fen,
        funding=task.funding,
        area=topic.area,
        grid=topic.grid,
        state="ASSIGNED",
        overdue_level=0,
        reworks=0,
        supervisions_missed=0,
        percent=0,
        evidence=[],
        replaces=replaces,
        created_at=tx.now,
        version=1,
    )
    records.add_all(
        tx.conn,
        storage.tables.supervisors,
        [{"task_id": task_id, "person_id": p, "appointed_at": tx.now} for p in people],
    )
    tell(tx, "SUPERVISOR_APPOINTED", topic.topic_id, people, ref=task_id)
    until = tx.calendar.minute(due_at)
    tell(
        tx, "TASK_GIVEN", topic.topic_id, doers(tx, made) - {tx.actor.id}, ref=task_id,
        title=task.title, until=until,
    )  # fmt: skip
    tx.arm("task_due", task_id, due_at, {"level": 1})
    tx.arm("supervision_gap", task_id, tx.now + rules.SUPERVISION_EVERY)
    publish_assigned(tx, made)
    return replies.NewTask.of(made, id=task_id, due=due_at)


def publish_assigned(tx: Tx, row: Row) -> None:
    """Say who is to do a task, and until when; said again whenever that changes."""
    tx.publish(
        fact_of(events.TaskAssigned, row, community=row.area, due_at=row.due_at.isoformat()),
        subject=row.task_id,
        scope=row.area,
        sequence=row.version,
    )


def follow_hand_over(tx: Tx, former: str, project_id: str) -> None:
    """What a closed project had to do and has not delivered is for the one that took over."""
    for one in storage.tasks.tasks_of_project(tx.conn, former, UNDELIVERED):
        topic = topic_locked(tx, one.topic_id)
        task = records.known(tx.conn, storage.tables.tasks, one.task_id, lock=True)
        if task.state not in UNDELIVERED or task.responsible_id != former:
            continue
        row = records.change(
            tx,
            storage.tables.tasks,
            task,
            step="taken_over",
            note={"former": former},
            responsible_id=project_id,
        )
        storage.escalations.settle_escalations(
            tx.conn, tx.now, "ACTED", task_id=row.task_id, deadline="responsible_needed"
        )
        people = {*watchers(tx, row.task_id), *doers(tx, row)}
        tell(tx, "TASK_TAKEN_OVER", topic.topic_id, people, ref=row.task_id, title=row.title)
        publish_assigned(tx, row)


def follow_closed(tx: Tx, project_id: str) -> None:
    """What a project that is closed has not delivered waits a day for who takes over."""
    for task in storage.tasks.tasks_of_project(tx.conn, project_id, UNDELIVERED):
        _wait_for_successor(tx, task)


def require_responsible(tx: Tx, task: Row) -> None:
    """Look for who takes over, where work goes back to a project that is closed meanwhile."""
    if task.responsible_kind == "PROJECT":
        project = records.known(tx.conn, storage.tables.projects, task.responsible_id)
        if project.status == storage.heard.CLOSED:
            _wait_for_successor(tx, task)


def _wait_for_successor(tx: Tx, task: Row) -> None:
    at = tx.calendar.due(tx.now, rules.TAKE_OVER_WD)
    tx.arm("task_responsible", task.task_id, at, {"former": task.responsible_id})


def miss_responsible(tx: Tx, due: Due) -> None:
    """Tell the chain that nobody does a task: its project is closed, and none has taken over."""
    task = records.find(tx.conn, storage.tables.tasks, due.ref, lock=True)
    if task is None or task.state not in UNDELIVERED:
        return
    project = records.known(tx.conn, storage.tables.projects, due.data["former"])
    taken_over = task.responsible_id != due.data["former"]
    if taken_over or project.status != storage.heard.CLOSED:
        return
    topic = records.known(tx.conn, storage.tables.topics, task.topic_id)
    tier = rules.TASK_LADDER[0]
    escalate(tx, topic, deadline="responsible_needed", tier=tier, level=1, task=task)


UNDELIVERED = ("ASSIGNED", "DOING", "REWORK")


UNENDED = (*UNDELIVERED, "DELIVERED")


# Who leads tasks: the community's secretary, and above the secretary the street.
LEADING_ROLES = frozenset({"R_SECRETARY", "R_STREET", "R_STREET_LEAD"})


def task_locked(tx: Tx, task_id: str, allowed: Callable[[Tx, Row], object], *states: str) -> Row:
    """Return a task, locked, as the caller saw it. Who may not act on it learns nothing of it.

    Args:
        tx: The transaction.
        task_id: Which task.
        allowed: Refuses a caller who may not act on it.
        states: The states in which it can be done.

    Raises:
        NotFound: There is none.
        VersionConflict: It has changed since the caller read it.
        StateConflict: It is in another state.
    """
    row = records.locked(tx.conn, storage.tables.tasks, task_id)
    allowed(tx, row)
    tx.check_version(row.version)
    records.require_state(row, *states)
    return row


def require_place(tx: Tx, task: Row) -> None:
    """Refuse who is not of the place of a task."""
    tx.require_scope(task.grid or task.area)


def _require_doer(tx: Tx, task: Row) -> None:
    """Refuse who is not of the responsible side, nor of the community."""
    if tx.actor.role in {"R_PM", "R_PCO"}:
        bound = storage.heard.people_of_projects(tx.conn, [task.responsible_id])
        if task.responsible_kind != "PROJECT" or tx.actor.id not in bound:
            raise NotFound(kind="task", id=task.task_id)
    else:
        require_place(tx, task)


def start_task(tx: Tx, payload: WhichTask) -> replies.Done:
    """开始办理 / Start.

    Say that the work has begun.

    Raises:
        StateConflict: It has begun already.
        NotFound: It is another project's task.
    """
    task = task_locked(tx, payload.task_id, _require_doer, "ASSIGNED")
    row = records.change(
        tx, storage.tables.tasks, task, step="start", state="DOING", started_at=tx.now
    )
    return replies.Done.of(row, id=row.task_id)


def report_progress(tx: Tx, payload: ReportProgress) -> replies.Progress:
    """报告进展 / Report progress.

    Raises:
        StateConflict: It is delivered.
        NotFound: It is another project's task.
    """
    task = task_locked(tx, payload.task_id, _require_doer, *UNDELIVERED)
    percent = task.percent if payload.percent is None else payload.percent
    row = records.change(
        tx,
        storage.tables.tasks,
        task,
        step="progress",
        note={"note": payload.note, "percent": percent},
        percent=percent,
    )
    return replies.Progress.of(row, id=row.task_id, percent=percent)


def deliver_task(tx: Tx, payload: DeliverTask) -> replies.Done:
    """交付社区任务 / Deliver a task of the community.

    Raises:
        ProjectDelivers: A project's work is delivered in the property service.
        EvidenceRequired: Nothing shows that the work is done.
        StateConflict: It is delivered already.
    """
    task = task_locked(tx, payload.task_id, require_place, *UNDELIVERED)
    if task.responsible_kind == "PROJECT":
        raise errors.ProjectDelivers(project_id=task.responsible_id)
    if not payload.evidence:
        raise errors.EvidenceRequired(field="evidence")
    files.attach(tx, payload.evidence, field="evidence", task_id=task.task_id)
    row = _deliver(tx, task, payload.evidence, at=tx.now, words=payload.note)
    return replies.Done.of(row, id=row.task_id)


def acted(tx: Tx, task: Row) -> None:
    """Take a task from the lists of the chain; that nobody watches it stays there meanwhile."""
    storage.escalations.settle_escalations(
        tx.conn,
        tx.now,
        "ACTED",
        task_id=task.task_id,
        but=("supervisor_needed",) if task.state in UNENDED else (),
    )


def _deliver(
    tx: Tx,
    task: Row,
    evidence: Sequence[object],
    *,
    at: datetime,
    work_id: str | None = None,
    words: str = "",
) -> Row:
    row = records.update(
        tx.conn,
        storage.tables.tasks,
        task,
        state="DELIVERED",
        evidence=list(evidence),
        work_id=work_id or task.work_id,
        delivered_at=at,
        percent=100,
        supervisor_accepted=None,
        cadre_accepted=None,
    )
    tx.disarm("task_due", row.task_id)
    tx.disarm("supervision_gap", row.task_id)
    acted(tx, row)
    tx.arm("task_accept", row.task_id, tx.calendar.due(tx.now, rules.ACCEPT_WD), {"level": 1})
    records.note(
        tx,
        storage.tables.tasks,
        row,
        step="deliver",
        note={"evidence": len(evidence), "work_id": work_id, "note": words},
    )
    watching = [s.person_id for s in storage.supervisions.supervisors_of(tx.conn, [row.task_id])]
    tell(tx, "TASK_DELIVERED", row.topic_id, watching, ref=row.task_id)
    return row


def consume_delivery(tx: Tx, event: Event) -> None:
    """Take a project's delivery of one of our tasks.

    What cannot be taken (another project's task, one that is accepted or taken away) is kept in
    the task's history and changes nothing.
    """
    task = records.find(tx.conn, storage.tables.tasks, event.data.task_id, lock=True)
    if task is None:
        return
    mine = (task.responsible_kind, task.responsible_id) == ("PROJECT", event.data.project_id)
    if not mine or task.state not in UNDELIVERED:
        records.note(
            tx,
            storage.tables.tasks,
            task,
            step="delivery_ignored",
            note={"work_id": event.data.work_id, "event_id": event.id},
        )
        return
    # Delivered when the project did, however late we hear of it.
    _deliver(tx, task, event.data.evidence, at=event.occurred_at, work_id=event.data.work_id)


def doers(tx: Tx, task: Row) -> set[str]:
    """Return the persons who are to do a task, or who have begun it."""
    doers = storage.tasks.doers_of(tx.conn, task.task_id)
    if task.responsible_kind == "PROJECT":
        return doers | storage.heard.people_of_projects(tx.conn, [task.responsible_id])
    named = {task.responsible_id} if not task.responsible_id.isdigit() else set()
    return doers | named


def watchers(tx: Tx, task_id: str) -> list[str]:
    """Return who watches a task."""
    return [s.person_id for s in storage.supervisions.supervisors_of(tx.conn, [task_id])]


def overdue(tx: Tx, due: Due) -> None:
    """Mark a task overdue and climb the liaison chain: at once, after 5 and 10 working days."""
    task = records.find(tx.conn, storage.tables.tasks, due.ref, lock=True)
    if task is None or task.state not in UNDELIVERED:
        return
    level = int(due.data.get("level", 1))
    again = bool(due.data.get("again"))
    row = records.update(tx.conn, storage.tables.tasks, task, overdue_level=level)
    topic = records.known(tx.conn, storage.tables.topics, row.topic_id)
    escalate(
        tx,
        topic,
        deadline="task_due",
        tier=rules.TASK_LADDER[level - 1],
        level=level,
        task=row,
    )
    repeat = tx.calendar.due(tx.now, rules.REPEAT_WD)
    if again:
        # Said once; brought up again until somebody extends, reassigns or cancels it.
        tx.arm("task_due", due.ref, repeat, dict(due.data))
        return
    tx.publish(
        fact_of(events.TaskOverdue, row, level=level),
        subject=row.task_id,
        scope=row.area,
        sequence=row.version,
    )
    following = rules.next_overdue(tx.calendar, row.due_at, level)
    if following is not None:
        tx.arm("task_due", due.ref, max(following, tx.now), {"level": level + 1})
    else:
        tx.arm("task_due", due.ref, repeat, {"level": level, "again": True})
