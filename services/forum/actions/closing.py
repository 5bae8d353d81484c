"""The end of a topic: closed with a result and rated, withdrawn, or discontinued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions.agenda import leave_session
from fivered.services.forum.actions.analyses import open_screening
from fivered.services.forum.actions.endings import standing_tasks, take_away, tell_cancelled
from fivered.services.forum.actions.record import (
    led_topic,
    move,
    topic_locked,
)
from fivered.services.forum.actions.tasks import UNENDED, Finding
from fivered.services.forum.actions.topics import WhichTopic, own_topic


class DiscontinueTopic(Request, frozen=True):
    """原因 / Why it is not done, or is done again."""

    topic_id: str
    reason: Annotated[Finding, Meta(examples=["施工许可未获批准"])]


class CloseTopic(Request, frozen=True):
    """办结 / The published result."""

    topic_id: str
    result: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=2000,
                description="默认为任务全部验收,或部分取消 "
                "/ by default: all accepted, or some cancelled",
                examples=["全部落实任务已验收"],
            ),
            PUBLIC,
        ]
        | None
    ) = None


class RateTopic(Request, frozen=True):
    """满意度 / By those who took part, within seven days."""

    topic_id: str
    stars: Annotated[int, Meta(ge=1, le=5)]


def withdraw_topic(tx: Tx, payload: WhichTopic) -> replies.TopicDone:
    """撤回议题 / Withdraw a topic.

    Withdraw a topic as its proposer; its words are hidden from then on. What was merged into it
    is analysed by itself: its people have withdrawn nothing.

    Raises:
        NotFound: There is none, or it is not the caller's.
        StateConflict: It has been analysed.
    """
    topic = own_topic(tx, payload.topic_id, "COLLECTED")
    tx.disarm("topic_screen", payload.topic_id)
    row = move(tx, topic, "WITHDRAWN", "withdraw", hidden_at=tx.now)
    for merged in storage.topics.merged_into(tx.conn, row):
        open_screening(
            tx,
            merged,
            "merger_undone",
            code="TOPIC_COLLECTED",
            detail={"withdrawn": row.topic_id},
            merged_into=None,
        )
    return replies.TopicDone.of(row, id=row.topic_id)


def discontinue_topic(tx: Tx, payload: DiscontinueTopic) -> replies.TopicDone:
    """街道终止办理 / End a topic that cannot go on.

    End a topic that cannot go on, as the street, with reason; everybody concerned is told.

    Raises:
        StateConflict: It has ended already.
    """
    topic = led_topic(tx, payload.topic_id)
    if topic.state in rules.ENDED:
        raise StateConflict(state=topic.state)
    for task in storage.tasks.tasks_of(tx.conn, payload.topic_id, round_=topic.round):
        if task.state in UNENDED:
            take_away(tx, task, "CANCELLED", "cancel", "DISCONTINUED", reason=payload.reason)
            tell_cancelled(tx, topic, task, payload.reason)
    if topic.opinion_id and topic.state in {"OPINION_DRAFTED", "PUBLICISED"}:
        opinion = records.known(tx.conn, storage.tables.opinions, topic.opinion_id, lock=True)
        records.update(tx.conn, storage.tables.opinions, opinion, state="WITHDRAWN")
    leave_session(tx, topic)
    row = move(
        tx,
        topic,
        "DISCONTINUED",
        "discontinue",
        detail={"reason": payload.reason},
        note=payload.reason,
        objected=False,
    )
    return replies.TopicDone.of(row, id=row.topic_id)


def _fulfilled(tx: Tx, tasks: Sequence[Row]) -> dict[str, int]:
    """Return person -> number of records, of those who kept watch over each of their tasks."""
    ids = [task.task_id for task in tasks]
    seen = storage.supervisions.supervisions_of(tx.conn, ids)
    kept: dict[str, bool] = {}
    counts: dict[str, int] = {}
    accepted = {task.task_id: task for task in tasks}
    for supervisor in storage.supervisions.supervisors_of(tx.conn, ids):
        person, task = supervisor.person_id, accepted[supervisor.task_id]
        own = [r.created_at for r in seen if (r.person_id, r.task_id) == (person, task.task_id)]
        since = max(task.created_at, supervisor.appointed_at)
        watched = rules.supervised(since, task.delivered_at or task.accepted_at, own)
        kept[person] = kept.get(person, True) and watched
        counts[person] = counts.get(person, 0) + len(own)
    return {person: counts[person] for person, whole in kept.items() if whole}


def close_topic(tx: Tx, payload: CloseTopic) -> replies.TopicClosed:
    """办结 / Close a topic.

    Close a topic whose tasks are all accepted, tell everyone, and open the poll.

    Raises:
        StateConflict: Tasks are open.
    """
    topic = led_topic(tx, payload.topic_id, "VERIFIED")
    ended = standing_tasks(tx, topic)
    tasks = [task for task in ended if task.state == "ACCEPTED"]
    whole = len(tasks) == len(ended)
    row = move(
        tx,
        topic,
        "CLOSED",
        "close",
        closed_at=tx.now,
        result=payload.result or (rules.DEFAULT_RESULT if whole else rules.RESULT_IN_PART),
        poll_until=tx.now + rules.POLL,
    )
    days = (tx.calendar.local_date(tx.now) - tx.calendar.local_date(row.adopted_at)).days
    for person_id, found in sorted(_fulfilled(tx, tasks).items()):
        tx.publish(
            events.SupervisionFulfilled(
                topic_id=payload.topic_id, person_id=person_id, records=found
            ),
            subject=payload.topic_id,
            scope=row.area,
            sequence=row.version,
        )
    tx.publish(
        events.TopicClosed(
            topic_id=payload.topic_id, community=row.area, tasks=len(tasks), days=days
        ),
        subject=payload.topic_id,
        scope=row.area,
        sequence=row.version,
    )
    return replies.TopicClosed.of(row, id=row.topic_id, days=days, tasks=len(tasks))


def rate_topic(tx: Tx, payload: RateTopic) -> replies.TopicDone:
    """满意度评价 / Rate a closed topic.

    Rate a closed topic as one who took part, once, within seven days.

    Raises:
        NotParticipant: The caller did not take part.
        PollOver: The seven days are over.
        AlreadyRated: The caller has rated.
    """
    topic = topic_locked(tx, payload.topic_id)
    records.require_state(topic, "CLOSED")
    if tx.actor.id not in storage.topics.participants_of(tx.conn, topic):
        raise errors.NotParticipant
    if tx.now >= topic.poll_until:
        raise errors.PollOver(until=tx.calendar.minute(topic.poll_until))
    fresh = storage.topics.rate_topic(
        tx.conn,
        topic_id=payload.topic_id,
        person_id=tx.actor.id,
        stars=payload.stars,
        rated_at=tx.now,
    )
    if not fresh:
        raise errors.AlreadyRated
    return replies.TopicDone.of(topic, id=topic.topic_id)
