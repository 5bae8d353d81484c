"""Work orders: a project's tasks out of resolutions and three-party meetings."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Event, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.free_text import PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import ground, rectifications
from fivered.services.property.actions.ground import References
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage import works as stored
from fivered.services.property.storage.rows import Row

OPEN = ("ASSIGNED", "DOING")
ENDED = ("CLOSED", "CANCELLED", "ENDED")
# How the forum says that a task is taken away through no fault of the work.
NOT_TO_BE_DONE = frozenset({"CANCELLED", "REASSIGNED", "DISCONTINUED", "TOPIC_RETURNED"})
# So often the community extends a work order; then the street does.
MOST_EXTENSIONS = 2
# So much later it may be due by one extension: a slip of the pen puts nothing off for good.
WORK_MOST_EXTENDED = timedelta(days=183)
# A work order that another project takes over has at least so many working days.
TAKEN_OVER_DAYS = 7


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
    responsible: str | None = None,
) -> Row:
    """Write a work order for a project, or for its community."""
    row = records.create(
        tx,
        tables.works,
        step="ASSIGNED",
        note={"source": source},
        work_id=work_id,
        project_id=project.project_id,
        source=source,
        task_id=task_id,
        topic_id=topic_id,
        meeting_id=meeting_id,
        title=title,
        responsible=None if responsible == "PROJECT" else responsible,
        state="ASSIGNED",
        evidence=[],
        rework_count=0,
        overdue=False,
        level=None,
        due_at=due_at,
        area=project.area,
        version=1,
        created_at=tx.now,
    )
    if source == "MEETING" and due_at is not None:
        # A task's clock is the forum's, where its ladder is.
        tx.arm("wrk_due", work_id, due_at)
        if row.responsible is None:
            tell(
                tx, "WORK_GIVEN", project.manager_person_id, about=("work", work_id), title=title,
                until=tx.calendar.minute(due_at),
            )  # fmt: skip
    return row


def consume_assigned(tx: Tx, heard: list[Event]) -> None:
    """A task of one of our projects becomes a work order, once; said again it has a new term."""
    mine = [event for event in heard if event.data.responsible_kind == "PROJECT"]
    projects = rows.known_projects(tx.conn, [event.data.responsible_id for event in mine])
    known = stored.of_tasks(tx.conn, [event.data.task_id for event in mine])
    for event in mine:
        data: events.TaskAssignedHeard = event.data
        project = projects.get(data.responsible_id)
        if project is None:
            continue
        project = rows.serving_now(tx.conn, project) or project
        if data.task_id in known:
            known[data.task_id] = _again_assigned(tx, known[data.task_id], project, data)
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


def _again_assigned(tx: Tx, row: Row, project: Row, data: events.TaskAssignedHeard) -> Row:
    """Follow a task whose term or title has changed."""
    wanted = {
        "due_at": data.due_at,
        "title": data.title or row.title,
        "project_id": project.project_id,
        "area": project.area,
    }
    if row.state in ENDED or ground.same(row, wanted):
        return row
    overdue = row.overdue and data.due_at is not None and data.due_at <= tx.now
    due = data.due_at.isoformat() if data.due_at else None
    return records.change(
        tx, tables.works, row, step="CHANGED", note={"due": due}, **wanted, overdue=overdue
    )


def consume_accepted(tx: Tx, heard: list[Event]) -> None:
    """The task was accepted: the work order is closed."""
    ids = [event.data.task_id for event in heard]
    for row in stored.of_tasks(tx.conn, ids).values():
        if row.state not in ENDED:
            _close(tx, row)


def _close(tx: Tx, row: Row) -> Row:
    _stop(tx, row.work_id)
    return records.change(tx, tables.works, row, step="CLOSED", state="CLOSED", closed_at=tx.now)


def _stop(tx: Tx, work_id: str) -> None:
    for kind in ("wrk_due", "wrk_up"):
        tx.disarm(kind, work_id)


def consume_rework(tx: Tx, heard: list[Event]) -> None:
    """The work must be done again, or is taken away for good."""
    newest = {event.data.task_id: event for event in heard}
    for task_id, row in stored.of_tasks(tx.conn, newest).items():
        if row.state in ENDED:
            continue
        data: events.TaskReworkHeard = newest[task_id].data
        if not data.final:
            _again(tx, row, data.reason or "")
        elif data.reason in NOT_TO_BE_DONE:
            _end(tx, row, "CANCELLED", data.why or data.reason)
            rectifications.end_of_task(tx, task_id, data.why or data.reason)
        else:
            _end(tx, row, "ENDED", "SUPERVISION_FAILED")


def _again(tx: Tx, row: Row, reason: str) -> Row:
    row = records.change(
        tx,
        tables.works,
        row,
        step="REWORK",
        state="DOING",
        rework_count=row.rework_count + 1,
        note={"reason": reason},
    )
    if row.source == "MEETING" and row.due_at is not None and row.due_at <= tx.now:
        row = _overdue(tx, row)
        if row.level == 1:
            # Its second step has waited while it was delivered.
            _arm_next(tx, row)
    return row


def fall_due(tx: Tx, due: Due) -> None:
    """A work order of a meeting that is not delivered is overdue at its due instant (SP-D8)."""
    row = records.find(tx.conn, tables.works, due.ref, lock=True)
    if row is not None and row.state in OPEN and row.due_at <= due.due_at:
        _overdue(tx, row)


def _overdue(tx: Tx, row: Row) -> Row:
    """Mark it, and open one S3 order, which goes up the liaison chain as every order (2.5.5).

    The work itself goes up twice, from the project to the community and from there to the street;
    what is the community's own goes to the street at once.
    """
    if not row.overdue:
        level = 2 if row.responsible == "COMMUNITY" else 1
        row = records.change(tx, tables.works, row, step="OVERDUE", overdue=True, level=level)
        if row.responsible == "COMMUNITY":
            _before_the_street(tx, row)
        else:
            _before_the_community(tx, row)
    if row.responsible == "COMMUNITY":
        return row
    orders = rows.orders_from(tx.conn, work_id=row.work_id)
    # One that ended, as the work was another project's for a time, is not of now.
    if any(one.project_id == row.project_id and one.state != "ENDED" for one in orders):
        return row
    rectifications.open_order(
        tx,
        ground.project(tx, row.project_id),
        severity="S3",
        facts=f"三方联席会议决定的工单逾期未完成:{row.title}",
        basis="三方联席会议决定及其期限",
        source="MEETING",
        meeting_id=row.meeting_id,
        work_id=None if orders else row.work_id,
        again_of=orders[-1].rectification_id if orders else None,
    )
    return row


def _before_the_street(tx: Tx, row: Row) -> None:
    """What the community has not done in time goes to the street: who is linked to it is told, and
    its clerks find it among what waits."""
    official = rows.official_for(tx.conn, "STREET_TEAM", row.area)
    records.note(tx, tables.works, row, step="ESCALATED", note={"official": official})
    link = stored.linked_person(tx.conn, "STREET_TEAM", row.area)
    ground.tell(tx, link, "WORK_OVERDUE", said=row.title)


def _before_the_community(tx: Tx, row: Row) -> None:
    """What the project has not done in time is told to it and to the community, which finds it
    among what waits; three working days later it goes up to the street."""
    people = rows.committee_people(tx.conn, row.area)
    people.add(ground.project(tx, row.project_id).manager_person_id or "")
    tell(tx, "WORK_LATE", people, about=("work", row.work_id), title=row.title)
    _arm_next(tx, row)


def _arm_next(tx: Tx, row: Row) -> None:
    tx.arm("wrk_up", row.work_id, tx.calendar.due(row.due_at, rules.LEVEL_TWO_DAYS))


def go_up(tx: Tx, due: Due) -> None:
    """Still not delivered after three more working days: up to the street."""
    row = records.find(tx.conn, tables.works, due.ref, lock=True)
    if row is None or row.state not in OPEN or not row.overdue or row.level != 1:
        return
    row = records.change(tx, tables.works, row, step="ESCALATED", level=2, note={"level": 2})
    link = stored.linked_person(tx.conn, "STREET_TEAM", row.area)
    manager = ground.project(tx, row.project_id).manager_person_id
    tell(tx, "WORK_STILL_LATE", (link, manager), about=("work", row.work_id), title=row.title)


def require_doer(tx: Tx, row: Row) -> None:
    """Refuse the side that a work order is not for.

    Raises:
        WrongSide: It is the other side's to do.
        ConflictOfInterest: It is the community's, and the caller holds a post in the project.
    """
    community = row.responsible == "COMMUNITY"
    if community != (tx.actor.role != "R_PM"):
        side = "COMMUNITY" if community else "PROJECT"
        raise errors.WrongSide(role=tx.actor.role, side=side)
    if community:
        ground.uninterested(tx, row)


def require_checker(tx: Tx, row: Row) -> None:
    """Refuse who may not check: of the community's own work the street does.

    Raises:
        WrongSide: It is the community's own work.
        ConflictOfInterest: The person holds a post in the project.
        SamePerson: The person has delivered it.
    """
    ground.uninterested(tx, row)
    if row.responsible == "COMMUNITY" and tx.actor.role != "R_STREET":
        raise errors.WrongSide(role=tx.actor.role, side="STREET")
    if row.delivered_by == tx.actor.id:
        raise errors.SamePerson


def catch_up(tx: Tx) -> None:
    """Take what fell due without a clock: work orders of before they had one."""
    for row in stored.forgotten(tx.conn, tx.now, OPEN):
        _overdue(tx, row)


def end_for_closed_project(tx: Tx, project_id: str) -> list[Row]:
    """End the works of a closed project's meetings; returns what was not done."""
    left = stored.of_meetings(tx.conn, (*OPEN, "DELIVERED"), project_id=project_id)
    for row in left:
        _end(tx, row, "ENDED", "PROJECT_CLOSED")
    return [row for row in left if row.state in OPEN]


