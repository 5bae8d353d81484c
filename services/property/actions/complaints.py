"""Complaints about projects: opened by what steward says, decided by persons, never deleted."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Annotated, Any

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Event, Tx
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import (
    complaint_details,
    ground,
    rectifications,
    restatements,
    sampling,
)
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage.rows import Row, Values

log = logging.getLogger("fivered.property")


def consume_requests(tx: Tx, heard: list[Event]) -> None:
    """Open a complaint for each request that is one about a project.

    Where nobody can tell about which one, it waits for a person of the community (SP-D5).
    """
    _take(tx, [event for event in heard if _is_ours(event)])


def _is_ours(event: Event) -> bool:
    return rules.is_property_complaint(event.data.kind, event.data.category)


def _take(tx: Tx, heard: list[Event]) -> None:
    serving = rows.projects_serving(tx.conn, [event.data.grid for event in heard])
    new: list[Values] = []
    unclear: list[Values] = []
    causes: dict[str, Event] = {}
    for event in heard:
        data: events.RequestSubmittedHeard = event.data
        here = serving.get(data.grid, [])
        project = rules.project_of(here, claimed=data.project_id, building=data.building)
        causes[data.request_id] = event
        common = {
            "request_id": data.request_id,
            "number": data.number,
            "grid": data.grid,
            "category": data.category,
            "complainant_id": data.reporter_id,
            "filed_at": data.filed_at or event.occurred_at,
            "reopen_count": 0,
        }
        if project is not None:
            new.append(_new(tx, common, project))
        elif here or data.project_id is not None or data.category == "PROPERTY_SERVICE":
            unclear.append(_unclear(tx, common, data))
    for row in rows.new_complaints(tx.conn, new):
        _opened(tx, row, cause=causes[row.request_id])
    for row in rows.new_undecided(tx.conn, unclear):
        tx.arm("cpl_undecided", row.undecided_id, tx.calendar.due(tx.now, rules.UNDECIDED_DAYS))
        records.note(tx, tables.undecided, row, step="WAITING", note={"category": row.category})
        _tell(tx, row, "UNDECIDED")
        log.warning("complaint_without_project", extra={"undecided": row.undecided_id})


def _new(tx: Tx, common: Values, project: Row) -> Values:
    blank = dict.fromkeys(column.name for column in tables.complaints.columns)
    return {
        **blank,
        **common,
        # Its own id: the project's side sees it, and must not learn the request by it (REQ-L14).
        "complaint_id": tx.new_id("cpl"),
        "project_id": project.project_id,
        "period": tx.calendar.period(common["filed_at"]),
        "valid": "PENDING",
        "state": "OPEN",
        "area": project.area,
        "version": 1,
        "created_at": tx.now,
    }


def _unclear(tx: Tx, common: Values, data: events.RequestSubmittedHeard) -> Values:
    blank = dict.fromkeys(column.name for column in tables.undecided.columns)
    return {
        **blank,
        **common,
        "undecided_id": tx.new_id("cpu"),
        "building": data.building,
        "claimed_project_id": data.project_id,
        "state": "WAITING",
        "late": False,
        "area": data.grid[: rows.COMMUNITY_DIGITS],
        "version": 1,
        "created_at": tx.now,
    }


def _opened(tx: Tx, row: Row, cause: Event | None = None) -> None:
    records.note(tx, tables.complaints, row, step="FILED", note={"category": row.category})
    _publish(tx, events.ComplaintAccepted, row, cause=cause)
    _tell(tx, row, "FILED")
    tell(
        tx,
        "COMPLAINT_NEW",
        ground.project(tx, row.project_id).manager_person_id,
        about=("complaint", row.complaint_id),
        number=row.number or row.complaint_id,
        category=row.category,
    )


def _tell(tx: Tx, row: Row, code: str, said: str | None = None, *, own: str | None = None) -> None:
    """Tell the complainant, where there is one, what became of the complaint (SP-D25): with what
    somebody wrote, or with a reason of ours."""
    if row.complainant_id is None:
        return
    ground.tell(
        tx,
        row.complainant_id,
        code,
        number=row.number,
        said=said if own is None else str(rules.OWN_REASONS[own]),
        said_code=own,
        complaint_id=getattr(row, "complaint_id", None),
    )


def _publish(
    tx: Tx,
    kind: type[events.ComplaintAccepted | events.ComplaintInvalidated],
    row: Row,
    cause: Event | None = None,
) -> None:
    restatements.of_complaint(tx, row, counts=kind is events.ComplaintAccepted)
    tx.publish(
        kind(
            row.complaint_id,
            row.project_id,
            row.area,
            row.category,
            row.filed_at,
        ),
        subject=row.complaint_id,
        scope=row.area,
        sequence=row.version,
        occurred_at=cause.occurred_at if cause else None,
        cause=cause,
    )


def consume_described(tx: Tx, heard: list[Event]) -> None:
    """Describe complaints by what was said when they were filed; one that waits for its project
    keeps it for then. A request that is no complaint about property has no use for it here; when
    it is corrected, it is said again."""
    for event in heard:
        said = complaint_details.said_of(event.data)
        ids = [event.data.request_id]
        for row in rows.complaints_of_requests(tx.conn, ids).values():
            complaint_details.take(tx, row, said)
        for row in rows.undecided_of_requests(tx.conn, ids).values():
            if row.state == "WAITING":
                records.update(tx.conn, tables.undecided, row, **said)


def consume_reopened(tx: Tx, heard: list[Event]) -> None:
    """Count the reopenings; a valid complaint that comes back opens an order."""
    newest = {event.data.request_id: event for event in heard}
    for request_id, row in rows.complaints_of_requests(tx.conn, newest).items():
        event = newest[request_id]
        if event.data.reopen_count <= row.reopen_count:
            continue
        changed = records.change(
            tx,
            tables.complaints,
            row,
            step="REOPENED",
            reopen_count=event.data.reopen_count,
            state="OPEN",
            closed_at=None,
            confirmed=None,
            note={"count": event.data.reopen_count},
        )
        if rows.order_of(tx.conn, complaint_id=row.complaint_id) is None:
            _order_if_it_came_back(tx, changed, event)
        elif changed.valid == "YES":
            rectifications.open_again(tx, changed, event)
    for request_id, row in rows.undecided_of_requests(tx.conn, newest).items():
        count = max(row.reopen_count, newest[request_id].data.reopen_count)
        records.update(tx.conn, tables.undecided, row, reopen_count=count)


def consume_merged(tx: Tx, heard: list[Event]) -> None:
    """One matter that several people complained of counts once (M-01): what is merged into another
    complaint about the same project does not count, and says why. It stays, as every complaint."""
    merged = {event.data.request_id: event for event in heard}
    stays = rows.complaints_of_requests(tx.conn, [event.data.into for event in heard])
    for request_id, row in rows.complaints_of_requests(tx.conn, merged).items():
        event = merged[request_id]
        into: events.RequestMergedHeard = event.data
        other = stays.get(into.into)
        project_id = other.project_id if other is not None else into.into_project_id
        same = other is not None or rules.is_property_complaint(into.into_kind, into.into_category)
        if not same or project_id != row.project_id or row.valid == "NO":
            continue
        changed = _not_valid(tx, row, "DUPLICATE", step="MERGED", cause=event, into=into.into)
        _tell(tx, changed, "MERGED")
    for row in rows.undecided_of_requests(tx.conn, merged).values():
        if row.state == "WAITING":
            _decided(tx, row, "MERGED", reason=str(rules.OWN_REASONS["DUPLICATE"]))
            _tell(tx, row, "MERGED")


def consume_rejected(tx: Tx, heard: list[Event]) -> None:
    """A request that nobody handles is no complaint: it does not count, and is over (t2 B5)."""
    ids = {event.data.request_id: event for event in heard}
    for request_id, row in rows.complaints_of_requests(tx.conn, ids).items():
        if row.valid == "NO":
            _closed(tx, row, "REJECTED")
            continue
        cause = ids[request_id]
        changed = _not_valid(tx, row, "REJECTED", step="REQUEST_REJECTED", cause=cause)
        _tell(tx, changed, "DISMISSED", own="REJECTED")
    for row in rows.undecided_of_requests(tx.conn, ids).values():
        if row.state == "WAITING":
            _dismissed(tx, row, own="REJECTED")


def consume_cancelled(tx: Tx, heard: list[Event]) -> None:
    """What its reporter took back is over. It counts as before: nobody gains by pressing for it.

    Where somebody else complained of the same matter, that complaint goes on in its place.

    Source:
        DOMAIN 5 M-01; REQ-L14.
    """
    for event in heard:
        data: events.RequestCancelledHeard = event.data
        ids = [name for name in (data.request_id, data.carried_on_by) if name is not None]
        complaints = rows.complaints_of_requests(tx.conn, ids)
        if row := complaints.get(data.request_id):
            _closed(tx, row, "TAKEN_BACK")
            if heir := complaints.get(data.carried_on_by or ""):
                _go_on(tx, row, heir, event)
        undecided = rows.undecided_of_requests(tx.conn, ids)
        waited = undecided.get(data.request_id)
        if waited is not None and waited.state == "WAITING":
            _dismissed(tx, waited, own="TAKEN_BACK")
        follower = undecided.get(data.carried_on_by or "")
        if follower is not None and follower.state == "MERGED":
            _wait_again(tx, follower)


def _go_on(tx: Tx, row: Row, heir: Row, cause: Event) -> None:
    """Let a complaint that was merged count in the place of the first, as that one was decided.

    Args:
        row: The first as it stood before its reporter took it back.
    """
    if heir.reason_code != "DUPLICATE" or heir.project_id != row.project_id:
        return
    heir = records.change(
        tx,
        tables.complaints,
        heir,
        step="GOES_ON",
        **{name: getattr(row, name) for name in _UNDECIDED},
    )
    opened = rows.order_of(tx.conn, complaint_id=row.complaint_id)
    if opened is not None:
        order = records.known(tx.conn, tables.rectifications, opened, lock=True)
        records.update(tx.conn, tables.rectifications, order, complaint_id=heir.complaint_id)
    _tell(tx, heir, "FILED")
    if row.valid == "NO":
        return
    first = ground.found(tx, tables.complaints, row.complaint_id)
    _not_valid(tx, first, "DUPLICATE", step="MERGED", cause=cause, into=heir.request_id)
    _publish(tx, events.ComplaintAccepted, heir, cause=cause)


def _wait_again(tx: Tx, row: Row) -> None:
    """Let one that was merged wait for its project again: the first was taken back."""
    row = records.change(
        tx,
        tables.undecided,
        row,
        step="WAITING",
        note={"category": row.category},
        state="WAITING",
        reason=None,
        decided_by=None,
        decided_at=None,
    )
    tx.arm("cpl_undecided", row.undecided_id, tx.calendar.due(tx.now, rules.UNDECIDED_DAYS))
    _tell(tx, row, "UNDECIDED")
    _place(tx, row)


def _closed(tx: Tx, row: Row, own: str) -> None:
    if row.state != "OPEN":
        return
    outcome = str(rules.OWN_REASONS[own])
    row = records.change(
        tx,
        tables.complaints,
        row,
        step="CLOSED",
        state="CLOSED",
        closed_at=tx.now,
        outcome=outcome,
        note={"reason": outcome},
    )
    _tell(tx, row, "CLOSED", own=own)


def _not_valid(tx: Tx, row: Row, own: str, *, step: str, cause: Event, **more: str) -> Row:
    """Write and say what nobody decided: a merger, a corrected or a rejected request.

    Nobody has anything to do about it any more, so it is closed with that.
    """
    reason = str(rules.OWN_REASONS[own])
    changed = records.change(
        tx,
        tables.complaints,
        row,
        step=step,
        note={"before": row.valid, **more},
        valid="NO",
        reason=reason,
        reason_code=own,
        decided_by=None,
        decided_at=cause.occurred_at,
        state="CLOSED",
        closed_at=row.closed_at or tx.now,
        outcome=row.outcome or reason,
    )
    _publish(tx, events.ComplaintInvalidated, changed, cause=cause)
    return changed


def consume_corrected(tx: Tx, heard: list[Event]) -> None:
    """Follow a request whose kind, category or place was wrong (SP-D5).

    A complaint that is none about a project stays and does not count; it counts again when the
    correction is taken back. One about another project leaves the first and counts at the second.
    """
    for event in heard:
        ids = [event.data.request_id]
        known = rows.complaints_of_requests(tx.conn, ids).get(event.data.request_id)
        waiting = rows.undecided_of_requests(tx.conn, ids).get(event.data.request_id)
        if known is not None:
            _correct(tx, known, event)
        elif waiting is not None:
            _correct_waiting(tx, waiting, event)
        elif _is_ours(event):
            _take(tx, [event])


def _correct(tx: Tx, row: Row, event: Event) -> None:
    data: events.RequestCorrectedHeard = event.data
    if not _is_ours(event):
        if row.valid != "NO":
            changed = _not_valid(tx, row, "NO_PROPERTY_MATTER", step="RECLASSIFIED", cause=event)
            _tell(tx, changed, "DISMISSED", own="NO_PROPERTY_MATTER")
        return
    serving = rows.projects_serving(tx.conn, [data.grid]).get(data.grid, [])
    project = rules.project_of(serving, claimed=data.project_id, building=data.building)
    taken_back = "NO_PROPERTY_MATTER" if data.parted_from is None else "DUPLICATE"
    back = row.valid == "NO" and row.reason_code == taken_back
    to: Values = {}
    if project is not None and project.project_id != row.project_id:
        to = {"project_id": project.project_id, "area": project.area}
    if to and row.valid != "NO":
        row = records.update(tx.conn, tables.complaints, row)
        _publish(tx, events.ComplaintInvalidated, row, cause=event)
    changed = records.update(
        tx.conn,
        tables.complaints,
        row,
        category=data.category,
        grid=data.grid,
        **to,
        **_UNDECIDED if back or to else {},
        **_whose(row, data),
    )
    if changed.complainant_id != row.complainant_id:
        _tell(tx, changed, "FILED")
    before = {name: getattr(row, name) for name in ("category", "grid", "project_id")}
    records.note(tx, tables.complaints, changed, step="CORRECTED", note={"before": before})
    if back or (to and row.valid != "NO"):
        _publish(tx, events.ComplaintAccepted, changed, cause=event)


_UNDECIDED: Values = {
    "valid": "PENDING",
    "reason": None,
    "reason_code": None,
    "decided_by": None,
    "decided_at": None,
    "state": "OPEN",
    "closed_at": None,
    "outcome": None,
}


def _correct_waiting(tx: Tx, row: Row, event: Event) -> None:
    data: events.RequestCorrectedHeard = event.data
    parted = row.state == "MERGED" and data.parted_from is not None
    if row.state not in ("WAITING", "DISMISSED") and not parted:
        return
    if not _is_ours(event):
        if row.state == "WAITING":
            _dismissed(tx, row, own="NO_PROPERTY_MATTER")
        return
    row = records.update(
        tx.conn,
        tables.undecided,
        row,
        category=data.category,
        grid=data.grid,
        building=data.building,
        claimed_project_id=data.project_id,
        area=data.grid[: rows.COMMUNITY_DIGITS],
        state="WAITING",
        reason=None,
        **_whose(row, data),
    )
    _place(tx, row)


def _whose(row: Row, data: events.RequestCorrectedHeard) -> Values:
    """Who complained, where the correction says so: a reporter may be found out later."""
    if data.reporter_id in {None, row.complainant_id}:
        return {}
    return {"complainant_id": data.reporter_id}


def place_waiting(tx: Tx, grids: Iterable[str]) -> None:
    """Open the complaints of these grids that can be told now: a project was put right there."""
    for row in rows.undecided_in(tx.conn, grids):
        _place(tx, row)


def _place(tx: Tx, row: Row) -> None:
    serving = rows.projects_serving(tx.conn, [row.grid]).get(row.grid, [])
    project = rules.project_of(serving, claimed=row.claimed_project_id, building=row.building)
    if project is not None:
        _assigned(tx, row, project)


def _assigned(tx: Tx, row: Row, project: Row, reason: str | None = None) -> Row:
    """Make the complaint of one that waited, about this project; filed when it was filed."""
    common = ("request_id", "number", "grid", "category", "complainant_id", "filed_at")
    new = _new(tx, {name: getattr(row, name) for name in (*common, "reopen_count")}, project)
    (made,) = rows.new_complaints(tx.conn, [new])
    _decided(tx, row, "ASSIGNED", reason=reason, complaint_id=made.complaint_id)
    _opened(tx, made)
    complaint_details.take(tx, made, complaint_details.said_of(row))
    return made


def _dismissed(tx: Tx, row: Row, reason: str | None = None, *, own: str | None = None) -> Row:
    said = reason if own is None else str(rules.OWN_REASONS[own])
    changed = _decided(tx, row, "DISMISSED", reason=said)
    _tell(tx, changed, "DISMISSED", reason, own=own)
    return changed


def _decided(tx: Tx, row: Row, state: str, **values: Any) -> Row:
    changed = records.change(
        tx,
        tables.undecided,
        row,
        step=state,
        state=state,
        note={"reason": values.get("reason")},
        decided_by=tx.actor.id,
        decided_at=tx.now,
        **values,
    )
    tx.disarm("cpl_undecided", row.undecided_id)
    return changed


class Decide(Request, frozen=True):
    """认定所涉项目 / Which project it is about; without one, about none, and why.

    Attributes:
        reason: Why it is about none; the complainant reads it.
    """

    undecided_id: str
    project_id: Annotated[str, Meta(examples=["prj_honghe"])] | None = None
    reason: Annotated[PublicText, Meta(max_length=1000)] = ""


def decide_complaint_project(tx: Tx, payload: Decide) -> replies.Decided:
    """认定投诉所涉项目 / Say which project a complaint is about.

    The community says which project a complaint is about, or that it is about none.

    Raises:
        NotFound: There is no such complaint in the caller's area, or no such project.
        StateConflict: It is decided.
        SamePerson: The complainant would decide it.
        SameHousehold: Somebody of that household would.
        ConflictOfInterest: The person holds a post in a project that serves the place.
        NotServing: The project does not serve the place.
        ReasonRequired: It is about none, without a reason.
    """
    # No door shows one by itself: whom its list does not give it learns by no refusal that it is.
    seen = records.get(tx.conn, tables.undecided, payload.undecided_id)
    tx.require_sight(seen.area, kind=records.kind_of(tables.undecided), id=payload.undecided_id)
    row = ground.meant(tx, tables.undecided, payload.undecided_id, may=_outside_the_projects)
    records.require_state(row, "WAITING")
    if payload.project_id is None:
        ground.require_reason(payload.reason)
        return ground.reply(
            replies.Decided,
            tables.undecided,
            _dismissed(tx, row, payload.reason),
            complaint_id=None,
        )
    project = ground.project(tx, payload.project_id)
    if project.status != "IN_SERVICE" or row.grid not in project.grids:
        raise errors.NotServing(field="project_id", project=payload.project_id, grid=row.grid)
    ground.require_no_interest(tx, project)
    made = _assigned(tx, row, project, payload.reason or None)
    row = ground.found(tx, tables.undecided, payload.undecided_id)
    return ground.reply(replies.Decided, tables.undecided, row, complaint_id=made.complaint_id)


def _outside_the_projects(tx: Tx, row: Row) -> None:
    """Refuse the complainant's household, and who has a post in a project of the place."""
    for project in rows.projects_serving(tx.conn, [row.grid]).get(row.grid, []):
        ground.require_not_kin(tx, row.complainant_id, project)
        ground.require_no_interest(tx, project, kin_of=row.complainant_id)


