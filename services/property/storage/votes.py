"""The owners' votes: their frozen rolls, ballots, papers and objections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.text import fold
from fivered.services.property.storage import tables as t

Row = records.Row


def _when(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, store.UtcDateTime) for name in names]


def _row() -> list[sa.Column[object]]:
    return [
        sa.Column("area", store.Area, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
    ]


votes = sa.Table(
    "owners_votes",
    t.metadata,
    sa.Column("vote_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("matter", sa.String(24), nullable=False),
    sa.Column("proposal", sa.Text, nullable=False),
    sa.Column("topic_id", store.Id),
    # The one that failed or was set aside, which this one repeats.
    sa.Column("repeats", store.Id, unique=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("abstentions", sa.String(12), nullable=False),
    sa.Column("unreturned", sa.String(12), nullable=False),
    sa.Column("called_by", store.Id, nullable=False),
    sa.Column("opens_at", store.UtcDateTime, nullable=False),
    sa.Column("closes_at", store.UtcDateTime, nullable=False),
    *_when("count_due_at", "counted_at", "objections_until", "final_at"),
    sa.Column("roll_sha256", sa.String(64)),
    sa.Column("left_out", store.Json),
    # Of the result: both counts, what was chosen, which conditions failed.
    sa.Column("counts", store.Json),
    sa.Column("passed", sa.Boolean),
    sa.Column("document", sa.Text),
    sa.Column("document_sha256", sa.String(64)),
    sa.Column("end_reason", sa.Text),
    *_row(),
    sa.Index("ix_owners_votes_area", "area", "created_at", "vote_id"),
    info={"kind": "vote"},
)
# The forum's topics, of which a vote may be the owners' part: how each stands there.
topics = sa.Table(
    "forum_topics",
    t.metadata,
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("community", store.Area, nullable=False),
    # ADOPTED; RECOMMENDED, it waits for the owners; BINDING; CLOSED.
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    # The sequence of the fact that said each column.
    sa.Column("sequences", store.Json),
)
lines = sa.Table(
    "vote_lines",
    t.metadata,
    sa.Column("vote_id", store.Id, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rooms", store.Json, nullable=False),
    sa.Column("organisations", store.Json, nullable=False),
    sa.Column("area_hundredths", sa.BigInteger, nullable=False),
    sa.Column("line_sha256", sa.String(64), nullable=False),
    sa.Column("choice", sa.String(8)),
    sa.Column("via", sa.String(8)),
    sa.Column("cast_by", store.Id),
    *_when("cast_at"),
)
# Which persons have the voice of a line, and by which room it is found.
voters = sa.Table(
    "vote_voters",
    t.metadata,
    sa.Column("voter_id", store.Id, primary_key=True),
    sa.Column("vote_id", store.Id, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("room_id", store.Id, nullable=False),
    # Null of an organisation.
    sa.Column("person_id", store.Id, index=True),
    sa.Index("ix_vote_voters_room", "vote_id", "room_id"),
)
papers = sa.Table(
    "vote_papers",
    t.metadata,
    sa.Column("paper_id", store.Id, primary_key=True),
    sa.Column("vote_id", store.Id, nullable=False, index=True),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("room_id", store.Id, nullable=False),
    sa.Column("choice", sa.String(8), nullable=False),
    sa.Column("paper_ref", sa.String(200), nullable=False),
    sa.Column("evidence", store.Json, nullable=False),
    # On which day the owner gave it back.
    sa.Column("returned_on", sa.Date),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("entered_by", store.Id, nullable=False),
    sa.Column("decided_by", store.Id),
    *_when("decided_at"),
    sa.Column("reason", sa.Text),
    *_row(),
    sa.Index("ix_vote_papers_area", "area", "created_at", "paper_id"),
    info={"kind": "paper"},
)
objections = sa.Table(
    "vote_objections",
    t.metadata,
    sa.Column("objection_id", store.Id, primary_key=True),
    sa.Column("vote_id", store.Id, nullable=False, index=True),
    sa.Column("project_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("decided_by", store.Id),
    *_when("decided_at"),
    sa.Column("reasons", sa.Text),
    *_row(),
    sa.Index("ix_vote_objections_area", "area", "created_at", "objection_id"),
    info={"kind": "vote_objection"},
)


def lines_of(conn: sa.Connection, vote_id: str) -> list[Row]:
    """Return the roll of a vote."""
    asked = sa.select(lines).where(lines.c.vote_id == vote_id).order_by(lines.c.line)
    return records.rows(conn, asked)


def line_of(conn: sa.Connection, vote_id: str, line: int) -> Row:
    """Return a line of a roll, locked: of two ballots of one voice the second sees the first."""
    asked = sa.select(lines).where(lines.c.vote_id == vote_id, lines.c.line == line)
    found = records.first(conn, store.lock(asked, conn))
    if found is None:
        raise LookupError(f"{vote_id} has no line {line}")
    return found


def line_of_room(conn: sa.Connection, vote_id: str, room_id: str) -> int | None:
    """Return the line of the roll to which a room belongs, or None."""
    asked = sa.select(voters.c.line).where(voters.c.vote_id == vote_id, voters.c.room_id == room_id)
    return conn.execute(asked.limit(1)).scalar()


def has_voice(conn: sa.Connection, vote_id: str, line: int, person_id: str) -> bool:
    """Tell whether a person is one of a line's owners."""
    asked = sa.select(voters.c.voter_id).where(
        voters.c.vote_id == vote_id, voters.c.line == line, voters.c.person_id == person_id
    )
    return conn.execute(asked.limit(1)).first() is not None


