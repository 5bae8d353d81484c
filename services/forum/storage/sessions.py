"""Sessions: agendas, invitations, votes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from chassis import records
from chassis import storage as store
from chassis.records import Row
from chassis.storage import within
from services.forum.storage.rows import near, part_of
from services.forum.storage.tables import (
    ballots,
    invitations,
    roll,
    sealed_votes,
    session_topics,
    sessions,
    topics,
    votes,
)


def agenda(conn: Connection, session_id: str) -> list[Row]:
    """Return the topics of a session in their order, with what was voted."""
    asked = (
        sa.select(
            session_topics,
            topics.c.number,
            topics.c.title,
            topics.c.hidden_at,
            topics.c.state,
            topics.c.scope,
            topics.c.level,
            topics.c.area,
            topics.c.proposer,
            topics.c.session_id.label("at_session"),
            topics.c.version,
        )
        .join(topics, topics.c.topic_id == session_topics.c.topic_id)
        .where(session_topics.c.session_id == session_id)
        .order_by(session_topics.c.ordinal)
    )
    return records.rows(conn, asked)


def tally_of(conn: Connection, session_id: str | None, topic_id: str) -> Row | None:
    """Return what was voted on a topic in a session."""
    asked = sa.select(session_topics).where(
        session_topics.c.session_id == session_id, session_topics.c.topic_id == topic_id
    )
    return records.first(conn, asked)


def close_tally(conn: Connection, session_id: str, topic_id: str, **values: object) -> None:
    """Write down what was voted."""
    conn.execute(
        sa.update(session_topics)
        .where(session_topics.c.session_id == session_id, session_topics.c.topic_id == topic_id)
        .values(**values)
    )


def invitations_of(conn: Connection, session_id: str) -> list[Row]:
    """Return the invitations of a session."""
    asked = sa.select(invitations).where(invitations.c.session_id == session_id)
    return records.rows(conn, asked.order_by(invitations.c.invitation_id))


def coming_near(conn: Connection, area: str) -> list[Row]:
    """Return, locked, the sessions that have not begun in an area, or in one that it lies in."""
    asked = sa.select(sessions).where(sessions.c.state == "SCHEDULED", near(sessions.c.area, area))
    return records.rows(conn, store.lock(asked.order_by(sessions.c.session_id), conn))


def invitation_of(conn: Connection, session_id: str, person_id: str) -> Row | None:
    """Return a person's invitation to a session, or None."""
    asked = sa.select(invitations).where(
        invitations.c.session_id == session_id, invitations.c.person_id == person_id
    )
    return records.first(conn, asked)


def mark_attended(
    conn: Connection, session_id: str, person_ids: Sequence[str], at: datetime
) -> None:
    """Record who has come; the first time stays."""
    conn.execute(
        sa.update(invitations)
        .where(
            invitations.c.session_id == session_id,
            invitations.c.person_id.in_(person_ids),
            invitations.c.attended_at.is_(None),
        )
        .values(attended_at=at, version=invitations.c.version + 1)
    )


def unmark_attended(conn: Connection, row: Row) -> None:
    """Take back that somebody came."""
    records.update(conn, invitations, row, attended_at=None, recorded_at=None)


def ask_again(conn: Connection, session_id: str) -> None:
    """Let everyone invited answer anew; who comes for another keeps his yes."""
    conn.execute(
        sa.update(invitations)
        .where(
            invitations.c.session_id == session_id,
            invitations.c.revoked_at.is_(None),
            invitations.c.via != "DELEGATE",
        )
        .values(answer="NONE", answered_at=None, version=invitations.c.version + 1)
    )


def take_unrecorded(conn: Connection, session_id: str, at: datetime) -> list[Row]:
    """Return those present whose attendance was not said yet, and mark them as said."""
    asked = (
        sa.select(invitations)
        .where(
            invitations.c.session_id == session_id,
            invitations.c.attended_at.is_not(None),
            invitations.c.recorded_at.is_(None),
        )
        .order_by(invitations.c.person_id)
    )
    rows = records.rows(conn, asked)
    if rows:
        conn.execute(
            sa.update(invitations)
            .where(invitations.c.invitation_id.in_([row.invitation_id for row in rows]))
            .values(recorded_at=at)
        )
    return rows


def _of_vote(table: sa.Table, session_id: str, topic_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.session_id == session_id, table.c.topic_id == topic_id)


def has_voted(conn: Connection, session_id: str, topic_id: str, person_id: str) -> bool:
    """Tell whether a person has a vote in an open ballot."""
    for table in (sealed_votes, votes):
        mine = sa.and_(_of_vote(table, session_id, topic_id), table.c.person_id == person_id)
        if conn.execute(sa.select(sa.literal(1)).where(mine)).first() is not None:
            return True
    return False


def cast_vote(
    conn: Connection, session_id: str, topic_id: str, person_id: str, sealed: str
) -> None:
    """Keep a sealed vote; an earlier one of the same person is replaced."""
    drop_vote(conn, session_id, topic_id, person_id)
    records.add(
        conn,
        sealed_votes,
        session_id=session_id,
        topic_id=topic_id,
        person_id=person_id,
        sealed=sealed,
    )


