"""Step 5 of 135: tasks, supervision, acceptance and the close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, convert

from chassis.bus import Due, Heard, Tx
from chassis.refusal import NotFound
from services.forum import errors, events, rules, storage
from services.forum.actions.opinions import PlannedTask
from services.forum.actions.record import (
    escalate,
    led_topic,
    move,
    note,
    reply,
    require_state,
    tell,
    topic_locked,
)
from services.forum.actions.topics import open_screening

PersonId = Annotated[str, Meta(min_length=1, max_length=64)]
Media = Annotated[list[Any], Meta(max_length=20)]
Finding = Annotated[str, Meta(min_length=1, max_length=1000)]


@dataclass(frozen=True, slots=True)
class AssignTasks:
    """Who does what until when, and who watches; without tasks, those that the opinion planned."""

    topic_id: str
    tasks: Annotated[list[PlannedTask], Meta(max_length=50)] = field(default_factory=list)
    supervisors: Annotated[list[PersonId], Meta(max_length=20)] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WhichTask:
    """Which task is meant."""

    task_id: str


@dataclass(frozen=True, slots=True)
class ReportProgress:
    """How far the work is."""

    task_id: str
    note: Finding
    percent: Annotated[int, Meta(ge=0, le=100)] | None = None


@dataclass(frozen=True, slots=True)
class DeliverTask:
    """The work is done; this shows it."""

    task_id: str
    evidence: Media
    note: Annotated[str, Meta(max_length=1000)] = ""


@dataclass(frozen=True, slots=True)
class AcceptTask:
    """One of the two acceptances: the supervisor's, or the cadre's."""

    task_id: str
    finding: Finding
    media: Media = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReworkTask:
    """The work is not as resolved. The reason stays here; the code travels."""

    task_id: str
    reason: Finding
    code: Literal["INCOMPLETE", "DEFECT", "NOT_AS_RESOLVED", "EVIDENCE_WEAK"] = "DEFECT"


@dataclass(frozen=True, slots=True)
class RecordSupervision:
    """What a supervisor has seen."""

    task_id: str
    finding: Finding
    media: Media = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CloseTopic:
    """The published result."""

    topic_id: str
    result: Annotated[str, Meta(min_length=1, max_length=2000)] = rules.DEFAULT_RESULT


@dataclass(frozen=True, slots=True)
class RateTopic:
    """How content a participant is with the whole."""

    topic_id: str
    stars: Annotated[int, Meta(ge=1, le=5)]


# --------------------------------------------------------------------------------------------------
# Assigning


def _due_at(tx: Tx, due_date: date | None) -> datetime:
    today = tx.calendar.local_date(tx.now)
    longest = today + timedelta(days=tx.settings.task_days)
    day = due_date or longest
    if not today < day <= longest:
        raise errors.DueOutOfRange(days=tx.settings.task_days, field="due_date")
    return tx.calendar.midnight(day + timedelta(days=1))


def _check_responsible(tx: Tx, task: PlannedTask, area: str) -> None:
    if task.responsible_kind != "PROJECT":
        return
    project = storage.find(tx.conn, storage.projects, task.responsible_id)
    # A matter of the street may be carried out by a project of a neighbouring community.
    if project is None or (project["community"] or "")[:9] != area[:9]:
        raise errors.ResponsibleUnknown(responsible_id=task.responsible_id, field="responsible_id")


def _check_supervisors(
    tx: Tx, task: PlannedTask, people: Sequence[str], topic: storage.Row
) -> None:
    """Refuse a task that no resident watches, or that a stranger or somebody bound to the project
    watches. Deputies and officials of the place may watch beside a resident."""
    street = topic["area"][:9]
    near = [street if topic["level"] == rules.STREET else topic["area"]]
    known = {
        person: row
        for person, row in storage.residents_of(tx.conn, people).items()
        if row["is_adult"] and rules.lives_in(row, near)
    }
    if not known:
        raise errors.SupervisorRequired(title=task.title, field="supervisors")
    if task.responsible_kind == "PROJECT":
        bound = storage.project_persons(tx.conn, task.responsible_id) & set(people)
        if bound:
            raise errors.ConflictOfInterest(
                project_id=task.responsible_id,
                substitutes=", ".join(p for p in people if p not in bound) or "—",
                field="supervisors",
            )
    others = [person for person in people if person not in known]
    posts = storage.deputies_of(tx.conn, others, street, tx.now)
    posts |= storage.officials_near(tx.conn, others, topic["area"])
    stranger = next((person for person in others if person not in posts), None)
    if stranger is not None:
        raise errors.NotRegistered(person_id=stranger, field="supervisors")


def assign_tasks(tx: Tx, body: AssignTasks) -> dict[str, Any]:
    """Assign the tasks of a resolution, each with at least one resident who watches.

    Raises:
        StepLocked: No resolution stands yet.
        OwnersVoteRequired: The owners' assembly has still to decide.
        TasksNeeded: There is no task.
        ResponsibleUnknown: A project is unknown or lies in another street.
        SupervisorRequired: A task has no supervisor who is an adult resident.
        NotRegistered: A supervisor is neither resident, deputy nor official here.
        ConflictOfInterest: A supervisor holds a post in the responsible project.
        DueOutOfRange: A term is over or too long.
    """
    topic = led_topic(tx, body.topic_id)
    opinion = storage.find(tx.conn, storage.opinions, topic["opinion_id"] or "")
    stands = opinion is not None and opinion["state"] == "EFFECTIVE"
    tally = storage.tally_of(tx.conn, topic["session_id"], body.topic_id)
    rules.check_artefacts(
        5,
        {
            1: True,
            2: storage.analysis_of(tx.conn, topic) is not None,
            3: tally is not None and tally["passed"],
            4: stands,
        },
    )
    require_state(topic, "RESOLVED")
    if not topic["binding"]:
        raise errors.OwnersVoteRequired
    planned = body.tasks or convert(opinion["planned"] if opinion else [], list[PlannedTask])
    if not planned:
        raise errors.TasksNeeded(field="tasks")
    made = [_assign_one(tx, topic, task, body.supervisors) for task in planned]
    tx.disarm("task_assign", body.topic_id)
    row = move(
        tx,
        topic,
        "IMPLEMENTING",
        "assign_tasks",
        detail={"tasks": len(made)},
        implementing_at=tx.now,
    )
    return reply("topic_id", row, tasks=made)


def _assign_one(
    tx: Tx, topic: storage.Row, task: PlannedTask, default: Sequence[str]
) -> dict[str, Any]:
    people = list(dict.fromkeys(task.supervisors or default))
    due_at = _due_at(tx, task.due_date)
    _check_responsible(tx, task, topic["area"])
    _check_supervisors(tx, task, people, topic)
    task_id = tx.new_id("tsk")
    storage.add(
        tx.conn,
        storage.tasks,
        task_id=task_id,
        topic_id=topic["topic_id"],
        round=topic["round"],
        title=task.title,
        responsible_kind=task.responsible_kind,
        responsible_id=task.responsible_id,
        due_at=due_at,
        budget_fen=task.budget_fen,
        funding=task.funding,
        area=topic["area"],
        grid=topic["grid"],
        state="ASSIGNED",
        overdue_level=0,
        reworks=0,
        supervisions_missed=0,
        percent=0,
        evidence=[],
        created_at=tx.now,
        version=1,
    )
    storage.add_all(
        tx.conn,
        storage.supervisors,
        [{"task_id": task_id, "person_id": p, "appointed_at": tx.now} for p in people],
    )
    tell(tx, "SUPERVISOR_APPOINTED", topic, people, ref=task_id)
    tx.arm("task_due", task_id, due_at, {"level": 1})
    tx.arm("supervision_gap", task_id, tx.now + rules.SUPERVISION_EVERY)
    note(
        tx,
        of="task",
        ref=task_id,
        topic_id=topic["topic_id"],
        action="assign",
        state="ASSIGNED",
        responsible_kind=task.responsible_kind,
        responsible_id=task.responsible_id,
    )
    tx.say(
        events.TaskAssigned(
            task_id=task_id,
            topic_id=topic["topic_id"],
            community=topic["area"],
            responsible_kind=task.responsible_kind,
            responsible_id=task.responsible_id,
            due_at=due_at.isoformat(),
        ),
        subject=task_id,
        scope=topic["area"],
        sequence=1,
    )
    return {"id": task_id, "state": "ASSIGNED", "version": 1, "due": due_at.isoformat()}


# --------------------------------------------------------------------------------------------------
# Doing and delivering

UNDELIVERED = ("ASSIGNED", "DOING", "REWORK")


def _task_locked(tx: Tx, task_id: str, *states: str) -> storage.Row:
    """Return a task, locked, as the caller saw it.

    Raises:
        NotFound: There is none.
        VersionConflict: It has changed since he read it.
        StateConflict: It is in another state.
    """
    row = storage.find_locked(tx.conn, storage.tasks, task_id)
    if row is None:
        raise NotFound(kind="task", id=task_id)
    tx.check_version(row["version"])
    require_state(row, *states)
    return row


def _require_doer(tx: Tx, task: storage.Row) -> None:
    """Refuse who is not of the responsible side, nor of the community."""
    if tx.actor.role in {"R_PM", "R_PCO"}:
        bound = storage.project_persons(tx.conn, task["responsible_id"])
        if task["responsible_kind"] != "PROJECT" or tx.actor.id not in bound:
            raise NotFound(kind="task", id=task["task_id"])
    else:
        tx.require_scope(task["grid"] or task["area"])


def start_task(tx: Tx, body: WhichTask) -> dict[str, Any]:
    """Say that the work has begun.

    Raises:
        StateConflict: It has begun already.
        NotFound: It is another project's task.
    """
    task = _task_locked(tx, body.task_id, "ASSIGNED")
    _require_doer(tx, task)
    row = storage.change(tx.conn, storage.tasks, task, state="DOING", started_at=tx.now)
    _note(tx, row, "start")
    return reply("task_id", row)


def report_progress(tx: Tx, body: ReportProgress) -> dict[str, Any]:
    """Say how far the work is.

    Raises:
        StateConflict: It is delivered.
        NotFound: It is another project's task.
    """
    task = _task_locked(tx, body.task_id, *UNDELIVERED)
    _require_doer(tx, task)
    percent = task["percent"] if body.percent is None else body.percent
    row = storage.change(tx.conn, storage.tasks, task, percent=percent)
    _note(tx, row, "progress", note=body.note, percent=percent)
    return reply("task_id", row, percent=percent)


def deliver_task(tx: Tx, body: DeliverTask) -> dict[str, Any]:
    """Deliver a task of the community.

    Raises:
        ProjectDelivers: A project's work is delivered in the property service.
        EvidenceRequired: Nothing shows that the work is done.
        StateConflict: It is delivered already.
    """
    task = _task_locked(tx, body.task_id, *UNDELIVERED)
    tx.require_scope(task["grid"] or task["area"])
    if task["responsible_kind"] == "PROJECT":
        raise errors.ProjectDelivers(project_id=task["responsible_id"])
    if not body.evidence:
        raise errors.EvidenceRequired(field="evidence")
    row = _deliver(tx, task, body.evidence, at=tx.now, words=body.note)
    return reply("task_id", row)


def _deliver(
    tx: Tx,
    task: storage.Row,
    evidence: Sequence[Any],
    *,
    at: datetime,
    work_id: str | None = None,
    words: str = "",
) -> storage.Row:
    row = storage.change(
        tx.conn,
        storage.tasks,
        task,
        state="DELIVERED",
        evidence=list(evidence),
        work_id=work_id or task["work_id"],
        delivered_at=at,
        percent=100,
        supervisor_accepted=None,
        cadre_accepted=None,
    )
    tx.disarm("task_due", row["task_id"])
    tx.disarm("supervision_gap", row["task_id"])
    _note(tx, row, "deliver", evidence=len(evidence), work_id=work_id, note=words)
    watching = [s["person_id"] for s in storage.supervisors_of(tx.conn, [row["task_id"]])]
    tell(tx, "TASK_DELIVERED", {"topic_id": row["topic_id"]}, watching, ref=row["task_id"])
    return row


def hear_delivery(tx: Tx, event: Heard) -> None:
    """Take a project's delivery of one of our tasks.

    What cannot be taken (another project's task, one that is accepted or taken away) is kept in
    the task's history and changes nothing.
    """
    task = storage.find_locked(tx.conn, storage.tasks, event.data.task_id)
    if task is None:
        return
    mine = (task["responsible_kind"], task["responsible_id"]) == ("PROJECT", event.data.project_id)
    if not mine or task["state"] not in UNDELIVERED:
        _note(tx, task, "delivery_ignored", work_id=event.data.work_id, event_id=event.id)
        return
    # Delivered when the project did, however late we hear of it.
    _deliver(tx, task, event.data.evidence, at=event.occurred_at, work_id=event.data.work_id)


def _note(tx: Tx, task: storage.Row, action: str, **detail: Any) -> None:
    note(
        tx,
        of="task",
        ref=task["task_id"],
        topic_id=task["topic_id"],
        action=action,
        state=task["state"],
        **detail,
    )


# --------------------------------------------------------------------------------------------------
# Watching and accepting


def _require_no_conflict(tx: Tx, task: storage.Row) -> None:
    """Refuse who holds a post in the project whose work he would judge.

    Raises:
        ConflictOfInterest: Names those who can act for him.
    """
    if task["responsible_kind"] != "PROJECT":
        return
    bound = storage.project_persons(tx.conn, task["responsible_id"])
    if tx.actor.id not in bound:
        return
    if tx.actor.role in {"R_CADRE", "R_SECRETARY"}:
        grids = [task["grid"]] if task["grid"] else storage.areas_in(tx.conn, task["area"], 15)
        others = [r["person_id"] for r in storage.linked(tx.conn, rules.COMMUNITY_CADRE, grids)]
    else:
        others = [r["person_id"] for r in storage.supervisors_of(tx.conn, [task["task_id"]])]
    free = sorted({p for p in others if p not in bound})
    raise errors.ConflictOfInterest(
        project_id=task["responsible_id"], substitutes=", ".join(free) or "—"
    )


def _require_judge(tx: Tx, task: storage.Row) -> str:
    """Return the side for which the caller judges, SUPERVISOR or CADRE."""
    if tx.actor.role in {"R_CADRE", "R_SECRETARY"}:
        tx.require_scope(task["grid"] or task["area"])
        side = "CADRE"
    else:
        people = {s["person_id"] for s in storage.supervisors_of(tx.conn, [task["task_id"]])}
        if tx.actor.id not in people:
            raise errors.NotSupervisor
        side = "SUPERVISOR"
    _require_no_conflict(tx, task)
    return side


def _add_record(tx: Tx, task: storage.Row, kind: str, finding: str, media: Sequence[Any]) -> str:
    record_id = tx.new_id("spv")
    storage.add(
        tx.conn,
        storage.supervisions,
        record_id=record_id,
        task_id=task["task_id"],
        topic_id=task["topic_id"],
        person_id=tx.actor.id,
        kind=kind,
        finding=finding,
        media=list(media),
        created_at=tx.now,
    )
    return record_id


def record_supervision(tx: Tx, body: RecordSupervision) -> dict[str, Any]:
    """Record what a supervisor has seen; the next record is due in 14 days.

    Raises:
        NotFound: There is no such task.
        NotSupervisor: The caller was not appointed.
        ConflictOfInterest: He holds a post in the responsible project.
        StateConflict: The task has ended.
    """
    task = _task_locked(tx, body.task_id, *UNDELIVERED, "DELIVERED")
    people = {s["person_id"] for s in storage.supervisors_of(tx.conn, [body.task_id])}
    if tx.actor.id not in people:
        raise errors.NotSupervisor
    _require_no_conflict(tx, task)
    record_id = _add_record(tx, task, "RECORD", body.finding, body.media)
    if task["state"] in UNDELIVERED:
        tx.arm("supervision_gap", body.task_id, tx.now + rules.SUPERVISION_EVERY)
    _note(tx, task, "supervise", record_id=record_id)
    return {"id": record_id, "state": "RECORDED", "version": 1, "task_id": body.task_id}


def miss_supervision(tx: Tx, due: Due) -> None:
    """Count a gap of 14 days without a record, and say so to those who should have looked."""
    task = storage.find_locked(tx.conn, storage.tasks, due.ref)
    if task is None or task["state"] not in UNDELIVERED:
        return
    row = storage.change(
        tx.conn, storage.tasks, task, supervisions_missed=task["supervisions_missed"] + 1
    )
    _note(tx, row, "supervision_missed")
    watching = [s["person_id"] for s in storage.supervisors_of(tx.conn, [due.ref])]
    tell(tx, "SUPERVISION_MISSED", {"topic_id": row["topic_id"]}, watching, ref=due.ref)
    if row["supervisions_missed"] * rules.SUPERVISION_EVERY < timedelta(days=365):
        tx.arm("supervision_gap", due.ref, tx.now + rules.SUPERVISION_EVERY)


def accept_task(tx: Tx, body: AcceptTask) -> dict[str, Any]:
    """Accept delivered work as supervisor or as cadre; it is accepted when both have.

    Raises:
        NotSupervisor: The caller was not appointed.
        ConflictOfInterest: He holds a post in the responsible project.
        EvidenceRequired: Neither the delivery nor the acceptance shows anything.
        AlreadyAccepted: His side has accepted.
        SamePerson: One person would accept for both sides.
    """
    topic_id = _topic_of(tx, body.task_id)
    # The topic is locked first, as everywhere: two last acceptances must not miss each other.
    topic = topic_locked(tx, topic_id)
    task = _task_locked(tx, body.task_id, "DELIVERED")
    side = _require_judge(tx, task)
    if not task["evidence"] and not body.media:
        raise errors.EvidenceRequired(field="media")
    mine, other = (
        ("supervisor_accepted", "cadre_accepted")
        if side == "SUPERVISOR"
        else ("cadre_accepted", "supervisor_accepted")
    )
    if task[mine] is not None:
        raise errors.AlreadyAccepted
    if task[other] == tx.actor.id:
        raise errors.SamePerson
    _add_record(tx, task, "ACCEPT", body.finding, body.media)
    if task[other] is None:
        row = storage.change(tx.conn, storage.tasks, task, **{mine: tx.actor.id})
        _note(tx, row, "accept", side=side)
        return reply("task_id", row, waiting_for="CADRE" if side == "SUPERVISOR" else "SUPERVISOR")
    row = storage.change(
        tx.conn,
        storage.tasks,
        task,
        state="ACCEPTED",
        accepted_at=tx.now,
        **{mine: tx.actor.id},
    )
    _note(tx, row, "accept", side=side)
    tx.say(
        events.TaskAccepted(
            task_id=row["task_id"],
            topic_id=row["topic_id"],
            responsible_kind=row["responsible_kind"],
            responsible_id=row["responsible_id"],
        ),
        subject=row["task_id"],
        scope=row["area"],
        sequence=row["version"],
    )
    open_tasks = [
        t
        for t in storage.tasks_of(tx.conn, topic_id, round_=topic["round"])
        if t["state"] != "ACCEPTED"
    ]
    if not open_tasks and topic["state"] == "IMPLEMENTING":
        topic = move(tx, topic, "VERIFIED", "all_accepted", verified_at=tx.now)
    return reply("task_id", row, topic_state=topic["state"])


def _topic_of(tx: Tx, task_id: str) -> str:
    row = storage.find(tx.conn, storage.tasks, task_id)
    if row is None:
        raise NotFound(kind="task", id=task_id)
    return str(row["topic_id"])


def rework_task(tx: Tx, body: ReworkTask) -> dict[str, Any]:
    """Send delivered work back. At the third time supervision has failed: the task is taken away
    and the topic returns to its analysis.

    Raises:
        NotSupervisor: The caller was not appointed.
        ConflictOfInterest: He holds a post in the responsible project.
        StateConflict: It is not delivered.
    """
    topic = topic_locked(tx, _topic_of(tx, body.task_id))
    task = _task_locked(tx, body.task_id, "DELIVERED")
    _require_judge(tx, task)
    _add_record(tx, task, "REWORK", body.reason, [])
    reworks = task["reworks"] + 1
    final = reworks >= rules.REWORKS and topic["state"] == "IMPLEMENTING"
    row = storage.change(
        tx.conn,
        storage.tasks,
        task,
        state="FAILED" if final else "REWORK",
        reworks=reworks,
        supervisor_accepted=None,
        cadre_accepted=None,
    )
    _note(tx, row, "rework", reason=body.reason, code=body.code)
    _say_rework(tx, row, body.code, final=final)
    if final:
        _return_to_analysis(tx, topic, row)
    else:
        tx.arm("supervision_gap", body.task_id, tx.now + rules.SUPERVISION_EVERY)
        level = max(row["overdue_level"] + 1, 1)
        at = rules.next_overdue(tx.calendar, row["due_at"], level - 1)
        # Work that comes back after its term is overdue at once; the timer acts at its own time.
        if at is not None:
            tx.arm("task_due", body.task_id, max(at, tx.now), {"level": level})
    return reply("task_id", row, reworks=reworks)


def _say_rework(tx: Tx, row: storage.Row, code: str, *, final: bool) -> None:
    tx.say(
        events.TaskRework(
            task_id=row["task_id"],
            topic_id=row["topic_id"],
            responsible_kind=row["responsible_kind"],
            responsible_id=row["responsible_id"],
            reason=code,
            final=final,
        ),
        subject=row["task_id"],
        scope=row["area"],
        sequence=row["version"],
    )


def _return_to_analysis(tx: Tx, topic: storage.Row, failed: storage.Row) -> None:
    """Take away what is still open of this round and analyse the topic again."""
    for task in storage.tasks_of(tx.conn, topic["topic_id"], round_=topic["round"]):
        if task["task_id"] == failed["task_id"] or task["state"] in {"ACCEPTED", "FAILED"}:
            continue
        row = storage.change(tx.conn, storage.tasks, task, state="FAILED")
        tx.disarm("task_due", row["task_id"])
        tx.disarm("supervision_gap", row["task_id"])
        _note(tx, row, "taken_away")
        _say_rework(tx, row, "TOPIC_RETURNED", final=True)
    open_screening(
        tx,
        topic,
        "supervision_failed",
        {"task_id": failed["task_id"]},
        code="TOPIC_RETURNED",
        round=topic["round"] + 1,
        session_id=None,
        opinion_id=None,
        binding=None,
        adjournments=0,
    )


def overdue(tx: Tx, due: Due) -> None:
    """Mark a task overdue and climb the liaison chain: at once, after 5 and 10 working days."""
    task = storage.find_locked(tx.conn, storage.tasks, due.ref)
    if task is None or task["state"] not in UNDELIVERED:
        return
    level = int(due.data.get("level", 1))
    row = storage.change(tx.conn, storage.tasks, task, overdue_level=level)
    topic = storage.known(tx.conn, storage.topics, row["topic_id"])
    escalate(
        tx,
        topic,
        deadline="task_due",
        tier=rules.TASK_LADDER[level - 1],
        level=level,
        task=row,
    )
    tx.say(
        events.TaskOverdue(
            task_id=row["task_id"],
            topic_id=row["topic_id"],
            responsible_kind=row["responsible_kind"],
            responsible_id=row["responsible_id"],
            level=level,
        ),
        subject=row["task_id"],
        scope=row["area"],
        sequence=row["version"],
    )
    following = rules.next_overdue(tx.calendar, row["due_at"], level)
    if following is not None:
        tx.arm("task_due", due.ref, max(following, tx.now), {"level": level + 1})


# --------------------------------------------------------------------------------------------------
# The close


def _fulfilled(tx: Tx, tasks: Sequence[storage.Row]) -> dict[str, int]:
    """Return person -> number of records, of those who kept watch over each of their tasks."""
    ids = [task["task_id"] for task in tasks]
    records = storage.supervisions_of(tx.conn, ids)
    kept: dict[str, bool] = {}
    counts: dict[str, int] = {}
    accepted = {task["task_id"]: task for task in tasks}
    for supervisor in storage.supervisors_of(tx.conn, ids):
        person, task = supervisor["person_id"], accepted[supervisor["task_id"]]
        own = [
            r["created_at"]
            for r in records
            if (r["person_id"], r["task_id"]) == (person, task["task_id"])
        ]
        watched = rules.supervised(task["created_at"], task["accepted_at"], own)
        kept[person] = kept.get(person, True) and watched
        counts[person] = counts.get(person, 0) + len(own)
    return {person: counts[person] for person, whole in kept.items() if whole}


def close_topic(tx: Tx, body: CloseTopic) -> dict[str, Any]:
    """Close a topic whose tasks are all accepted, tell everyone, and open the poll.

    Raises:
        PiiFound: The result, which is published, holds a telephone or identity number.
        StateConflict: Tasks are open.
    """
    topic = led_topic(tx, body.topic_id, "VERIFIED")
    rules.check_no_pii({"result": body.result})
    tasks = [
        t
        for t in storage.tasks_of(tx.conn, body.topic_id, round_=topic["round"])
        if t["state"] == "ACCEPTED"
    ]
    row = move(
        tx,
        topic,
        "CLOSED",
        "close",
        closed_at=tx.now,
        result=body.result,
        poll_until=tx.now + rules.POLL,
    )
    days = (tx.calendar.local_date(tx.now) - tx.calendar.local_date(row["adopted_at"])).days
    for person_id, records in sorted(_fulfilled(tx, tasks).items()):
        tx.say(
            events.SupervisionFulfilled(
                topic_id=body.topic_id, person_id=person_id, records=records
            ),
            subject=body.topic_id,
            scope=row["area"],
            sequence=row["version"],
        )
    tx.say(
        events.TopicClosed(
            topic_id=body.topic_id, community=row["area"], tasks=len(tasks), days=days
        ),
        subject=body.topic_id,
        scope=row["area"],
        sequence=row["version"],
    )
    return reply("topic_id", row, days=days, tasks=len(tasks))


def rate_topic(tx: Tx, body: RateTopic) -> dict[str, Any]:
    """Rate a closed topic as one who took part, once, within seven days.

    Raises:
        NotParticipant: The caller did not take part.
        PollOver: The seven days are over.
        AlreadyRated: He has rated.
    """
    topic = topic_locked(tx, body.topic_id)
    require_state(topic, "CLOSED")
    if tx.actor.id not in storage.participants_of(tx.conn, topic):
        raise errors.NotParticipant
    if tx.now >= topic["poll_until"]:
        raise errors.PollOver(until=f"{tx.calendar.local(topic['poll_until']):%Y-%m-%d %H:%M}")
    fresh = storage.rate_topic(
        tx.conn,
        topic_id=body.topic_id,
        person_id=tx.actor.id,
        stars=body.stars,
        rated_at=tx.now,
    )
    if not fresh:
        raise errors.AlreadyRated
    return reply("topic_id", topic)
