"""The forum's tables, and the only SQL that touches them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from chassis import storage as store
from services.forum import rules

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)

Code = sa.String(40)

areas = sa.Table(
    "areas",
    metadata,
    sa.Column("code", store.Area, primary_key=True),
    sa.Column("kind", Code, nullable=False),
)
residents = sa.Table(
    "residents",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("community", store.Area, nullable=False, index=True),
    sa.Column("grid", store.Area),
    sa.Column("household_id", store.Id, index=True),
    sa.Column("is_adult", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
projects = sa.Table(
    "projects",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("company_id", store.Id),
    sa.Column("community", store.Area, index=True),
    sa.Column("grids", store.Json, nullable=False),
    sa.Column("households", sa.Integer, nullable=False),
    sa.Column("status", Code, nullable=False),
    sa.Column("manager", store.Id),
)
project_posts = sa.Table(
    "project_posts",
    metadata,
    sa.Column("appointment_id", store.Id, primary_key=True),
    sa.Column("project_id", store.Id, nullable=False, index=True),
    sa.Column("direction", Code, nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)
# Partners and companies, and who speaks for each of them.
orgs = sa.Table(
    "orgs",
    metadata,
    sa.Column("org_id", store.Id, primary_key=True),
    sa.Column("kind", Code, nullable=False),
    sa.Column("area", store.Area),
    sa.Column("active", sa.Boolean, nullable=False),
)
org_people = sa.Table(
    "org_people",
    metadata,
    sa.Column("org_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True, index=True),
)
opt_ins = sa.Table(
    "opt_ins",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("opted_at", store.UtcDateTime, nullable=False),
    sa.Column("withdrawn_at", store.UtcDateTime),
    sa.Column("entered_by", store.Id, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    # Entered by staff on a paper: who is drawn has said so himself, or two of them have seen it.
    sa.Column("pending", sa.Boolean),
    sa.Column("receipt", sa.String(200)),
    sa.Column("withdrawn_by", store.Id),
)
officials = sa.Table(
    "officials",
    metadata,
    sa.Column("official_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("tier", Code, nullable=False),
    sa.Column("post", sa.String(100), nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("state", Code, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("ended_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
)
liaisons = sa.Table(
    "liaisons",
    metadata,
    sa.Column("link_id", store.Id, primary_key=True),
    sa.Column("official_id", store.Id, nullable=False, index=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("tier", Code, nullable=False),
    sa.Column("target_kind", Code, nullable=False),
    sa.Column("target", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("until", store.UtcDateTime),
    sa.Column("state", Code, nullable=False),
    sa.Column("reason", sa.String(200)),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_liaisons_target", "target_kind", "target", "state"),
)
deputies = sa.Table(
    "deputies",
    metadata,
    sa.Column("deputy_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("kind", Code, nullable=False),
    sa.Column("level", Code, nullable=False),
    sa.Column("term_from", store.UtcDateTime, nullable=False),
    sa.Column("term_to", store.UtcDateTime),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("state", Code, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
deputy_streets = sa.Table(
    "deputy_streets",
    metadata,
    sa.Column("deputy_id", store.Id, primary_key=True),
    sa.Column("street", store.Area, primary_key=True, index=True),
)
numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("series", sa.String(60), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
topics = sa.Table(
    "topics",
    metadata,
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("number", Code, nullable=False, unique=True),
    sa.Column("title", sa.String(50), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("proposer", store.Id, nullable=False, index=True),
    sa.Column("proposer_kind", Code, nullable=False),
    sa.Column("entered_by", store.Id, nullable=False),
    sa.Column("way", Code, nullable=False),
    sa.Column("category", Code, nullable=False),
    sa.Column("level", Code, nullable=False),
    sa.Column("scope", store.Json, nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("grid", store.Area),
    sa.Column("source_request", store.Id),
    sa.Column("resubmits", store.Id),
    sa.Column("new_facts", sa.Text, nullable=False),
    sa.Column("state", Code, nullable=False, index=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("owners_matter", sa.Boolean, nullable=False),
    sa.Column("binding", sa.Boolean),
    sa.Column("escalated", sa.Integer, nullable=False),
    sa.Column("adjournments", sa.Integer, nullable=False),
    sa.Column("objected", sa.Boolean, nullable=False),
    sa.Column("session_id", store.Id),
    sa.Column("opinion_id", store.Id),
    sa.Column("merged_into", store.Id),
    sa.Column("request_id", store.Id),
    sa.Column("request_number", Code),
    sa.Column("hidden_at", store.UtcDateTime),
    sa.Column("hidden_reason", sa.Text),
    sa.Column("reason", Code),
    sa.Column("note", sa.Text),
    sa.Column("appeal", Code),
    sa.Column("result", sa.Text),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("screen_due", store.UtcDateTime, nullable=False),
    sa.Column("adopted_at", store.UtcDateTime, index=True),
    sa.Column("session_due", store.UtcDateTime),
    sa.Column("voted_at", store.UtcDateTime),
    sa.Column("opinion_due", store.UtcDateTime),
    sa.Column("publicised_at", store.UtcDateTime),
    sa.Column("resolved_at", store.UtcDateTime),
    sa.Column("tasks_due", store.UtcDateTime),
    sa.Column("implementing_at", store.UtcDateTime),
    sa.Column("verified_at", store.UtcDateTime),
    sa.Column("closed_at", store.UtcDateTime),
    sa.Column("failed_at", store.UtcDateTime),
    sa.Column("poll_until", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_topics_created_at", "created_at", "topic_id"),
    sa.Index("ix_topics_wall", "area", "created_at", "topic_id"),
)
cosigners = sa.Table(
    "cosigners",
    metadata,
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True, index=True),
    sa.Column("signed_at", store.UtcDateTime, nullable=False),
)
analyses = sa.Table(
    "analyses",
    metadata,
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("level", Code, nullable=False),
    sa.Column("owners_matter", sa.Boolean, nullable=False),
    sa.Column("urgency", Code, nullable=False),
    sa.Column("finding", sa.Text, nullable=False),
    sa.Column("decided_by", store.Id, nullable=False),
    sa.Column("decided_at", store.UtcDateTime, nullable=False),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("session_id", store.Id, primary_key=True),
    sa.Column("level", Code, nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("place", sa.String(100), nullable=False),
    sa.Column("start_at", store.UtcDateTime, nullable=False),
    sa.Column("host_id", store.Id, nullable=False),
    sa.Column("state", Code, nullable=False),
    sa.Column("notice_sent_at", store.UtcDateTime, nullable=False),
    sa.Column("seed", sa.String(64), nullable=False),
    sa.Column("pool", sa.Integer, nullable=False),
    sa.Column("opened_at", store.UtcDateTime),
    sa.Column("ended_at", store.UtcDateTime),
    sa.Column("reason", sa.String(200)),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_sessions_created_at", "created_at", "session_id"),
)
session_topics = sa.Table(
    "session_topics",
    metadata,
    sa.Column("session_id", store.Id, primary_key=True),
    sa.Column("topic_id", store.Id, primary_key=True, index=True),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("in_favour", sa.Integer),
    sa.Column("against", sa.Integer),
    sa.Column("abstain", sa.Integer),
    sa.Column("not_cast", sa.Integer),
    sa.Column("voting_invited", sa.Integer),
    sa.Column("voting_present", sa.Integer),
    sa.Column("resident_present", sa.Integer),
    sa.Column("passed", sa.Boolean),
    sa.Column("closed_at", store.UtcDateTime),
)
invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("invitation_id", store.Id, primary_key=True),
    sa.Column("session_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("capacity", Code, nullable=False),
    sa.Column("voting", sa.Boolean, nullable=False),
    sa.Column("via", Code, nullable=False),
    sa.Column("tier", Code),
    sa.Column("source", store.Id, index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("answer", Code, nullable=False),
    sa.Column("answered_at", store.UtcDateTime),
    sa.Column("delegate", store.Id),
    sa.Column("attended_at", store.UtcDateTime),
    sa.Column("recorded_at", store.UtcDateTime),
    # Where a resident representative lives; none for those who do not speak as residents.
    sa.Column("home", store.Area),
    sa.Column("revoked_at", store.UtcDateTime),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("session_id", "person_id"),
    sa.Index("ix_invitations_mine", "person_id", "created_at"),
)
# While a vote is open, each voter's choice stands sealed beside his name, so that he may change it.
# The close leaves two lists that share nothing but the topic: who voted, and what was voted.
sealed_votes = sa.Table(
    "sealed_votes",
    metadata,
    sa.Column("session_id", store.Id, primary_key=True),
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("sealed", sa.String(120), nullable=False),
)
roll = sa.Table(
    "roll",
    metadata,
    sa.Column("session_id", store.Id, primary_key=True),
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True),
)
ballots = sa.Table(
    "ballots",
    metadata,
    sa.Column("ballot_id", store.Id, primary_key=True),
    sa.Column("session_id", store.Id, nullable=False),
    sa.Column("topic_id", store.Id, nullable=False),
    sa.Column("choice", Code, nullable=False),
    sa.Index("ix_ballots_topic_id", "topic_id", "session_id"),
)
# Votes in the clear, as release 0.1 kept them; nothing is added, the close of a vote empties it.
votes = sa.Table(
    "votes",
    metadata,
    sa.Column("session_id", store.Id, primary_key=True),
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("choice", Code, nullable=False),
    sa.Column("cast_at", store.UtcDateTime, nullable=False),
)
opinions = sa.Table(
    "opinions",
    metadata,
    sa.Column("opinion_id", store.Id, primary_key=True),
    sa.Column("topic_id", store.Id, nullable=False, index=True),
    sa.Column("session_id", store.Id, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("dissent", sa.Text, nullable=False),
    sa.Column("planned", store.Json, nullable=False),
    sa.Column("warnings", store.Json, nullable=False),
    sa.Column("state", Code, nullable=False),
    sa.Column("notice_number", Code),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("drafted_by", store.Id, nullable=False),
    sa.Column("publicised_at", store.UtcDateTime),
    sa.Column("ends_at", store.UtcDateTime),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_opinions_created_at", "created_at", "opinion_id"),
    sa.Index("ix_opinions_board", "area", "created_at", "opinion_id"),
)
objections = sa.Table(
    "objections",
    metadata,
    sa.Column("objection_id", store.Id, primary_key=True),
    sa.Column("topic_id", store.Id, nullable=False),
    sa.Column("opinion_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # `claimed` is what the objector says, `directly_affected` what the registry or staff confirm;
    # `concerned`: he lives where the topic has its residents.
    sa.Column("directly_affected", sa.Boolean, nullable=False),
    sa.Column("claimed", sa.Boolean),
    sa.Column("concerned", sa.Boolean),
    sa.Column("outcome", Code),
    sa.Column("reasons", sa.Text),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("state", Code, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.UniqueConstraint("opinion_id", "person_id"),
    sa.Index("ix_objections_person_id", "person_id", "created_at"),
    sa.Index("ix_objections_topic_id", "topic_id", "created_at"),
)
objection_decisions = sa.Table(
    "objection_decisions",
    metadata,
    sa.Column("opinion_id", store.Id, primary_key=True),
    sa.Column("side", Code, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("outcome", Code, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("decided_at", store.UtcDateTime, nullable=False),
)
owners_votes = sa.Table(
    "owners_votes",
    metadata,
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("special", sa.Boolean, nullable=False),
    sa.Column("counts", store.Json, nullable=False),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("recorded_by", store.Id, nullable=False),
    sa.Column("recorded_at", store.UtcDateTime, nullable=False),
)
tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("task_id", store.Id, primary_key=True),
    sa.Column("topic_id", store.Id, nullable=False, index=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("title", sa.String(100), nullable=False),
    sa.Column("responsible_kind", Code, nullable=False),
    sa.Column("responsible_id", store.Id, nullable=False),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    sa.Column("budget_fen", sa.BigInteger),
    sa.Column("funding", sa.String(100)),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("grid", store.Area),
    sa.Column("state", Code, nullable=False),
    sa.Column("overdue_level", sa.Integer, nullable=False),
    sa.Column("reworks", sa.Integer, nullable=False),
    sa.Column("supervisions_missed", sa.Integer, nullable=False),
    sa.Column("percent", sa.Integer, nullable=False),
    sa.Column("evidence", store.Json, nullable=False),
    sa.Column("work_id", store.Id),
    sa.Column("supervisor_accepted", store.Id),
    sa.Column("cadre_accepted", store.Id),
    sa.Column("started_at", store.UtcDateTime),
    sa.Column("delivered_at", store.UtcDateTime),
    sa.Column("accepted_at", store.UtcDateTime),
    sa.Column("replaces", store.Id),
    sa.Column("extensions", sa.Integer),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_tasks_created_at", "created_at", "task_id"),
    sa.Index("ix_tasks_ledger", "area", "created_at", "task_id"),
    sa.Index("ix_tasks_responsible_id", "responsible_id", "created_at"),
)
supervisors = sa.Table(
    "supervisors",
    metadata,
    sa.Column("task_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True, index=True),
    sa.Column("appointed_at", store.UtcDateTime, nullable=False),
)
supervisions = sa.Table(
    "supervisions",
    metadata,
    sa.Column("record_id", store.Id, primary_key=True),
    sa.Column("task_id", store.Id, nullable=False, index=True),
    sa.Column("topic_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("kind", Code, nullable=False),
    sa.Column("finding", sa.Text, nullable=False),
    sa.Column("media", store.Json, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_supervisions_person_id", "person_id", "created_at", "record_id"),
)
polls = sa.Table(
    "polls",
    metadata,
    sa.Column("topic_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("stars", sa.Integer, nullable=False),
    sa.Column("rated_at", store.UtcDateTime, nullable=False),
)
history = sa.Table(
    "history",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("kind", Code, nullable=False),
    sa.Column("ref", store.Id, nullable=False),
    sa.Column("topic_id", store.Id),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Column("action", Code, nullable=False),
    sa.Column("state", Code),
    sa.Column("actor", store.Id, nullable=False),
    sa.Column("role", Code, nullable=False),
    sa.Column("detail", store.Json, nullable=False),
    sa.Index("ix_history_topic_id", "topic_id", "id"),
    sa.Index("ix_history_ref", "kind", "ref"),
    sqlite_autoincrement=True,
)
escalations = sa.Table(
    "escalations",
    metadata,
    sa.Column("escalation_id", store.Id, primary_key=True),
    sa.Column("topic_id", store.Id, nullable=False, index=True),
    sa.Column("task_id", store.Id),
    sa.Column("deadline", Code, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("tier", Code, nullable=False),
    sa.Column("official_id", store.Id),
    sa.Column("person_id", store.Id, index=True),
    sa.Column("acting", sa.Boolean, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    # What other services laid before the chain has no topic of ours; it is named by kind and id.
    sa.Column("source", Code),
    sa.Column("ref", store.Id),
    sa.Column("number", Code),
    sa.Column("grid", store.Area),
    # Whose it is, and which officials are a party of it.
    sa.Column("reporter_id", store.Id),
    sa.Column("barred", store.Json),
    sa.Column("state", Code, nullable=False, server_default="OPEN"),
    sa.Column("outcome", Code),
    sa.Column("done", sa.Text),
    sa.Column("done_by", store.Id),
    sa.Column("done_at", store.UtcDateTime),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Index("ix_escalations_area", "area", "created_at"),
    sa.Index("ix_escalations_ref", "ref"),
    sa.Index("ix_escalations_created_at", "created_at", "escalation_id"),
)
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("code", Code, nullable=False),
    sa.Column("topic_id", store.Id, nullable=False),
    sa.Column("ref", store.Id),
    sa.Column("detail", store.Json),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_messages_person_id", "person_id", "created_at"),
)

# A row as it was read, or as it is after a change.
Row = Mapping[str, Any]


def _rows(conn: Connection, asked: sa.Executable) -> list[Row]:
    return [cast("Row", row) for row in conn.execute(asked).mappings()]


def _row(conn: Connection, asked: sa.Executable) -> Row | None:
    return cast("Row | None", conn.execute(asked).mappings().first())


# --------------------------------------------------------------------------------------------------
# One row


def _key(table: sa.Table) -> sa.Column[Any]:
    return next(iter(table.primary_key.columns))


def within(column: sa.ColumnElement[Any], area: str) -> sa.ColumnElement[bool]:
    """Return the condition that a code lies in an area: a range of an index, not a pattern."""
    if not area:
        return sa.true()
    # The next code of the same size ends the range of those that begin with `area`. Digits sort
    # alike under every collation.
    return sa.and_(column >= area, column < str(int(area) + 1).zfill(len(area)))


def find(conn: Connection, table: sa.Table, row_id: str) -> Row | None:
    """Return a row by its id, or None."""
    return _row(conn, sa.select(table).where(_key(table) == row_id))


def find_locked(conn: Connection, table: sa.Table, row_id: str) -> Row | None:
    """Return a row by its id, locked until the transaction ends, or None."""
    asked = store.lock(sa.select(table).where(_key(table) == row_id), conn)
    return _row(conn, asked)


def known(conn: Connection, table: sa.Table, row_id: str, *, locked: bool = False) -> Row:
    """Return a row that our own rows point at.

    Raises:
        LookupError: It is gone, which no action of ours can bring about.
    """
    row = find_locked(conn, table, row_id) if locked else find(conn, table, row_id)
    if row is None:
        raise LookupError(f"{table.name} has no {row_id}")
    return row


def lives_within(area: str) -> sa.ColumnElement[bool]:
    """Return the condition that a resident lives in an area; an index on the community is used."""
    community = within(residents.c.community, area[:12])
    return community if len(area) <= 12 else sa.and_(community, residents.c.grid == area)


def add(conn: Connection, table: sa.Table, **values: Any) -> None:
    """Insert one row."""
    conn.execute(table.insert().values(**values))


def add_all(conn: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert several rows; none is fine."""
    if rows:
        conn.execute(table.insert(), [dict(row) for row in rows])