def cancel_of_meeting(tx: Tx, meeting_id: str, reason: str) -> None:
    """Cancel what a meeting that is annulled had decided and nobody has done."""
    states = (*OPEN, "DELIVERED")
    for row in stored.of_meetings(tx.conn, states, meeting_id=meeting_id):
        _end(tx, row, "CANCELLED", reason)
        manager = ground.project(tx, row.project_id).manager_person_id
        ground.tell(tx, manager, "WORK_CANCELLED", said=f"{row.title}({reason})")


def take_over(tx: Tx, project: Row, left: list[Row]) -> dict[str, str]:
    """What the meetings of the former project decided is for the new one to do.

    Returns the id of each new work order by that of the former one.
    """
    return {
        row.work_id: new_work(
            tx,
            project,
            work_id=tx.new_id("wrk"),
            source="MEETING",
            title=row.title,
            due_at=_taken_over_until(tx, row),
            meeting_id=row.meeting_id,
            responsible=row.responsible,
        ).work_id
        for row in left
    }


def _taken_over_until(tx: Tx, row: Row) -> datetime:
    """Return until when another project has to do a work order."""
    least = tx.calendar.due(tx.now, TAKEN_OVER_DAYS)
    return max(row.due_at or least, least)


def _end(tx: Tx, row: Row, state: str, reason: str) -> Row:
    _stop(tx, row.work_id)
    return records.change(
        tx,
        tables.works,
        row,
        step=state,
        state=state,
        closed_at=tx.now,
        end_reason=reason,
        note={"reason": reason},
    )


