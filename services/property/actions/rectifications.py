"""Rectification orders: issue, acknowledge, submit, check, escalate, close, withdraw."""

from __future__ import annotations

import logging
from datetime import date
from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Event, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import ground, sampling
from fivered.services.property.actions.ground import Reference, References
from fivered.services.property.fields import Severity
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage.rows import Row

log = logging.getLogger("fivered.property")
# Whom an overdue order goes up to: level -> (tier, digits of the area of the link).
LADDER = {1: ("STREET_TEAM", 12), 2: ("DISTRICT_LEADER", 9)}


class Issue(Request, frozen=True):
    """签发整改单 / Issue an order: S1 24 hours, S2 three, S3 seven working days."""

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    severity: Annotated[Severity, Meta(examples=["S2"])]
    facts: Annotated[str, Meta(max_length=2000, examples=["3 号楼消防通道被占用"]), PUBLIC]
    basis: Annotated[str, Meta(max_length=1000, examples=["《物业服务合同》第 12 条"]), PUBLIC]
    media: References = field(default_factory=list)


def issue_rectification(tx: Tx, payload: Issue) -> replies.Issued:
    """签发整改单 / Issue an order.

    Issue an order to a project.

    Raises:
        NotFound: There is no such project.
        BasisRequired, SeverityNotAllowed: See the rules.
        ConflictOfInterest: The issuer holds a post in the project.
        ThereAlready: The same order is open.
    """
    project = ground.project(tx, payload.project_id)
    tx.require_scope(project.area)
    rules.check_issue(
        role=tx.actor.role, severity=payload.severity, facts=payload.facts, basis=payload.basis
    )
    ground.require_no_interest(tx, project)
    ground.require_open(project)
    ground.require_new(
        tx,
        tables.rectifications,
        rules.OPEN_ORDERS,
        "facts",
        project_id=project.project_id,
        severity=payload.severity,
        facts=payload.facts,
        basis=payload.basis,
    )
    row = open_order(
        tx,
        project,
        severity=payload.severity,
        facts=payload.facts,
        basis=payload.basis,
        source="ISSUED",
        media=list(payload.media),
    )
    files.attach(tx, payload.media, rectification_id=row.rectification_id)
    return ground.reply(
        replies.Issued, tables.rectifications, row, number=row.number, due=row.due_at
    )


def open_order(
    tx: Tx,
    project: Row,
    *,
    severity: str,
    facts: str,
    basis: str,
    source: str,
    media: list[str] | None = None,
    complaint_id: str | None = None,
    task_id: str | None = None,
    meeting_id: str | None = None,
    work_id: str | None = None,
    again_of: str | None = None,
    cause: Event | None = None,
) -> Row:
    """Write an order, arm its clock and say that it is issued; the clock runs from now."""
    due_at = rules.rectification_due(tx.calendar, severity, tx.now)
    row = records.create(
        tx,
        tables.rectifications,
        step="ISSUED",
        note={"source": source, "severity": severity},
        rectification_id=tx.new_id("rec"),
        number=records.next_number(tx, tables.numbers, "ZG", project.area),
        project_id=project.project_id,
        company_id=project.company_id,
        severity=severity,
        facts=facts,
        basis=basis,
        media=media or [],
        source=source,
        complaint_id=complaint_id,
        task_id=task_id,
        meeting_id=meeting_id,
        work_id=work_id,
        again_of=again_of,
        issued_by=tx.actor.id,
        issued_role=tx.actor.role,
        issued_at=tx.now,
        due_at=due_at,
        state="ISSUED",
        level=0,
        attempt=1,
        acknowledged_late=False,
        late=False,
        evidence=[],
        on_site=False,
        area=project.area,
        version=1,
        created_at=tx.now,
    )
    tx.arm("rec_due", row.rectification_id, due_at)
    tx.publish(
        events.RectificationIssued(row.rectification_id, row.project_id, severity, due_at),
        subject=row.rectification_id,
        scope=row.area,
        sequence=1,
        cause=cause,
    )
    tell(
        tx,
        "ORDER_ISSUED",
        project.manager_person_id,
        about=("rectification", row.rectification_id),
        number=row.number,
        severity=severity,
        until=tx.calendar.minute(due_at),
    )
    return row


class Which(Request, frozen=True):
    """Which order is meant."""

    rectification_id: str


