"""Step 5 of 135: tasks, supervision, acceptance and the close."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, convert

from chassis import records
from chassis.bus import Due, Event, Tx
from chassis.fields import PersonId
from chassis.free_text import PUBLIC
from chassis.records import Row
from chassis.refusal import NotFound, StateConflict, said
from services.forum import errors, events, replies, rules, storage
from services.forum.actions import plans
from services.forum.actions.plans import PlannedTask
from services.forum.actions.record import (
    escalate,
    led_topic,
    move,
    tell,
    topic_locked,
)
from services.forum.actions.sessions import leave_session
from services.forum.actions.topics import open_screening

Media = Annotated[list[Any], Meta(max_length=20), PUBLIC]
Finding = Annotated[str, Meta(min_length=1, max_length=1000), PUBLIC]


@dataclass(frozen=True, slots=True)
class AssignTasks:
    """下达任务 / Without tasks, those that the opinion planned."""

    topic_id: str
    tasks: Annotated[list[PlannedTask], Meta(max_length=50)] = field(default_factory=list)
    supervisors: Annotated[
        list[PersonId], Meta(max_length=20, description="默认监督员 / for tasks that name none")
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WhichTask:
    """Which task is meant."""

    task_id: str


@dataclass(frozen=True, slots=True)
class ReportProgress:
    """进展 / How far the work is."""

    task_id: str
    note: Finding
    percent: Annotated[int, Meta(ge=0, le=100)] | None = None


@dataclass(frozen=True, slots=True)
class DeliverTask:
    """交付 / The work is done; this shows it."""

    task_id: str
    evidence: Annotated[Media, Meta(examples=[["sha256:9f86d08…"]])]
    note: Annotated[str, Meta(max_length=1000), PUBLIC] = ""


@dataclass(frozen=True, slots=True)
class AcceptTask:
    """验收 / One of the two acceptances."""

    task_id: str
    finding: Annotated[Finding, Meta(examples=["车位已施划,符合决议"])]
    media: Media = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReworkTask:
    """返工 / The reason stays here; the code travels to the responsible side."""

    task_id: str
    reason: Finding
    code: Literal["INCOMPLETE", "DEFECT", "NOT_AS_RESOLVED", "EVIDENCE_WEAK"] = "DEFECT"


@dataclass(frozen=True, slots=True)
class EndTask:
    """原因 / Why it is not done, or is done again."""

    task_id: str
    reason: Annotated[Finding, Meta(examples=["施工许可未获批准"])]


@dataclass(frozen=True, slots=True)
class ExtendTask:
    """任务延期 / A new last day. The community extends twice, the street as often as it must."""

    task_id: str
    due_date: Annotated[date, Meta(description="新期限(含当日) / new last day")]
    reason: Annotated[Finding, Meta(examples=["雨季停工"])]


@dataclass(frozen=True, slots=True)
class ReassignTask:
    """改派任务 / The task ends and a new one takes its place."""

    task_id: str
    reason: Finding
    responsible_kind: Literal["PROJECT", "COMMUNITY"]
    responsible_id: Annotated[str, Meta(min_length=1, max_length=64, examples=["370811015901"])]
    due_date: Annotated[date, Meta(description="期限(含当日),默认 60 天 / last day")] | None = None
    supervisors: Annotated[
        list[PersonId], Meta(max_length=20, description="默认沿用原监督员 / those of before")
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChangeSupervisors:
    """更换监督员 / The whole list of who watches from now on."""

    task_id: str
    supervisors: Annotated[list[PersonId], Meta(min_length=1, max_length=20)]
    reason: Finding


@dataclass(frozen=True, slots=True)
class DiscontinueTopic:
    """原因 / Why it is not done, or is done again."""

    topic_id: str
    reason: Annotated[Finding, Meta(examples=["施工许可未获批准"])]


@dataclass(frozen=True, slots=True)
class RecordSupervision:
    """监督记录 / What a supervisor has seen."""

    task_id: str
    finding: Finding
    media: Media = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CloseTopic:
    """办结 / The published result."""

    topic_id: str
    result: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=2000,
                description="默认为任务全部验收,或部分取消 "
                "/ by default: all accepted, or some cancelled",
                examples=["全部落实任务已验收"],
            ),
            PUBLIC,
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True)
class RateTopic:
    """满意度 / By those who took part, within seven days."""

    topic_id: str
    stars: Annotated[int, Meta(ge=1, le=5)]


# --------------------------------------------------------------------------------------------------
# Assigning


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
        OwnSupervisor: The caller names himself, or somebody of his household.
        DueOutOfRange: A term is over or too long.
    """
    topic = led_topic(tx, payload.topic_id)
    opinion = records.find(tx.conn, storage.tables.opinions, topic.opinion_id or "")
    stands = opinion is not None and opinion.state == "EFFECTIVE"
    tally = storage.sessions.tally_of(tx.conn, topic.session_id, payload.topic_id)
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
    planned = payload.tasks or convert(opinion.planned if opinion else [], list[PlannedTask])
    if not planned:
        raise errors.TasksNeeded(field="tasks")
    made = [_assign_one(tx, topic, task, payload.supervisors) for task in planned]
    tx.disarm("task_assign", payload.topic_id)
    row = move(
        tx,
        topic,
        "IMPLEMENTING",
        "assign_tasks",
        detail={"tasks": len(made)},
        implementing_at=tx.now,
    )
    return replies.TasksAssigned.of(row, id=row.topic_id, tasks=made)