def drop_vote(conn: Connection, session_id: str, topic_id: str, person_id: str) -> None:
    """Take a person's vote out of an open ballot."""
    for table in (sealed_votes, votes):
        mine = sa.and_(_of_vote(table, session_id, topic_id), table.c.person_id == person_id)
        conn.execute(sa.delete(table).where(mine))


def drop_votes(conn: Connection, session_id: str) -> None:
    """Forget the votes of a session that ends without a count."""
    for table in (sealed_votes, votes):
        conn.execute(sa.delete(table).where(table.c.session_id == session_id))


def open_votes(
    conn: Connection, session_id: str, topic_id: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the votes of an open ballot by person: the sealed ones, and those in the clear."""
    asked = sa.select(sealed_votes).where(_of_vote(sealed_votes, session_id, topic_id))
    sealed = {row.person_id: row.sealed for row in records.rows(conn, asked)}
    asked = sa.select(votes).where(_of_vote(votes, session_id, topic_id))
    plain = {row.person_id: row.choice for row in records.rows(conn, asked)}
    return sealed, {person: choice for person, choice in plain.items() if person not in sealed}


def part_votes(
    conn: Connection,
    session_id: str,
    topic_id: str,
    people: Iterable[str],
    choices: Sequence[tuple[str, str]],
) -> None:
    """Put who voted and what was voted into two lists, in orders that tell nothing; the votes of
    the open ballot are gone.

    Args:
        conn: The connection.
        session_id: Of the vote.
        topic_id: Of the vote.
        people: Who voted.
        choices: (random id, choice) of each ballot.
    """
    of = {"session_id": session_id, "topic_id": topic_id}
    records.add_all(conn, roll, [of | {"person_id": person} for person in sorted(people)])
    rows = [of | {"ballot_id": ballot, "choice": choice} for ballot, choice in sorted(choices)]
    records.add_all(conn, ballots, rows)
    for table in (sealed_votes, votes):
        conn.execute(sa.delete(table).where(_of_vote(table, session_id, topic_id)))


def voters_of(conn: Connection, session_id: str, topic_id: str) -> set[str]:
    """Return who voted in a closed vote."""
    asked = sa.select(roll.c.person_id).where(_of_vote(roll, session_id, topic_id))
    return set(conn.execute(asked).scalars())


def count_ballots(conn: Connection, session_id: str, topic_id: str) -> dict[str, int]:
    """Count the ballots of a closed vote by choice."""
    asked = (
        sa.select(ballots.c.choice, sa.func.count())
        .where(_of_vote(ballots, session_id, topic_id))
        .group_by(ballots.c.choice)
    )
    return {row[0]: row[1] for row in conn.execute(asked)}


def count_cast(conn: Connection, session_id: str, topic_id: str) -> int:
    """Count who has voted so far, or had when the vote closed."""
    total = 0
    for table in (sealed_votes, votes, roll):
        asked = sa.select(sa.func.count()).where(_of_vote(table, session_id, topic_id))
        total += int(conn.execute(asked).scalar_one())
    return total


def deputy_invitations(
    conn: Connection, deputy_id: str, start: datetime, end: datetime
) -> list[Row]:
    """Return a deputy's invitations in [start, end)."""
    asked = sa.select(invitations).where(
        invitations.c.source == deputy_id,
        invitations.c.capacity == "DEPUTY",
        invitations.c.created_at >= start,
        invitations.c.created_at < end,
    )
    return records.rows(conn, asked.order_by(invitations.c.created_at))


def session_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    scope: str,
    state: str | None,
    topic_id: str | None,
) -> records.Page:
    """Return sessions of an area, newest first."""
    where = [within(sessions.c.area, scope[:12])]
    if state is not None:
        where.append(sessions.c.state == state)
    if topic_id is not None:
        of = sa.select(session_topics.c.session_id).where(session_topics.c.topic_id == topic_id)
        where.append(sessions.c.session_id.in_(of))
    return part_of(conn, sessions, part, *where, newest_first=True)


def agendas(conn: Connection, session_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return the topics of several sessions, each in its order."""
    asked = (
        sa.select(
            session_topics.c.session_id,
            topics.c.topic_id,
            topics.c.number,
            topics.c.title,
            topics.c.hidden_at,
            topics.c.area,
            topics.c.state,
        )
        .join(topics, topics.c.topic_id == session_topics.c.topic_id)
        .where(session_topics.c.session_id.in_(session_ids))
        .order_by(session_topics.c.session_id, session_topics.c.ordinal)
    )
    found: dict[str, list[Row]] = {}
    for row in records.rows(conn, asked):
        found.setdefault(row.session_id, []).append(row)
    return found


def invitation_page(conn: Connection, part: records.PartOfList, person_id: str) -> records.Page:
    """Return a person's invitations, newest first."""
    return part_of(conn, invitations, part, invitations.c.person_id == person_id, newest_first=True)