def consume_overdue(tx: Tx, heard: list[Event]) -> None:
    """An overdue task of a project opens one S3 order, however often it goes up."""
    mine = {e.data.task_id: e for e in heard if e.data.responsible_kind == "PROJECT"}
    known = stored.of_tasks(tx.conn, mine)
    projects = rows.known_projects(tx.conn, [e.data.responsible_id for e in mine.values()])
    for task_id, event in mine.items():
        work = known.get(task_id)
        if work is not None and not work.overdue:
            work = records.change(tx, tables.works, work, step="OVERDUE", overdue=True)
        project = projects.get(event.data.responsible_id)
        if project is not None:
            # The forum has not heard yet who took over; a closed project gets no order.
            project = rows.serving_now(tx.conn, project)
        if project is None or rows.order_of(tx.conn, task_id=task_id) is not None:
            continue
        rectifications.open_order(
            tx,
            project,
            severity="S3",
            facts=f"协商决议任务逾期未完成:{work.title}" if work else "协商决议任务逾期未完成",
            basis="协商决议及任务期限",
            source="TASK",
            task_id=task_id,
            cause=event,
        )


class Which(Request, frozen=True):
    """Which work order is meant."""

    work_id: str


def start_work(tx: Tx, payload: Which) -> replies.Made:
    """开工 / Start.

    The manager starts the work; what a meeting gave to the community, the community.

    Raises:
        WrongSide: It is the other side's to do.
        NotTheManager: The actor does not manage the project.
        StateConflict: It is started, or the project is closed.
    """
    row = ground.meant(tx, tables.works, payload.work_id, may=require_doer)
    ground.require_open(ground.project(tx, row.project_id))
    records.require_state(row, "ASSIGNED")
    row = records.change(tx, tables.works, row, step="STARTED", state="DOING", started_at=tx.now)
    return ground.reply(replies.Made, tables.works, row)