def add_new(conn: Connection, table: sa.Table, **values: Any) -> bool:
    """Insert one row unless its key is taken. Returns whether it was new."""
    statement = store.insert(conn, table).values(**values).on_conflict_do_nothing()
    # The count of affected rows is not told alike by both drivers; what comes back is.
    return conn.execute(statement.returning(_key(table))).first() is not None


def change(conn: Connection, table: sa.Table, row: Mapping[str, Any], **values: Any) -> Row:
    """Change a row that the caller has locked; its version goes up by one. Returns it as it is."""
    key = _key(table)
    conn.execute(
        sa.update(table).where(key == row[key.name]).values(version=row["version"] + 1, **values)
    )
    return {**row, **values, "version": row["version"] + 1}


def next_number(conn: Connection, series: str) -> int:
    """Return the next number of a series, counted from 1, without gaps between commits."""
    statement = store.insert(conn, numbers).values(series=series, last=1)
    counted = statement.on_conflict_do_update(
        index_elements=["series"], set_={"last": numbers.c.last + 1}
    ).returning(numbers.c.last)
    return int(conn.execute(counted).scalar_one())


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for.

    Attributes:
        limit: Most rows that are shown; one more is read, to know whether there are others.
        after: (created_at, id) of the last row that was shown.
        back: Read from there towards the beginning.
    """

    limit: int
    after: tuple[datetime, str] | None = None
    back: bool = False


def _read(
    conn: Connection,
    table: sa.Table,
    page: Page,
    *where: sa.ColumnElement[bool],
    newest_first: bool = False,
    at: sa.Column[Any] | None = None,
) -> list[Row]:
    """Return at most limit + 1 rows in the order (created_at, id), or backwards.

    Args:
        conn: The connection.
        table: Which rows.
        page: Which part of them.
        where: What holds of each.
        newest_first: Whether the order is from the newest to the oldest.
        at: What stands for `created_at`; the rows bear it under that name too.
    """
    newest_first = newest_first != page.back
    key = _key(table)
    asked = sa.select(table).where(*where)
    if at is None:
        at = table.c.created_at
    else:
        asked = asked.add_columns(at.label("created_at"))
    if page.after is not None:
        place = sa.tuple_(at, key)
        # Bound with the columns' own types, so that both databases compare instants alike.
        mark = sa.tuple_(
            sa.bindparam(None, page.after[0], at.type), sa.bindparam(None, page.after[1], key.type)
        )
        asked = asked.where(place < mark if newest_first else place > mark)
    order = (at.desc(), key.desc()) if newest_first else (at, key)
    return _rows(conn, asked.order_by(*order).limit(page.limit + 1))


# --------------------------------------------------------------------------------------------------
# Projections of what is heard


def upsert_areas(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep which areas exist."""
    statement = store.insert(conn, areas)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_={"kind": statement.excluded.kind}
        ),
        [dict(row) for row in rows],
    )


