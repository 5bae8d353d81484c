"""Complaints about projects: opened by what steward says, decided by persons, never deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from chassis.bus import Heard, Tx
from chassis.refusal import StateConflict
from chassis.text import PERIOD
from services.property import errors, events, rules
from services.property.actions import ground, rectifications
from services.property.actions.ground import Reply
from services.property.storage import months, rows, tables
from services.property.storage.rows import Row

# Why a complaint does not count that steward has merged into another one.
DUPLICATE = "同一事项已合并"


def is_complaint(kind: str, category: str, project_id: str | None) -> bool:
    """Tell whether a request is a complaint about a project."""
    return (kind == "COMPLAINT" or category == "PROPERTY_SERVICE") and project_id is not None


def hear_requests(tx: Tx, heard: list[Heard]) -> None:
    """Open a complaint for each request that is one; those of unknown projects are not ours."""
    meant = [
        event
        for event in heard
        if is_complaint(event.data.kind, event.data.category, event.data.project_id)
    ]
    projects = rows.known_projects(tx.conn, [event.data.project_id for event in meant])
    new: list[Row] = []
    causes: dict[str, Heard] = {}
    for event in meant:
        project = projects.get(event.data.project_id)
        if project is None:
            continue
        data: events.RequestSubmittedHeard = event.data
        causes[data.request_id] = event
        blank = dict.fromkeys(column.name for column in tables.complaints.columns)
        new.append(
            blank
            | {
                "complaint_id": "cpl_" + data.request_id.removeprefix("req_"),
                "request_id": data.request_id,
                "number": data.number,
                "project_id": data.project_id,
                "grid": data.grid,
                "category": data.category,
                "complainant_id": data.reporter_id,
                "filed_at": event.occurred_at,
                "period": tx.calendar.period(event.occurred_at),
                "valid": "PENDING",
                "reopen_count": 0,
                "state": "OPEN",
                "area": project["area"],
                "version": 1,
                "created_at": tx.now,
            }
        )
    for row in rows.new_complaints(tx.conn, new):
        ground.note(tx, "complaint", row, "FILED", category=row["category"])
        _say(tx, events.ComplaintAccepted, row, cause=causes[row["request_id"]])


def _say(
    tx: Tx,
    kind: type[events.ComplaintAccepted | events.ComplaintInvalidated],
    row: Row,
    cause: Heard | None = None,
) -> None:
    tx.say(
        kind(
            row["complaint_id"],
            row["project_id"],
            row["area"],
            row["category"],
            row["filed_at"],
        ),
        subject=row["complaint_id"],
        scope=row["area"],
        sequence=row["version"],
        occurred_at=cause.occurred_at if cause else None,
        cause=cause,
    )


def hear_reopened(tx: Tx, heard: list[Heard]) -> None:
    """Count the reopenings; a valid complaint that comes back opens an order."""
    newest = {event.data.request_id: event for event in heard}
    for request_id, row in rows.complaints_of_requests(tx.conn, newest).items():
        event = newest[request_id]
        if event.data.reopen_count <= row["reopen_count"]:
            continue
        changed = rows.change(
            tx.conn,
            tables.complaints,
            row,
            reopen_count=event.data.reopen_count,
            state="OPEN",
            closed_at=None,
        )
        ground.note(tx, "complaint", changed, "REOPENED", count=event.data.reopen_count)
        _order_if_it_came_back(tx, changed, event)


def hear_merged(tx: Tx, heard: list[Heard]) -> None:
    """One matter that several people complained of counts once (M-01): what is merged into another
    complaint about the same project does not count, and says why. It stays, as every complaint."""
    merged = {event.data.request_id: event for event in heard}
    for request_id, row in rows.complaints_of_requests(tx.conn, merged).items():
        event = merged[request_id]
        into: events.RequestMergedHeard = event.data
        same = is_complaint(into.into_kind, into.into_category, into.into_project_id)
        if not same or into.into_project_id != row["project_id"] or row["valid"] == "NO":
            continue
        changed = rows.change(
            tx.conn,
            tables.complaints,
            row,
            valid="NO",
            reason=DUPLICATE,
            decided_at=event.occurred_at,
        )
        ground.note(tx, "complaint", changed, "MERGED", before=row["valid"], into=into.into)
        _say(tx, events.ComplaintInvalidated, changed, cause=event)


def _order_if_it_came_back(tx: Tx, row: Row, cause: Heard | None = None) -> None:
    """A complaint found valid and reopened by its reporter opens one S3 order."""
    if row["valid"] != "YES" or row["reopen_count"] < 1:
        return
    if rows.order_of(tx.conn, complaint_id=row["complaint_id"]) is not None:
        return
    rectifications.open_order(
        tx,
        ground.project(tx, row["project_id"]),
        severity="S3",
        facts=f"投诉 {row['number'] or row['complaint_id']} 成立且被重新打开",
        basis="《“信用+物业”实施办法》:有效投诉处理后再次反映的,签发整改单",
        source="COMPLAINT",
        complaint_id=row["complaint_id"],
        cause=cause,
    )


@dataclass(frozen=True, slots=True)
class Validate:
    """Whether a complaint is valid, and why; readable by everybody who sees the complaint."""

    complaint_id: str
    valid: bool
    reason: str


def validate(tx: Tx, order: Validate) -> Reply:
    """Decide on validity, or decide anew; the complaint itself stays.

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        ReasonRequired: There is no reason.
        SamePerson: The complainant would decide himself.
        StateConflict: That is the decision already.

    Source:
        DOMAIN 5 M-01; REQ-L14.
    """
    row = ground.meant(
        tx, tables.complaints, "complaint", order.complaint_id, may=ground.uninterested
    )
    if row["complainant_id"] == tx.actor.id:
        raise errors.SamePerson
    ground.require_reason(order.reason)
    verdict = "YES" if order.valid else "NO"
    before = row["valid"]
    if before == verdict:
        raise StateConflict(state=f"VALID_{verdict}")
    row = rows.change(
        tx.conn,
        tables.complaints,
        row,
        valid=verdict,
        reason=order.reason,
        decided_by=tx.actor.id,
        decided_at=tx.now,
    )
    ground.note(tx, "complaint", row, f"VALID_{verdict}", reason=order.reason, before=before)
    if verdict == "NO":
        _say(tx, events.ComplaintInvalidated, row)
    elif before == "NO":
        _say(tx, events.ComplaintAccepted, row)
    _order_if_it_came_back(tx, row)
    return ground.reply(row, "complaint", valid=verdict)


@dataclass(frozen=True, slots=True)
class CloseComplaint:
    """How the complaint ended."""

    complaint_id: str
    outcome: Annotated[str, Meta(min_length=1, max_length=1000)]


def close(tx: Tx, order: CloseComplaint) -> Reply:
    """Close a decided complaint. The resident's request is steward's and stays as it is.

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        StateConflict: It is closed, or its validity is undecided.
    """
    row = ground.meant(
        tx, tables.complaints, "complaint", order.complaint_id, may=ground.uninterested
    )
    if row["state"] != "OPEN" or row["valid"] == "PENDING":
        raise StateConflict(state=row["valid"] if row["state"] == "OPEN" else row["state"])
    row = rows.change(
        tx.conn,
        tables.complaints,
        row,
        state="CLOSED",
        closed_at=tx.now,
        outcome=order.outcome,
    )
    ground.note(tx, "complaint", row, "CLOSED")
    return ground.reply(row, "complaint", valid=row["valid"])


# --------------------------------------------------------------------------------------------------
# Counts from before this system


Period = Annotated[str, Meta(pattern=PERIOD)]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """The valid complaints of one month, and the households at its end."""

    period: Period
    complaints: Annotated[int, Meta(ge=0, le=1_000_000)]
    households: Annotated[int, Meta(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class ImportHistory:
    """Monthly counts of a project from a source before this system."""

    project_id: str
    origin: Annotated[str, Meta(min_length=1, max_length=200)]
    rows: Annotated[list[HistoryRow], Meta(min_length=1, max_length=120)]


def import_history(tx: Tx, order: ImportHistory) -> Reply:
    """Load monthly counts; they are marked as imported and frozen as they come.

    Loading the same again changes nothing.

    Raises:
        PeriodNotAllowed: A month is not over, or has complaints of its own here.
        HistoryDiffers: A month was loaded before with other counts.
    """
    project = ground.project(tx, order.project_id)
    tx.require_scope(project["area"])
    present = tx.calendar.period(tx.now)
    new: list[Row] = []
    for item in order.rows:
        existing = months.history_month(tx.conn, order.project_id, item.period)
        if existing is not None:
            same = (
                existing["source"] == "IMPORTED"
                and existing["complaints"] == item.complaints
                and existing["households"] == item.households
            )
            if not same:
                raise errors.HistoryDiffers(
                    field="rows", project=order.project_id, period=item.period
                )
            continue
        begin, end = tx.calendar.month_bounds(item.period)
        live = months.live_complaints(tx.conn, begin=begin, end=end, project_id=order.project_id)
        if item.period >= present or live:
            raise errors.PeriodNotAllowed(
                field="rows",
                period=item.period,
                reason="本系统已有投诉记录" if live else "该月尚未结束",
            )
        new.append(
            {
                "project_id": order.project_id,
                "period": item.period,
                "area": project["area"],
                "source": "IMPORTED",
                "complaints": item.complaints,
                "invalidated": 0,
                "households": item.households,
                "origin": order.origin,
                "measured": None,
                "sha256": rules.frozen_hash(
                    order.project_id, item.period, item.complaints, item.households
                ),
                "frozen_at": tx.now,
            }
        )
    rows.add_many(tx.conn, tables.project_months, new)
    ground.note(tx, "project", project, "HISTORY_IMPORTED", origin=order.origin, months=len(new))
    return {
        "id": order.project_id,
        "state": "IMPORTED",
        "version": project["version"],
        "imported": len(new),
        "known": len(order.rows) - len(new),
    }


@dataclass(frozen=True, slots=True)
class CorrectHistory:
    """How many complaints of a loaded month were found not valid since, in all."""

    project_id: str
    period: Period
    invalidated: Annotated[int, Meta(ge=0)]
    reason: str


def correct_history(tx: Tx, order: CorrectHistory) -> Reply:
    """Restate a loaded month: the frozen count stays, the revised column changes.

    Raises:
        PeriodNotAllowed: The month was not loaded, or the number is too large.
        ReasonRequired: There is no reason.
    """
    project = ground.project(tx, order.project_id)
    tx.require_scope(project["area"])
    ground.require_reason(order.reason)
    row = months.history_month(tx.conn, order.project_id, order.period)
    if row is None or row["source"] != "IMPORTED" or order.invalidated > row["complaints"]:
        raise errors.PeriodNotAllowed(
            field="period", period=order.period, reason="不是导入的月份,或数量超出"
        )
    months.correct_history(tx.conn, order.project_id, order.period, order.invalidated)
    ground.note(
        tx,
        "project",
        project,
        "HISTORY_CORRECTED",
        period=order.period,
        invalidated=order.invalidated,
        reason=order.reason,
    )
    return {
        "id": order.project_id,
        "state": "CORRECTED",
        "version": project["version"],
        "period": order.period,
        "frozen": row["complaints"],
        "revised": row["complaints"] - order.invalidated,
    }
