"""Second-line quality control: what was found good is looked at again by somebody outside."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.free_text import PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import ground, rectifications
from fivered.services.property.actions.ground import References
from fivered.services.property.actions.sampling import TABLES, Kind, open_check
from fivered.services.property.storage import quality as stored
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage.rows import Row

_FOUND_GOOD = {"RECTIFICATION": ("PASSED", "CLOSED"), "COMPLAINT": ("CLOSED",)}


class Ask(Request, frozen=True):
    """抽查哪一件 / What is to be looked at again."""

    kind: Kind
    thing_id: Annotated[
        str,
        Meta(min_length=1, max_length=64, description="整改单或投诉编号 / id of it"),
    ]


def ask_quality_check(tx: Tx, payload: Ask) -> replies.Made:
    """指定复核 / Have something looked at again.

    What was found good outside the sample, or is doubted. Who asks may look at it, if not of the
    chain.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the actor's scope.
        StateConflict: Nobody has found it good, or it waits for a look already.
    """
    row = ground.found(tx, TABLES[payload.kind], payload.thing_id)
    tx.require_scope(row.area)
    if row.state not in _FOUND_GOOD[payload.kind]:
        raise StateConflict(state=row.state, field="thing_id")
    if stored.waiting(tx.conn, payload.kind, payload.thing_id):
        raise StateConflict(state="WAITING", field="thing_id")
    by = row.checked_by if payload.kind == "RECTIFICATION" else row.decided_by
    made = open_check(tx, payload.kind, row, payload.thing_id, found_good_by=by)
    return ground.reply(replies.Made, tables.quality_checks, made)


class Look(Request, frozen=True):
    """复核结果 / What the second look found, and what who complained says."""

    check_id: str
    good: Annotated[bool, Meta(examples=[True], description="办理属实 / it is good indeed")]
    finding: Annotated[PublicText, Meta(max_length=1000, examples=["现场复核,整改到位"])]
    visited: Annotated[
        bool, Meta(description="已回访当事人 / who is concerned was asked again")
    ] = False
    media: Annotated[References, Meta(description="复核照片、材料 / photographs, papers")] = field(
        default_factory=list
    )
    satisfied: Annotated[bool, Meta(description="回访满意 / who was asked is content")] | None = (
        None
    )


def record_quality_check(tx: Tx, payload: Look) -> replies.Checked:
    """登记复核 / Say what the second look found.

    What was found good wrongly is open again: a rectification is ordered anew, a complaint goes on,
    and who had found it good is told.

    Raises:
        ReasonRequired: There is no finding.
        OfTheChain: The actor issued, found good or decided it.
        ConflictOfInterest, KinOfThePost: The actor holds a post in the project.
        SamePerson, SameHousehold: It is the actor's own complaint, or one of the household.
        VisitIncomplete: A return visit without what was said, or the other way round.
        StateConflict: Somebody has looked at it.
    """
    check = ground.meant(tx, tables.quality_checks, payload.check_id, may=_outside)
    ground.require_reason(payload.finding)
    if payload.visited != (payload.satisfied is not None):
        raise errors.VisitIncomplete(field="satisfied")
    records.require_state(check, "WAITING")
    files.attach(tx, payload.media, check_id=check.check_id)
    opened = None if payload.good else _open_again(tx, check, payload.finding)
    if not payload.good:
        thing = records.known(tx.conn, TABLES[check.kind], check.ref)
        tell(
            tx,
            "QUALITY_WRONG",
            check.found_good_by,
            about=("quality_check", check.check_id),
            number=thing.number or check.ref,
            finding=payload.finding,
        )
    state = "GOOD" if payload.good else "WRONG"
    check = records.change(
        tx,
        tables.quality_checks,
        check,
        step=state,
        state=state,
        note={"reason": payload.finding},
        looked_by=tx.actor.id,
        looked_at=tx.now,
        finding=payload.finding,
        visited=payload.visited,
        satisfied=payload.satisfied,
        media=list(payload.media),
        opened=opened,
    )
    return ground.reply(replies.Checked, tables.quality_checks, check, opened=opened)


def _outside(tx: Tx, check: Row) -> None:
    """Refuse who had a part in it."""
    project = ground.project(tx, check.project_id)
    row = records.known(tx.conn, TABLES[check.kind], check.ref)
    names = ("issued_by", "checked_by", "decided_by")
    chain = {check.found_good_by, *(getattr(row, name, None) for name in names)}
    if tx.actor.id in chain:
        other = "R_DISTRICT" if tx.actor.role == "R_STREET" else "R_STREET"
        raise errors.OfTheChain(substitute=other, substitute_role=other)
    ground.require_no_interest(tx, project)
    of_order = check.kind == "RECTIFICATION"
    complaint = rows.complaint_of_order(tx.conn, row) if of_order else row
    if complaint is not None:
        ground.require_not_kin(tx, complaint.complainant_id, project)


def _open_again(tx: Tx, check: Row, finding: str) -> str | None:
    """Open what was found good wrongly. Returns the order that follows, or the complaint."""
    row = records.known(tx.conn, TABLES[check.kind], check.ref, lock=True)
    if check.kind == "COMPLAINT":
        if row.state != "CLOSED":
            return None
        records.change(
            tx,
            tables.complaints,
            row,
            step="REOPENED",
            state="OPEN",
            closed_at=None,
            confirmed=None,
            outcome=None,
            reopen_count=row.reopen_count + 1,
            note={"reason": finding, "before": row.outcome},
        )
        tell(
            tx,
            "COMPLAINT_GOES_ON",
            ground.project(tx, row.project_id).manager_person_id,
            about=("complaint", row.complaint_id),
            number=row.number or row.complaint_id,
        )
        ground.tell(
            tx,
            row.complainant_id,
            "OPEN_AGAIN",
            number=row.number,
            said=finding,
            complaint_id=row.complaint_id,
        )
        return str(row.complaint_id)
    project = rows.serving_now(tx.conn, ground.project(tx, row.project_id))
    if project is None or stored.followed(tx.conn, check.ref):
        return None
    order = rectifications.open_order(
        tx,
        project,
        severity=row.severity,
        facts=rules.REOPENED_FACTS if row.source == "COMPLAINT" else row.facts,
        basis=row.basis,
        source=row.source,
        again_of=row.rectification_id,
    )
    note = {"by": order.rectification_id}
    records.note(tx, tables.rectifications, row, step="WRONG_AGAIN", note=note)
    tx.publish(
        fact_of(events.RectificationRefuted, row),
        subject=row.rectification_id,
        scope=row.area,
        sequence=row.version + 1,
    )
    return str(order.rectification_id)