def upsert_residents(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep residents; an older state of the registry never overwrites a newer one."""
    statement = store.insert(conn, residents)
    names = ("community", "grid", "household_id", "is_adult", "active", "sequence")
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id"],
            set_={name: statement.excluded[name] for name in names},
            where=statement.excluded.sequence > residents.c.sequence,
        ),
        [dict(row) for row in rows],
    )


def update_residents(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change residents whom we know; rows have the same members, person_id and sequence among
    them. An older state never overwrites a newer one."""
    values = [
        {("b_person_id" if name == "person_id" else name): value for name, value in row.items()}
        | {"b_sequence": row["sequence"]}
        for row in rows
    ]
    conn.execute(
        sa.update(residents).where(
            residents.c.person_id == sa.bindparam("b_person_id"),
            residents.c.sequence <= sa.bindparam("b_sequence"),
        ),
        values,
    )


def withdraw_from_draw(conn: Connection, person_ids: Sequence[str], at: datetime) -> None:
    """Take people out of every draw."""
    conn.execute(
        sa.update(opt_ins)
        .where(opt_ins.c.person_id.in_(person_ids), opt_ins.c.withdrawn_at.is_(None))
        .values(withdrawn_at=at, version=opt_ins.c.version + 1)
    )


def coming_invitations(conn: Connection, person_ids: Sequence[str]) -> list[Row]:
    """Return the invitations, still standing, of resident representatives to sessions that have
    not ended."""
    asked = (
        sa.select(invitations)
        .join(sessions, sessions.c.session_id == invitations.c.session_id)
        .where(
            invitations.c.person_id.in_(person_ids),
            invitations.c.capacity == "RESIDENT_REP",
            invitations.c.revoked_at.is_(None),
            sessions.c.state.in_(("SCHEDULED", "OPEN")),
        )
        .order_by(invitations.c.invitation_id)
    )
    return _rows(conn, asked)


def cadre_of(conn: Connection, area: str) -> str | None:
    """Return the person of a community's longest-serving cadre, or None."""
    asked = (
        sa.select(officials.c.person_id)
        .where(
            officials.c.tier == "COMMUNITY_CADRE",
            officials.c.area == area,
            officials.c.state == "ACTIVE",
        )
        .order_by(officials.c.created_at, officials.c.official_id)
    )
    found: str | None = conn.execute(asked.limit(1)).scalar()
    return found


def sessions_hosted_by(conn: Connection, people: Sequence[str], states: Sequence[str]) -> list[Row]:
    """Return the sessions in the given states that people host, locked."""
    asked = sa.select(sessions).where(
        sessions.c.host_id.in_(people), sessions.c.state.in_(list(states))
    )
    return _rows(conn, store.lock(asked.order_by(sessions.c.session_id), conn))


def upsert_org(conn: Connection, org_id: str, **values: Any) -> None:
    """Keep a partner or a company; only the given columns of a known one change."""
    base = {"org_id": org_id, "kind": "PARTNER", "active": True} | values
    statement = store.insert(conn, orgs).values(**base)
    changed = {name: statement.excluded[name] for name in values}
    conn.execute(statement.on_conflict_do_update(index_elements=["org_id"], set_=changed))


def set_org_people(conn: Connection, org_id: str, people: Sequence[str]) -> None:
    """Keep who speaks for an organisation."""
    conn.execute(sa.delete(org_people).where(org_people.c.org_id == org_id))
    rows = [{"org_id": org_id, "person_id": person} for person in dict.fromkeys(people)]
    add_all(conn, org_people, rows)


# Where a person stands alone in a row, and where he shares its key with something else.
_PERSON_COLUMNS = (
    topics.c.proposer,
    officials.c.person_id,
    liaisons.c.person_id,
    deputies.c.person_id,
    projects.c.manager,
    project_posts.c.person_id,
    sessions.c.host_id,
    invitations.c.delegate,
    objection_decisions.c.person_id,
    tasks.c.supervisor_accepted,
    tasks.c.cadre_accepted,
    supervisions.c.person_id,
    escalations.c.person_id,
    escalations.c.reporter_id,
    messages.c.person_id,
)
_PERSON_KEYS = (
    (opt_ins, ()),
    (cosigners, ("topic_id",)),
    (invitations, ("session_id",)),
    (votes, ("session_id", "topic_id")),
    (sealed_votes, ("session_id", "topic_id")),
    (roll, ("session_id", "topic_id")),
    (objections, ("opinion_id",)),
    (supervisors, ("task_id",)),
    (polls, ("topic_id",)),
    (org_people, ("org_id",)),
)


def merge_person(conn: Connection, old: str, into: str) -> None:
    """Let everything that one id of a person has be of the other id; what both have stays once."""
    for column in _PERSON_COLUMNS:
        conn.execute(sa.update(column.table).where(column == old).values({column.name: into}))
    for table, key in _PERSON_KEYS:
        person = table.c.person_id
        other = table.alias()
        both = sa.exists().where(
            other.c.person_id == into, *(other.c[name] == table.c[name] for name in key)
        )
        conn.execute(sa.delete(table).where(person == old, both))
        conn.execute(sa.update(table).where(person == old).values(person_id=into))
    proposed = sa.select(topics.c.topic_id).where(topics.c.proposer == into)
    conn.execute(
        sa.delete(cosigners).where(
            cosigners.c.person_id == into, cosigners.c.topic_id.in_(proposed)
        )
    )
    conn.execute(sa.update(residents).where(residents.c.person_id == old).values(active=False))


def upsert_project(conn: Connection, **values: Any) -> None:
    """Keep a project; only the given columns of a known one change."""
    base = {"grids": [], "households": 0, "status": "IN_SERVICE"} | values
    statement = store.insert(conn, projects).values(**base)
    changed = {name: statement.excluded[name] for name in values if name != "project_id"}
    conn.execute(statement.on_conflict_do_update(index_elements=["project_id"], set_=changed))


def upsert_post(conn: Connection, **values: Any) -> None:
    """Keep who holds a post across a project and its community."""
    statement = store.insert(conn, project_posts).values(**values)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["appointment_id"],
            set_={"active": statement.excluded.active, "person_id": statement.excluded.person_id},
        )
    )


