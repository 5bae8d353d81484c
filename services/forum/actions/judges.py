"""Who judges the work of a task, and who may not."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, said
from fivered.services.forum import errors, rules, storage
from fivered.services.forum.actions.record import (
    topic_locked,
)
from fivered.services.forum.actions.tasks import LEADING_ROLES, require_place, task_locked, watchers


def require_no_conflict(tx: Tx, task: Row) -> None:
    """Refuse who does the work, or holds a post in the project that does, as its judge.

    Raises:
        ConflictOfInterest: The person holds a post there; names those who can act instead.
        OwnWork: The person began, reported or delivered it; names those who can act instead.
        OwnMatter: The person lives with one of these.
    """
    doers = storage.tasks.doers_of(tx.conn, task.task_id) | {task.responsible_id}
    bound: set[str] = set()
    if task.responsible_kind == "PROJECT":
        bound = storage.heard.people_of_projects(tx.conn, [task.responsible_id])
    if tx.actor.id not in bound | doers:
        if storage.liaison.household_of(tx.conn, tx.actor.id) & (bound | doers):
            raise errors.OwnMatter
        return
    if tx.actor.role in OFFICES:
        grids = [task.grid] if task.grid else storage.heard.areas_in(tx.conn, task.area, 15)
        others = storage.liaison.linked(tx.conn, rules.COMMUNITY_CADRE, grids)
        others += storage.liaison.linked(tx.conn, rules.STREET_TEAM, [task.area])
        people = [r.person_id for r in others]
        who = said("社区其他干部或街道 / another cadre of the community, or the street")
    else:
        people = watchers(tx, task.task_id)
        who = said("该任务的其他监督员 / another supervisor of the task")
    free = sorted(set(people) - bound - doers)
    if not free and tx.actor.role not in OFFICES:
        who = said(
            "社区书记或街道另行推选的监督员"
            " / a supervisor whom the secretary or the street appoints"
        )
    instead = {"who": who, "substitutes": ", ".join(free)}
    if tx.actor.id in bound:
        raise errors.ConflictOfInterest(project_id=task.responsible_id, **instead)
    raise errors.OwnWork(**instead)


OFFICES = frozenset({"R_CADRE", *LEADING_ROLES})


def require_judge(tx: Tx, task: Row) -> str:
    """Return the side for which the caller judges, SUPERVISOR or CADRE; the street may stand in
    for the community's cadres."""
    if tx.actor.role in OFFICES:
        require_place(tx, task)
        side = "CADRE"
    else:
        require_supervisor(tx, task)
        side = "SUPERVISOR"
    require_no_conflict(tx, task)
    return side


def require_supervisor(tx: Tx, task: Row) -> None:
    """Refuse who does not watch a task.

    Raises:
        NotSupervisor: The person was not appointed.
    """
    people = {s.person_id for s in storage.supervisions.supervisors_of(tx.conn, [task.task_id])}
    if tx.actor.id not in people:
        raise errors.NotSupervisor


def topic_of(tx: Tx, task_id: str) -> str:
    """Return the topic of a task.

    Raises:
        NotFound: There is no such task.
    """
    row = records.find(tx.conn, storage.tables.tasks, task_id)
    if row is None:
        raise NotFound(kind="task", id=task_id)
    return str(row.topic_id)


def _require_leader(tx: Tx, task: Row) -> None:
    tx.require_scope(task.area)
    require_no_conflict(tx, task)


def led_task(tx: Tx, task_id: str, *states: str) -> tuple[Row, Row]:
    """Return a task that the caller leads, and its topic, both locked, the topic first.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
        ConflictOfInterest: The caller holds a post in the responsible project.
        OwnWork: The person does the work.
        VersionConflict: It has changed since the caller read it.
        StateConflict: It is in another state.
    """
    topic = topic_locked(tx, topic_of(tx, task_id))
    return topic, task_locked(tx, task_id, _require_leader, *states)