def acknowledge_rectification(tx: Tx, payload: Which) -> replies.Submitted:
    """签收 / Take note.

    The manager takes note; after 24 hours that is marked late, and goes on.

    Raises:
        NotTheManager: The actor does not manage the project.
        StateConflict: It is acknowledged, submitted, overdue or over.
    """
    row = ground.meant(tx, tables.rectifications, payload.rectification_id)
    records.require_state(row, "ISSUED")
    late = tx.now >= row.issued_at + rules.ACKNOWLEDGE
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="ACKNOWLEDGED",
        state="ACKNOWLEDGED",
        acknowledged_at=tx.now,
        acknowledged_late=late,
        note={"late": late},
    )
    return ground.reply(replies.Submitted, tables.rectifications, row, late=late, due=row.due_at)


class EvidencePair(Request, frozen=True):
    """How it looked before and how it looks now."""

    before: Annotated[Reference, Meta(examples=["sha256:9f86d081"])]
    after: Annotated[Reference, Meta(examples=["sha256:60303ae2"])]
    note: Annotated[PublicText, Meta(max_length=1000)] = ""


class Submit(Request, frozen=True):
    """提交整改 / Submit the fix; before the due instant it is in time, however late the check."""

    rectification_id: str
    evidence_pairs: Annotated[list[EvidencePair], Meta(max_length=50)] = field(default_factory=list)


def submit_rectification(tx: Tx, payload: Submit) -> replies.Submitted:
    """提交整改 / Submit the fix.

    The manager submits; a submission before the due instant stops the clock.

    Raises:
        NotTheManager: The actor does not manage the project.
        EvidenceRequired: There is no pair of before and after.
        SamePicture: What is shown as before and as after is one and the same.
        StateConflict: It is submitted or over.
    """
    row = ground.meant(tx, tables.rectifications, payload.rectification_id)
    records.require_state(row, "ISSUED", "ACKNOWLEDGED", "OVERDUE")
    if not payload.evidence_pairs:
        raise errors.EvidenceRequired(field="evidence_pairs")
    for place, pair in enumerate(payload.evidence_pairs):
        if pair.before == pair.after:
            raise errors.SamePicture(field=f"evidence_pairs.{place}.after")
    files.attach(
        tx, payload.evidence_pairs, field="evidence_pairs", rectification_id=row.rectification_id
    )
    late = tx.now >= row.due_at
    check_by = tx.calendar.due(tx.now, rules.CHECK_DAYS)
    pairs = [
        {"before": pair.before, "after": pair.after, "note": pair.note}
        for pair in payload.evidence_pairs
    ]
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="SUBMITTED",
        state="SUBMITTED",
        note={"late": late, "attempt": row.attempt},
        submitted_at=tx.now,
        submitted_by=tx.actor.id,
        evidence=pairs,
        late=late,
        check_due_at=check_by,
    )
    tx.arm("rec_check", payload.rectification_id, check_by)
    tx.disarm("rec_l2", payload.rectification_id)
    return ground.reply(replies.Submitted, tables.rectifications, row, late=late, due=check_by)


class Pass(Request, frozen=True):
    """核验通过 / The fix is good; S1 needs a look on the site."""

    rectification_id: str
    on_site: bool = False
    note: Annotated[PublicText, Meta(max_length=1000)] = ""


def _checkable(tx: Tx, rectification_id: str) -> Row:
    row = ground.meant(tx, tables.rectifications, rectification_id, may=ground.uninterested)
    records.require_state(row, "SUBMITTED")
    if row.submitted_by == tx.actor.id:
        raise errors.SamePerson
    complaint = rows.complaint_of_order(tx.conn, row)
    if complaint is not None:
        if complaint.complainant_id == tx.actor.id:
            raise errors.ComplainantMayNotCheck
        ground.require_not_kin(tx, complaint.complainant_id, ground.project(tx, row.project_id))
    return row