def known_areas(conn: Connection, codes: Sequence[str]) -> set[str]:
    """Return those of the codes that exist."""
    return set(conn.execute(sa.select(areas.c.code).where(areas.c.code.in_(codes))).scalars())


def communities(conn: Connection) -> list[str]:
    """Return every community that is known, or in which something happened."""
    known = sa.select(areas.c.code).where(sa.func.length(areas.c.code) == 12)
    return sorted(conn.execute(known.union(sa.select(topics.c.area))).scalars())


def first_community(conn: Connection, street: str) -> str | None:
    """Return the lowest community code of a street."""
    asked = sa.select(sa.func.min(areas.c.code)).where(
        sa.func.length(areas.c.code) == 12, within(areas.c.code, street)
    )
    return conn.execute(asked).scalar()


def areas_in(conn: Connection, scope: str, digits: int) -> list[str]:
    """Return the codes of a size that lie in a scope."""
    asked = sa.select(areas.c.code).where(
        sa.func.length(areas.c.code) == digits, within(areas.c.code, scope)
    )
    return sorted(conn.execute(asked).scalars())


def residents_of(conn: Connection, person_ids: Sequence[str]) -> dict[str, Row]:
    """Return the active residents among the persons."""
    asked = sa.select(residents).where(
        residents.c.person_id.in_(person_ids), residents.c.active.is_(True)
    )
    return {row["person_id"]: row for row in _rows(conn, asked)}


def people_of_projects(conn: Connection, project_ids: Sequence[str]) -> set[str]:
    """Return who is bound to projects: managers, holders of posts, representatives of companies."""
    posts = sa.select(project_posts.c.person_id).where(
        project_posts.c.project_id.in_(project_ids), project_posts.c.active.is_(True)
    )
    managers = sa.select(projects.c.manager).where(
        projects.c.project_id.in_(project_ids), projects.c.manager.is_not(None)
    )
    companies = (
        sa.select(org_people.c.person_id)
        .join(projects, projects.c.company_id == org_people.c.org_id)
        .where(projects.c.project_id.in_(project_ids))
    )
    return set(conn.execute(posts.union(managers, companies)).scalars())


def operators_near(conn: Connection, area: str) -> set[str]:
    """Return who runs a partner whose area holds `area` or lies in it."""
    above = [area[:digits] for digits in (6, 9, 12, 15) if digits <= len(area)]
    asked = (
        sa.select(org_people.c.person_id)
        .join(orgs, orgs.c.org_id == org_people.c.org_id)
        .where(
            orgs.c.kind == "PARTNER",
            orgs.c.active.is_(True),
            sa.or_(orgs.c.area.in_(above), within(orgs.c.area, area)),
        )
    )
    return set(conn.execute(asked).scalars())


def officials_near(conn: Connection, people: Sequence[str], area: str) -> set[str]:
    """Return those of the people who are officials of an area that holds `area` or lies in it."""
    above = [area[:digits] for digits in (6, 9, 12, 15) if digits <= len(area)]
    asked = sa.select(officials.c.person_id).where(
        officials.c.person_id.in_(people),
        officials.c.state == "ACTIVE",
        sa.or_(officials.c.area.in_(above), within(officials.c.area, area)),
    )
    return set(conn.execute(asked).scalars())


def deputies_of(conn: Connection, people: Sequence[str], street: str, now: datetime) -> set[str]:
    """Return those of the people who are deputies in office for a street."""
    asked = (
        sa.select(deputies.c.person_id)
        .join(deputy_streets, deputy_streets.c.deputy_id == deputies.c.deputy_id)
        .where(
            deputies.c.person_id.in_(people),
            deputy_streets.c.street == street,
            deputies.c.state == "ACTIVE",
            deputies.c.term_from <= now,
            sa.or_(deputies.c.term_to.is_(None), deputies.c.term_to > now),
        )
    )
    return set(conn.execute(asked).scalars())


def projects_of(conn: Connection, community: str) -> list[Row]:
    """Return the projects of a community, or of all of a street, by id."""
    asked = sa.select(projects).where(within(projects.c.community, community))
    return _rows(conn, asked.order_by(projects.c.project_id))


def adults_per_grid(conn: Connection, grids: Sequence[str]) -> dict[str, int]:
    """Count the adult residents of grids."""
    asked = (
        sa.select(residents.c.grid, sa.func.count())
        .where(
            residents.c.grid.in_(grids),
            residents.c.is_adult.is_(True),
            residents.c.active.is_(True),
        )
        .group_by(residents.c.grid)
    )
    return {row[0]: row[1] for row in conn.execute(asked)}


# --------------------------------------------------------------------------------------------------
# Liaison


def grid_of_household(conn: Connection, household_id: str) -> str | None:
    """Return the grid of a household, known through its residents."""
    asked = (
        sa.select(residents.c.grid)
        .where(residents.c.household_id == household_id, residents.c.grid.is_not(None))
        .order_by(residents.c.active.desc(), residents.c.person_id)
        .limit(1)
    )
    return conn.execute(asked).scalar()


def active_link(conn: Connection, official_id: str, target_kind: str, target: str) -> Row | None:
    """Return the active link of an official to a target, or None."""
    asked = sa.select(liaisons).where(
        liaisons.c.official_id == official_id,
        liaisons.c.target_kind == target_kind,
        liaisons.c.target == target,
        liaisons.c.state == "ACTIVE",
    )
    return _row(conn, asked)


def links_of_official(conn: Connection, official_id: str) -> list[Row]:
    """Return the active links of an official, locked, in id order."""
    asked = (
        sa.select(liaisons)
        .where(liaisons.c.official_id == official_id, liaisons.c.state == "ACTIVE")
        .order_by(liaisons.c.link_id)
    )
    return _rows(conn, store.lock(asked, conn))


