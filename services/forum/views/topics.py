"""The wall of topics, and one topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET, Meta
from msgspec.structs import replace

from fivered.chassis import few, files, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, Sought, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.forum import replies, rules, storage
from fivered.services.forum.fields import Level, TopicCategory, Way
from fivered.services.forum.rules import TopicState
from fivered.services.forum.views.cards import (
    STAFF_ROLES,
    district,
    may_read,
    sees_inside,
    tally_card,
)
from fivered.services.forum.views.opinions import opinion_card
from fivered.services.forum.views.tasks import task_card


class TopicsAsked(Request, frozen=True):
    """Which topics."""

    scope: Area | None = None
    state: TopicState | None = None
    level: Level | None = None
    mine: bool = False
    q: Annotated[Sought, Meta(description="标题中的字 / a part of the title")] | None = None
    category: Annotated[TopicCategory, Meta(max_length=40)] | None = None
    way: Annotated[Way, Meta(description="途径 / way it came")] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class TopicOf(Request, frozen=True):
    """Which topic."""

    topic_id: str


def topic_wall(tx: Tx, payload: TopicsAsked) -> Page[replies.TopicCard]:
    """议题墙 / The topic wall.

    Return the topic wall, newest first.
    """
    found = storage.topics.topic_page(
        tx.conn,
        payload,
        reader=tx.actor.id,
        near=district(tx),
        inside=tx.actor.scope if tx.actor.role in STAFF_ROLES else None,
        scope=payload.scope,
        state=payload.state,
        level=payload.level,
        proposer=tx.actor.id if payload.mine else None,
        sought=payload.q,
        category=payload.category,
        way=payload.way,
    )
    shown = [row.topic_id for row in found.rows]
    counts = Counter(one.topic_id for one in storage.topics.cosigners_of(tx.conn, shown))
    return found.listed(
        lambda row: replies.TopicCard.of(row, **_told(tx, row, counts[row.topic_id]))
    )


# For staff of the area and the proposer.
_TOPIC_OWN = (
    *("proposer", "note", "source_request", "request_id", "request_number", "hidden_at"),
    "hidden_reason",
)


def _told(tx: Tx, row: Row, cosigners: int) -> dict[str, object]:
    """Return what a card says of a topic that is no column of it, or not for everybody."""
    own = sees_inside(tx, row.area) or tx.actor.id in {row.proposer, row.entered_by}
    step = rules.STEP_OF_STATE[row.state]
    return {
        "id": row.topic_id,
        "community": row.area,
        "cosigners": cosigners,
        "step": step,
        "step_name": str(rules.STEP_NAMES[step - 1]),
        **(_of_own(tx, row) if own else {}),
    }


def _of_own(tx: Tx, row: Row) -> dict[str, object]:
    """Return what a card says to staff of the area and to the proposer alone."""
    told = {name: getattr(row, name) for name in _TOPIC_OWN}
    if row.request_id is not None and row.request_number is None:
        # A cadre has named it; the stewards say the number of one only that they register.
        request = records.find(tx.conn, storage.tables.requests, row.request_id)
        told["request_number"] = request.number if request is not None else None
    return told


def topic(tx: Tx, payload: TopicOf) -> replies.TopicReply:
    """议题与五步 / A topic and its five steps.

    Return a topic with the five steps, the artefact of each, and what is open.

    Raises:
        NotFound: There is none that the caller may read.
    """
    row = records.find(tx.conn, storage.tables.topics, payload.topic_id)
    if row is None or not may_read(tx, row):
        raise NotFound(kind="topic", id=payload.topic_id)
    signed = storage.topics.cosigners_of(tx.conn, [payload.topic_id])
    analysis = storage.topics.analysis_of(tx.conn, row)
    tally = tally_card(storage.agenda.tally_of(tx.conn, row.session_id, payload.topic_id))
    opinion = opinion_card(tx, row)
    tasks = storage.tasks.tasks_of(tx.conn, payload.topic_id, round_=row.round)
    analysed = None if analysis is None else replies.Analysis.of(analysis)
    ratings, stars = storage.topics.poll_of(tx.conn, payload.topic_id)
    poll = replies.Poll(ratings=ratings, stars_total=stars)
    inside = sees_inside(tx, row.area)
    return replies.TopicReply.of(
        row,
        **_told(tx, row, len(signed)),
        cosigner_ids=[one.person_id for one in signed] if inside else UNSET,
        steps=[
            replies.Step.of(step)
            for step in rules.lay_out_steps(
                row.state,
                {
                    1: replies.Collected.of(
                        row, collected_at=row.created_at, cosigners=len(signed)
                    ),
                    2: analysed,
                    3: tally,
                    4: _in_force(row, opinion),
                    5: _implemented(row, tasks),
                },
            )
        ],
        analysis=analysed,
        tally=tally,
        opinion=opinion,
        tasks=[task_card(one) for one in tasks],
        files=files.files_of(tx, payload.topic_id),
        owners_decisions=[
            replies.OwnersDecision(
                vote_id=one.detail.get("vote"), passed=one.detail["passed"], at=one.at
            )
            for one in storage.topics.owners_decisions_of(tx.conn, payload.topic_id)
        ],
        poll=poll if inside else few.hide(poll, together={"stars_total": "ratings"}),
    )


def _in_force(row: Row, opinion: replies.Opinion | None) -> replies.Opinion | None:
    if opinion is None or opinion.state != "EFFECTIVE":
        return None
    return replace(opinion, binding=row.binding)


def _implemented(row: Row, tasks: Sequence[Row]) -> replies.Implemented | None:
    if not tasks:
        return None
    accepted = sum(task.state == "ACCEPTED" for task in tasks)
    return replies.Implemented.of(row, tasks=len(tasks), accepted=accepted)


class TimelineOf(Request, frozen=True):
    """议题时间线 / Which topic, and which part of what happened to it."""

    topic_id: str
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def topic_timeline(tx: Tx, payload: TimelineOf) -> replies.TimelineReply:
    """议题时间线 / A topic's timeline.

    Return everything that happened to a topic, oldest first; persons as roles.

    Raises:
        NotFound: There is none.
    """
    row = records.find(tx.conn, storage.tables.topics, payload.topic_id)
    if row is None or not may_read(tx, row):
        raise NotFound(kind="topic", id=payload.topic_id)
    inside = sees_inside(tx, row.area)
    page = storage.topics.history_of(tx.conn, payload.topic_id, payload)
    return replies.TimelineReply(
        id=payload.topic_id,
        items=[
            replies.TimelineEntry.of(
                one,
                actor=one.actor if inside else UNSET,
                detail=one.detail if inside else UNSET,
            )
            for one in page.rows
        ],
        next=page.next,
        prev=page.prev,
    )
