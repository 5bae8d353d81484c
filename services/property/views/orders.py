"""Complaints, rectification orders, works and disclosures."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import going_out, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, PartOfList, Period
from fivered.chassis.i18n import told
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.property import replies, rules
from fivered.services.property.fields import DisclosureKind, Place, Problem, Severity
from fivered.services.property.replies import Both, DisclosureState, OrderState, WorkState
from fivered.services.property.storage import lists, rows, tables
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import disclosures as published
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope

Order = Literal["NEWEST", "OLDEST"]


def _staff_or_own(tx: Tx, row: Row, kind: str, key: str) -> None:
    """Refuse everybody but the area's staff, the project's manager and its company.

    Raises:
        NotFound: The actor may not know that there is such a thing.
    """
    project = records.find(tx.conn, tables.projects, row.project_id)
    if project is None or not ground.sees_all_of(tx, project):
        raise NotFound(kind=kind, id=key)


ComplaintT = TypeVar("ComplaintT", bound=replies.ComplaintCard)


def _complaint(kind: type[ComplaintT], tx: Tx, row: Row, **more: object) -> ComplaintT:
    """What the actor may read of a complaint: the project's side least, its staff all of it."""
    staff = tx.actor.role in ground.STAFF
    found = ground.shown(kind, row, persons=staff, id=row.complaint_id, **more)
    if tx.actor.role not in ground.COMPANY:
        found.request_id, found.number = row.request_id, row.number
    if tx.actor.role not in ground.COMPANY or row.tell_project:
        found.room_id, found.contact_id = row.room_id, row.contact_id
    if staff:
        found.created_at = row.created_at
    return found


class ComplaintFilter(Request, frozen=True):
    """投诉筛选 / Filter of complaints."""

    scope: Scope | None = None
    project_id: str | None = None
    request_id: (
        Annotated[str, Meta(description="诉求编号 / the request; not for the project")] | None
    ) = None
    valid: Literal["PENDING", "YES", "NO"] | None = None
    state: Literal["OPEN", "CLOSED"] | None = None
    place: Place | None = None
    problem: Problem | None = None
    emergency: bool | None = None
    warranty: bool | None = None
    paid: bool | None = None
    room_id: Annotated[str, Meta(description="房屋 / the room; not for the project")] | None = None
    period: Period | None = None
    order: Order = "NEWEST"
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def complaints(tx: Tx, payload: ComplaintFilter) -> Both[replies.ComplaintCard]:
    """投诉列表(居民为本人投诉) / Complaints; a resident's own.

    Answer complaints with their decisions; invalid ones stay in the list.
    """
    # By the request or the room nobody of the project's side finds a complaint.
    by_name = tx.actor.role not in ground.COMPANY
    conditions = lists.conditions(
        tables.complaints,
        **ground.whose(tx, payload.scope, complainant_id=tx.actor.id),
        project_id=payload.project_id,
        request_id=payload.request_id if by_name else None,
        room_id=payload.room_id if by_name else None,
        valid=payload.valid,
        state=payload.state,
        place=payload.place,
        problem=payload.problem,
        emergency=payload.emergency,
        warranty=payload.warranty,
        paid=payload.paid,
        period=payload.period,
    )
    return ground.page(
        tx,
        tables.complaints,
        conditions,
        payload,
        show=lambda row: _complaint(replies.ComplaintCard, tx, row),
        oldest_first=payload.order == "OLDEST",
    )


class UndecidedFilter(Request, frozen=True):
    """筛选 / Filter of complaints that wait for their project."""

    scope: Scope | None = None
    state: Literal["WAITING", "ASSIGNED", "DISMISSED", "MERGED"] | None = "WAITING"
    late: bool | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def undecided_complaints(tx: Tx, payload: UndecidedFilter) -> Both[replies.UndecidedComplaint]:
    """待认定项目的投诉 / Complaints that wait for their project.

    Answer complaints of which nobody could tell about which project they are.
    """
    whose = ground.whose(tx, payload.scope, complainant_id=tx.actor.id)
    if tx.actor.role in ground.COMPANY:
        # About whom they are is not said yet, so they are nobody's of the projects.
        whose = {"projects": []}
    conditions = (
        [sa.false()]
        if "projects" in whose
        else lists.conditions(tables.undecided, **whose, state=payload.state, late=payload.late)
    )
    staff = tx.actor.role in ground.STAFF

    def show(row: Row) -> replies.UndecidedComplaint:
        return ground.shown(replies.UndecidedComplaint, row, persons=staff, id=row.undecided_id)

    found = ground.page(tx, tables.undecided, conditions, payload, show=show)
    if staff:
        serving = rows.projects_serving(tx.conn, [one.grid for one in found.items])
        for one in found.items:
            one.candidates = [project.project_id for project in serving.get(one.grid, [])]
    return found