def answering(
    conn: Connection, steps: Sequence[rules.ChainStep], grid: str | None
) -> dict[rules.ChainStep, list[Row]]:
    """Return who answers for each rung of a chain, the longest-serving first.

    Args:
        conn: The connection.
        steps: The rungs.
        grid: The grid of the target; its grid workers answer for it and for each of its
            households without a link of their own.
    """
    wanted = sa.or_(
        *(
            sa.and_(liaisons.c.target_kind == s.target_kind, liaisons.c.target == s.target)
            for s in steps
            if s.target is not None
        ),
        sa.false(),
    )
    linked = (
        sa.select(
            liaisons.c.tier,
            liaisons.c.target,
            liaisons.c.link_id,
            liaisons.c.official_id,
            liaisons.c.person_id,
            liaisons.c.since,
        )
        .where(wanted, liaisons.c.state == "ACTIVE")
        .order_by(liaisons.c.since, liaisons.c.link_id)
    )
    found: dict[rules.ChainStep, list[Row]] = {step: [] for step in steps}
    for row in _rows(conn, linked):
        for step in steps:
            if (step.tier, step.target) == (row["tier"], row["target"]):
                found[step].append(row)
    for step in steps:
        if step.tier == rules.GRID_WORKER and grid:
            seen = {row["official_id"] for row in found[step]}
            workers = grid_workers(conn, [grid])
            found[step] += [row for row in workers if row["official_id"] not in seen]
    return found


def chain_of(
    conn: Connection, target: str, grid: str | None, barred: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Return the liaison chain above a target, gaps shown.

    Args:
        conn: The connection.
        target: A household id or the code of an area.
        grid: The grid of the household.
        barred: Persons before whom a matter is not laid: it is theirs.
    """
    steps = rules.chain_steps(target, grid)
    place = grid or (target if target.isdigit() and len(target) == 15 else None)
    found = answering(conn, steps, place)
    impartial = {
        step: [row for row in officials if row["person_id"] not in barred]
        for step, officials in found.items()
    }
    return rules.chain(steps, impartial)


def grid_workers(conn: Connection, grids: Sequence[str]) -> list[Row]:
    """Return the grid workers of grids in the form of a link that nobody had to make."""
    asked = (
        sa.select(
            officials.c.tier,
            officials.c.area.label("target"),
            sa.null().label("link_id"),
            officials.c.official_id,
            officials.c.person_id,
            officials.c.created_at.label("since"),
        )
        .where(
            officials.c.tier == rules.GRID_WORKER,
            officials.c.area.in_(grids),
            officials.c.state == "ACTIVE",
        )
        .order_by(officials.c.created_at, officials.c.official_id)
    )
    return _rows(conn, asked)


def linked(conn: Connection, tier: str, targets: Sequence[str]) -> list[Row]:
    """Return the officials of a tier who answer for any of the targets, longest-serving first."""
    if tier == rules.GRID_WORKER:
        return grid_workers(conn, targets)
    asked = (
        sa.select(liaisons)
        .where(
            liaisons.c.tier == tier,
            liaisons.c.target.in_(targets),
            liaisons.c.state == "ACTIVE",
        )
        .order_by(liaisons.c.since, liaisons.c.link_id)
    )
    return _rows(conn, asked)


def linked_targets(conn: Connection, target_kind: str, scope: str) -> set[str]:
    """Return the targets of a kind, within a scope, that have an active link."""
    asked = sa.select(liaisons.c.target).where(
        liaisons.c.target_kind == target_kind,
        liaisons.c.state == "ACTIVE",
        within(liaisons.c.area, scope),
    )
    return set(conn.execute(asked.distinct()).scalars())


def worked_grids(conn: Connection, scope: str) -> set[str]:
    """Return the grids within a scope that have a grid worker."""
    asked = sa.select(officials.c.area).where(
        officials.c.tier == rules.GRID_WORKER,
        officials.c.state == "ACTIVE",
        within(officials.c.area, scope),
    )
    return set(conn.execute(asked.distinct()).scalars())


def household_of(conn: Connection, person_id: str) -> set[str]:
    """Return a person with those who live with him now."""
    home = (
        sa.select(residents.c.household_id)
        .where(residents.c.person_id == person_id, residents.c.active)
        .scalar_subquery()
    )
    asked = sa.select(residents.c.person_id).where(
        residents.c.household_id == home, residents.c.active
    )
    return {person_id, *conn.execute(asked).scalars()}


def households_in(conn: Connection, scope: str) -> list[tuple[str, str | None]]:
    """Return (household, grid) of the households with an active resident in a scope."""
    asked = (
        sa.select(residents.c.household_id, sa.func.min(residents.c.grid))
        .where(
            residents.c.household_id.is_not(None),
            residents.c.active.is_(True),
            lives_within(scope),
        )
        .group_by(residents.c.household_id)
        .order_by(residents.c.household_id)
    )
    return [(row[0], row[1]) for row in conn.execute(asked)]


def offices_of(conn: Connection, people: Sequence[str]) -> list[Row]:
    """Return the active offices of people, locked."""
    asked = sa.select(officials).where(
        officials.c.person_id.in_(people), officials.c.state == "ACTIVE"
    )
    return _rows(conn, store.lock(asked.order_by(officials.c.official_id), conn))


def mandates_of(conn: Connection, people: Sequence[str]) -> list[Row]:
    """Return the active mandates of people, locked."""
    asked = sa.select(deputies).where(
        deputies.c.person_id.in_(people), deputies.c.state == "ACTIVE"
    )
    return _rows(conn, store.lock(asked.order_by(deputies.c.deputy_id), conn))


def official_of(conn: Connection, person_id: str, tier: str) -> Row | None:
    """Return the active official of a tier that a person is, or None."""
    asked = (
        sa.select(officials)
        .where(
            officials.c.person_id == person_id,
            officials.c.tier == tier,
            officials.c.state == "ACTIVE",
        )
        .order_by(officials.c.official_id)
        .limit(1)
    )
    return _row(conn, asked)


# --------------------------------------------------------------------------------------------------
# Deputies and the draw


def streets_of(conn: Connection, deputy_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the streets of each deputy."""
    found: dict[str, list[str]] = {}
    asked = sa.select(deputy_streets).where(deputy_streets.c.deputy_id.in_(deputy_ids))
    for row in conn.execute(asked.order_by(deputy_streets.c.street)):
        found.setdefault(row.deputy_id, []).append(row.street)
    return found


def deputies_covering(
    conn: Connection, street: str, *, now: datetime, since: datetime
) -> list[Row]:
    """Return the deputies in office whose constituency holds a street, with the number of their
    invitations after `since`."""
    invited = (
        sa.select(sa.func.count())
        .where(
            invitations.c.source == deputies.c.deputy_id,
            invitations.c.capacity == "DEPUTY",
            invitations.c.created_at > since,
        )
        .scalar_subquery()
    )
    asked = (
        sa.select(
            deputies.c.deputy_id, deputies.c.person_id, deputies.c.kind, invited.label("invited")
        )
        .join(deputy_streets, deputy_streets.c.deputy_id == deputies.c.deputy_id)
        .where(
            deputy_streets.c.street == street,
            deputies.c.state == "ACTIVE",
            deputies.c.term_from <= now,
            sa.or_(deputies.c.term_to.is_(None), deputies.c.term_to > now),
        )
        .order_by(deputies.c.deputy_id)
    )
    return _rows(conn, asked)


def draw_pool(conn: Connection, scope: Sequence[str], without: Iterable[str]) -> list[str]:
    """Return the adults of a scope who opted in to the draw, but for those on the list already."""
    inside = sa.or_(*(lives_within(code) for code in scope))
    asked = (
        sa.select(residents.c.person_id)
        .join(opt_ins, opt_ins.c.person_id == residents.c.person_id)
        .where(
            inside,
            residents.c.is_adult.is_(True),
            residents.c.active.is_(True),
            opt_ins.c.withdrawn_at.is_(None),
            opt_ins.c.pending.is_not(True),
        )
    )
    leave_out = set(without)
    return sorted(p for p in conn.execute(asked).scalars() if p not in leave_out)


# --------------------------------------------------------------------------------------------------
# Topics, sessions, votes


def topics_locked(conn: Connection, topic_ids: Iterable[str]) -> dict[str, Row]:
    """Return topics, locked. Locking in id order makes a second session wait, not deadlock."""
    asked = sa.select(topics).where(topics.c.topic_id.in_(sorted(topic_ids)))
    rows = _rows(conn, store.lock(asked.order_by(topics.c.topic_id), conn))
    return {row["topic_id"]: row for row in rows}


def topics_named(conn: Connection, topic_ids: Sequence[str]) -> dict[str, str]:
    """Return topic id -> number."""
    asked = sa.select(topics.c.topic_id, topics.c.number).where(topics.c.topic_id.in_(topic_ids))
    return {row.topic_id: row.number for row in conn.execute(asked)}


def cosigners_of(conn: Connection, topic_ids: Sequence[str]) -> list[Row]:
    """Return the cosigners of topics, earliest first."""
    asked = sa.select(cosigners).where(cosigners.c.topic_id.in_(topic_ids))
    return _rows(conn, asked.order_by(cosigners.c.signed_at, cosigners.c.person_id))


def sign(conn: Connection, topic_id: str, person_ids: Sequence[str], at: datetime) -> int:
    """Add signatures that are not there yet. Returns how many were new."""
    new = 0
    for person_id in dict.fromkeys(person_ids):
        new += add_new(conn, cosigners, topic_id=topic_id, person_id=person_id, signed_at=at)
    return new


def analysis_of(conn: Connection, topic: Mapping[str, Any]) -> Row | None:
    """Return the analysis of the topic's present round."""
    asked = sa.select(analyses).where(
        analyses.c.topic_id == topic["topic_id"], analyses.c.round == topic["round"]
    )
    return _row(conn, asked)


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
            topics.c.session_id.label("at_session"),
            topics.c.version,
        )
        .join(topics, topics.c.topic_id == session_topics.c.topic_id)
        .where(session_topics.c.session_id == session_id)
        .order_by(session_topics.c.ordinal)
    )
    return _rows(conn, asked)