def remind_undecided(tx: Tx, due: Due) -> None:
    """Two working days have passed and nobody has said which project: it is marked, and logged."""
    row = records.find(tx.conn, tables.undecided, due.ref, lock=True)
    if row is not None and row.state == "WAITING":
        row = records.change(tx, tables.undecided, row, step="DECISION_LATE", late=True)
        log.warning("complaint_without_project", extra={"undecided": due.ref, "late": True})


def _order_if_it_came_back(tx: Tx, row: Row, cause: Event | None = None) -> None:
    """A complaint found valid and reopened by its reporter opens one S3 order."""
    if row.valid != "YES" or row.reopen_count < 1:
        return
    project = rows.serving_now(tx.conn, ground.project(tx, row.project_id))
    if project is None or rows.order_of(tx.conn, complaint_id=row.complaint_id) is not None:
        return
    rectifications.open_order(
        tx,
        project,
        severity="S3",
        # Neither number nor request: the project reads this and must not learn who complained.
        facts=rules.REOPENED_FACTS,
        basis="《“信用+物业”实施办法》:有效投诉处理后再次反映的,签发整改单",
        source="COMPLAINT",
        complaint_id=row.complaint_id,
        cause=cause,
    )


def _not_his_own(tx: Tx, row: Row) -> None:
    """Refuse the complainant's household, and all who hold a post in the project."""
    project = ground.project(tx, row.project_id)
    ground.require_no_interest(tx, project, kin_of=row.complainant_id)
    ground.require_not_kin(tx, row.complainant_id, project)