def message_texts(row: Row, *, leaves: bool = False) -> tuple[str, str]:
    """Return what a message says, in Chinese and in English; see `going_out.plain`."""
    text = rules.MESSAGES[row.code]
    places: dict[str, object] = {"number": row.number or "", "said": row.said or ""}
    own = rules.OWN_REASONS.get(row.said_code)
    if leaves and own is None:
        places = going_out.plain(places)
    in_english = places if own is None else places | {"said": own.english}
    package = "fivered.services.property"
    return told(package, text, places), told(package, text, in_english, "en")


def my_messages(tx: Tx, payload: PartOfList) -> Both[replies.Message]:
    """我的消息 / What I was told of my complaints.

    Answer what the caller was told of their complaints, newest first.
    """

    def show(row: Row) -> replies.Message:
        chinese, english = message_texts(row)
        return replies.Message.of(
            row,
            id=row.message_id,
            at=row.created_at,
            text=english if tx.lang == "en" else chinese,
            text_en=english,
        )

    return ground.page(
        tx,
        tables.messages,
        lists.conditions(tables.messages, person_id=tx.actor.id),
        payload,
        show=show,
        oldest_first=False,
    )


class WhichComplaint(Request, frozen=True):
    """Which complaint is meant."""

    complaint_id: str


def complaint(tx: Tx, payload: WhichComplaint) -> replies.ComplaintWithHistory:
    """投诉(本人可见) / One complaint; also for who complained.

    Answer one complaint with its history; to who complained, their own (SP-D25).

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, tables.complaints, payload.complaint_id)
    own = row.complainant_id == tx.actor.id and tx.actor.role not in ground.COMPANY
    if not own:
        _staff_or_own(tx, row, "complaint", payload.complaint_id)
    told = ground.history(
        tx, tables.complaints, payload.complaint_id, with_actors=tx.actor.role in ground.STAFF
    )
    if tx.actor.role not in ground.STAFF:
        # Which other request it was merged into, or where it stood before, is nobody else's.
        for entry in told:
            entry.detail = {
                name: entry.detail[name] for name in ("reason", "count") if name in entry.detail
            }
    return _complaint(replies.ComplaintWithHistory, tx, row, history=told)


OrderT = TypeVar("OrderT", bound=replies.Order)


def _order(kind: type[OrderT], tx: Tx, row: Row, **more: object) -> OrderT:
    if tx.actor.role in ground.COMPANY and row.source == "COMPLAINT":
        # Orders of before today told the project the request's number (SEC low 10).
        more["facts"] = rules.REOPENED_FACTS
    # What runs now: the time to put it right, or to check that; of what has ended nothing.
    due = row.check_due_at or row.due_at if row.state in rules.OPEN_ORDERS else None
    return kind.of(row, id=row.rectification_id, due=due, **more)


class OrderFilter(Request, frozen=True):
    """整改单筛选 / Filter of orders."""

    scope: Scope | None = None
    project_id: str | None = None
    state: OrderState | None = None
    severity: Severity | None = None
    level: (
        Annotated[Literal[0, 1, 2], Meta(description="升级层级 / level of the ladder")] | None
    ) = None
    order: Order = "NEWEST"
    sort: (
        Annotated[
            Literal["created_at", "-created_at", "due_at", "-due_at", "level", "-level"], SORT
        ]
        | None
    ) = None
    limit: Limit = 50
    cursor: Cursor | None = None


class OverdueFilter(OrderFilter, frozen=True):
    """逾期整改单筛选 / Filter of overdue orders: in no other state."""

    state: Literal["OVERDUE"] = "OVERDUE"


def rectifications(tx: Tx, payload: OrderFilter) -> Both[replies.Order]:
    """整改单列表 / Orders.

    Answer rectification orders, newest first.
    """
    conditions = lists.conditions(
        tables.rectifications,
        scope=None if tx.actor.role == "R_PM" else ground.scope_of(tx, payload.scope),
        projects=ground.own_side(tx),
        project_id=payload.project_id,
        state=payload.state,
        severity=payload.severity,
        level=payload.level,
    )
    return ground.page(
        tx,
        tables.rectifications,
        conditions,
        payload,
        show=lambda row: _order(replies.Order, tx, row),
        oldest_first=payload.order == "OLDEST",
    )


def overdue_rectifications(tx: Tx, payload: OverdueFilter) -> Both[replies.Order]:
    """逾期整改单 / Overdue orders of an area.

    Answer the orders that are overdue now: the street's ladder.
    """
    return rectifications(tx, payload)


class WhichOrder(Request, frozen=True):
    """Which order is meant."""

    rectification_id: str


def rectification(tx: Tx, payload: WhichOrder) -> replies.OrderWithHistory:
    """整改单 / One order.

    Answer one order with its history.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, tables.rectifications, payload.rectification_id)
    _staff_or_own(tx, row, "rectification", payload.rectification_id)
    told = ground.history(tx, tables.rectifications, payload.rectification_id)
    return _order(replies.OrderWithHistory, tx, row, history=told)


