"""Who leads a session, and who leads it next."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.refusal import said
from fivered.services.forum import errors, rules, storage
from fivered.services.forum.actions.record import (
    answering,
    require_not_own,
    tell,
)


def follow_host(tx: Tx, person_id: str) -> None:
    """Who has left office leads no session of the places of that office."""
    for row in storage.heard.sessions_hosted_by(tx.conn, [person_id], ("SCHEDULED", "OPEN")):
        if not storage.heard.officials_near(tx.conn, [person_id], row.area):
            _hand_on(tx, row, "HOST_LEFT")


def hand_on_from_dead(tx: Tx, people: Sequence[str]) -> None:
    """A session whose host has died is led by another cadre of its community."""
    for row in storage.heard.sessions_hosted_by(tx.conn, people, ("SCHEDULED", "OPEN")):
        _hand_on(tx, row, "HOST_DIED")


def _hand_on(tx: Tx, row: Row, why: str) -> None:
    """Let another cadre of the community lead a session, and tell that cadre.

    Where there is none the person who answers for the community is told instead; its secretary
    leads any session.
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
        topic = storage.agenda.agenda(tx.conn, row.session_id)[0]
        tell(tx, why, topic.topic_id, [told], ref=row.session_id)


_STREET = frozenset({"R_STREET", "R_STREET_LEAD"})


def _free_cadres(tx: Tx, topics: Sequence[Row]) -> list[str]:
    """Return the cadres of the community who have raised none of the topics, nor live with who
    has."""
    own = storage.liaison.household_of(tx.conn, *(topic.proposer for topic in topics))
    return sorted(storage.heard.cadres_of(tx.conn, topics[0].area) - own)


def takes_part(tx: Tx, topics: Sequence[Row], *, field: str = "") -> errors.TakesPart:
    """Return the refusal of a host who has a part in a topic; it names who can lead instead."""
    free = _free_cadres(tx, topics)
    who = ", ".join(free) if free else said("街道 / the street")
    return errors.TakesPart(who=who, substitutes=", ".join(free), field=field)


def require_apart(tx: Tx, topics: Sequence[Row], person_id: str) -> None:
    """Refuse to let somebody lead the talk about what their own household has raised.

    Raises:
        TakesPart: A topic is of that person's household.
    """
    try:
        require_not_own(tx, topics, person_id)
    except errors.OwnMatter:
        raise takes_part(tx, topics) from None


def require_stand_in(tx: Tx, topics: Sequence[Row]) -> None:
    """Refuse the street where the community has somebody of its own who may act.

    Raises:
        NotHost: A cadre of the community may.
    """
    if tx.actor.role in _STREET and _free_cadres(tx, topics):
        raise errors.NotHost


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
        NotHost: The caller is neither the host, in office, nor the community's secretary; or is
            of the street, and a cadre of the community may lead it.
        TakesPart: The caller votes there, or a topic is of the caller's household.
    """
    row = records.locked(tx.conn, storage.tables.sessions, session_id)
    tx.require_scope(row.area)
    if not helpers:
        agenda = storage.agenda.agenda(tx.conn, session_id)
        if tx.actor.role in _STREET:
            require_stand_in(tx, agenda)
        elif tx.actor.role != "R_SECRETARY":
            serving = storage.heard.officials_near(tx.conn, [tx.actor.id], row.area)
            if tx.actor.id != row.host_id or not serving:
                raise errors.NotHost
        require_apart(tx, agenda, tx.actor.id)
        invited = storage.invitations.invitation_of(tx.conn, session_id, tx.actor.id)
        if invited is not None and invited.voting and invited.revoked_at is None:
            raise takes_part(tx, agenda)
    if matched:
        tx.check_version(row.version)
    records.require_state(row, *states)
    return row
