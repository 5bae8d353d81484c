"""Who leads a session, and who leads it after him."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import records
from chassis.bus import Tx
from chassis.records import Row
from services.forum import errors, rules, storage
from services.forum.actions.record import (
    answering,
    require_not_own,
    tell,
)


def follow_host(tx: Tx, person_id: str) -> None:
    """Who has left his offices leads no session of the places where he held them."""
    for row in storage.heard.sessions_hosted_by(tx.conn, [person_id], ("SCHEDULED", "OPEN")):
        if not storage.heard.officials_near(tx.conn, [person_id], row.area):
            _hand_on(tx, row, "HOST_LEFT")


def hand_on_from_dead(tx: Tx, people: Sequence[str]) -> None:
    """A session whose host has died is led by another cadre of its community."""
    for row in storage.heard.sessions_hosted_by(tx.conn, people, ("SCHEDULED", "OPEN")):
        _hand_on(tx, row, "HOST_DIED")


def _hand_on(tx: Tx, row: Row, why: str) -> None:
    """Let another cadre of the community lead a session; he is told.

    Where there is none whoever answers for the community is told instead; its secretary leads any
    session.
    """
    cadre = storage.heard.cadre_of(tx.conn, row.area)
    host = told = cadre
    if cadre is None:
        host = row.host_id
        told = answering(tx, row.area, rules.COMMUNITY_CADRE).person_id
    records.note(
        tx,
        storage.tables.sessions,
        row,
        step=why.lower(),
        note={"former": row.host_id, "host_id": host},
    )
    if host != row.host_id:
        records.update(tx.conn, storage.tables.sessions, row, host_id=host)
    if told is not None:
        topic = storage.sessions.agenda(tx.conn, row.session_id)[0]
        tell(tx, why, topic.topic_id, [told], ref=row.session_id)


def require_apart(tx: Tx, topics: Sequence[Row], person_id: str) -> None:
    """Refuse to let somebody lead the talk about what he, or who lives with him, has raised.

    Raises:
        TakesPart: A topic is his own, or of his household.
    """
    try:
        require_not_own(tx, topics, person_id)
    except errors.OwnMatter:
        raise errors.TakesPart from None


def led_session(
    tx: Tx, session_id: str, *states: str, matched: bool = True, helpers: bool = False
) -> Row:
    """Return a session that the caller hosts, locked.

    Args:
        tx: The transaction.
        session_id: Which session.
        states: In which it may be.
        matched: Whether the caller must have seen its version.
        helpers: Whether any cadre of the community may do it, and the street above it.

    Raises:
        NotFound: There is none.
        NotHost: The caller is neither the host, in office, nor the community's secretary.
        TakesPart: He votes there, or a topic is his own or of his household.
    """
    row = records.locked(tx.conn, storage.tables.sessions, session_id)
    tx.require_scope(row.area)
    if not helpers:
        if tx.actor.role != "R_SECRETARY":
            serving = storage.heard.officials_near(tx.conn, [tx.actor.id], row.area)
            if tx.actor.id != row.host_id or not serving:
                raise errors.NotHost
        require_apart(tx, storage.sessions.agenda(tx.conn, session_id), tx.actor.id)
        invited = storage.sessions.invitation_of(tx.conn, session_id, tx.actor.id)
        if invited is not None and invited.voting and invited.revoked_at is None:
            raise errors.TakesPart
    if matched:
        tx.check_version(row.version)
    records.require_state(row, *states)
    return row