WorkT = TypeVar("WorkT", bound=replies.WorkCard)


def _work(kind: type[WorkT], row: Row, *, inside: bool, **more: object) -> WorkT:
    return ground.shown(kind, row, persons=inside, id=row.work_id, **more)


class WorkFilter(Request, frozen=True):
    """工单筛选 / Filter of work orders."""

    project_id: str | None = None
    task_id: str | None = None
    topic_id: str | None = None
    scope: Scope | None = None
    state: WorkState | None = None
    overdue: bool | None = None
    level: (
        Annotated[Literal[1, 2], Meta(description="逾期上报:1 社区,2 街道 / how far it went up")]
        | None
    ) = None
    sort: Annotated[Literal["created_at", "-created_at", "due_at", "-due_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def works(tx: Tx, payload: WorkFilter) -> Both[replies.WorkCard]:
    """工单列表 / Work orders.

    Answer work orders; residents may see what comes of their resolutions.
    """
    conditions = lists.conditions(
        tables.works,
        scope=payload.scope,
        project_id=payload.project_id,
        task_id=payload.task_id,
        topic_id=payload.topic_id,
        state=payload.state,
        overdue=payload.overdue,
        level=payload.level,
    )
    inside = ground.insider(tx)
    return ground.page(
        tx,
        tables.works,
        conditions,
        payload,
        show=lambda row: _work(replies.WorkCard, row, inside=inside(row)),
    )


class WhichWork(Request, frozen=True):
    """Which work order is meant."""

    work_id: str


def work(tx: Tx, payload: WhichWork) -> replies.WorkWithHistory:
    """工单 / One work order.

    Answer one work order with its history.

    Raises:
        NotFound: There is none.
    """
    row = records.get(tx.conn, tables.works, payload.work_id)
    told = ground.history(tx, tables.works, payload.work_id, with_actors=False)
    return _work(replies.WorkWithHistory, row, inside=ground.insider(tx)(row), history=told)


class DisclosureFilter(Request, frozen=True):
    """公示筛选 / Filter of disclosures."""

    project_id: str | None = None
    scope: Scope | None = None
    state: DisclosureState | None = None
    kind: DisclosureKind | None = None
    sort: Annotated[Literal["created_at", "-created_at", "due_at", "-due_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def disclosures(tx: Tx, payload: DisclosureFilter) -> Both[replies.DisclosureCard]:
    """公示列表 / Disclosures.

    Answer what was and is to be disclosed; public.
    """
    conditions = lists.conditions(
        tables.disclosures,
        scope=payload.scope,
        project_id=payload.project_id,
        state=payload.state,
        kind=payload.kind,
    )
    found = ground.page(
        tx,
        tables.disclosures,
        conditions,
        payload,
        show=lambda row: replies.DisclosureCard.of(row, id=row.disclosure_id),
    )
    published.with_readable(tx, found.items)
    return found
