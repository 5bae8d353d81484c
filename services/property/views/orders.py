"""Complaints, rectification orders, works and disclosures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chassis.bus import Tx
from chassis.refusal import NotFound
from services.property.storage import lists, rows, tables
from services.property.storage.rows import Row
from services.property.views import ground
from services.property.views.ground import Answer, Limit, Period, Scope

# What the project's side never learns of a complaint: who complained (REQ-L14).
_OF_THE_COMPLAINANT = ("complainant_id", "request_id", "number", "complaint_id")


def _staff_or_own(tx: Tx, row: Row, kind: str, key: str) -> None:
    """Refuse everybody but the area's staff, the project's manager and its company.

    Raises:
        NotFound: The actor may not know that there is such a thing.
    """
    project = rows.load(tx.conn, tables.projects, row["project_id"])
    if project is None or not ground.sees_all_of(tx, project):
        raise NotFound(kind=kind, id=key)


def _complaint(tx: Tx, row: Row) -> Answer:
    hidden: tuple[str, ...] = ("complaint_id",)
    if tx.actor.role in ground.COMPANY:
        hidden = _OF_THE_COMPLAINANT
    return {"id": row["complaint_id"], **ground.plain(row, without=hidden)}


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """Complaints of an area or a project."""

    scope: Scope | None = None
    project_id: str | None = None
    valid: Literal["PENDING", "YES", "NO"] | None = None
    state: Literal["OPEN", "CLOSED"] | None = None
    period: Period | None = None
    limit: Limit = 50
    cursor: str | None = None


def complaints(tx: Tx, asked: ComplaintFilter) -> Answer:
    """Answer complaints with their decisions; invalid ones stay in the list."""
    conditions = lists.conditions(
        tables.complaints,
        scope=None if tx.actor.role == "R_PM" else ground.scope_of(tx, asked.scope),
        projects=ground.own_side(tx),
        project_id=asked.project_id,
        valid=asked.valid,
        state=asked.state,
        period=asked.period,
    )
    return ground.page(
        tx,
        tables.complaints,
        conditions,
        limit=asked.limit,
        cursor=asked.cursor,
        show=lambda row: _complaint(tx, row),
    )


@dataclass(frozen=True, slots=True)
class WhichComplaint:
    """Which complaint is meant."""

    complaint_id: str


def complaint(tx: Tx, asked: WhichComplaint) -> Answer:
    """Answer one complaint with its history.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = ground.load(tx, tables.complaints, "complaint", asked.complaint_id)
    _staff_or_own(tx, row, "complaint", asked.complaint_id)
    told = tx.actor.role not in ground.COMPANY
    return _complaint(tx, row) | {
        "history": ground.history(tx, "complaint", asked.complaint_id, with_actors=told)
    }


def _order(row: Row) -> Answer:
    return {
        "id": row["rectification_id"],
        **ground.plain(row, without=("rectification_id",)),
        "due": row["due_at"].isoformat(),
    }


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Rectification orders of an area or a project."""

    scope: Scope | None = None
    project_id: str | None = None
    state: str | None = None
    severity: Literal["S1", "S2", "S3"] | None = None
    limit: Limit = 50
    cursor: str | None = None


def rectifications(tx: Tx, asked: OrderFilter) -> Answer:
    """Answer rectification orders, oldest first."""
    return _orders(tx, asked, asked.state)


def _orders(tx: Tx, asked: OrderFilter, state: str | None) -> Answer:
    conditions = lists.conditions(
        tables.rectifications,
        scope=None if tx.actor.role == "R_PM" else ground.scope_of(tx, asked.scope),
        projects=ground.own_side(tx),
        project_id=asked.project_id,
        state=state,
        severity=asked.severity,
    )
    return ground.page(
        tx,
        tables.rectifications,
        conditions,
        limit=asked.limit,
        cursor=asked.cursor,
        show=_order,
    )


def overdue(tx: Tx, asked: OrderFilter) -> Answer:
    """Answer the orders that are overdue now: the street's ladder."""
    return _orders(tx, asked, "OVERDUE")


@dataclass(frozen=True, slots=True)
class WhichOrder:
    """Which order is meant."""

    rectification_id: str


def rectification(tx: Tx, asked: WhichOrder) -> Answer:
    """Answer one order with its history.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = ground.load(tx, tables.rectifications, "rectification", asked.rectification_id)
    _staff_or_own(tx, row, "rectification", asked.rectification_id)
    return _order(row) | {"history": ground.history(tx, "rectification", asked.rectification_id)}


def _work(row: Row) -> Answer:
    return {"id": row["work_id"], **ground.plain(row, without=("work_id",))}


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Work orders of a project, a task or a topic."""

    project_id: str | None = None
    task_id: str | None = None
    topic_id: str | None = None
    scope: Scope | None = None
    state: str | None = None
    limit: Limit = 50
    cursor: str | None = None


def works(tx: Tx, asked: WorkFilter) -> Answer:
    """Answer work orders; residents may see what comes of their resolutions."""
    conditions = lists.conditions(
        tables.works,
        scope=asked.scope,
        project_id=asked.project_id,
        task_id=asked.task_id,
        topic_id=asked.topic_id,
        state=asked.state,
    )
    return ground.page(
        tx, tables.works, conditions, limit=asked.limit, cursor=asked.cursor, show=_work
    )


@dataclass(frozen=True, slots=True)
class WhichWork:
    """Which work order is meant."""

    work_id: str


def work(tx: Tx, asked: WhichWork) -> Answer:
    """Answer one work order with its history.

    Raises:
        NotFound: There is none.
    """
    row = ground.load(tx, tables.works, "work", asked.work_id)
    return _work(row) | {"history": ground.history(tx, "work", asked.work_id, with_actors=False)}


@dataclass(frozen=True, slots=True)
class DisclosureFilter:
    """Disclosures of a project or an area."""

    project_id: str | None = None
    scope: Scope | None = None
    state: str | None = None
    limit: Limit = 50
    cursor: str | None = None


def disclosures(tx: Tx, asked: DisclosureFilter) -> Answer:
    """Answer what was and is to be disclosed; public."""
    conditions = lists.conditions(
        tables.disclosures, scope=asked.scope, project_id=asked.project_id, state=asked.state
    )
    return ground.page(
        tx,
        tables.disclosures,
        conditions,
        limit=asked.limit,
        cursor=asked.cursor,
        show=lambda row: {
            "id": row["disclosure_id"],
            **ground.plain(row, without=("disclosure_id", "published_by")),
        },
    )