class Validate(Request, frozen=True):
    """认定投诉是否成立 / Decide on validity; an invalid complaint stays visible."""

    complaint_id: str
    valid: Annotated[bool, Meta(examples=[True])]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["现场核实,垃圾未按约清运"])]


def validate_complaint(tx: Tx, payload: Validate) -> replies.Validated:
    """认定投诉 / Decide whether it is valid.

    Decide on validity, or decide anew; the complaint itself stays.

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        ReasonRequired: There is no reason.
        SamePerson: The complainant would decide it.
        SameHousehold: Somebody of that household would.
        StateConflict: That is the decision already.

    Source:
        DOMAIN 5 M-01; REQ-L14.
    """
    row = ground.meant(tx, tables.complaints, payload.complaint_id, may=_not_his_own)
    ground.require_reason(payload.reason)
    verdict = "YES" if payload.valid else "NO"
    before = row.valid
    if before == verdict:
        raise StateConflict(state=f"VALID_{verdict}")
    row = records.change(
        tx,
        tables.complaints,
        row,
        step=f"VALID_{verdict}",
        valid=verdict,
        reason=payload.reason,
        reason_code=None,
        decided_by=tx.actor.id,
        decided_at=tx.now,
        note={"reason": payload.reason, "before": before},
    )
    _tell(tx, row, f"VALID_{verdict}", payload.reason)
    if verdict == "NO":
        _publish(tx, events.ComplaintInvalidated, row)
    elif before == "NO":
        _publish(tx, events.ComplaintAccepted, row)
    _order_if_it_came_back(tx, row)
    return ground.reply(replies.Validated, tables.complaints, row, valid=verdict)