def tally_of(conn: Connection, session_id: str | None, topic_id: str) -> Row | None:
    """Return what was voted on a topic in a session."""
    asked = sa.select(session_topics).where(
        session_topics.c.session_id == session_id, session_topics.c.topic_id == topic_id
    )
    return _row(conn, asked)


def close_tally(conn: Connection, session_id: str, topic_id: str, **values: Any) -> None:
    """Write down what was voted."""
    conn.execute(
        sa.update(session_topics)
        .where(session_topics.c.session_id == session_id, session_topics.c.topic_id == topic_id)
        .values(**values)
    )


def invitations_of(conn: Connection, session_id: str) -> list[Row]:
    """Return the invitations of a session."""
    asked = sa.select(invitations).where(invitations.c.session_id == session_id)
    return _rows(conn, asked.order_by(invitations.c.invitation_id))


def invitation_of(conn: Connection, session_id: str, person_id: str) -> Row | None:
    """Return a person's invitation to a session, or None."""
    asked = sa.select(invitations).where(
        invitations.c.session_id == session_id, invitations.c.person_id == person_id
    )
    return _row(conn, asked)


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
    change(conn, invitations, row, attended_at=None, recorded_at=None)


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
    rows = _rows(conn, asked)
    if rows:
        conn.execute(
            sa.update(invitations)
            .where(invitations.c.invitation_id.in_([row["invitation_id"] for row in rows]))
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
    add(
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
    sealed = {row["person_id"]: row["sealed"] for row in _rows(conn, asked)}
    asked = sa.select(votes).where(_of_vote(votes, session_id, topic_id))
    plain = {row["person_id"]: row["choice"] for row in _rows(conn, asked)}
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
    add_all(conn, roll, [of | {"person_id": person} for person in sorted(people)])
    rows = [of | {"ballot_id": ballot, "choice": choice} for ballot, choice in sorted(choices)]
    add_all(conn, ballots, rows)
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


# --------------------------------------------------------------------------------------------------
# Opinions


def objections_of(conn: Connection, opinion_id: str) -> list[Row]:
    """Return the objections to an opinion, earliest first."""
    asked = sa.select(objections).where(objections.c.opinion_id == opinion_id)
    return _rows(conn, asked.order_by(objections.c.created_at, objections.c.objection_id))


def object_to(conn: Connection, **values: Any) -> bool:
    """Store an objection; False when the person has objected already."""
    return add_new(conn, objections, **values)


def set_objections(
    conn: Connection, opinion_id: str, before: Sequence[str], state: str, **values: Any
) -> None:
    """Move the objections to an opinion from some states to another."""
    conn.execute(
        sa.update(objections)
        .where(objections.c.opinion_id == opinion_id, objections.c.state.in_(before))
        .values(state=state, **values)
    )


def answer_objection(conn: Connection, objection_id: str, **values: Any) -> None:
    """Write down what was decided on one objection."""
    conn.execute(
        sa.update(objections).where(objections.c.objection_id == objection_id).values(**values)
    )


def objection_page(
    conn: Connection, page: Page, *, person_id: str | None, topic_id: str | None, state: str | None
) -> list[Row]:
    """Return objections of a person or to a topic, newest first."""
    where: list[sa.ColumnElement[bool]] = []
    if person_id is not None:
        where.append(objections.c.person_id == person_id)
    if topic_id is not None:
        where.append(objections.c.topic_id == topic_id)
    if state is not None:
        where.append(objections.c.state == state)
    return _read(conn, objections, page, *where, newest_first=True)


def open_objection(conn: Connection, objection_id: str) -> None:
    """Let one objection stop the resolution."""
    conn.execute(
        sa.update(objections).where(objections.c.objection_id == objection_id).values(state="OPEN")
    )


def mark_affected(conn: Connection, objection_id: str) -> None:
    """Write down that the objector is directly affected."""
    conn.execute(
        sa.update(objections)
        .where(objections.c.objection_id == objection_id)
        .values(directly_affected=True)
    )


def decide_objection(conn: Connection, **values: Any) -> dict[str, Row]:
    """Store what one side decides; it may change its mind. Returns the decisions by side."""
    statement = store.insert(conn, objection_decisions).values(**values)
    names = ("person_id", "outcome", "reasons", "decided_at")
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["opinion_id", "side"],
            set_={name: statement.excluded[name] for name in names},
        )
    )
    return decisions_of(conn, values["opinion_id"])


def decisions_of(conn: Connection, opinion_id: str) -> dict[str, Row]:
    """Return the decisions on the objections to an opinion, by side."""
    asked = sa.select(objection_decisions).where(objection_decisions.c.opinion_id == opinion_id)
    return {row["side"]: row for row in _rows(conn, asked)}


def clear_decisions(conn: Connection, opinion_id: str) -> None:
    """Forget the decisions when a new objection opens the matter again; history keeps them."""
    conn.execute(
        sa.delete(objection_decisions).where(objection_decisions.c.opinion_id == opinion_id)
    )


# --------------------------------------------------------------------------------------------------
# Tasks


def tasks_of(conn: Connection, topic_id: str, *, round_: int | None = None) -> list[Row]:
    """Return the tasks of a topic, of one round or of all."""
    asked = sa.select(tasks).where(tasks.c.topic_id == topic_id)
    if round_ is not None:
        asked = asked.where(tasks.c.round == round_)
    return _rows(conn, asked.order_by(tasks.c.created_at, tasks.c.task_id))


def actors_of(conn: Connection, topic_id: str, action: str) -> set[str]:
    """Return who did something with a topic."""
    asked = sa.select(history.c.actor).where(
        history.c.topic_id == topic_id, history.c.action == action
    )
    return set(conn.execute(asked.distinct()).scalars())


def supervisors_of(conn: Connection, task_ids: Sequence[str]) -> list[Row]:
    """Return the supervisors of tasks."""
    asked = sa.select(supervisors).where(supervisors.c.task_id.in_(task_ids))
    return _rows(conn, asked.order_by(supervisors.c.task_id, supervisors.c.person_id))