def _assign_one(
    tx: Tx,
    topic: Row,
    task: PlannedTask,
    default: Sequence[str],
    *,
    replaces: str | None = None,
    kept: Collection[str] = (),
) -> replies.NewTask:
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
    tx.arm("task_due", task_id, due_at, {"level": 1})
    tx.arm("supervision_gap", task_id, tx.now + rules.SUPERVISION_EVERY)
    _say_assigned(tx, made)
    return replies.NewTask.of(made, id=task_id, due=due_at)


def _say_assigned(tx: Tx, row: Row) -> None:
    tx.publish(
        events.TaskAssigned(
            task_id=row.task_id,
            topic_id=row.topic_id,
            community=row.area,
            responsible_kind=row.responsible_kind,
            responsible_id=row.responsible_id,
            due_at=row.due_at.isoformat(),
            title=row.title,
        ),
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
        people = {*_watchers(tx, row.task_id), *_doers(tx, row)}
        tell(tx, "TASK_TAKEN_OVER", topic.topic_id, people, ref=row.task_id, title=row.title)
        _say_assigned(tx, row)


def follow_closed(tx: Tx, project_id: str) -> None:
    """What a project that is closed has not delivered waits a day for who takes over."""
    for task in storage.tasks.tasks_of_project(tx.conn, project_id, UNDELIVERED):
        at = tx.calendar.due(tx.now, rules.TAKE_OVER_WD)
        tx.arm("task_responsible", task.task_id, at, {"former": project_id})


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


# --------------------------------------------------------------------------------------------------
# Doing and delivering

UNDELIVERED = ("ASSIGNED", "DOING", "REWORK")
UNENDED = (*UNDELIVERED, "DELIVERED")
# Who leads tasks: the community's secretary, and above him the street.
LEADING_ROLES = frozenset({"R_SECRETARY", "R_STREET", "R_STREET_LEAD"})


def _task_locked(tx: Tx, task_id: str, allowed: Callable[[Tx, Row], object], *states: str) -> Row:
    """Return a task, locked, as the caller saw it. Who may not act on it learns nothing of it.

    Args:
        tx: The transaction.
        task_id: Which task.
        allowed: Refuses a caller who may not act on it.
        states: The states in which it can be done.

    Raises:
        NotFound: There is none.
        VersionConflict: It has changed since he read it.
        StateConflict: It is in another state.
    """
    row = records.locked(tx.conn, storage.tables.tasks, task_id)
    allowed(tx, row)
    tx.check_version(row.version)
    records.require_state(row, *states)
    return row


def _require_place(tx: Tx, task: Row) -> None:
    tx.require_scope(task.grid or task.area)


def _require_doer(tx: Tx, task: Row) -> None:
    """Refuse who is not of the responsible side, nor of the community."""
    if tx.actor.role in {"R_PM", "R_PCO"}:
        bound = storage.heard.people_of_projects(tx.conn, [task.responsible_id])
        if task.responsible_kind != "PROJECT" or tx.actor.id not in bound:
            raise NotFound(kind="task", id=task.task_id)
    else:
        _require_place(tx, task)


def start_task(tx: Tx, payload: WhichTask) -> replies.Done:
    """开始办理 / Start.

    Say that the work has begun.

    Raises:
        StateConflict: It has begun already.
        NotFound: It is another project's task.
    """
    task = _task_locked(tx, payload.task_id, _require_doer, "ASSIGNED")
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
    task = _task_locked(tx, payload.task_id, _require_doer, *UNDELIVERED)
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
    task = _task_locked(tx, payload.task_id, _require_place, *UNDELIVERED)
    if task.responsible_kind == "PROJECT":
        raise errors.ProjectDelivers(project_id=task.responsible_id)
    if not payload.evidence:
        raise errors.EvidenceRequired(field="evidence")
    row = _deliver(tx, task, payload.evidence, at=tx.now, words=payload.note)
    return replies.Done.of(row, id=row.task_id)


def _acted(tx: Tx, task: Row) -> None:
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
    _acted(tx, row)
    tx.arm("task_accept", row.task_id, tx.calendar.due(tx.now, rules.ACCEPT_WD), {"level": 1})
    records.note(
        tx,
        storage.tables.tasks,
        row,
        step="deliver",
        note={"evidence": len(evidence), "work_id": work_id, "note": words},
    )
    watching = [s.person_id for s in storage.tasks.supervisors_of(tx.conn, [row.task_id])]
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


# --------------------------------------------------------------------------------------------------
# Watching and accepting


def _require_no_conflict(tx: Tx, task: Row) -> None:
    """Refuse who does the work, or holds a post in the project that does, as its judge.

    Raises:
        ConflictOfInterest: He holds a post there; names those who can act for him.
        OwnWork: He began, reported or delivered it; names those who can act for him.
        OwnMatter: He lives with one of these.
    """
    doers = storage.tasks.doers_of(tx.conn, task.task_id) | {task.responsible_id}
    bound: set[str] = set()
    if task.responsible_kind == "PROJECT":
        bound = storage.heard.people_of_projects(tx.conn, [task.responsible_id])
    if tx.actor.id not in bound | doers:
        if storage.liaison.household_of(tx.conn, tx.actor.id) & (bound | doers):
            raise errors.OwnMatter
        return
    if tx.actor.role in _OFFICES:
        grids = [task.grid] if task.grid else storage.heard.areas_in(tx.conn, task.area, 15)
        others = storage.liaison.linked(tx.conn, rules.COMMUNITY_CADRE, grids)
        others += storage.liaison.linked(tx.conn, rules.STREET_TEAM, [task.area])
        people = [r.person_id for r in others]
        who = said("社区其他干部或街道 / another cadre of the community, or the street")
    else:
        people = _watchers(tx, task.task_id)
        who = said("该任务的其他监督员 / another supervisor of the task")
    free = sorted(set(people) - bound - doers)
    if not free and tx.actor.role not in _OFFICES:
        who = said(
            "社区书记或街道另行推选的监督员"
            " / a supervisor whom the secretary or the street appoints"
        )
    instead = {"who": who, "substitutes": ", ".join(free)}
    if tx.actor.id in bound:
        raise errors.ConflictOfInterest(project_id=task.responsible_id, **instead)
    raise errors.OwnWork(**instead)


_OFFICES = frozenset({"R_CADRE", *LEADING_ROLES})


def _require_judge(tx: Tx, task: Row) -> str:
    """Return the side for which the caller judges, SUPERVISOR or CADRE; the street may stand in
    for the community's cadres."""
    if tx.actor.role in _OFFICES:
        _require_place(tx, task)
        side = "CADRE"
    else:
        _require_supervisor(tx, task)
        side = "SUPERVISOR"
    _require_no_conflict(tx, task)
    return side


def _require_supervisor(tx: Tx, task: Row) -> None:
    people = {s.person_id for s in storage.tasks.supervisors_of(tx.conn, [task.task_id])}
    if tx.actor.id not in people:
        raise errors.NotSupervisor


def _add_record(tx: Tx, task: Row, kind: str, finding: str, media: Sequence[object]) -> str:
    record_id = tx.new_id("spv")
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
        ConflictOfInterest: He holds a post in the responsible project.
        StateConflict: The task has ended.
    """
    task = _task_locked(tx, payload.task_id, _require_supervisor, *UNENDED)
    _require_no_conflict(tx, task)
    record_id = _add_record(tx, task, "RECORD", payload.finding, payload.media)
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
    watching = [s.person_id for s in storage.tasks.supervisors_of(tx.conn, [due.ref])]
    tell(tx, "SUPERVISION_MISSED", row.topic_id, watching, ref=due.ref)
    if row.supervisions_missed * rules.SUPERVISION_EVERY < timedelta(days=365):
        tx.arm("supervision_gap", due.ref, tx.now + rules.SUPERVISION_EVERY)


def accept_task(tx: Tx, payload: AcceptTask) -> replies.Accepted:
    """验收 / Accept (supervisor and cadre, two calls).

    Accept delivered work as supervisor or as cadre; it is accepted when both have.

    Raises:
        NotSupervisor: The caller was not appointed.
        ConflictOfInterest: He holds a post in the responsible project.
        EvidenceRequired: Neither the delivery nor the acceptance shows anything.
        AlreadyAccepted: His side has accepted.
        SamePerson: One person would accept for both sides.
    """
    topic_id = _topic_of(tx, payload.task_id)
    # The topic is locked first, as everywhere: two last acceptances must not miss each other.
    topic = topic_locked(tx, topic_id)
    task = _task_locked(tx, payload.task_id, _require_judge, "DELIVERED")
    side = "CADRE" if tx.actor.role in _OFFICES else "SUPERVISOR"
    if not task.evidence and not payload.media:
        raise errors.EvidenceRequired(field="media")
    mine, other = (
        ("supervisor_accepted", "cadre_accepted")
        if side == "SUPERVISOR"
        else ("cadre_accepted", "supervisor_accepted")
    )
    if getattr(task, mine) is not None:
        raise errors.AlreadyAccepted
    if getattr(task, other) == tx.actor.id:
        raise errors.SamePerson
    _add_record(tx, task, "ACCEPT", payload.finding, payload.media)
    if getattr(task, other) is None:
        row = records.change(
            tx,
            storage.tables.tasks,
            task,
            step="accept",
            note={"side": side},
            **{mine: tx.actor.id},
        )
        return replies.Accepted.of(
            row, id=row.task_id, waiting_for="CADRE" if side == "SUPERVISOR" else "SUPERVISOR"
        )
    row = records.update(
        tx.conn,
        storage.tables.tasks,
        task,
        state="ACCEPTED",
        accepted_at=tx.now,
        **{mine: tx.actor.id},
    )
    tx.disarm("task_accept", payload.task_id)
    _acted(tx, row)
    records.note(tx, storage.tables.tasks, row, step="accept", note={"side": side})
    tx.publish(
        events.TaskAccepted(
            task_id=row.task_id,
            topic_id=row.topic_id,
            responsible_kind=row.responsible_kind,
            responsible_id=row.responsible_id,
        ),
        subject=row.task_id,
        scope=row.area,
        sequence=row.version,
    )
    topic = _settle(tx, topic)
    return replies.Accepted.of(row, id=row.task_id, topic_state=topic.state)


def _standing(tx: Tx, topic: Row) -> list[Row]:
    """Return the tasks of a topic's round in whose place no other one has come."""
    tasks = storage.tasks.tasks_of(tx.conn, topic.topic_id, round_=topic.round)
    replaced = {task.replaces for task in tasks}
    return [task for task in tasks if task.task_id not in replaced]


def _settle(tx: Tx, topic: Row) -> Row:
    """Verify a topic of which no task is open any more; without any accepted one it waits for
    tasks again. Returns it as it is."""
    states = Counter(t.state for t in _standing(tx, topic))
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


def _topic_of(tx: Tx, task_id: str) -> str:
    row = records.find(tx.conn, storage.tables.tasks, task_id)
    if row is None:
        raise NotFound(kind="task", id=task_id)
    return str(row.topic_id)


def rework_task(tx: Tx, payload: ReworkTask) -> replies.Reworked:
    """退回返工 / Send back.

    Send delivered work back. At the third time supervision has failed: the task is taken away
    and the topic returns to its analysis.

    Raises:
        NotSupervisor: The caller was not appointed.
        ConflictOfInterest: He holds a post in the responsible project.
        StateConflict: It is not delivered.
    """
    topic = topic_locked(tx, _topic_of(tx, payload.task_id))
    task = _task_locked(tx, payload.task_id, _require_judge, "DELIVERED")
    _add_record(tx, task, "REWORK", payload.reason, [])
    reworks = task.reworks + 1
    final = reworks >= rules.REWORKS and topic.state == "IMPLEMENTING"
    row = records.change(
        tx,
        storage.tables.tasks,
        task,
        step="rework",
        note={"reason": payload.reason, "code": payload.code},
        state="FAILED" if final else "REWORK",
        reworks=reworks,
        supervisor_accepted=None,
        cadre_accepted=None,
    )
    _say_rework(tx, row, payload.code, final=final)
    tx.disarm("task_accept", payload.task_id)
    _acted(tx, row)
    if final:
        _return_to_analysis(tx, topic, row)
    else:
        tx.arm("supervision_gap", payload.task_id, tx.now + rules.SUPERVISION_EVERY)
        level = max(row.overdue_level + 1, 1)
        at = rules.next_overdue(tx.calendar, row.due_at, level - 1)
        # Work that comes back after its term is overdue at once; the timer acts at its own time.
        if at is not None:
            tx.arm("task_due", payload.task_id, max(at, tx.now), {"level": level})
    return replies.Reworked.of(row, id=row.task_id, reworks=reworks)


def _say_rework(tx: Tx, row: Row, code: str, *, final: bool, why: str | None = None) -> None:
    tx.publish(
        events.TaskRework(
            task_id=row.task_id,
            topic_id=row.topic_id,
            responsible_kind=row.responsible_kind,
            responsible_id=row.responsible_id,
            reason=code,
            final=final,
            why=why,
        ),
        subject=row.task_id,
        scope=row.area,
        sequence=row.version,
    )


def _return_to_analysis(tx: Tx, topic: Row, failed: Row) -> None:
    """Take away what is still open of this round and analyse the topic again."""
    for task in storage.tasks.tasks_of(tx.conn, topic.topic_id, round_=topic.round):
        if task.task_id != failed.task_id and task.state in UNENDED:
            _take_away(tx, task, "FAILED", "taken_away", "TOPIC_RETURNED")
    open_screening(
        tx,
        topic,
        "supervision_failed",
        code="TOPIC_RETURNED",
        detail={"task_id": failed.task_id},
        round=topic.round + 1,
        session_id=None,
        opinion_id=None,
        binding=None,
        adjournments=0,
    )


def _take_away(
    tx: Tx, task: Row, state: str, action: str, code: str, *, reason: str | None = None
) -> Row:
    """End a task that is not accepted; who does it is told that it is taken away for good."""
    row = records.update(tx.conn, storage.tables.tasks, task, state=state)
    for kind in ("task_due", "supervision_gap", "task_accept"):
        tx.disarm(kind, row.task_id)
    _acted(tx, row)
    records.note(
        tx, storage.tables.tasks, row, step=action, note={"reason": reason} if reason else {}
    )
    _say_rework(tx, row, code, final=True, why=reason)
    return row


def _tell_cancelled(tx: Tx, topic: Row, task: Row, reason: str) -> None:
    """Tell everyone concerned with a topic, and who was to do it, that a task is cancelled."""
    people = storage.topics.participants_of(tx.conn, topic) | _doers(tx, task)
    told = {"title": task.title, "reason": reason}
    tell(tx, "TASK_CANCELLED", topic.topic_id, people, ref=task.task_id, **told)


def _doers(tx: Tx, task: Row) -> set[str]:
    """Return the persons who are to do a task, or who have begun it."""
    doers = storage.tasks.doers_of(tx.conn, task.task_id)
    if task.responsible_kind == "PROJECT":
        return doers | storage.heard.people_of_projects(tx.conn, [task.responsible_id])
    named = {task.responsible_id} if not task.responsible_id.isdigit() else set()
    return doers | named


# --------------------------------------------------------------------------------------------------
# Ways out


def _require_leader(tx: Tx, task: Row) -> None:
    tx.require_scope(task.area)
    _require_no_conflict(tx, task)


def _led_task(tx: Tx, task_id: str, *states: str) -> tuple[Row, Row]:
    """Return a task that the caller leads, and its topic, both locked, the topic first.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
        ConflictOfInterest: He holds a post in the responsible project.
        OwnWork: He does the work.
        VersionConflict: It has changed since he read it.
        StateConflict: It is in another state.
    """
    topic = topic_locked(tx, _topic_of(tx, task_id))
    return topic, _task_locked(tx, task_id, _require_leader, *states)


def _watchers(tx: Tx, task_id: str) -> list[str]:
    return [s.person_id for s in storage.tasks.supervisors_of(tx.conn, [task_id])]


def extend_task(tx: Tx, payload: ExtendTask) -> replies.Extended:
    """任务延期 / Extend a task's term.

    Give a task a later term: the community twice, the street as often as it must.

    Raises:
        DueOutOfRange: The day is over or too far.
        DueNotLater: It is not later than the present one.
        ExtensionsUsed: The community has extended it twice.
        StateConflict: It is delivered or ended.
    """
    topic, task = _led_task(tx, payload.task_id, *UNDELIVERED)
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
    _acted(tx, row)
    records.note(
        tx,
        storage.tables.tasks,
        row,
        step="extend",
        note={"due": due_at.isoformat(), "reason": payload.reason},
    )
    tell(tx, "TASK_EXTENDED", topic.topic_id, _watchers(tx, payload.task_id), ref=payload.task_id)
    # The responsible side learns the new term by the same fact, at a higher version.
    _say_assigned(tx, row)
    return replies.Extended.of(row, id=row.task_id, due=due_at)


def cancel_task(tx: Tx, payload: EndTask) -> replies.TaskEnded:
    """取消任务 / Cancel a task.

    End a task that will not be done. With the last one the topic is verified, or waits for
    other tasks when none was accepted.

    Raises:
        StateConflict: It has ended.
    """
    topic, task = _led_task(tx, payload.task_id, *UNENDED)
    row = _take_away(tx, task, "CANCELLED", "cancel", "CANCELLED", reason=payload.reason)
    _tell_cancelled(tx, topic, task, payload.reason)
    topic = _settle(tx, topic)
    return replies.TaskEnded.of(row, id=row.task_id, topic_state=topic.state)


def _again(
    tx: Tx,
    topic: Row,
    task: Row,
    people: Sequence[str],
    *,
    kind: str,
    who: str,
    due_date: date | None,
) -> replies.NewTask:
    planned = PlannedTask(
        title=task.title,
        responsible_kind=convert(kind, Literal["PROJECT", "COMMUNITY"]),
        responsible_id=who,
        due_date=due_date,
        budget_fen=task.budget_fen,
        funding=task.funding,
    )
    return _assign_one(
        tx, topic, planned, people, replaces=task.task_id, kept=_watchers(tx, task.task_id)
    )


def reassign_task(tx: Tx, payload: ReassignTask) -> replies.Reassigned:
    """改派任务 / Let somebody else do it.

    Let somebody else do it: the task ends and a new one takes its place.

    Raises:
        ResponsibleUnknown: The project is unknown or lies in another street.
        SupervisorRequired: Of the supervisors none is a resident here.
        SupervisorBound: A supervisor serves the project, or lives with who does.
        OwnSupervisor: The caller names himself, or somebody of his household.
        StateConflict: It has ended.
    """
    topic, task = _led_task(tx, payload.task_id, *UNENDED)
    people = payload.supervisors or _watchers(tx, payload.task_id)
    row = _take_away(tx, task, "CANCELLED", "reassign", "REASSIGNED", reason=payload.reason)
    told = {"title": task.title, "reason": payload.reason}
    tell(tx, "TASK_REASSIGNED", topic.topic_id, _doers(tx, task), ref=payload.task_id, **told)
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
    topic, task = _led_task(tx, payload.task_id, "ACCEPTED")
    records.require_state(topic, "IMPLEMENTING", "VERIFIED")
    people = _watchers(tx, payload.task_id)
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


def change_supervisors(tx: Tx, payload: ChangeSupervisors) -> replies.Done:
    """更换监督员 / Change who watches.

    Let others watch a task, so that it does not wait for who has left or has a conflict.

    Raises:
        SupervisorRequired: None of them is a resident here.
        NotRegistered: One is neither resident, deputy nor official here.
        SupervisorBound: One serves the responsible side, or lives with who does.
        OwnSupervisor: The caller names himself, or somebody of his household.
        StateConflict: The task has ended.
    """
    topic, task = _led_task(tx, payload.task_id, *UNENDED)
    people = list(dict.fromkeys(payload.supervisors))
    planned = PlannedTask(task.title, task.responsible_kind, task.responsible_id)
    before = set(_watchers(tx, payload.task_id))
    plans.check_supervisors(tx, planned, people, topic, before)
    storage.tasks.set_supervisors(tx.conn, payload.task_id, people, tx.now)
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
    topic = topic_locked(tx, _topic_of(tx, payload.task_id))
    task = _task_locked(tx, payload.task_id, _require_supervisor, *UNENDED)
    row = _without_supervisors(tx, topic, task, {tx.actor.id}, "step_down")
    return replies.Done.of(row, id=row.task_id)


def _without_supervisors(tx: Tx, topic: Row, task: Row, gone: set[str], action: str) -> Row:
    left = [person for person in _watchers(tx, task.task_id) if person not in gone]
    storage.tasks.set_supervisors(tx.conn, task.task_id, left, tx.now)
    # What he has accepted stands no longer: somebody who watches accepts it.
    kept = None if task.supervisor_accepted in gone else task.supervisor_accepted
    row = records.change(tx, storage.tables.tasks, task, step=action, supervisor_accepted=kept)
    if not plans.residents_among(tx, topic, left):
        _need_supervisor(tx, topic, row)
    return row


def follow_residents(tx: Tx, people: Sequence[str]) -> None:
    """Who has moved away or died no longer watches a task, unless by office; where no resident is
    left the chain is told, so that others are appointed."""
    for task_id in storage.tasks.watched_tasks(tx.conn, people, UNENDED):
        topic = topic_locked(tx, _topic_of(tx, task_id))
        task = records.known(tx.conn, storage.tables.tasks, task_id, lock=True)
        watching = [person for person in _watchers(tx, task_id) if person in people]
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
            watching = _watchers(tx, task.task_id)
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


def discontinue_topic(tx: Tx, payload: DiscontinueTopic) -> replies.TopicDone:
    """街道终止办理 / End a topic that cannot go on.

    End a topic that cannot go on, as the street, with reason; everybody concerned is told.

    Raises:
        StateConflict: It has ended already.
    """
    topic = led_topic(tx, payload.topic_id)
    if topic.state in rules.ENDED:
        raise StateConflict(state=topic.state)
    for task in storage.tasks.tasks_of(tx.conn, payload.topic_id, round_=topic.round):
        if task.state in UNENDED:
            _take_away(tx, task, "CANCELLED", "cancel", "DISCONTINUED", reason=payload.reason)
            _tell_cancelled(tx, topic, task, payload.reason)
    if topic.opinion_id and topic.state in {"OPINION_DRAFTED", "PUBLICISED"}:
        opinion = records.known(tx.conn, storage.tables.opinions, topic.opinion_id, lock=True)
        records.update(tx.conn, storage.tables.opinions, opinion, state="WITHDRAWN")
    leave_session(tx, topic)
    row = move(
        tx,
        topic,
        "DISCONTINUED",
        "discontinue",
        detail={"reason": payload.reason},
        note=payload.reason,
        objected=False,
    )
    return replies.TopicDone.of(row, id=row.topic_id)


def miss_acceptance(tx: Tx, due: Due) -> None:
    """Bring delivered work that nobody accepts or sends back before the next tier, and at the top
    again and again."""
    task = records.find(tx.conn, storage.tables.tasks, due.ref, lock=True)
    if task is None or task.state != "DELIVERED":
        return
    level = int(due.data.get("level", 1))
    topic = records.known(tx.conn, storage.tables.topics, task.topic_id)
    tier = rules.TASK_LADDER[level - 1]
    escalate(tx, topic, deadline="task_accept", tier=tier, level=level, task=task)
    top = level >= len(rules.TASK_LADDER)
    wait = rules.REPEAT_WD if top else rules.ACCEPT_WD
    following = {"level": level if top else level + 1}
    tx.arm("task_accept", due.ref, tx.calendar.due(tx.now, wait), following)


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
        events.TaskOverdue(
            task_id=row.task_id,
            topic_id=row.topic_id,
            responsible_kind=row.responsible_kind,
            responsible_id=row.responsible_id,
            level=level,
        ),
        subject=row.task_id,
        scope=row.area,
        sequence=row.version,
    )
    following = rules.next_overdue(tx.calendar, row.due_at, level)
    if following is not None:
        tx.arm("task_due", due.ref, max(following, tx.now), {"level": level + 1})
    else:
        tx.arm("task_due", due.ref, repeat, {"level": level, "again": True})


