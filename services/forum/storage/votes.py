"""Votes: sealed while they are open, parted from their voters after the close."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.services.forum.storage.tables import (
    ballots,
    roll,
    sealed_votes,
    vote_keys,
    votes,
)


def _of_vote(table: sa.Table, session_id: str, topic_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.session_id == session_id, table.c.topic_id == topic_id)


def half_of(conn: Connection, session_id: str, topic_id: str) -> str | None:
    """Return an open vote's own half of its key; None before the first vote, and for ever after
    the close."""
    asked = sa.select(vote_keys.c.half).where(_of_vote(vote_keys, session_id, topic_id))
    return conn.execute(asked).scalar_one_or_none()


def keep_half(conn: Connection, session_id: str, topic_id: str, half: str) -> None:
    """Keep the half of a vote's key that is made for it."""
    records.add(conn, vote_keys, session_id=session_id, topic_id=topic_id, half=half)


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
    """Forget the votes of a session that ends without a count, and what opens them."""
    for table in (vote_keys, sealed_votes, votes):
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
    the open ballot are gone, and what opens them.

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
    for table in (vote_keys, sealed_votes, votes):
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
