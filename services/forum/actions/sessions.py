"""Step 3 of 135: sessions, from the day they are called to their end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Id
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.forum import errors, replies, rules, storage
from fivered.services.forum.actions.agenda import (
    agenda_locked,
    end_session,
    is_open,
    return_to_session,
)
from fivered.services.forum.actions.hosts import (
    led_session,
    require_apart,
    require_stand_in,
    takes_part,
)
from fivered.services.forum.actions.invitations import (
    InvitationList,
    Invitee,
    add_invitations,
    give_homes,
    invite_deputies,
    invite_officials,
    invite_property,
    invite_residents,
    people_invited,
    renew_speakers,
)
from fivered.services.forum.actions.record import (
    move,
    tell,
    topic_locked,
)
from fivered.services.forum.actions.standing import check_capacities, check_host


class ScheduleSession(Request, frozen=True):
    """安排协商会 / Officials come through the liaison links and deputies by rotation in any case.

    With `auto` the property's managers, the proposer, cosigners and drawn residents are added.
    """

    topic_ids: Annotated[list[Id], UNIQUE, Meta(min_length=1, max_length=3)]
    start: Annotated[datetime, Meta(tz=True, examples=["2025-05-12T19:00:00+08:00"])]
    place: Annotated[str, Meta(min_length=1, max_length=100, examples=["红帆驿站"]), PUBLIC]
    auto: bool = False
    invitees: Annotated[list[Invitee], Meta(max_length=1000)] = field(default_factory=list)
    resident_seats: Annotated[int, Meta(description="居民代表名额 / resident seats")] | None = None
    host_id: Annotated[str, Meta(description="受托主持人 / delegate who hosts")] | None = None


class WhichSession(Request, frozen=True):
    """Which session is meant."""

    session_id: str


class MoveSession(Request, frozen=True):
    """改期 / Another time or place; everyone answers anew."""

    session_id: str
    start: Annotated[datetime, Meta(tz=True, examples=["2025-05-13T19:00:00+08:00"])]
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["场地停电"]), PUBLIC]
    place: Annotated[str, Meta(min_length=1, max_length=100), PUBLIC] | None = None


class CancelSession(Request, frozen=True):
    """原因 / Why."""

    session_id: str
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["场地停电"]), PUBLIC]


class Adjourn(Request, frozen=True):
    """休会 / Why."""

    session_id: str
    reason: Literal["NO_QUORUM", "NEED_FACTS"] = "NO_QUORUM"


def _topics_to_schedule(tx: Tx, topic_ids: Sequence[str]) -> list[Row]:
    locked = storage.topics.topics_locked(tx.conn, topic_ids)
    found = []
    for topic_id in topic_ids:
        topic = locked.get(topic_id)
        if topic is None:
            raise NotFound(kind="topic", id=topic_id)
        tx.require_scope(topic.area)
        rules.check_artefacts(
            3, {1: topic.number, 2: storage.topics.analysis_of(tx.conn, topic) is not None}
        )
        records.require_state(topic, "ADOPTED")
        found.append(topic)
    if len({t.area for t in found}) != 1:
        raise errors.ScopeMismatch(scope=", ".join(t.area for t in found), field="topic_ids")
    return found


def _terms(tx: Tx, topics: Sequence[Row]) -> datetime:
    """Return before when a session on the topics is held. Who is late already gets a fresh term
    from today; the missed one stays on record."""
    return min(
        t.session_due if tx.now < t.session_due else tx.calendar.due(tx.now, rules.SESSION_WD)
        for t in topics
    )


def schedule_session(tx: Tx, payload: ScheduleSession) -> replies.Scheduled:
    """安排协商会 / Schedule a session and invite.

    Schedule a session on one to three topics of a community and invite.

    Raises:
        StepLocked: A topic has no published analysis.
        StateConflict: A topic is not waiting for a session.
        Invalid: A topic is named twice.
        NoticeTooShort: Less than 72 hours are left.
        OverTenWorkingDays: It would be held too late.
        LiaisonMissing: A tier that must be invited has nobody.
        DeputyRequired: Too few deputies cover the street.
        ResidentMajority: Residents are not more than half of the voters.
        PersonTwice: A person is named twice, or as something else than their office.
        NotRegistered: A named resident is not in the registry.
        UnderAge: One is no adult.
        ScopeMismatch: One lives elsewhere.
        CapacityUnproved: Nothing shows that somebody is what the list says.
        UnknownExpert: No register knows an expert.
        NotHost: The street schedules it, and a cadre of the community may lead it.
        TakesPart: The host votes there, or a topic is of the host's household.
    """
    topics = _topics_to_schedule(tx, payload.topic_ids)
    area = topics[0].area
    level = max((t.level for t in topics), key=rules.LEVELS.index)
    scope = sorted({code for t in topics for code in t.scope})
    session_due = _terms(tx, topics)
    rules.check_notice(tx.now, payload.start, session_due, tx.calendar.minute(session_due))
    seats = tx.settings.resident_seats if payload.resident_seats is None else payload.resident_seats
    if not 3 <= seats <= 60:
        raise errors.SeatsOutOfRange(field="resident_seats")
    session_id = tx.new_id("ses")
    seed = rules.seed_of(session_id)
    host_id = payload.host_id or tx.actor.id
    check_host(tx, host_id, area)
    require_stand_in(tx, topics)
    require_apart(tx, topics, host_id)
    listed = InvitationList()
    for invitee in payload.invitees:
        if invitee.person_id in listed.rows:
            raise errors.PersonTwice(person_id=invitee.person_id, field="invitees")
        listed.put(invitee.person_id, invitee.capacity, "NAMED")
    named = listed.by_capacity()
    invite_officials(tx, listed, level, scope, area)
    check_capacities(tx, named, topics=topics, field="invitees")
    invite_deputies(tx, listed, level, area[:9])
    pool = 0
    if payload.auto:
        invite_property(tx, listed, scope, area)
        pool = invite_residents(tx, listed, topics=topics, scope=scope, seats=seats, seed=seed)
    if host_id in listed.rows and listed.rows[host_id].voting:
        raise takes_part(tx, topics, field="host_id")
    give_homes(tx, listed)
    for topic in topics:
        near = rules.reach(topic)
        rules.check_resident_majority(
            [row.capacity for row in listed.rows.values() if rules.votes_on(row, near)]
        )
    return _invite(
        tx, payload, topics, listed, session_id=session_id, seed=seed, pool=pool, level=level
    )


def _invite(
    tx: Tx,
    payload: ScheduleSession,
    topics: Sequence[Row],
    listed: InvitationList,
    *,
    session_id: str,
    seed: str,
    pool: int,
    level: str,
) -> replies.Scheduled:
    area = topics[0].area
    made = records.create(
        tx,
        storage.tables.sessions,
        step="schedule",
        note={"invited": len(listed.rows), "pool": pool, "seed": seed},
        session_id=session_id,
        level=level,
        area=area,
        place=payload.place,
        start_at=payload.start,
        host_id=payload.host_id or tx.actor.id,
        state="SCHEDULED",
        notice_sent_at=tx.now,
        seed=seed,
        pool=pool,
        created_at=tx.now,
        version=1,
    )
    records.add_all(
        tx.conn,
        storage.tables.session_topics,
        [
            {"session_id": session_id, "topic_id": t.topic_id, "ordinal": n}
            for n, t in enumerate(topics, start=1)
        ],
    )
    add_invitations(tx, session_id, area, listed.rows.values())
    for topic in topics:
        move(
            tx,
            topic,
            "SCHEDULED",
            "schedule",
            detail={"session_id": session_id},
            session_id=session_id,
        )
    tell(tx, "INVITED", topics[0].topic_id, listed.rows, ref=session_id)
    tx.arm("session_answers", session_id, payload.start - rules.ANSWERS_BEFORE)
    voting = sum(row.voting for row in listed.rows.values())
    return replies.Scheduled.of(
        made, id=session_id, start=payload.start, invited=len(listed.rows), voting=voting
    )


def move_session(tx: Tx, payload: MoveSession) -> replies.Moved:
    """改期 / Hold a session at another time or place.

    Hold a session at another time or place, with the same notice; everyone answers anew.

    Raises:
        NoticeTooShort: Less than 72 hours are left.
        OverTenWorkingDays: It would be held too late.
        StateConflict: It is not scheduled any more.
    """
    session = led_session(tx, payload.session_id, "SCHEDULED")
    topics = agenda_locked(tx, session)
    session_due = _terms(tx, topics)
    text = tx.calendar.minute(session_due)
    rules.check_notice(tx.now, payload.start, session_due, text)
    row = records.update(
        tx.conn,
        storage.tables.sessions,
        session,
        start_at=payload.start,
        place=payload.place or session.place,
        notice_sent_at=tx.now,
    )
    storage.invitations.ask_again(tx.conn, payload.session_id)
    tx.arm("session_answers", payload.session_id, payload.start - rules.ANSWERS_BEFORE)
    records.note(
        tx,
        storage.tables.sessions,
        row,
        step="move",
        note={"start": payload.start.isoformat(), "place": row.place, "reason": payload.reason},
    )
    tell(
        tx,
        "SESSION_MOVED",
        topics[0].topic_id,
        people_invited(tx, payload.session_id),
        ref=payload.session_id,
        start=tx.calendar.minute(payload.start),
        place=row.place,
    )
    return replies.Moved.of(row, id=row.session_id, start=payload.start)


def cancel_session(tx: Tx, payload: CancelSession) -> replies.Done:
    """取消会议 / Call off a session.

    Call off a session that has not begun; its topics wait for another. That is no adjournment:
    nobody came in vain.

    Raises:
        StateConflict: It has begun or ended.
    """
    session = led_session(tx, payload.session_id, "SCHEDULED")
    topics = agenda_locked(tx, session)
    people = people_invited(tx, payload.session_id)
    row = end_session(tx, session, "CANCELLED", "cancel", reason=payload.reason)
    for topic in topics:
        session_due = topic.session_due
        if tx.now >= session_due:
            session_due = tx.calendar.due(tx.now, rules.SESSION_WD)
            tx.arm("topic_session", topic.topic_id, session_due)
        move(
            tx,
            topic,
            "ADOPTED",
            "cancel_session",
            code="TOPIC_SESSION_CANCELLED",
            detail={"session_id": payload.session_id},
            session_id=None,
            session_due=session_due,
        )
    if topics:
        tell(
            tx,
            "SESSION_CANCELLED",
            topics[0].topic_id,
            people,
            ref=payload.session_id,
            reason=payload.reason,
        )
    return replies.Done.of(row, id=row.session_id)


def open_session(tx: Tx, payload: WhichSession) -> replies.Done:
    """开会 / Open the session.

    Open a session, at the earliest 15 minutes before its start.

    Raises:
        TooEarly: It is too early.
        DayOver: It was announced for a day that is over; it is moved, with a new notice.
        StateConflict: It is not scheduled.
    """
    session = led_session(tx, payload.session_id, "SCHEDULED")
    earliest = session.start_at - rules.OPEN_BEFORE
    if tx.now < earliest:
        raise errors.TooEarly(earliest=tx.calendar.minute(earliest))
    day = tx.calendar.local_date(session.start_at)
    if tx.calendar.local_date(tx.now) > day:
        raise errors.DayOver(day=str(day))
    for item in storage.agenda.agenda(tx.conn, payload.session_id):
        topic = topic_locked(tx, item.topic_id)
        if topic.state == "SCHEDULED" and topic.session_id == payload.session_id:
            move(tx, topic, "DELIBERATING", "open", detail={"session_id": payload.session_id})
            tx.disarm("topic_session", item.topic_id)
            tx.arm("session_held", item.topic_id, tx.calendar.due(tx.now, rules.HELD_WD))
    tx.disarm("session_answers", payload.session_id)
    renew_speakers(tx, payload.session_id)
    row = records.change(
        tx, storage.tables.sessions, session, step="open", state="OPEN", opened_at=tx.now
    )
    return replies.Done.of(row, id=row.session_id)


def adjourn_session(tx: Tx, payload: Adjourn) -> replies.Done:
    """休会 / Adjourn.

    End a session without a vote on the topics still open; each needs a new session.

    Raises:
        AdjournLimit: A topic has been adjourned twice; its vote must be closed.
        StateConflict: The session is not open.
    """
    session = led_session(tx, payload.session_id, "OPEN")
    for item in storage.agenda.agenda(tx.conn, payload.session_id):
        if not is_open(item, session):
            continue
        topic = topic_locked(tx, item.topic_id)
        if topic.adjournments >= rules.ADJOURNMENTS:
            raise errors.AdjournLimit(times=topic.adjournments)
        return_to_session(
            tx,
            topic,
            "adjourn",
            {"session_id": payload.session_id, "reason": payload.reason},
            adjournments=topic.adjournments + 1,
        )
    row = end_session(tx, session, "ADJOURNED", "adjourn", reason=payload.reason)
    return replies.Done.of(row, id=row.session_id)