def pass_rectification(tx: Tx, payload: Pass) -> replies.Submitted:
    """核验通过 / The fix is good.

    The fix is good: late where it was submitted at or after the due instant.

    Raises:
        ConflictOfInterest: The checker holds a post in the project.
        ComplainantMayNotCheck: The caller is the complainant of the matter.
        SameHousehold: The caller lives with the complainant.
        OnSiteRequired: A safety order without a look on the site.
        StateConflict: Nothing is submitted.
    """
    row = _checkable(tx, payload.rectification_id)
    if row.severity == "S1" and not payload.on_site:
        raise errors.OnSiteRequired(field="on_site")
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="PASSED",
        state="PASSED",
        note={"late": row.late},
        passed_at=tx.now,
        checked_at=tx.now,
        checked_by=tx.actor.id,
        check_note=payload.note or None,
        on_site=payload.on_site,
        check_due_at=None,
    )
    for kind in ("rec_due", "rec_l2", "rec_check"):
        tx.disarm(kind, payload.rectification_id)
    closes = tx.calendar.due(tx.now, rules.CLOSE_DAYS)
    tx.arm("rec_close", payload.rectification_id, closes)
    sampling.sample(tx, "RECTIFICATION", row, always=row.severity == "S1")
    tx.publish(
        fact_of(events.RectificationPassed, row),
        subject=row.rectification_id,
        scope=row.area,
        sequence=row.version,
    )
    return ground.reply(replies.Submitted, tables.rectifications, row, late=row.late, due=closes)


class Fail(Request, frozen=True):
    """理由 / A reason that others can read."""

    rectification_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["双方协商一致"])]


def fail_rectification(tx: Tx, payload: Fail) -> replies.Failed:
    """核验不通过 / The fix is not good.

    The fix is not good: another attempt, with the same due instant.

    Where that has passed the order is overdue at this moment.

    Raises:
        ReasonRequired: There is no reason.
        ConflictOfInterest, ComplainantMayNotCheck, StateConflict: As when passing.
    """
    row = _checkable(tx, payload.rectification_id)
    ground.require_reason(payload.reason)
    tx.disarm("rec_check", payload.rectification_id)
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="FAILED",
        state="ACKNOWLEDGED",
        attempt=row.attempt + 1,
        checked_at=tx.now,
        checked_by=tx.actor.id,
        check_note=payload.reason,
        check_due_at=None,
        late=False,
        note={"reason": payload.reason},
    )
    if tx.now >= row.due_at:
        row = _overdue(tx, row)
    return ground.reply(
        replies.Failed, tables.rectifications, row, attempt=row.attempt, level=row.level
    )


def _overdue(tx: Tx, row: Row) -> Row:
    """Make an order overdue now. Only the first time it is said, and goes up to the street."""
    first = row.overdue_at is None
    official = None
    if first:
        official = _official(tx, row, 1)
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="OVERDUE",
        state="OVERDUE",
        level=max(row.level, 1),
        overdue_at=row.overdue_at or tx.now,
        level1_official=row.level1_official or official,
        note={"level": row.level},
    )
    if row.level < 2:
        again = rules.level_two_at(tx.calendar, row.due_at, tx.now)
        tx.arm("rec_l2", row.rectification_id, again)
    if first:
        tx.publish(
            fact_of(events.RectificationOverdue, row),
            subject=row.rectification_id,
            scope=row.area,
            sequence=row.version,
        )
        _publish_escalated(tx, row, 1, official)
    return row


def _official(tx: Tx, row: Row, level: int) -> str | None:
    """Return before whom an order comes: the official of its level, else of the next one above.

    Where a link has ended and nobody took it over the forum's chain decides at that moment.
    """
    for step in range(level, max(LADDER) + 1):
        tier, digits = LADDER[step]
        found = rows.official_for(tx.conn, tier, row.area[:digits])
        if found is not None:
            return found
    return None


def _publish_escalated(tx: Tx, row: Row, level: int, official: str | None) -> None:
    tx.publish(
        fact_of(events.RectificationEscalated, row, level=level, official_id=official),
        subject=row.rectification_id,
        scope=row.area,
        sequence=row.version,
    )


def fall_due(tx: Tx, due: Due) -> None:
    """Without a submission the order is overdue at its due instant."""
    row = records.find(tx.conn, tables.rectifications, due.ref, lock=True)
    if row is not None and row.state in ("ISSUED", "ACKNOWLEDGED"):
        _overdue(tx, row)


def escalate(tx: Tx, due: Due) -> None:
    """Still without a submission after three more working days: up to the district."""
    row = records.find(tx.conn, tables.rectifications, due.ref, lock=True)
    if row is None or row.state != "OVERDUE" or row.level >= 2:
        return
    official = _official(tx, row, 2)
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="ESCALATED",
        level=2,
        level2_official=official,
        note={"level": 2, "official": official},
    )
    _publish_escalated(tx, row, 2, official)


def open_of_project(tx: Tx, project_id: str) -> list[Row]:
    """Return the orders of a project that are not met yet, locked."""
    return rows.orders_in(tx.conn, project_id, rules.OPEN_ORDERS)


