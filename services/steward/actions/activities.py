"""Volunteer activities: called, signed up for, checked in by a code, and the hours that follow."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Area, Instant
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, Refusal, RoleDenied, StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions.changes import Reason
from fivered.services.steward.actions.records import RecordHours, record_hours
from fivered.services.steward.actions.standing import require_active, require_serving
from fivered.services.steward.errors import BadSpan, NothingCorrected, UnknownPerson
from fivered.services.steward.errors.activities import (
    NotSignedUp,
    NotYetOpen,
    WrongActivityCode,
)
from fivered.services.steward.replies import activities as told
from fivered.services.steward.storage import tables
from fivered.services.steward.storage.activities import PLACED

LONGEST = timedelta(hours=24)
AHEAD = timedelta(days=365)
# How long before the beginning people check in.
EARLY = timedelta(minutes=30)
Title = Annotated[str, Meta(min_length=2, max_length=100, examples=["楼道清洁"]), PUBLIC]
Spot = Annotated[str, Meta(min_length=2, max_length=200, examples=["春晖社区红色驿站"]), PUBLIC]


class CallActivity(Request, frozen=True):
    """发起志愿活动 / Call a volunteer activity."""

    area: Annotated[Area, Meta(description="面向的社区或网格 / for which community or grid")]
    title: Title
    place: Spot
    start: Annotated[Instant, Meta(examples=["2025-03-08T09:00:00+08:00"])]
    end: Annotated[Instant, Meta(examples=["2025-03-08T11:00:00+08:00"])]
    quota: Annotated[int, Meta(ge=1, le=1000, description="名额 / places", examples=[20])]
    text: Annotated[str, Meta(max_length=1000), PUBLIC] | None = None


class ChangeActivity(Request, frozen=True):
    """变更志愿活动 / What is otherwise; what is left out stays."""

    activity_id: str
    reason: Annotated[Reason, Meta(examples=["因雨改期"])]
    place: Spot | None = None
    start: Instant | None = None
    end: Instant | None = None
    quota: Annotated[int, Meta(ge=1, le=1000)] | None = None


class CancelActivity(Request, frozen=True):
    """取消志愿活动 / It does not take place."""

    activity_id: str
    reason: Annotated[Reason, Meta(examples=["暴雨预警"])]


class WhichActivity(Request, frozen=True):
    """Which activity is meant."""

    activity_id: str


class TakePart(Request, frozen=True):
    """报名或取消 / Who takes part; the caller where nobody is named."""

    activity_id: str
    person_id: Annotated[str, Meta(max_length=64)] | None = None


class CheckIn(Request, frozen=True):
    """签到或签退 / The code that is shown there."""

    activity_id: str
    code: Annotated[str, Meta(min_length=8, max_length=8, examples=["4F0A91C3"])]


def call_activity(tx: Tx, payload: CallActivity) -> replies.Changed:
    """发起志愿活动 / Call a volunteer activity.

    Raises:
        BadSpan: It does not begin ahead, or is longer than a day.
        CallerNotServing: The caller's post as a steward is suspended or over.
    """
    require_serving(tx)
    tx.require_scope(payload.area)
    _check_span(tx, payload.start, payload.end)
    row = storage.activities.insert(
        tx.conn,
        **records.values_from(
            payload,
            tables.volunteer_activities,
            activity_id=tx.new_id("act"),
            start_at=payload.start,
            end_at=payload.end,
            state="CALLED",
            organiser=tx.actor.id,
            created_at=tx.now,
            version=1,
        ),
    )
    return _reply(row)


def change_activity(tx: Tx, payload: ChangeActivity) -> replies.Changed:
    """变更志愿活动 / Change when, where, or how many places.

    Who has signed up is told; more places go to who waits.

    Raises:
        NotFound: No such activity here.
        StateConflict: It is over or cancelled.
        BadSpan: It does not begin ahead, or is longer than a day.
        NothingCorrected: All of it stands there already.
    """
    row = _organised(tx, payload.activity_id, "CALLED")
    given = {
        "place": payload.place, "start_at": payload.start, "end_at": payload.end,
        "quota": payload.quota,
    }  # fmt: skip
    values = {
        name: one for name, one in given.items() if one is not None and one != getattr(row, name)
    }
    if not values:
        raise NothingCorrected
    if {"start_at", "end_at"} & set(values):
        _check_span(tx, payload.start or row.start_at, payload.end or row.end_at)
    after = storage.activities.update(tx.conn, row, **values)
    people = storage.activities.signups(tx.conn, row.activity_id, ("PLACED", "IN_LINE"))
    _tell(tx, "ACTIVITY_CHANGED", after, *(one.person_id for one in people), reason=payload.reason)
    _fill(tx, after)
    return _reply(after)


def cancel_activity(tx: Tx, payload: CancelActivity) -> replies.Changed:
    """取消志愿活动 / Cancel it; who has signed up is told why.

    Raises:
        NotFound: No such activity here.
        StateConflict: It is over or cancelled, or somebody has checked in.
    """
    row = _organised(tx, payload.activity_id, "CALLED")
    if storage.activities.signups(tx.conn, row.activity_id, ("CAME", "SERVED")):
        raise StateConflict(state="CAME")
    after = storage.activities.update(tx.conn, row, state="CALLED_OFF", reason=payload.reason)
    people = storage.activities.signups(tx.conn, row.activity_id, ("PLACED", "IN_LINE"))
    _tell(
        tx, "ACTIVITY_CANCELLED", after, *(one.person_id for one in people), reason=payload.reason
    )
    return _reply(after)


def sign_up(tx: Tx, payload: TakePart) -> replies.Changed:
    """报名 / Sign up: a place, or one in the line.

    Answer PLACED with a place, IN_LINE without. Signing up again changes nothing.

    Raises:
        NotFound: No such activity.
        StateConflict: It is over or cancelled.
        RoleDenied: The caller may not sign somebody else up.
        UnknownPerson: The person is not registered.
    """
    row = _open(tx, payload.activity_id)
    if tx.now >= row.end_at:
        raise StateConflict(state="ENDED")
    person_id = _who(tx, payload.person_id)
    known = storage.activities.signup(tx.conn, row.activity_id, person_id)
    if known is not None and known.state != "GAVE_BACK":
        return _reply_of(known)
    state = "PLACED" if _free(tx, row) else "IN_LINE"
    mine = {"state": state, "created_at": tx.now, "signed_by": tx.actor.id}
    if known is not None:
        after = storage.activities.update_signup(tx.conn, known, **mine)
    else:
        after = storage.activities.insert_signup(
            tx.conn,
            signup_id=tx.new_id("sgn"),
            activity_id=row.activity_id,
            person_id=person_id,
            version=1,
            **mine,
        )
    _tell(tx, "ACTIVITY_PLACE" if state == "PLACED" else "ACTIVITY_WAITING", row, person_id)
    return _reply_of(after)


def withdraw(tx: Tx, payload: TakePart) -> replies.Changed:
    """取消报名 / Give a place back; the next in the line gets it.

    Raises:
        NotFound: No such activity, or the person has not signed up.
        StateConflict: It is over or cancelled, or the person has checked in.
        RoleDenied: The caller may not speak for somebody else.
        UnknownPerson: The person is not registered.
    """
    row = _open(tx, payload.activity_id)
    known = storage.activities.signup(tx.conn, row.activity_id, _who(tx, payload.person_id))
    if known is None:
        raise NotFound(kind="activity_signup", id=row.activity_id)
    records.require_state(known, "PLACED", "IN_LINE")
    after = storage.activities.update_signup(tx.conn, known, state="GAVE_BACK")
    _fill(tx, row)
    return _reply_of(after)


def check_in(tx: Tx, payload: CheckIn) -> replies.Changed:
    """签到 / Check in with the code that is shown there.

    Who has not signed up may come where a place is free.

    Raises:
        NotFound: No such activity.
        StateConflict: It is over or cancelled, or the caller has left already.
        NotYetOpen: It is too early, or over.
        WrongActivityCode: It is not the code of now.
        NotSignedUp: The caller has no place, and none is free.
    """
    row = _open(tx, payload.activity_id)
    if not row.start_at - EARLY <= tx.now < row.end_at:
        raise NotYetOpen(field="activity_id")
    _check_code(tx, row, payload.code)
    known = storage.activities.signup(tx.conn, row.activity_id, tx.actor.id)
    if known is not None and known.state == "CAME":
        return _reply_of(known)
    if known is not None and known.state == "PLACED":
        after = storage.activities.update_signup(tx.conn, known, state="CAME", check_in=tx.now)
        return _reply_of(after)
    if known is not None and known.state == "SERVED":
        raise StateConflict(state=known.state)
    if not _free(tx, row):
        raise NotSignedUp(field="activity_id")
    came = {"state": "CAME", "check_in": tx.now}
    if known is not None:
        return _reply_of(storage.activities.update_signup(tx.conn, known, **came))
    require_active(tx, tx.actor.id, field="activity_id")
    after = storage.activities.insert_signup(
        tx.conn,
        signup_id=tx.new_id("sgn"),
        activity_id=row.activity_id,
        person_id=tx.actor.id,
        signed_by=tx.actor.id,
        created_at=tx.now,
        version=1,
        **came,
    )
    return _reply_of(after)


def check_out(tx: Tx, payload: CheckIn) -> replies.Changed:
    """签退 / Check out; the hours are recorded, and wait to be confirmed.

    Counted is the time within the activity.

    Raises:
        NotFound: No such activity.
        StateConflict: It is over or cancelled, or the caller is not there.
        WrongActivityCode: It is not the code of now.
        Overlap: The caller served elsewhere at that time.
        SameDeed: The same was recorded already.
    """
    row = _open(tx, payload.activity_id)
    _check_code(tx, row, payload.code)
    known = storage.activities.signup(tx.conn, row.activity_id, tx.actor.id)
    if known is None or known.state != "CAME":
        raise StateConflict(state=known.state if known is not None else "NONE")
    return _reply_of(_leave(tx, row, known, tx.now))


def close_activity(tx: Tx, payload: WhichActivity) -> told.ActivityClosed:
    """活动结束 / Close an activity that is over.

    Who has not checked out is counted until its end; who did not come is absent. Hours that are
    recorded so are confirmed by somebody else.

    Raises:
        NotFound: No such activity here.
        StateConflict: It is not over yet, or closed or cancelled already.
    """
    row = _organised(tx, payload.activity_id, "CALLED")
    if tx.now < row.end_at:
        raise StateConflict(state="CALLED")
    without: list[str] = []
    for one in storage.activities.signups(tx.conn, row.activity_id, ("CAME",)):
        try:
            _leave(tx, row, one, row.end_at)
        except Refusal:
            storage.activities.update_signup(tx.conn, one, state="SERVED", check_out=row.end_at)
            without.append(one.signup_id)
    for one in storage.activities.signups(tx.conn, row.activity_id, ("PLACED", "IN_LINE")):
        state = "NO_SHOW" if one.state == "PLACED" else "GAVE_BACK"
        storage.activities.update_signup(tx.conn, one, state=state)
    after = storage.activities.update(tx.conn, row, state="ENDED")
    count = storage.activities.counted(tx.conn, [row.activity_id]).get(row.activity_id, {})
    return told.ActivityClosed(
        id=row.activity_id,
        state=after.state,
        version=after.version,
        done=count.get("SERVED", 0),
        absent=count.get("NO_SHOW", 0),
        without_hours=without,
    )


# --------------------------------------------------------------------------------------------------


def _check_code(tx: Tx, row: Row, code: str) -> None:
    now, vault = rules.activities.turn_of(tx.now), storage.vault(tx)
    valid = [storage.activities.code_of(vault, row.activity_id, turn) for turn in (now, now - 1)]
    if not any(hmac.compare_digest(code.upper().encode(), one.encode()) for one in valid):
        raise WrongActivityCode(field="code")


def _check_span(tx: Tx, start: datetime, end: datetime) -> None:
    if not tx.now < start <= tx.now + AHEAD:
        raise BadSpan(field="start")
    if not timedelta(0) < end - start <= LONGEST:
        raise BadSpan(field="end")


def _open(tx: Tx, activity_id: str) -> Row:
    row = storage.activities.activity(tx.conn, activity_id, lock=True)
    if row is None:
        raise NotFound(kind="activity", id=activity_id)
    records.require_state(row, "CALLED")
    return row


def _organised(tx: Tx, activity_id: str, *states: str) -> Row:
    require_serving(tx)
    row = storage.activities.activity(tx.conn, activity_id, lock=True)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="activity", id=activity_id)
    tx.check_version(row.version)
    records.require_state(row, *states)
    return row


def _who(tx: Tx, person_id: str | None) -> str:
    """Return who takes part: the caller, or whom an organiser speaks for."""
    if person_id is None or person_id == tx.actor.id:
        return str(require_active(tx, tx.actor.id, field="person_id").person_id)
    if tx.actor.role not in rules.access.ORGANISERS:
        raise RoleDenied(role=tx.actor.role, field="person_id")
    person = require_active(tx, person_id, field="person_id")
    if not tx.actor.covers(person.grid or person.area):
        raise UnknownPerson(field="person_id", person_id=person_id)
    return str(person.person_id)


def _free(tx: Tx, row: Row) -> bool:
    return len(storage.activities.signups(tx.conn, row.activity_id, PLACED)) < int(row.quota)


def _fill(tx: Tx, row: Row) -> None:
    """Give free places to who waits longest."""
    taken = len(storage.activities.signups(tx.conn, row.activity_id, PLACED))
    line = storage.activities.signups(tx.conn, row.activity_id, ("IN_LINE",))
    for one in line[: max(0, row.quota - taken)]:
        storage.activities.update_signup(tx.conn, one, state="PLACED")
        _tell(tx, "ACTIVITY_PLACE", row, one.person_id)


def _leave(tx: Tx, row: Row, one: Row, at: datetime) -> Row:
    begin, end = max(one.check_in, row.start_at), min(at, row.end_at)
    minutes = int((end - begin).total_seconds() // 60)
    record_id = None
    if minutes > 0:
        made = record_hours(
            tx,
            RecordHours(
                person_id=one.person_id,
                minutes=minutes,
                source="QR",
                date=tx.calendar.local_date(begin),
                activity=row.title,
                check_in=begin,
                check_out=end,
            ),
        )
        record_id = made.id
    return storage.activities.update_signup(
        tx.conn, one, state="SERVED", check_out=at, record_id=record_id
    )


def _tell(tx: Tx, kind: str, row: Row, *people: str, reason: str = "") -> None:
    tell(
        tx, kind, people, about=("activity", row.activity_id), title=row.title,
        start=row.start_at, place=row.place, reason=reason,
    )  # fmt: skip


def _reply(row: Row) -> replies.Changed:
    return replies.Changed(id=row.activity_id, state=row.state, version=row.version)


def _reply_of(row: Row) -> replies.Changed:
    return replies.Changed(id=row.signup_id, state=row.state, version=row.version)
