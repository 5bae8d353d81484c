"""What every action leaves behind: a history row, messages to those concerned, an escalation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from fivered.chassis import going_out, records
from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.forum import errors, rules, storage


def aside(tx: Tx, table: sa.Table, row: Row, step: str, **detail: object) -> None:
    """Write a step into the history that is none of the row's own way: no state is said."""
    entry = storage.tables.STEPS.entry(tx, table, row, step, detail)
    records.note_all(tx, table, [{**entry, "state": None}])


def numbered(tx: Tx, prefix: str, area: str) -> str:
    """Return the next number of a kind of paper in a community's day: YT-20250428-015901-00001."""
    day = tx.calendar.local_date(tx.now)
    series = f"{prefix}-{day:%Y%m%d}-{area}"
    count = records.count_on(tx.conn, storage.tables.numbers, series=series)
    return records.number_in(records.series_of(prefix, day, area), count)


def tell(
    tx: Tx,
    code: str,
    topic_id: str,
    persons: Iterable[str],
    *,
    ref: str | None = None,
    **detail: str,
) -> None:
    """Leave a message for persons; the gateway delivers it. `detail` fills the text's places."""
    made = [
        {
            "message_id": tx.new_id("msg"),
            "person_id": person_id,
            "code": code,
            "topic_id": topic_id,
            "ref": ref,
            "detail": detail or None,
            "created_at": tx.now,
        }
        for person_id in sorted(set(persons))
    ]
    records.add_all(tx.conn, storage.tables.messages, made)
    going_out.later(tx, [str(one["message_id"]) for one in made])


def topic_locked(tx: Tx, topic_id: str) -> Row:
    """Return a topic, locked.

    Raises:
        NotFound: There is none.
    """
    return records.locked(tx.conn, storage.tables.topics, topic_id)


def led_topic(tx: Tx, topic_id: str, *states: str) -> Row:
    """Return a topic that the caller may lead, locked, in one of the states and as last seen.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
        VersionConflict: It has changed since the caller read it.
        StateConflict: It is in another state.
    """
    row = topic_locked(tx, topic_id)
    tx.require_scope(row.area)
    tx.check_version(row.version)
    if states:
        records.require_state(row, *states)
    return row


def judged_topic(tx: Tx, topic_id: str, *states: str) -> Row:
    """Return a topic that the caller may decide on, as `led_topic` does.

    Raises:
        NotFound, RoleDenied, VersionConflict, StateConflict: As there.
        OwnMatter: Somebody of the caller's household raised it.
    """
    row = led_topic(tx, topic_id, *states)
    require_not_own(tx, [row])
    return row


def require_not_own(tx: Tx, topics: Iterable[Row], person_id: str | None = None) -> None:
    """Refuse who raised one of the topics, or lives with who did, to decide on it.

    Args:
        tx: The transaction.
        topics: The topics.
        person_id: Who would decide; the caller by default.

    Raises:
        OwnMatter: It is of the caller's household.
    """
    own = storage.liaison.household_of(tx.conn, person_id or tx.actor.id)
    if own & {topic.proposer for topic in topics}:
        raise errors.OwnMatter


def move(
    tx: Tx,
    topic: Row,
    state: str,
    action: str,
    *,
    code: str | tuple[str, str] | None = None,
    detail: Mapping[str, object] | None = None,
    told: Mapping[str, str] | None = None,
    **values: object,
) -> Row:
    """Bring a topic into a state: the row, its history, and a message to everyone concerned.

    Args:
        tx: The transaction.
        topic: The topic, locked.
        state: The new state; it may be the present one.
        action: What was done, for the history.
        code: Of the message, or of that to who raised the topic and of that to the others, whose
            text has no such places; that of the state by default.
        detail: More for the history.
        told: What fills the places of the message.
        values: Columns that change with it.
    """
    row = records.update(tx.conn, storage.tables.topics, topic, state=state, **values)
    records.note(tx, storage.tables.topics, row, step=action, note=detail)
    if state != topic.state:
        # Somebody has acted: what waited for it leaves the lists.
        storage.escalations.settle_escalations(
            tx.conn,
            tx.now,
            "ACTED",
            topic_id=row.topic_id,
            but=("objection_answer", "vote_doubt"),
        )
    people = storage.topics.participants_of(tx.conn, row)
    if isinstance(code, tuple):
        code, to_others = code
        tell(tx, to_others, row.topic_id, people - {row.proposer})
        people = {row.proposer}
    tell(tx, code or f"TOPIC_{state}", row.topic_id, people, **(told or {}))
    return row


_TASK_CODES = {
    "task_due": "TASK_OVERDUE",
    "supervisor_needed": "SUPERVISOR_NEEDED",
    "responsible_needed": "RESPONSIBLE_NEEDED",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answers for a matter; nobody of an empty chain."""

    official_id: str | None
    person_id: str | None
    acting: bool


def answering(tx: Tx, place: str, tier: str, barred: Collection[str] = ()) -> Answers:
    """Return before whom a matter comes.

    Args:
        tx: The transaction.
        place: The grid or the community of the matter.
        tier: Whose turn it is.
        barred: Persons before whom it is not laid: it is theirs.
    """
    rungs = storage.liaison.chain_of(tx.conn, place, None, barred)
    official, acting = rules.answers(rungs, tier)
    if official is None:
        return Answers(None, None, acting)
    return Answers(official.official_id, official.person_id, acting)


def escalate(
    tx: Tx,
    topic: Row,
    *,
    deadline: str,
    tier: str,
    level: int,
    task: Row | None = None,
    objection: Row | None = None,
) -> None:
    """Bring a missed deadline before the official of a tier, or who acts there.

    An empty chain is recorded too: the row without an official is the alarm. An objection is
    not laid before who made it, nor before that household.
    """
    grid = topic.grid if task is None else task.grid
    of_whom = objection.person_id if objection else None
    own = storage.liaison.household_of(tx.conn, of_whom) if of_whom else ()
    answers = answering(tx, grid or topic.area, tier, own)
    ref = task.task_id if task else topic.topic_id
    records.add(
        tx.conn,
        storage.tables.escalations,
        escalation_id=tx.new_id("esc"),
        topic_id=topic.topic_id,
        task_id=task.task_id if task else None,
        deadline=deadline,
        level=level,
        tier=tier,
        area=topic.area,
        source="TASK" if task else "TOPIC",
        ref=ref,
        objection_id=objection.objection_id if objection else None,
        reporter_id=of_whom,
        number=topic.number,
        grid=grid,
        created_at=tx.now,
        **asdict(answers),
    )
    table = storage.tables.tasks if task else storage.tables.topics
    said = {"deadline": deadline, "level": level, "tier": tier}
    aside(tx, table, task or topic, "escalate", **said, official_id=answers.official_id)
    if answers.person_id is not None:
        code = "ESCALATED"
        if task:
            code = _TASK_CODES.get(deadline, "TASK_WAITS")
        tell(tx, code, topic.topic_id, [answers.person_id], ref=ref)