def end_for_closed_project(tx: Tx, project_id: str) -> None:
    """End the open orders of a project that is closed; their record stays with its company."""
    for row in open_of_project(tx, project_id):
        _end(tx, row, "PROJECT_CLOSED")


def end_of_task(tx: Tx, task_id: str, reason: str) -> None:
    """End what an overdue task had opened, as the task is not to be done; tell the manager.

    It was overdue all the same, so what it cost stays. Where it was no fault of the project, two
    persons of the street withdraw the order (DOMAIN 2.2.5), and its effects are reversed.
    """
    _end_all(tx, rows.orders_from(tx.conn, task_id=task_id), reason)


def end_of_work(tx: Tx, work_id: str, reason: str) -> None:
    """End what an overdue work order of a meeting had opened, as the project is not to do it;
    tell the manager. As with a task, what it cost stays."""
    _end_all(tx, rows.orders_from(tx.conn, work_id=work_id), reason)


def _end_all(tx: Tx, orders: list[Row], reason: str) -> None:
    for row in orders:
        if row.state in rules.OPEN_ORDERS:
            _end(tx, row, reason)
            manager = ground.project(tx, row.project_id).manager_person_id
            ground.tell(tx, manager, "ORDER_ENDED", number=row.number, said=reason)


def _end(tx: Tx, row: Row, reason: str) -> None:
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="ENDED",
        state="ENDED",
        closed_at=tx.now,
        check_due_at=None,
        note={"reason": reason},
    )
    for kind in ("rec_due", "rec_l2", "rec_check"):
        tx.disarm(kind, row.rectification_id)
    tx.publish(
        events.RectificationEnded(row.rectification_id, row.project_id),
        subject=row.rectification_id,
        scope=row.area,
        sequence=row.version,
    )


def remind_checker(tx: Tx, due: Due) -> None:
    """Two working days have passed without a check: the people of the community who may check are
    told, and the street finds it among what waits for it."""
    row = records.find(tx.conn, tables.rectifications, due.ref, lock=True)
    if row is None or row.state != "SUBMITTED":
        return
    project = ground.project(tx, row.project_id)
    for person in sorted(rows.committee_people(tx.conn, row.area)):
        if rows.interest_of(tx.conn, project, person) is None:
            ground.tell(tx, person, "CHECK_LATE", number=row.number)
    records.note(tx, tables.rectifications, row, step="CHECK_LATE")
    log.warning("rectification_unchecked", extra={"rectification": row.rectification_id})


def open_again(tx: Tx, complaint: Row, cause: Event) -> None:
    """A complaint that is reopened after its order was met needs another one, of the person who
    has the compound now; the five days of the one that was met begin again (DOMAIN 2.2.5).

    Raises nothing where its order is still open, was issued in error, or nobody serves the place.
    """
    former = rows.newest_order_of(tx.conn, complaint.complaint_id)
    if former is None or former.state not in ("PASSED", "CLOSED"):
        return
    project = rows.serving_now(tx.conn, ground.project(tx, former.project_id))
    if former.passed_at > cause.occurred_at or project is None:
        return
    row = open_order(
        tx,
        project,
        severity=former.severity,
        # Neither number nor request: the project reads this and must not learn who complained.
        facts=rules.REOPENED_FACTS,
        basis=former.basis,
        source="COMPLAINT",
        again_of=former.rectification_id,
        cause=cause,
    )
    note = {"by": row.rectification_id}
    records.note(tx, tables.rectifications, former, step="WRONG_AGAIN", note=note)
    if former.state == "PASSED":
        closes = tx.calendar.due(tx.now, rules.CLOSE_DAYS)
        tx.arm("rec_close", former.rectification_id, closes)


def close(tx: Tx, due: Due) -> None:
    """Five working days without a new complaint on the same facts: closed.

    A complaint of the same category about the project lets the five days begin again.
    """
    row = records.find(tx.conn, tables.rectifications, due.ref, lock=True)
    if row is None or row.state != "PASSED":
        return
    complaint = rows.complaint_of_order(tx.conn, row)
    if complaint is not None:
        again = rows.newest_complaint_like(
            tx.conn,
            project_id=row.project_id,
            category=complaint.category,
            after=row.passed_at,
            until=due.due_at,
        )
        later = tx.calendar.due(again, rules.CLOSE_DAYS) if again else due.due_at
        if later > due.due_at:
            tx.arm("rec_close", due.ref, later)
            records.note(
                tx,
                tables.rectifications,
                row,
                step="CLOSING_DELAYED",
                note={"until": later.isoformat()},
            )
            return
    row = records.change(
        tx, tables.rectifications, row, step="CLOSED", state="CLOSED", closed_at=tx.now
    )


