"""Opinions and objections to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.chassis.storage import within
from fivered.services.forum.storage.rows import part_of
from fivered.services.forum.storage.tables import objection_decisions, objections, opinions, topics

# States in which an objection waits for an answer.
UNDECIDED = ("NOTED", "OPEN")
# Who has objected counts, whether or not somebody has answered; two persons decide for all.
RAISED = (*UNDECIDED, "ANSWERED")


def objections_of(conn: Connection, opinion_id: str) -> list[Row]:
    """Return the objections to an opinion, earliest first."""
    asked = sa.select(objections).where(objections.c.opinion_id == opinion_id)
    return records.rows(conn, asked.order_by(objections.c.created_at, objections.c.objection_id))


def has_undecided(conn: Connection, topic_id: str) -> bool:
    """Tell whether somebody who objected in a topic still waits for an answer."""
    asked = sa.select(sa.literal(1)).where(
        objections.c.topic_id == topic_id, objections.c.state.in_(UNDECIDED)
    )
    return conn.execute(asked.limit(1)).first() is not None


def object_to(conn: Connection, **values: object) -> bool:
    """Store an objection; False when the person has objected already."""
    return records.add_new(conn, objections, **values) is not None


def set_objections(
    conn: Connection, opinion_id: str, before: Sequence[str], state: str, **values: object
) -> None:
    """Move the objections to an opinion from some states to another."""
    conn.execute(
        sa.update(objections)
        .where(objections.c.opinion_id == opinion_id, objections.c.state.in_(before))
        .values(state=state, **values)
    )


def set_objection(conn: Connection, objection_id: str, **values: object) -> None:
    """Write down what has become of one objection."""
    conn.execute(
        sa.update(objections).where(objections.c.objection_id == objection_id).values(**values)
    )


def objection_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    person_id: str | None,
    topic_id: str | None,
    state: str | None,
) -> records.Page:
    """Return objections of a person or to a topic, newest first."""
    where: list[sa.ColumnElement[bool]] = []
    if person_id is not None:
        where.append(objections.c.person_id == person_id)
    if topic_id is not None:
        where.append(objections.c.topic_id == topic_id)
    if state is not None:
        where.append(objections.c.state == state)
    return part_of(conn, objections, part, *where, newest_first=True)


def decide_objection(conn: Connection, opinion_id: str, **values: object) -> dict[str, Row]:
    """Store what one side decides; it may change its mind. Returns the decisions by side."""
    statement = store.insert(conn, objection_decisions).values(opinion_id=opinion_id, **values)
    names = ("person_id", "outcome", "reasons", "decided_at")
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["opinion_id", "side"],
            set_={name: statement.excluded[name] for name in names},
        )
    )
    return decisions_of(conn, opinion_id)


def decisions_of(conn: Connection, opinion_id: str) -> dict[str, Row]:
    """Return the decisions on the objections to an opinion, by side."""
    asked = sa.select(objection_decisions).where(objection_decisions.c.opinion_id == opinion_id)
    return {row.side: row for row in records.rows(conn, asked)}


def clear_decisions(conn: Connection, opinion_id: str) -> None:
    """Forget the decisions when a new objection opens the matter again; history keeps them."""
    conn.execute(
        sa.delete(objection_decisions).where(objection_decisions.c.opinion_id == opinion_id)
    )


def notice_page(
    conn: Connection,
    part: records.PartOfList,
    *,
    scope: str,
    between: tuple[datetime, datetime] | None,
    since: datetime,
    inside: str | None,
) -> records.Page:
    """Return published opinions, newest first.

    Args:
        conn: The connection.
        part: Which part.
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
    return part_of(conn, opinions, part, *where, newest_first=True)
