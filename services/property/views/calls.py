"""Three-party meetings that are called, who comes, and their minutes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.property import replies, rules
from fivered.services.property.replies import Both
from fivered.services.property.storage import calls as stored
from fivered.services.property.storage import lists, tables
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope

CallT = TypeVar("CallT", bound=replies.MeetingCall)
MinutesT = TypeVar("MinutesT", bound=replies.MinutesLine)


class CallFilter(Request, frozen=True):
    """会议通知筛选 / Filter of meetings that are called; `mine=true`: to which one is invited."""

    scope: Scope | None = None
    project_id: str | None = None
    state: Literal["CALLED", "HELD", "CANCELLED"] | None = None
    from_day: Annotated[date, Meta(description="不早于 / not before this day")] | None = None
    to_day: Annotated[date, Meta(description="不晚于 / not after this day")] | None = None
    mine: bool = False
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def meeting_calls(tx: Tx, payload: CallFilter) -> Both[replies.MeetingCall]:
    """会议通知列表 / Meetings that are called.

    Answer the meetings that are called: the area's to staff, the own project's to its side, to
    everybody else those to which one is invited.
    """
    table = stored.calls
    whose = ground.whose(tx, payload.scope, own=True)
    own = bool(whose.pop("own", False))
    conditions = lists.conditions(
        table, **whose, project_id=payload.project_id, state=payload.state
    )
    if own or payload.mine:
        conditions.append(stored.called_to(tx.actor.id))
    midnight = tx.calendar.midnight
    if payload.from_day is not None:
        conditions.append(table.c.starts_at >= midnight(payload.from_day))
    if payload.to_day is not None:
        conditions.append(table.c.starts_at < midnight(payload.to_day + timedelta(days=1)))
    found = ground.part(tx, table, conditions, payload, oldest_first=False)
    people = stored.invited_to(tx.conn, [row.call_id for row in found.rows])
    return ground.both(
        found, lambda row: _call(tx, replies.MeetingCall, row, people.get(row.call_id, []))
    )


def _call(tx: Tx, kind: type[CallT], row: Row, people: list[Row]) -> CallT:
    mine = next((one.answer for one in people if one.person_id == tx.actor.id), None)
    return kind.of(
        row,
        id=row.call_id,
        my_answer=mine,
        invited=[replies.Invited.of(one) for one in people],
    )


class WhichCall(Request, frozen=True):
    """Which call is meant."""

    call_id: str


def meeting_call(tx: Tx, payload: WhichCall) -> replies.MeetingCallCard:
    """会议通知 / A meeting that is called.

    Answer a call with who is invited and what they answered, to its sides and to who is invited.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, stored.calls, payload.call_id)
    people = stored.invited_to(tx.conn, [row.call_id]).get(row.call_id, [])
    project = records.get(tx.conn, tables.projects, row.project_id)
    inside = ground.sees_all_of(tx, project)
    if not inside and all(one.person_id != tx.actor.id for one in people):
        raise NotFound(kind="meeting_call", id=payload.call_id)
    found = _call(tx, replies.MeetingCallCard, row, people)
    if inside:
        found.history = ground.history(tx, stored.calls, row.call_id)
    return found


class MinutesFilter(Request, frozen=True):
    """会议纪要筛选 / Filter of minutes; `mine=true`: of meetings at which one was present."""

    scope: Scope | None = None
    project_id: str | None = None
    state: Literal["DRAFT", "APPROVED"] | None = None
    mine: bool = False
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def meeting_minutes(tx: Tx, payload: MinutesFilter) -> Both[replies.MinutesLine]:
    """会议纪要列表 / Minutes.

    Answer minutes: the area's to staff, the own project's to its side, to everybody else those of
    meetings at which one was present.
    """
    table = stored.minutes
    whose = ground.whose(tx, payload.scope, own=True)
    own = bool(whose.pop("own", False))
    conditions = lists.conditions(
        table, **whose, project_id=payload.project_id, state=payload.state
    )
    if own or payload.mine:
        conditions.append(stored.attended_by(tx.actor.id))
    found = ground.part(tx, table, conditions, payload, oldest_first=False)
    meetings = stored.meetings_of(tx.conn, [row.meeting_id for row in found.rows])
    return ground.both(
        found, lambda row: _minutes(tx, replies.MinutesLine, row, meetings[row.meeting_id])
    )


def _minutes(tx: Tx, kind: type[MinutesT], row: Row, meeting: Row, **more: object) -> MinutesT:
    there = [side for side in rules.SIDES if meeting.attendees.get(side)]
    signed = [side for side in there if getattr(row, f"{side.lower()}_by")]
    mine = next((side for side in there if tx.actor.id in meeting.attendees[side]), None)
    return kind.of(
        row,
        id=row.meeting_id,
        approved_by=signed,
        waits_for=[side for side in there if side not in signed and row.state == "DRAFT"],
        my_side=mine,
        **more,
    )


class WhichMinutes(Request, frozen=True):
    """Of which meeting."""

    meeting_id: str


def minutes(tx: Tx, payload: WhichMinutes) -> replies.MinutesCard:
    """会议纪要 / The minutes of a meeting.

    Answer the minutes: to the sides and who was there from their draft on, to everybody else once
    all sides have approved them.

    Raises:
        NotFound: There are none, or the actor may not read them yet.
    """
    row = records.get(tx.conn, stored.minutes, payload.meeting_id)
    meeting = records.get(tx.conn, tables.meetings, payload.meeting_id)
    project = records.get(tx.conn, tables.projects, row.project_id)
    inside = ground.sees_all_of(tx, project)
    was_there = any(tx.actor.id in people for people in meeting.attendees.values())
    if not inside and not was_there and row.state != "APPROVED":
        raise NotFound(kind="meeting", id=payload.meeting_id)
    return _minutes(
        tx,
        replies.MinutesCard,
        row,
        meeting,
        history=ground.history(tx, stored.minutes, row.meeting_id) if inside else UNSET,
    )