class Withdraw(Request, frozen=True):
    """理由 / A reason that others can read."""

    rectification_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["双方协商一致"])]


def withdraw_rectification(tx: Tx, payload: Withdraw) -> replies.Withdrawal:
    """撤回(两人办理) / Withdraw; the first proposes, the second decides.

    Two persons of the street withdraw an order: the first proposes, the second decides.

    Raises:
        ReasonRequired: There is no reason.
        ConflictOfInterest: The person holds a post in the project.
        SamePerson: The proposer would decide it.
        StateConflict: It is closed or withdrawn.
    """
    row = ground.meant(
        tx,
        tables.rectifications,
        payload.rectification_id,
        may=ground.uninterested,
    )
    ground.require_reason(payload.reason)
    records.require_state(row, *rules.WITHDRAWABLE)
    if row.withdraw_proposed_by is None:
        row = records.change(
            tx,
            tables.rectifications,
            row,
            step="WITHDRAWAL_PROPOSED",
            withdraw_proposed_by=tx.actor.id,
            withdraw_reason=payload.reason,
            note={"reason": payload.reason},
        )
        return ground.reply(replies.Withdrawal, tables.rectifications, row, withdrawal="PROPOSED")
    if row.withdraw_proposed_by == tx.actor.id:
        raise errors.SamePerson
    row = _withdrawn(tx, row, payload.reason)
    return ground.reply(replies.Withdrawal, tables.rectifications, row, withdrawal="DECIDED")


def withdraw_of_meeting(tx: Tx, meeting_id: str, reason: str) -> None:
    """Withdraw what a meeting that is annulled had ordered and is not closed, of whoever has the
    compound since too; tell the managers."""
    for row in rows.orders_from(tx.conn, meeting_id=meeting_id):
        if row.state in rules.WITHDRAWABLE:
            _withdrawn(tx, row, reason)
            manager = ground.project(tx, row.project_id).manager_person_id
            ground.tell(tx, manager, "ORDER_WITHDRAWN", number=row.number, said=reason)


def _withdrawn(tx: Tx, row: Row, reason: str) -> Row:
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="WITHDRAWN",
        state="WITHDRAWN",
        note={"reason": reason},
        check_due_at=None,
        withdrawn_at=tx.now,
    )
    for kind in ("rec_due", "rec_l2", "rec_check", "rec_close"):
        tx.disarm(kind, row.rectification_id)
    tx.publish(
        events.RectificationWithdrawn(row.rectification_id, row.project_id),
        subject=row.rectification_id,
        scope=row.area,
        sequence=row.version,
    )
    return row


class Extend(Request, frozen=True):
    """延期 / The new last day, and why."""

    rectification_id: str
    due_date: Annotated[date, Meta(examples=["2025-04-20"])]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["需等待材料到货"])]


def extend_rectification(tx: Tx, payload: Extend) -> replies.MadeDue:
    """整改延期(一次) / Give an order more time, once.

    The street extends an order once, before it is due, by a month at most; never a safety order.

    Raises:
        ReasonRequired: There is no reason.
        ConflictOfInterest: The person holds a post in the project.
        NotExtensible: A safety order, or one that was extended.
        DueInPast: The day is not later than the present one, or too far.
        StateConflict: It is submitted, overdue or over.
    """
    row = ground.meant(
        tx,
        tables.rectifications,
        payload.rectification_id,
        may=ground.uninterested,
    )
    ground.require_reason(payload.reason)
    records.require_state(row, "ISSUED", "ACKNOWLEDGED")
    if row.severity == "S1" or row.extended_from is not None:
        raise errors.NotExtensible
    due_at = ground.later(tx, row.due_at, payload.due_date, most=rules.MOST_EXTENDED)
    row = records.change(
        tx,
        tables.rectifications,
        row,
        step="EXTENDED",
        note={"due": due_at.isoformat(), "reason": payload.reason},
        due_at=due_at,
        extended_from=row.due_at,
        extended_by=tx.actor.id,
        extension_reason=payload.reason,
    )
    tx.arm("rec_due", payload.rectification_id, due_at)
    return ground.reply(replies.MadeDue, tables.rectifications, row, due=due_at)