class Deliver(Request, frozen=True):
    """佐证材料 / Evidence, by reference."""

    work_id: str
    evidence: References = field(default_factory=list)


def deliver_work(tx: Tx, payload: Deliver) -> replies.Made:
    """交付 / Deliver with evidence.

    The manager delivers; a task's delivery is said to the forum.

    Raises:
        NotTheManager: The actor does not manage the project.
        WrongSide: It is the other side's to do.
        EvidenceRequired: There is no evidence.
        StateConflict: It is not being done, or the project is closed.
    """
    row = ground.meant(tx, tables.works, payload.work_id, may=require_doer)
    ground.require_open(ground.project(tx, row.project_id))
    records.require_state(row, "DOING")
    if not payload.evidence:
        raise errors.EvidenceRequired(field="evidence")
    files.attach(tx, payload.evidence, field="evidence", work_id=row.work_id)
    row = records.change(
        tx,
        tables.works,
        row,
        step="DELIVERED",
        state="DELIVERED",
        evidence=list(payload.evidence),
        delivered_at=tx.now,
        delivered_by=tx.actor.id,
    )
    if row.task_id is not None:
        tx.publish(
            fact_of(events.WorkDelivered, row),
            subject=row.work_id,
            scope=row.area,
            sequence=row.version,
        )
    return ground.reply(replies.Made, tables.works, row)


class CheckWork(Request, frozen=True):
    """社区验收 / The community's finding on a meeting's work order."""

    work_id: str
    accepted: Annotated[bool, Meta(examples=[True])]
    reason: Annotated[PublicText, Meta(max_length=1000)] = ""


def check_work(tx: Tx, payload: CheckWork) -> replies.Made:
    """验收会议工单 / Check the work of a meeting's decision.

    The community accepts the work of a meeting's decision, or sends it back.

    A task's work is accepted in the forum, where its supervisor is.

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        WrongSide: It is the community's own work, which the street checks.
        SamePerson: The person has delivered it.
        ReasonRequired: Sent back without a reason.
        StateConflict: It is not delivered, or is a task's.
    """
    row = ground.meant(tx, tables.works, payload.work_id, may=require_checker)
    if row.source != "MEETING" or row.state != "DELIVERED":
        raise StateConflict(state=row.state)
    if payload.accepted:
        return ground.reply(replies.Made, tables.works, _close(tx, row))
    ground.require_reason(payload.reason)
    return ground.reply(replies.Made, tables.works, _again(tx, row, payload.reason))


def _of_a_meeting(tx: Tx, work_id: str, *states: str) -> Row:
    """Return a work order that the community may change; a task's is the forum's to change.

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        TaskOfForum: It is a task's.
        StateConflict: It is in another state.
    """
    row = ground.meant(tx, tables.works, work_id, may=ground.uninterested)
    if row.source != "MEETING":
        raise errors.TaskOfForum(task=row.task_id)
    records.require_state(row, *states)
    return row


class Cancel(Request, frozen=True):
    """理由 / A reason that others can read."""

    work_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["双方协商一致"])]