def is_voter(conn: sa.Connection, vote_id: str, person_id: str) -> bool:
    """Tell whether a person stands on a roll."""
    asked = sa.select(voters.c.voter_id).where(
        voters.c.vote_id == vote_id, voters.c.person_id == person_id
    )
    return conn.execute(asked.limit(1)).first() is not None


def voters_of(conn: sa.Connection, vote_id: str, line_numbers: Iterable[int]) -> list[Row]:
    """Return who has the voices of these lines."""
    asked = sa.select(voters).where(
        voters.c.vote_id == vote_id, voters.c.line.in_(sorted(set(line_numbers)))
    )
    return records.rows(conn, asked.order_by(voters.c.line, voters.c.voter_id))


def persons_of(conn: sa.Connection, vote_id: str) -> list[str]:
    """Return the persons on a roll, each once."""
    mine = voters.c.person_id
    asked = sa.select(mine).where(voters.c.vote_id == vote_id, mine.is_not(None)).distinct()
    return list(conn.execute(asked.order_by(mine)).scalars())


def silent_persons_of(conn: sa.Connection, vote_id: str) -> list[str]:
    """Return the persons with a voice on a roll that has no ballot, each once."""
    mine = voters.c.person_id
    asked = (
        sa.select(mine)
        .join(lines, sa.and_(lines.c.vote_id == voters.c.vote_id, lines.c.line == voters.c.line))
        .where(voters.c.vote_id == vote_id, mine.is_not(None), lines.c.choice.is_(None))
        .distinct()
    )
    return list(conn.execute(asked.order_by(mine)).scalars())


def paper_numbered(conn: sa.Connection, vote_id: str, paper_ref: str) -> str | None:
    """Return the paper of a vote with this number that was not rejected, or None."""
    asked = sa.select(papers.c.paper_id, papers.c.paper_ref).where(
        papers.c.vote_id == vote_id, papers.c.state != "REJECTED"
    )
    wanted = fold(paper_ref)
    return next((key for key, ref in conn.execute(asked) if fold(ref) == wanted), None)


def own_objection(conn: sa.Connection, vote_id: str, person_id: str) -> str | None:
    """Return a person's objection to a vote that nobody has decided, or None."""
    asked = sa.select(objections.c.objection_id).where(
        objections.c.vote_id == vote_id,
        objections.c.person_id == person_id,
        objections.c.state == "OPEN",
    )
    return conn.execute(asked.limit(1)).scalar()


def put_ballot(conn: sa.Connection, row: Row, **values: Any) -> None:
    """Write what a line has chosen, or that it has taken it back."""
    of = (lines.c.vote_id == row.vote_id, lines.c.line == row.line)
    conn.execute(sa.update(lines).where(*of).values(values))


def papers_in(conn: sa.Connection, vote_id: str, state: str) -> list[Row]:
    """Return the papers of a vote in a state, locked."""
    asked = sa.select(papers).where(papers.c.vote_id == vote_id, papers.c.state == state)
    return records.rows(conn, store.lock(asked.order_by(papers.c.paper_id), conn))


def open_objections(conn: sa.Connection, vote_id: str) -> int:
    """Return how many objections to a vote nobody has decided."""
    asked = sa.select(sa.func.count()).where(
        objections.c.vote_id == vote_id, objections.c.state == "OPEN"
    )
    return int(conn.execute(asked).scalar_one())


def my_ballots(person_id: str, now: datetime) -> sa.Select[Any]:
    """Return the query for the own lines of votes that are open, each by one of its rooms, with
    what was chosen."""
    table = votes
    first = voters.alias()
    earlier = sa.exists().where(
        first.c.vote_id == voters.c.vote_id,
        first.c.line == voters.c.line,
        first.c.person_id == person_id,
        first.c.voter_id < voters.c.voter_id,
    )
    return (
        sa.select(
            table.c.vote_id,
            table.c.number,
            table.c.project_id,
            table.c.title,
            table.c.matter,
            table.c.opens_at,
            table.c.closes_at,
            table.c.version,
            voters.c.voter_id,
            voters.c.room_id,
            lines.c.line,
            lines.c.area_hundredths,
            lines.c.choice,
            lines.c.via,
            lines.c.cast_at,
        )
        .join(voters, voters.c.vote_id == table.c.vote_id)
        .join(lines, sa.and_(lines.c.vote_id == voters.c.vote_id, lines.c.line == voters.c.line))
        .where(
            voters.c.person_id == person_id,
            table.c.state == "OPEN",
            table.c.closes_at > now,
            ~earlier,
        )
    )


def running_of_project(conn: sa.Connection, project_ids: Sequence[str]) -> list[Row]:
    """Return the votes of a compound that are not over."""
    asked = sa.select(votes).where(
        votes.c.project_id.in_(list(project_ids)),
        votes.c.state.in_(("ANNOUNCED", "OPEN", "COUNTING", "COUNTED")),
    )
    return records.rows(conn, store.lock(asked.order_by(votes.c.vote_id), conn))
