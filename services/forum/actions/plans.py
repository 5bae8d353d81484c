"""What a resolution plans: its tasks, who does them, and who watches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import records, text
from fivered.chassis.bus import Tx
from fivered.chassis.fields import PersonId
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.forum import errors, rules, storage

Fen = Annotated[int, Meta(ge=0)]


class PlannedTask(Request, frozen=True):
    """A part of the resolution that somebody will carry out."""

    title: Annotated[str, Meta(min_length=1, max_length=100, examples=["施划车位六个"]), PUBLIC]
    responsible_kind: Literal["PROJECT", "COMMUNITY"]
    responsible_id: Annotated[str, Meta(min_length=1, max_length=64, examples=["prj_0001"])]
    due_date: Annotated[date, Meta(description="期限(含当日),默认 60 天 / last day")] | None = None
    supervisors: Annotated[list[PersonId], UNIQUE, Meta(max_length=20)] = field(
        default_factory=list
    )
    budget_fen: Fen | None = None
    funding: Annotated[str, Meta(max_length=100), PUBLIC] | None = None


def differs(tasks: Sequence[PlannedTask], published: Sequence[PlannedTask]) -> bool:
    """Tell whether tasks are others than an opinion has published; of what it left open, and of
    who watches, anything may be said. Nothing differs from an opinion that planned nothing."""
    left = list(tasks)
    for plan in published:
        same = next((task for task in left if _carries_out(task, plan)), None)
        if same is None:
            return True
        left.remove(same)
    return bool(published and left)


def _carries_out(task: PlannedTask, plan: PlannedTask) -> bool:
    if text.fold(task.title) != text.fold(plan.title):
        return False
    if (task.responsible_kind, task.responsible_id) != (plan.responsible_kind, plan.responsible_id):
        return False
    open_to = ("due_date", "budget_fen", "funding")
    return all(getattr(plan, name) in (None, getattr(task, name)) for name in open_to)


def due_at(tx: Tx, due_date: date | None) -> datetime:
    """Return when a task's term is over; the longest by default.

    Raises:
        DueOutOfRange: It is over, or too long.
    """
    today = tx.calendar.local_date(tx.now)
    longest = today + timedelta(days=tx.settings.task_days)
    day = due_date or longest
    if not today < day <= longest:
        raise errors.DueOutOfRange(days=tx.settings.task_days, field="due_date")
    return tx.calendar.midnight(day + timedelta(days=1))


def check_responsible(tx: Tx, task: PlannedTask, area: str) -> None:
    """Refuse a task for whom nobody knows here, or who serves no longer.

    Raises:
        ResponsibleUnknown: The project, the place or the official is unknown or lies elsewhere.
    """
    who = task.responsible_id
    if task.responsible_kind != "PROJECT":
        # The community itself, a part of it, its street, or an official of the place.
        place = who.isdigit() and (area.startswith(who) or who.startswith(area))
        if not place and not storage.heard.officials_near(tx.conn, [who], area):
            raise errors.ResponsibleUnknown(responsible_id=who, field="responsible_id")
        return
    project = records.find(tx.conn, storage.tables.projects, task.responsible_id)
    # A matter of the street may be carried out by a project of a neighbouring community.
    there = project is not None and (project.community or "")[:9] == area[:9]
    if project is None or not there or project.status == storage.heard.CLOSED:
        raise errors.ResponsibleUnknown(responsible_id=task.responsible_id, field="responsible_id")


def check_supervisors(
    tx: Tx,
    task: PlannedTask,
    people: Sequence[str],
    topic: Row,
    kept: Collection[str] = (),
) -> None:
    """Refuse a task that no resident watches, or that a stranger or somebody bound to the project
    watches. Deputies and officials of the place may watch beside a resident.

    Args:
        tx: The transaction.
        task: What they would watch.
        people: Who would watch.
        topic: Of the task.
        kept: Who watches already; nobody appoints themselves anew.
    """
    street = topic.area[:9]
    known = residents_among(tx, topic, people)
    if not known:
        raise errors.SupervisorRequired(title=task.title, field="supervisors")
    bound = {task.responsible_id}
    if task.responsible_kind == "PROJECT":
        bound = storage.heard.people_of_projects(tx.conn, [task.responsible_id])
    bound = storage.liaison.household_of(tx.conn, *bound) & set(people)
    if bound:
        raise errors.SupervisorBound(
            people=", ".join(sorted(bound)),
            responsible_id=task.responsible_id,
            field="supervisors",
        )
    if storage.liaison.household_of(tx.conn, tx.actor.id) & set(people) - set(kept):
        raise errors.OwnSupervisor(field="supervisors")
    others = [person for person in people if person not in known]
    posts = storage.heard.deputies_of(tx.conn, others, street, tx.now)
    posts |= storage.heard.officials_near(tx.conn, others, topic.area)
    stranger = next((person for person in others if person not in posts), None)
    if stranger is not None:
        raise errors.NotRegistered(person_id=stranger, field="supervisors")


def residents_among(tx: Tx, topic: Row, people: Sequence[str]) -> set[str]:
    """Return the adult residents of the topic's community, or of its street, among people."""
    near = [topic.area[:9] if topic.level == rules.STREET else topic.area]
    homes = storage.heard.residents_of(tx.conn, people)
    return {p for p, row in homes.items() if row.is_adult and rules.lives_in(row, near)}


def check_plan(tx: Tx, topic: Row, tasks: Sequence[PlannedTask]) -> None:
    """Refuse a plan that could not be carried out when the resolution stands.

    Supervisors may be named later, when the tasks are assigned.

    Raises:
        DueOutOfRange: A term is over or too long.
        ResponsibleUnknown: Who is to do a task is unknown, or serves no longer.
        SupervisorRequired, NotRegistered: A task's supervisors are no residents of the place.
        SupervisorBound, OwnSupervisor: One serves who does the task, or is the caller's own.
    """
    for task in tasks:
        due_at(tx, task.due_date)
        check_responsible(tx, task, topic.area)
        if task.supervisors:
            check_supervisors(tx, task, task.supervisors, topic)