def cancel_work(tx: Tx, payload: Cancel) -> replies.Made:
    """取消会议工单 / Cancel the work of a meeting's decision.

    The community cancels the work order of a meeting's decision. The order that it had opened ends,
    and the manager is told.

    Raises:
        ReasonRequired: There is no reason.
        ConflictOfInterest, TaskOfForum, StateConflict: See `_of_a_meeting`.
    """
    row = _of_a_meeting(tx, payload.work_id, *OPEN, "DELIVERED")
    ground.require_reason(payload.reason)
    _taken_away(tx, row, payload.reason)
    return ground.reply(replies.Made, tables.works, _end(tx, row, "CANCELLED", payload.reason))


def _taken_away(tx: Tx, row: Row, reason: str) -> None:
    """Tell a project that a work order is its own no more; what that had opened ends."""
    manager = ground.project(tx, row.project_id).manager_person_id
    ground.tell(tx, manager, "WORK_TAKEN_AWAY", said=f"{row.title}({reason})")
    rectifications.end_of_work(tx, row.work_id, reason)


class Extend(Request, frozen=True):
    """延期 / The new last day, and why."""

    work_id: str
    due_date: Annotated[date, Meta(examples=["2025-04-20"])]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["需等待材料到货"])]


def extend_work(tx: Tx, payload: Extend) -> replies.MadeDue:
    """会议工单延期 / Give the work of a meeting's decision more time.

    The community extends a work order twice at most, the street as often as it must.

    Raises:
        ReasonRequired: There is no reason.
        DueInPast: The day is not behind the present one, has passed, or lies half a year behind.
        ExtensionsUsed: The community has extended it twice.
        ConflictOfInterest, TaskOfForum, StateConflict: See `_of_a_meeting`.
    """
    row = _of_a_meeting(tx, payload.work_id, *OPEN)
    ground.require_reason(payload.reason)
    used = row.extensions or 0
    if tx.actor.role != "R_STREET" and used >= MOST_EXTENSIONS:
        raise errors.ExtensionsUsed(most=MOST_EXTENSIONS)
    due_at = ground.later(tx, row.due_at, payload.due_date, most=WORK_MOST_EXTENDED)
    row = records.change(
        tx,
        tables.works,
        row,
        step="EXTENDED",
        note={"due": due_at.isoformat(), "reason": payload.reason},
        due_at=due_at,
        extensions=used + 1,
        overdue=False,
        level=None,
    )
    _stop(tx, payload.work_id)
    tx.arm("wrk_due", payload.work_id, due_at)
    return ground.reply(replies.MadeDue, tables.works, row, due=due_at)


class Reassign(Request, frozen=True):
    """改派 / Which project of the community does it instead, and why."""

    work_id: str
    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["该地块由另一项目服务"])]


def reassign_work(tx: Tx, payload: Reassign) -> replies.Made:
    """会议工单改派 / Another project does the work.

    Another project of the community does the work, and has seven working days at least. The order
    that the work had opened of the former project ends, and its manager is told.

    Raises:
        NotFound: There is no such project.
        ReasonRequired: There is no reason.
        NotServing: The project is not in service in this community.
        ConflictOfInterest, TaskOfForum, StateConflict: See `_of_a_meeting`.
    """
    row = _of_a_meeting(tx, payload.work_id, *OPEN)
    ground.require_reason(payload.reason)
    project = ground.project(tx, payload.project_id)
    if project.status != "IN_SERVICE" or project.area != row.area:
        raise errors.NotServing(field="project_id", project=payload.project_id, grid=row.area)
    ground.require_no_interest(tx, project)
    former = row.project_id
    if former == payload.project_id:
        raise StateConflict(state="SAME_PROJECT", field="project_id")
    _taken_away(tx, row, payload.reason)
    due_at = _taken_over_until(tx, row)
    row = records.change(
        tx,
        tables.works,
        row,
        step="REASSIGNED",
        project_id=payload.project_id,
        state="ASSIGNED",
        started_at=None,
        due_at=due_at,
        overdue=False,
        level=None,
        note={"former": former, "due": due_at.isoformat(), "reason": payload.reason},
    )
    _stop(tx, row.work_id)
    tx.arm("wrk_due", row.work_id, due_at)
    return ground.reply(replies.Made, tables.works, row)
