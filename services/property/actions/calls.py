"""Three-party meetings before and after: call, invitations, answers, minutes and their approval."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Sha256
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import UNIQUE, Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import ground, meetings
from fivered.services.property.actions.ground import References
from fivered.services.property.storage import calls as stored
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage.rows import Row, Values

Side = Literal["COMMITTEE", "OWNERS", "PROPERTY"]
Item = Annotated[str, Meta(min_length=1, max_length=500), PUBLIC]
Agenda = Annotated[list[Item], Meta(min_length=1, max_length=30)]
Place = Annotated[str, Meta(min_length=1, max_length=200), PUBLIC]
# A meeting is called so far ahead at most.
MOST_AHEAD = timedelta(days=92)


class CallMeeting(Request, frozen=True):
    """召集三方联席会议 / Call a three-party meeting.

    Whoever is not named is invited by the registers: the manager, the owners' committee, and who
    calls.
    """

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    starts_at: Annotated[datetime, Meta(tz=True, examples=["2025-04-10T15:00:00+08:00"])]
    place: Annotated[Place, Meta(examples=["红帆驿站"])]
    agenda: Annotated[Agenda, Meta(examples=[["充电桩选址", "一季度收支"]])]
    committee: Annotated[meetings.Seats, UNIQUE, Meta(examples=[["per_secretary"]])] = field(
        default_factory=list
    )
    owners: Annotated[meetings.Seats, UNIQUE] = field(default_factory=list)
    property: Annotated[meetings.Seats, UNIQUE] = field(default_factory=list)
    observers: Annotated[
        meetings.Seats,
        UNIQUE,
        Meta(description="邀请列席的居民 / residents who are invited to sit in"),
    ] = field(default_factory=list)


def call_meeting(tx: Tx, payload: CallMeeting) -> replies.Made:
    """召集三方联席会议 / Call a meeting.

    Call a meeting with its agenda and invite the sides; each who is invited is told, and answers.

    Raises:
        NotFound: There is no such project.
        RoleDenied: It lies outside the actor's scope.
        StateConflict: The project is closed.
        MeetingPast: It begins in the past, or more than three months ahead.
        QuorumNotMet: Nobody is there to be invited for a side.
        CommitteeAbsent: The owners have a committee, and nobody of it is invited.
        NotOfThisSide, CountedTwice, NotCommitteeMember: Who is invited does not sit for that side.
        ObserverSeated: Who is invited to sit in sits for a side.
        NotHeardOf, NotRegistered, UnderAge, Deceased, MergedAway: An observer is no adult here.
    """
    project = ground.project(tx, payload.project_id)
    tx.require_scope(project.area)
    ground.require_open(project)
    _require_time(tx, payload.starts_at)
    committee = rows.owners_committee_in_term(tx.conn, project.project_id)
    persons = {
        "COMMITTEE": payload.committee or [tx.actor.id],
        "OWNERS": payload.owners or list(committee.members if committee else ()),
        "PROPERTY": payload.property or [one for one in [project.manager_person_id] if one],
    }
    rules.check_quorum(persons, owners_committee=committee is not None)
    members = set(committee.members) if committee is not None else set()
    known = meetings.known_at(tx, project, members, tx.now, persons["OWNERS"])
    rules.check_attendance(persons, known, chair=persons["COMMITTEE"][0])
    meetings.require_member(members, persons["OWNERS"])
    meetings.require_observers(tx, payload.observers, persons)
    if payload.observers:
        persons["OBSERVER"] = payload.observers
    row = records.create(
        tx,
        stored.calls,
        step="CALLED",
        note={"invited": persons},
        **records.values_from(
            payload,
            stored.calls,
            call_id=tx.new_id("mtc"),
            state="CALLED",
            called_by=tx.actor.id,
            area=project.area,
            version=1,
            created_at=tx.now,
        ),
    )
    blank: Values = {"call_id": row.call_id, "answer": "NONE", "note": None, "answered_at": None}
    records.add_all(
        tx.conn,
        stored.invited,
        [
            blank | {"invitation_id": tx.new_id("miv"), "person_id": person, "side": side}
            for side, people in persons.items()
            for person in people
        ],
    )
    _tell(tx, row, "MEETING_CALLED")
    return ground.reply(replies.Made, stored.calls, row)


def _require_time(tx: Tx, starts_at: datetime) -> None:
    if not tx.now < starts_at <= tx.now + MOST_AHEAD:
        raise errors.MeetingPast(field="starts_at")


def _tell(tx: Tx, row: Row, code: str) -> None:
    """Tell everybody who is invited, but the caller."""
    name = ground.project(tx, row.project_id).name
    when = tx.calendar.local(row.starts_at)
    said = f"{name},{when:%Y-%m-%d %H:%M},{row.place}"
    for one in stored.invited_to(tx.conn, [row.call_id]).get(row.call_id, []):
        if one.person_id != tx.actor.id:
            ground.tell(tx, one.person_id, code, said=said)


class AnswerCall(Request, frozen=True):
    """答复邀请 / Whether one comes."""

    call_id: str
    answer: Annotated[Literal["YES", "NO"], Meta(examples=["YES"])]
    note: Annotated[PublicText, Meta(max_length=200)] = ""


def answer_meeting_call(tx: Tx, payload: AnswerCall) -> replies.Made:
    """答复会议邀请 / Answer an invitation.

    Say whether one comes; it may be said anew until the meeting begins.

    Raises:
        NotFound: There is none, or the caller is not invited.
        StateConflict: It is held or cancelled, or has begun.
    """
    row = _called(tx, payload.call_id)
    mine = stored.invitation_of(tx.conn, row.call_id, tx.actor.id)
    if mine is None:
        raise NotFound(kind="meeting_call", id=payload.call_id)
    if tx.now >= row.starts_at:
        raise StateConflict(state="BEGUN")
    stored.answer(tx.conn, mine.invitation_id, payload.answer, payload.note or None, tx.now)
    records.note(tx, stored.calls, row, step="ANSWERED", note={"answer": payload.answer})
    return ground.reply(replies.Made, stored.calls, row, state=payload.answer)


def _called(tx: Tx, call_id: str) -> Row:
    row = records.locked(tx.conn, stored.calls, call_id)
    records.require_state(row, "CALLED")
    return row


class MoveCall(Request, frozen=True):
    """改期 / Another time or place, and why."""

    call_id: str
    starts_at: Annotated[datetime, Meta(tz=True, examples=["2025-04-12T15:00:00+08:00"])]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["主任出差,改期召开"])]
    place: Place | None = None
    agenda: Agenda | None = None


def move_meeting_call(tx: Tx, payload: MoveCall) -> replies.Made:
    """会议改期 / Move a meeting that is called.

    Move it; everybody who is invited is told, and answers anew.

    Raises:
        NotFound: There is none.
        ReasonRequired: There is no reason.
        MeetingPast: It begins in the past, or more than three months ahead.
        StateConflict: It is held or cancelled.
    """
    row = ground.meant_still(tx, stored.calls, payload.call_id, payload.reason, "CALLED")
    _require_time(tx, payload.starts_at)
    row = records.change(
        tx,
        stored.calls,
        row,
        step="MOVED",
        starts_at=payload.starts_at,
        place=payload.place or row.place,
        agenda=payload.agenda or row.agenda,
        note={"reason": payload.reason, "before": row.starts_at.isoformat()},
    )
    stored.ask_again(tx.conn, row.call_id)
    _tell(tx, row, "MEETING_MOVED")
    return ground.reply(replies.Made, stored.calls, row)


class CancelCall(Request, frozen=True):
    """理由 / A reason that others can read."""

    call_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["议题已另行解决"])]


def cancel_meeting_call(tx: Tx, payload: CancelCall) -> replies.Made:
    """取消会议 / Cancel a meeting that is called.

    Cancel it; everybody who is invited is told.

    Raises:
        NotFound: There is none.
        ReasonRequired: There is no reason.
        StateConflict: It is held or cancelled.
    """
    row = ground.meant_still(tx, stored.calls, payload.call_id, payload.reason, "CALLED")
    row = records.change(
        tx,
        stored.calls,
        row,
        step="CANCELLED",
        state="CANCELLED",
        end_reason=payload.reason,
        note={"reason": payload.reason},
    )
    _tell(tx, row, "MEETING_CANCELLED")
    return ground.reply(replies.Made, stored.calls, row)


# --------------------------------------------------------------------------------------------------
# Minutes


class DraftMinutes(Request, frozen=True):
    """会议纪要 / The minutes of a meeting: their text, and files beside it."""

    meeting_id: str
    text: Annotated[
        str,
        Meta(min_length=1, max_length=50_000, examples=["会议商定六月底前完成充电桩选址。"]),
        PUBLIC,
    ]
    files: Annotated[References, Meta(description="签到表、照片等 / enclosures, by reference")] = (
        field(default_factory=list)
    )


def draft_minutes(tx: Tx, payload: DraftMinutes) -> replies.MinutesMade:
    """提交会议纪要 / Write the minutes.

    Write the minutes of a meeting, or write them anew: whoever has approved them approves again.

    Raises:
        NotFound: There is no such meeting.
        ConflictOfInterest: The caller holds a post in the project.
        StateConflict: The meeting is annulled, or the minutes are approved by all sides.
    """
    meeting = ground.meant(tx, tables.meetings, payload.meeting_id, may=ground.uninterested)
    if meeting.annulled_at is not None:
        raise StateConflict(state="ANNULLED")
    digest = hashlib.sha256(payload.text.encode()).hexdigest()
    told: Values = {
        "text": payload.text,
        "text_sha256": digest,
        "files": list(payload.files),
        "state": "DRAFT",
        "drafted_by": tx.actor.id,
        "committee_by": None,
        "owners_by": None,
        "property_by": None,
    }
    row = records.find(tx.conn, stored.minutes, payload.meeting_id, lock=True)
    if row is not None and row.state == "APPROVED":
        raise StateConflict(state="APPROVED")
    if row is None:
        row = records.create(
            tx,
            stored.minutes,
            step="DRAFTED",
            note={"sha256": digest},
            meeting_id=payload.meeting_id,
            project_id=meeting.project_id,
            area=meeting.area,
            version=1,
            created_at=tx.now,
            **told,
        )
        records.add_all(
            tx.conn,
            stored.present,
            [
                {
                    "present_id": tx.new_id("mpr"),
                    "meeting_id": payload.meeting_id,
                    "person_id": person,
                    "side": side,
                }
                for side, people in sorted(meeting.attendees.items())
                for person in people
            ],
        )
    else:
        row = records.change(
            tx, stored.minutes, row, step="DRAFTED", note={"sha256": digest}, **told
        )
    files.attach(tx, payload.files, field="files", meeting_id=payload.meeting_id)
    there = {person for people in meeting.attendees.values() for person in people}
    about = ("meeting", payload.meeting_id)
    tell(tx, "MINUTES_TO_APPROVE", there - {tx.actor.id}, about=about)
    return ground.reply(replies.MinutesMade, stored.minutes, row, text_sha256=digest)


class ApproveMinutes(Request, frozen=True):
    """确认会议纪要 / A side approves the text of this digest, or says what is wrong."""

    meeting_id: str
    side: Annotated[Side, Meta(examples=["OWNERS"])]
    text_sha256: Sha256
    accepted: bool = True
    reason: Annotated[PublicText, Meta(max_length=1000)] = ""


def approve_minutes(tx: Tx, payload: ApproveMinutes) -> replies.MinutesMade:
    """确认会议纪要 / Approve the minutes.

    Approve for a side for which one was present. When each side that was there has approved, they
    stand (APPROVED) and are public; what a side finds wrong is in the history, and they are
    written anew.

    Raises:
        NotFound: There are none, or the caller was not there.
        NotOfThisSide: The caller was there for another side.
        MinutesChanged: They were written anew since.
        ReasonRequired: Refused without a reason.
        StateConflict: They are approved.
    """
    meeting = records.get(tx.conn, tables.meetings, payload.meeting_id)
    row = records.locked(tx.conn, stored.minutes, payload.meeting_id)
    there = {side for side, people in meeting.attendees.items() if tx.actor.id in people}
    if not there:
        raise NotFound(kind="meeting", id=payload.meeting_id)
    if payload.side not in there:
        raise errors.NotOfThisSide(field="side", side=payload.side, person=tx.actor.id)
    if row.state != "DRAFT" or meeting.annulled_at is not None:
        raise StateConflict(state="ANNULLED" if meeting.annulled_at else row.state)
    if payload.text_sha256 != row.text_sha256:
        raise errors.MinutesChanged(field="text_sha256")
    name = f"{payload.side.lower()}_by"
    if not payload.accepted:
        ground.require_reason(payload.reason)
        told = {"side": payload.side, "reason": payload.reason}
        row = records.change(tx, stored.minutes, row, step="REFUSED", note=told, **{name: None})
        ground.tell(tx, row.drafted_by, "MINUTES_REFUSED", said=payload.reason)
        return ground.reply(replies.MinutesMade, stored.minutes, row, text_sha256=row.text_sha256)
    signed = {side: getattr(row, f"{side.lower()}_by") for side in rules.SIDES}
    signed[payload.side] = tx.actor.id
    present = [side for side in rules.SIDES if meeting.attendees.get(side)]
    done = all(signed[side] for side in present)
    row = records.change(
        tx,
        stored.minutes,
        row,
        step="APPROVED_BY_SIDE",
        state="APPROVED" if done else None,
        note={"side": payload.side},
        approved_at=tx.now if done else None,
        **{name: tx.actor.id},
    )
    return ground.reply(replies.MinutesMade, stored.minutes, row, text_sha256=row.text_sha256)
