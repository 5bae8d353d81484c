"""Who was there, and what a correction does to the votes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import PersonId
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import RoleDenied, StateConflict
from fivered.chassis.requests import Request
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions.agenda import return_to_session
from fivered.services.forum.actions.hosts import led_session
from fivered.services.forum.actions.record import (
    escalate,
    tell,
)
from fivered.services.forum.actions.standing import check_capacities


class CorrectAttendance(Request, frozen=True):
    """更正签到 / Whether somebody was there, against what was recorded."""

    session_id: str
    person_id: Annotated[PersonId, Meta(max_length=64, examples=["per_0003"])]
    attended: bool
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["误点,本人未到场"]), PUBLIC]


class RecordAttendance(Request, frozen=True):
    """签到 / Who has come."""

    session_id: str
    person_ids: Annotated[list[PersonId], Meta(min_length=1, max_length=1000)]


def record_attendance(tx: Tx, payload: RecordAttendance) -> replies.Present:
    """签到 / Record attendance.

    Record who has come. Repeating it is harmless, so several helpers may do it at the door: the
    cadres of the community.

    Raises:
        NotInvited: Somebody is not on the list; nobody is recorded.
        NotRegistered: A resident has left since the invitation.
        CapacityUnproved: Somebody no longer speaks for whom they were invited.
        StateConflict: The session is not open.
        SamePerson: The caller records their own presence.
    """
    session = led_session(tx, payload.session_id, "OPEN", matched=False, helpers=True)
    listed = storage.invitations.invitations_of(tx.conn, payload.session_id)
    invited = {row.person_id: row.capacity for row in listed if row.revoked_at is None}
    lapsed = {row.person_id for row in listed} - invited.keys()
    coming: dict[str, list[str]] = {}
    for person_id in payload.person_ids:
        if person_id in lapsed:
            raise errors.InvitationOver(person_id=person_id, field="person_ids")
        if person_id not in invited:
            raise errors.NotInvited(person_id=person_id, field="person_ids")
        if person_id == tx.actor.id:
            raise errors.OwnAttendance(field="person_ids")
        if invited[person_id] in rules.VOTING:
            coming.setdefault(invited[person_id], []).append(person_id)
    agenda = storage.agenda.agenda(tx.conn, payload.session_id)
    check_capacities(tx, coming, topics=agenda, field="person_ids")
    storage.attendance.mark_attended(tx.conn, payload.session_id, payload.person_ids, tx.now)
    near = [code for item in agenda for code in rules.reach(item)]
    counted = rules.presence(storage.invitations.invitations_of(tx.conn, payload.session_id), near)
    return replies.Present.of(
        session,
        id=session.session_id,
        voting_present=counted.voting_present,
        resident_present=counted.resident_present,
        quorum=counted.quorum,
    )


_CORRECTING = frozenset({"R_SECRETARY", "R_STREET", "R_STREET_LEAD"})


def correct_attendance(tx: Tx, payload: CorrectAttendance) -> replies.Corrected:
    """更正签到 / Correct who was there.

    Correct who was there: at the door by any helper, after a vote has closed by the secretary
    or the street, and never by the person concerned.

    A vote whose outcome could be another without those who were not there is void while its
    opinion is not in force; later the street is asked.

    Raises:
        NotInvited: The person is not on the list.
        SamePerson: The caller corrects their own presence.
        RoleDenied: A vote has closed, and the caller is neither secretary nor street.
        StateConflict: It stands as it is said, or the session was never held to its end.
    """
    session = led_session(tx, payload.session_id, "OPEN", "ENDED", matched=False, helpers=True)
    agenda = storage.agenda.agenda(tx.conn, payload.session_id)
    closed = [item for item in agenda if item.closed_at is not None]
    if closed and tx.actor.role not in _CORRECTING:
        raise RoleDenied(role=tx.actor.role)
    if payload.person_id == tx.actor.id:
        raise errors.OwnAttendance
    row = storage.invitations.invitation_of(tx.conn, payload.session_id, payload.person_id)
    if row is None or row.revoked_at is not None:
        raise errors.NotInvited(person_id=payload.person_id, field="person_id")
    if (row.attended_at is not None) == payload.attended:
        raise StateConflict(state="PRESENT" if payload.attended else "ABSENT")
    locked = storage.topics.topics_locked(tx.conn, [item.topic_id for item in agenda])
    if payload.attended:
        at = tx.now if session.ended_at is None else session.ended_at
        storage.attendance.mark_attended(tx.conn, payload.session_id, [payload.person_id], at)
    else:
        storage.attendance.unmark_attended(tx.conn, row)
        for item in agenda:
            storage.votes.drop_vote(tx.conn, payload.session_id, item.topic_id, payload.person_id)
    records.note(
        tx,
        storage.tables.sessions,
        session,
        step="correct_attendance",
        note={
            "person_id": payload.person_id,
            "attended": payload.attended,
            "reason": payload.reason,
        },
    )
    tell(
        tx,
        "ATTENDANCE_ADDED" if payload.attended else "ATTENDANCE_REMOVED",
        agenda[0].topic_id,
        [payload.person_id],
        ref=payload.session_id,
        reason=payload.reason,
    )
    session = records.update(tx.conn, storage.tables.sessions, session)
    if closed and payload.attended:
        publish_attendance(tx, session, closed[-1].topic_id)
    elif row.recorded_at is not None:
        _publish_corrected(tx, session, row)
    void = [
        item.topic_id for item in closed if not _recounted(tx, session, item, locked[item.topic_id])
    ]
    counted = rules.presence(
        storage.invitations.invitations_of(tx.conn, payload.session_id),
        [code for item in agenda for code in rules.reach(item)],
    )
    return replies.Corrected.of(
        session,
        id=session.session_id,
        voting_present=counted.voting_present,
        resident_present=counted.resident_present,
        quorum=counted.quorum,
        void=void,
    )


def _publish_corrected(tx: Tx, session: Row, row: Row) -> None:
    tx.publish(
        events.AttendanceCorrected(
            session_id=session.session_id,
            person_id=row.person_id,
            capacity=row.capacity,
            attended=False,
        ),
        subject=session.session_id,
        scope=session.area,
        sequence=session.version,
    )


def _recounted(tx: Tx, session: Row, item: Row, topic: Row) -> bool:
    """Count again who was there for a closed vote. Returns whether its outcome stands."""
    invited = storage.invitations.invitations_of(tx.conn, session.session_id)
    there = rules.presence(invited, rules.reach(item))
    came = {row.person_id for row in invited if row.attended_at is not None}
    voters = storage.votes.voters_of(tx.conn, session.session_id, item.topic_id)
    storage.agenda.close_tally(
        tx.conn,
        session.session_id,
        item.topic_id,
        voting_present=there.voting_present,
        resident_present=there.resident_present,
        not_cast=max(there.voting_present - len(voters & came), 0),
    )
    stands = rules.outcome_stands(
        won=bool(item.passed),
        there=there,
        in_favour=item.in_favour,
        absent_voters=len(voters - came),
    )
    if stands or topic.state in _LATER:
        if not stands:
            escalate(tx, topic, deadline="vote_doubt", tier=rules.topic_tier(0), level=1)
        return stands
    if topic.state not in _VOIDABLE or topic.session_id != session.session_id:
        return True
    if topic.opinion_id:
        opinion = records.known(tx.conn, storage.tables.opinions, topic.opinion_id, lock=True)
        records.update(tx.conn, storage.tables.opinions, opinion, state="WITHDRAWN")
    return_to_session(
        tx,
        topic,
        "vote_void",
        {"session_id": session.session_id},
        code="TOPIC_VOTE_VOID",
        opinion_id=None,
        objected=False,
        failed_at=None,
    )
    return False


_VOIDABLE = frozenset({"OPINION_DUE", "OPINION_DRAFTED", "PUBLICISED", "FAILED"})


_LATER = frozenset({"RESOLVED", "IMPLEMENTING", "VERIFIED", "CLOSED"})


def publish_attendance(tx: Tx, session: Row, topic_id: str) -> None:
    """Publish once per session of each person who was present when a vote closed."""
    for row in storage.attendance.take_unrecorded(tx.conn, session.session_id, tx.now):
        tx.publish(
            events.AttendanceRecorded(
                session_id=session.session_id,
                topic_id=topic_id,
                person_id=row.person_id,
                capacity=row.capacity,
            ),
            subject=session.session_id,
            scope=session.area,
            sequence=session.version,
            # Who is found to have been there is credited in the month of the session.
            occurred_at=min(tx.now, session.ended_at or tx.now),
        )
