"""What a session is about, and where its topics go when it ends."""

from __future__ import annotations

from collections.abc import Mapping

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.forum import rules, storage
from fivered.services.forum.actions.record import (
    move,
)


def agenda_locked(tx: Tx, session: Row) -> list[Row]:
    """Return the topics that wait for a session's vote, locked."""
    agenda = storage.agenda.agenda(tx.conn, session.session_id)
    ids = [item.topic_id for item in agenda if is_open(item, session)]
    locked = storage.topics.topics_locked(tx.conn, ids)
    return [locked[topic_id] for topic_id in ids]


def end_if_done(tx: Tx, session: Row) -> Row:
    """End a session when every topic has been voted on; its version goes up in any case."""
    agenda = storage.agenda.agenda(tx.conn, session.session_id)
    if any(is_open(item, session) for item in agenda):
        return records.update(tx.conn, storage.tables.sessions, session)
    return end_session(tx, session, "ENDED", "end")


def leave_session(tx: Tx, topic: Row) -> None:
    """Take a topic that ends off the agenda of its session; a session without topics is off."""
    if topic.state not in {"SCHEDULED", "DELIBERATING"}:
        return
    session = records.known(tx.conn, storage.tables.sessions, topic.session_id, lock=True)
    others = [
        item
        for item in storage.agenda.agenda(tx.conn, session.session_id)
        if item.topic_id != topic.topic_id
    ]
    if any(is_open(item, session) for item in others):
        return
    if any(item.closed_at is not None for item in others):
        # It was held: who was there for the votes that it closed can still be corrected.
        end_session(tx, session, "ENDED", "end")
    else:
        end_session(tx, session, "CANCELLED", "cancel", reason="NO_TOPIC")


def is_open(item: Row, session: Row) -> bool:
    """Tell whether a topic of an agenda still waits for this session's vote."""
    waits = item.state in {"SCHEDULED", "DELIBERATING"}
    return waits and item.at_session == session.session_id and item.closed_at is None


def end_session(tx: Tx, session: Row, state: str, action: str, **values: object) -> Row:
    """End a session in a state; votes that were not counted are forgotten."""
    storage.votes.drop_votes(tx.conn, session.session_id)
    tx.disarm("session_answers", session.session_id)
    records.note(tx, storage.tables.sessions, session, step=action, state=state, note=values)
    return records.update(
        tx.conn, storage.tables.sessions, session, state=state, ended_at=tx.now, **values
    )


def return_to_session(
    tx: Tx,
    topic: Row,
    action: str,
    detail: Mapping[str, object],
    *,
    code: str = "TOPIC_ADJOURNED",
    **values: object,
) -> Row:
    """Bring a topic back to where it waits for a session, with a fresh term for one."""
    session_due = tx.calendar.due(tx.now, rules.SESSION_WD)
    tx.arm("topic_session", topic.topic_id, session_due)
    return move(
        tx,
        topic,
        "ADOPTED",
        action,
        code=code,
        detail=detail,
        told=None,
        session_due=session_due,
        session_id=None,
        **values,
    )