# --------------------------------------------------------------------------------------------------
# The close


def _fulfilled(tx: Tx, tasks: Sequence[Row]) -> dict[str, int]:
    """Return person -> number of records, of those who kept watch over each of their tasks."""
    ids = [task.task_id for task in tasks]
    seen = storage.tasks.supervisions_of(tx.conn, ids)
    kept: dict[str, bool] = {}
    counts: dict[str, int] = {}
    accepted = {task.task_id: task for task in tasks}
    for supervisor in storage.tasks.supervisors_of(tx.conn, ids):
        person, task = supervisor.person_id, accepted[supervisor.task_id]
        own = [r.created_at for r in seen if (r.person_id, r.task_id) == (person, task.task_id)]
        watched = rules.supervised(task.created_at, task.accepted_at, own)
        kept[person] = kept.get(person, True) and watched
        counts[person] = counts.get(person, 0) + len(own)
    return {person: counts[person] for person, whole in kept.items() if whole}


def close_topic(tx: Tx, payload: CloseTopic) -> replies.TopicClosed:
    """办结 / Close a topic.

    Close a topic whose tasks are all accepted, tell everyone, and open the poll.

    Raises:
        StateConflict: Tasks are open.
    """
    topic = led_topic(tx, payload.topic_id, "VERIFIED")
    ended = _standing(tx, topic)
    tasks = [task for task in ended if task.state == "ACCEPTED"]
    whole = len(tasks) == len(ended)
    row = move(
        tx,
        topic,
        "CLOSED",
        "close",
        closed_at=tx.now,
        result=payload.result or (rules.DEFAULT_RESULT if whole else rules.RESULT_IN_PART),
        poll_until=tx.now + rules.POLL,
    )
    days = (tx.calendar.local_date(tx.now) - tx.calendar.local_date(row.adopted_at)).days
    for person_id, found in sorted(_fulfilled(tx, tasks).items()):
        tx.publish(
            events.SupervisionFulfilled(
                topic_id=payload.topic_id, person_id=person_id, records=found
            ),
            subject=payload.topic_id,
            scope=row.area,
            sequence=row.version,
        )
    tx.publish(
        events.TopicClosed(
            topic_id=payload.topic_id, community=row.area, tasks=len(tasks), days=days
        ),
        subject=payload.topic_id,
        scope=row.area,
        sequence=row.version,
    )
    return replies.TopicClosed.of(row, id=row.topic_id, days=days, tasks=len(tasks))


def rate_topic(tx: Tx, payload: RateTopic) -> replies.TopicDone:
    """满意度评价 / Rate a closed topic.

    Rate a closed topic as one who took part, once, within seven days.

    Raises:
        NotParticipant: The caller did not take part.
        PollOver: The seven days are over.
        AlreadyRated: He has rated.
    """
    topic = topic_locked(tx, payload.topic_id)
    records.require_state(topic, "CLOSED")
    if tx.actor.id not in storage.topics.participants_of(tx.conn, topic):
        raise errors.NotParticipant
    if tx.now >= topic.poll_until:
        raise errors.PollOver(until=f"{tx.calendar.local(topic.poll_until):%Y-%m-%d %H:%M}")
    fresh = storage.topics.rate_topic(
        tx.conn,
        topic_id=payload.topic_id,
        person_id=tx.actor.id,
        stars=payload.stars,
        rated_at=tx.now,
    )
    if not fresh:
        raise errors.AlreadyRated
    return replies.TopicDone.of(topic, id=topic.topic_id)