class CloseComplaint(Request, frozen=True):
    """办结投诉 / Close a decided complaint."""

    complaint_id: str
    outcome: Annotated[
        str, Meta(min_length=1, max_length=1000, examples=["已清运并加密保洁"]), PUBLIC
    ]


def close_complaint(tx: Tx, payload: CloseComplaint) -> replies.Validated:
    """办结投诉 / Close a complaint.

    Close a decided complaint. The resident's request is steward's and stays as it is.

    Raises:
        ConflictOfInterest: The person holds a post in the project.
        SamePerson: The complainant would close it.
        SameHousehold: Somebody of that household would.
        StateConflict: It is closed, or its validity is undecided.
    """
    row = ground.meant(tx, tables.complaints, payload.complaint_id, may=_not_his_own)
    if row.state != "OPEN" or row.valid == "PENDING":
        raise StateConflict(state=row.valid if row.state == "OPEN" else row.state)
    row = records.change(
        tx,
        tables.complaints,
        row,
        step="CLOSED",
        state="CLOSED",
        closed_at=tx.now,
        outcome=payload.outcome,
    )
    _tell(tx, row, "CLOSED", payload.outcome)
    sampling.sample(tx, "COMPLAINT", row)
    return ground.reply(replies.Validated, tables.complaints, row, valid=row.valid)