def doers_of(conn: Connection, task_id: str) -> set[str]:
    """Return who began, reported or delivered the work of a task."""
    asked = sa.select(history.c.actor).where(
        history.c.kind == "task",
        history.c.ref == task_id,
        history.c.action.in_(("start", "progress", "deliver")),
    )
    return set(conn.execute(asked.distinct()).scalars())


def set_supervisors(conn: Connection, task_id: str, people: Sequence[str], at: datetime) -> None:
    """Let these people watch a task; who watches already keeps his day of appointment."""
    gone = supervisors.c.person_id.not_in(people)
    conn.execute(sa.delete(supervisors).where(supervisors.c.task_id == task_id, gone))
    for person_id in people:
        key = {"task_id": task_id, "person_id": person_id}
        add_new(conn, supervisors, **key, appointed_at=at)


def watched_tasks(conn: Connection, people: Sequence[str], states: Sequence[str]) -> list[str]:
    """Return the tasks in these states that any of the people watches."""
    asked = (
        sa.select(supervisors.c.task_id)
        .join(tasks, tasks.c.task_id == supervisors.c.task_id)
        .where(supervisors.c.person_id.in_(people), tasks.c.state.in_(states))
    )
    return sorted(conn.execute(asked.distinct()).scalars())


def supervisions_of(conn: Connection, task_ids: Sequence[str]) -> list[Row]:
    """Return the supervision records of tasks, earliest first."""
    asked = sa.select(supervisions).where(supervisions.c.task_id.in_(task_ids))
    return _rows(conn, asked.order_by(supervisions.c.created_at, supervisions.c.record_id))


def rate_topic(conn: Connection, **values: Any) -> bool:
    """Store a rating; False when the person has rated already."""
    return add_new(conn, polls, **values)


def poll_of(conn: Connection, topic_id: str) -> tuple[int, int]:
    """Return (number of ratings, sum of stars)."""
    asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(polls.c.stars), 0)).where(
        polls.c.topic_id == topic_id
    )
    count, stars = conn.execute(asked).one()
    return int(count), int(stars)


def participants_of(conn: Connection, topic: Mapping[str, Any]) -> set[str]:
    """Return who raised, signed, attended or supervised a topic."""
    topic_id = topic["topic_id"]
    signed = sa.select(cosigners.c.person_id).where(cosigners.c.topic_id == topic_id)
    came = (
        sa.select(invitations.c.person_id)
        .join(session_topics, session_topics.c.session_id == invitations.c.session_id)
        .where(session_topics.c.topic_id == topic_id, invitations.c.attended_at.is_not(None))
    )
    watched = (
        sa.select(supervisors.c.person_id)
        .join(tasks, tasks.c.task_id == supervisors.c.task_id)
        .where(tasks.c.topic_id == topic_id)
    )
    return {topic["proposer"], *conn.execute(signed.union(came, watched)).scalars()}


# --------------------------------------------------------------------------------------------------
# Numbers


def month_counts(conn: Connection, start: datetime, end: datetime) -> dict[str, dict[str, int]]:
    """Count, per community: topics adopted, sessions held and attendances said in [start, end)."""
    found: dict[str, dict[str, int]] = {}
    counted = (
        ("topics_adopted", topics.c.area, topics.c.adopted_at),
        ("sessions", sessions.c.area, sessions.c.opened_at),
        ("attendances", invitations.c.area, invitations.c.recorded_at),
    )
    for name, area, at in counted:
        asked = sa.select(area, sa.func.count()).where(at >= start, at < end).group_by(area)
        for community, count in conn.execute(asked):
            found.setdefault(community, {})[name] = count
    return found


def funnel_rows(conn: Connection, scope: str, start: datetime, end: datetime) -> list[Row]:
    """Return the instants of the topics collected or adopted in [start, end)."""
    asked = sa.select(
        topics.c.state,
        topics.c.created_at,
        topics.c.adopted_at,
        topics.c.voted_at,
        topics.c.publicised_at,
        topics.c.resolved_at,
        topics.c.implementing_at,
        topics.c.closed_at,
        topics.c.way,
    ).where(
        within(topics.c.area, scope),
        sa.or_(
            sa.and_(topics.c.created_at >= start, topics.c.created_at < end),
            sa.and_(topics.c.adopted_at >= start, topics.c.adopted_at < end),
        ),
    )
    return _rows(conn, asked)


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
    return _rows(conn, asked.order_by(invitations.c.created_at))


# --------------------------------------------------------------------------------------------------
# Lists


def official_page(
    conn: Connection, page: Page, *, near: str, scope: str, tier: str | None
) -> list[Row]:
    """Return officials of an area of the district `near`, of one tier or of all."""
    where = [within(officials.c.area, near), within(officials.c.area, scope)]
    if tier:
        where.append(officials.c.tier == tier)
    return _read(conn, officials, page, *where)


def liaison_page(
    conn: Connection,
    page: Page,
    *,
    near: str,
    scope: str,
    official_id: str | None,
    state: str | None,
    inside: str | None,
) -> list[Row]:
    """Return links of an area of the district `near`, of one official or of all, in one state or
    in any; those to households only of the area `inside`."""
    shown = [liaisons.c.target_kind != "HOUSEHOLD"]
    if inside is not None:
        shown.append(within(liaisons.c.area, inside))
    where = [within(liaisons.c.area, near), within(liaisons.c.area, scope), sa.or_(*shown)]
    if official_id:
        where.append(liaisons.c.official_id == official_id)
    if state:
        where.append(liaisons.c.state == state)
    return _read(conn, liaisons, page, *where)


def deputy_page(conn: Connection, page: Page, *, near: str, street: str | None) -> list[Row]:
    """Return deputies of the streets of the district `near`, of one street or of all."""
    of_street = sa.select(deputy_streets.c.deputy_id).where(within(deputy_streets.c.street, near))
    if street is not None:
        of_street = of_street.where(deputy_streets.c.street == street)
    return _read(conn, deputies, page, deputies.c.deputy_id.in_(of_street))


def topic_page(
    conn: Connection,
    page: Page,
    *,
    reader: str,
    near: str,
    inside: str | None,
    scope: str | None,
    state: str | None,
    level: str | None,
    proposer: str | None,
) -> list[Row]:
    """Return topics, newest first.

    Args:
        conn: The connection.
        page: Which part.
        reader: Who reads; his own topics are shown to him in any case.
        near: The district whose wall he reads.
        inside: The area in which he sees what is hidden, or None.
        scope: Only this area.
        state: Only this state.
        level: Only this level.
        proposer: Only of this person.
    """
    shown = [topics.c.hidden_at.is_(None), topics.c.proposer == reader]
    if inside is not None:
        shown.append(within(topics.c.area, inside))
    where: list[sa.ColumnElement[bool]] = [
        sa.or_(*shown),
        sa.or_(within(topics.c.area, near), topics.c.proposer == reader),
    ]
    if scope:
        where.append(within(topics.c.area, scope[:12]))
    if scope and len(scope) == 15:
        # A grid's wall shows the matters of its community too: they concern it.
        where.append(sa.or_(topics.c.grid == scope, topics.c.grid.is_(None)))
    if state:
        where.append(topics.c.state == state)
    if level:
        where.append(topics.c.level == level)
    if proposer is not None:
        where.append(topics.c.proposer == proposer)
    return _read(conn, topics, page, *where, newest_first=True)


def why_ended(conn: Connection, task_id: str) -> str | None:
    """Return the reason that was given when a task was taken away; None without one."""
    asked = (
        sa.select(history.c.detail)
        .where(
            history.c.kind == "task",
            history.c.ref == task_id,
            history.c.action.in_(("cancel", "reassign", "rework")),
        )
        .order_by(history.c.id.desc())
        .limit(1)
    )
    return (conn.execute(asked).scalar() or {}).get("reason")


def history_of(conn: Connection, topic_id: str) -> list[Row]:
    """Return everything that happened to a topic, oldest first."""
    asked = sa.select(history).where(history.c.topic_id == topic_id).order_by(history.c.id)
    return _rows(conn, asked)


def session_page(
    conn: Connection,
    page: Page,
    *,
    scope: str,
    state: str | None,
    topic_id: str | None,
) -> list[Row]:
    """Return sessions of an area, newest first."""
    where = [within(sessions.c.area, scope[:12])]
    if state is not None:
        where.append(sessions.c.state == state)
    if topic_id is not None:
        of = sa.select(session_topics.c.session_id).where(session_topics.c.topic_id == topic_id)
        where.append(sessions.c.session_id.in_(of))
    return _read(conn, sessions, page, *where, newest_first=True)


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
    for row in _rows(conn, asked):
        found.setdefault(row["session_id"], []).append(row)
    return found


def invitation_page(conn: Connection, page: Page, person_id: str) -> list[Row]:
    """Return a person's invitations, newest first."""
    return _read(conn, invitations, page, invitations.c.person_id == person_id, newest_first=True)


def message_page(conn: Connection, page: Page, person_id: str) -> list[Row]:
    """Return a person's messages, newest first."""
    return _read(conn, messages, page, messages.c.person_id == person_id, newest_first=True)


def task_page(
    conn: Connection,
    page: Page,
    *,
    near: str,
    scope: str | None,
    topic_id: str | None,
    responsible_id: str | None,
    state: str | None,
    overdue: bool,
    supervisor: str | None,
) -> list[Row]:
    """Return tasks of a district, oldest first."""
    where: list[sa.ColumnElement[bool]] = [within(tasks.c.area, scope[:12] if scope else near)]
    if scope:
        where.append(within(tasks.c.area, near))
    if topic_id:
        where.append(tasks.c.topic_id == topic_id)
    if responsible_id:
        where.append(tasks.c.responsible_id == responsible_id)
    if state:
        where.append(tasks.c.state == state)
    if overdue:
        where.append(tasks.c.overdue_level > 0)
    if supervisor is not None:
        watched = sa.select(supervisors.c.task_id).where(supervisors.c.person_id == supervisor)
        where.append(tasks.c.task_id.in_(watched))
    return _read(conn, tasks, page, *where)


# States in which an escalation waits for somebody.
WAITING = ("OPEN", "ACKNOWLEDGED")


def state_of_opt_in(row: Row) -> str:
    """Return what a person's agreement to be drawn is worth now."""
    if row["withdrawn_at"] is not None:
        return "OPTED_OUT"
    return "ENTERED" if row["pending"] else "OPTED_IN"


def opt_in_page(
    conn: Connection,
    page: Page,
    *,
    scope: str | None,
    person_id: str | None,
    state: str | None,
) -> list[Row]:
    """Return who agreed to be drawn, newest first: of those who live in an area, or one's own."""
    table = opt_ins.c
    where: list[sa.ColumnElement[bool]] = []
    if person_id is not None:
        where.append(table.person_id == person_id)
    if scope is not None:
        there = sa.select(residents.c.person_id).where(lives_within(scope))
        where.append(table.person_id.in_(there))
    if state == "OPTED_OUT":
        where.append(table.withdrawn_at.is_not(None))
    elif state is not None:
        where.append(table.withdrawn_at.is_(None))
        where.append(table.pending.is_(True) if state == "ENTERED" else table.pending.is_not(True))
    return _read(conn, opt_ins, page, *where, newest_first=True, at=table.opted_at)


def supervision_page(
    conn: Connection,
    page: Page,
    *,
    scope: str | None,
    person_id: str | None,
    task_id: str | None,
) -> list[Row]:
    """Return what supervisors found, newest first: of an area's tasks, or one's own."""
    table = supervisions.c
    where: list[sa.ColumnElement[bool]] = []
    if person_id is not None:
        where.append(table.person_id == person_id)
    if scope is not None:
        there = sa.select(tasks.c.task_id).where(within(tasks.c.area, scope[:12]))
        where.append(table.task_id.in_(there))
    if task_id is not None:
        where.append(table.task_id == task_id)
    return _read(conn, supervisions, page, *where, newest_first=True)


def escalation_page(
    conn: Connection,
    page: Page,
    *,
    scope: str | None,
    person_id: str | None,
    tier: str | None,
    level: int | None,
    source: str | None,
    states: Sequence[str],
) -> list[Row]:
    """Return escalations of an area or before a person, newest first."""
    table = escalations.c
    where: list[sa.ColumnElement[bool]] = []
    if states:
        where.append(table.state.in_(states))
    if scope is not None:
        where.append(within(table.area, scope[:12]))
    if scope is not None and len(scope) == 15:
        where.append(sa.or_(table.grid == scope, table.grid.is_(None)))
    if person_id is not None:
        where.append(table.person_id == person_id)
    if tier is not None:
        where.append(table.tier == tier)
    if level is not None:
        where.append(table.level == level)
    if source is not None:
        where.append(table.source == source)
    return _read(conn, escalations, page, *where, newest_first=True)


def is_before_chain(conn: Connection, source: str, ref: str, level: int) -> bool:
    """Tell whether a matter of another service stands before a level already."""
    asked = sa.select(sa.literal(1)).where(
        escalations.c.source == source,
        escalations.c.ref == ref,
        escalations.c.level == level,
        escalations.c.state.in_(WAITING),
    )
    return conn.execute(asked.limit(1)).first() is not None


def settle_escalations(
    conn: Connection,
    at: datetime,
    outcome: str,
    *,
    refs: Sequence[str] = (),
    topic_id: str | None = None,
    task_id: str | None = None,
    deadline: str | None = None,
    but: Sequence[str] = (),
) -> None:
    """Take from the lists what was laid before the chain and has been acted on since.

    Args:
        conn: The connection.
        at: Now.
        outcome: What happened, as a code.
        refs: Matters of other services, or
        topic_id: a topic without its tasks, or
        task_id: a task;
        deadline: only for this deadline;
        but: not for these.
    """
    table = escalations.c
    if task_id is not None:
        which = table.task_id == task_id
    elif topic_id is not None:
        which = sa.and_(table.topic_id == topic_id, table.task_id.is_(None))
    else:
        which = table.ref.in_(refs)
    if deadline is not None:
        which = sa.and_(which, table.deadline == deadline)
    if but:
        which = sa.and_(which, table.deadline.not_in(but))
    conn.execute(
        sa.update(escalations)
        .where(which, table.state.in_(WAITING))
        .values(state="DONE", outcome=outcome, done_at=at, version=table.version + 1)
    )


def waiting_of(conn: Connection, source: str, ref: str) -> list[Row]:
    """Return, locked, where a matter of another service waits."""
    asked = sa.select(escalations).where(
        escalations.c.source == source,
        escalations.c.ref == ref,
        escalations.c.state.in_(WAITING),
    )
    return _rows(conn, store.lock(asked.order_by(escalations.c.escalation_id), conn))


def waiting_escalations(conn: Connection, area: str) -> list[Row]:
    """Return, locked, what waits before the chain in an area, or in the areas that hold it."""
    above = [area[:digits] for digits in (9, 12) if digits < len(area)]
    inside = within(escalations.c.area, area[:12])
    asked = sa.select(escalations).where(
        escalations.c.state.in_(WAITING), sa.or_(inside, escalations.c.area.in_(above))
    )
    return _rows(conn, store.lock(asked.order_by(escalations.c.escalation_id), conn))


def notice_page(
    conn: Connection,
    page: Page,
    *,
    scope: str,
    between: tuple[datetime, datetime] | None,
    since: datetime,
    inside: str | None,
) -> list[Row]:
    """Return published opinions, newest first.

    Args:
        conn: The connection.
        page: Which part.
        scope: Of which area.
        between: Published in this time.
        since: Those whose notice ended, and which have had effect, before then have come down,
        inside: but not for staff of this area.
    """
    effective = sa.exists().where(
        topics.c.topic_id == opinions.c.topic_id, topics.c.resolved_at > since
    )
    up = [
        opinions.c.state == "PUBLICISED",
        opinions.c.ends_at > since,
        effective,
    ]
    if inside is not None:
        up.append(within(opinions.c.area, inside))
    where: list[sa.ColumnElement[bool]] = [
        within(opinions.c.area, scope[:12]),
        opinions.c.state.in_(("PUBLICISED", "EFFECTIVE")),
        sa.or_(*up),
    ]
    if between is not None:
        where += [opinions.c.publicised_at >= between[0], opinions.c.publicised_at < between[1]]
    return _read(conn, opinions, page, *where, newest_first=True)
