"""The wall of topics, and one topic."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from chassis import records
from chassis.bus import Tx
from chassis.fields import Area, Cursor, Limit
from chassis.records import Row
from chassis.refusal import NotFound
from services.forum import rules, storage
from services.forum.rules import Level, TopicState
from services.forum.views.cards import (
    STAFF_ROLES,
    district,
    iso,
    may_read,
    sees_inside,
    tally_card,
)
from services.forum.views.opinions import opinion_card
from services.forum.views.tasks import task_card


@dataclass(frozen=True, slots=True)
class TopicsAsked:
    """Which topics."""

    scope: Area | None = None
    state: TopicState | None = None
    level: Level | None = None
    mine: bool = False
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class TopicOf:
    """Which topic."""

    topic_id: str


def topic_wall(tx: Tx, payload: TopicsAsked) -> dict[str, Any]:
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
    )
    shown = [row.topic_id for row in found.rows]
    counts = Counter(one.topic_id for one in storage.topics.cosigners_of(tx.conn, shown))
    return found.reply(lambda row: _topic_card(tx, row, counts[row.topic_id]))


_TOPIC_SHOWN = (
    *("number", "title", "description", "proposer_kind", "way", "category", "level", "scope"),
    *("area", "grid", "resubmits", "new_facts", "state", "round", "owners_matter", "binding"),
    *("escalated", "adjournments", "objected", "session_id", "opinion_id", "merged_into"),
    *(
        "reason",
        "appeal",
        "appeal_reasons",
        "result",
        "created_at",
        "screen_due",
        "adopted_at",
        "session_due",
    ),
    *("voted_at", "opinion_due", "publicised_at", "resolved_at", "tasks_due", "implementing_at"),
    *("verified_at", "closed_at", "failed_at", "poll_until", "version"),
)

# For staff of the area and the proposer.
_TOPIC_OWN = (
    *("proposer", "note", "source_request", "request_id", "request_number", "hidden_at"),
    "hidden_reason",
)


def _topic_card(tx: Tx, row: Row, cosigners: int) -> dict[str, Any]:
    own = sees_inside(tx, row.area) or tx.actor.id in {row.proposer, row.entered_by}
    names = _TOPIC_SHOWN + _TOPIC_OWN if own else _TOPIC_SHOWN
    card = {"id": row.topic_id, "topic_id": row.topic_id}
    card |= {name: iso(getattr(row, name)) for name in names}
    step = rules.STEP_OF_STATE[row.state]
    return card | {
        "community": row.area,
        "cosigners": cosigners,
        "step": step,
        "step_name": str(rules.STEP_NAMES[step - 1]),
    }


def topic(tx: Tx, payload: TopicOf) -> dict[str, Any]:
    """议题与五步 / A topic and its five steps.

    Return a topic with the five steps, the artefact of each, and what is open.

    Raises:
        NotFound: There is none that the caller may read.
    """
    row = records.find(tx.conn, storage.tables.topics, payload.topic_id)
    if row is None or not may_read(tx, row):
        raise NotFound(kind="topic", id=payload.topic_id)
    signed = storage.topics.cosigners_of(tx.conn, [payload.topic_id])
    card = _topic_card(tx, row, len(signed))
    if sees_inside(tx, row.area):
        card["cosigner_ids"] = [s.person_id for s in signed]
    analysis = storage.topics.analysis_of(tx.conn, row)
    tally = tally_card(storage.sessions.tally_of(tx.conn, row.session_id, payload.topic_id))
    opinion = opinion_card(tx, row)
    tasks = storage.tasks.tasks_of(tx.conn, payload.topic_id, round_=row.round)
    effective = opinion if opinion and opinion["state"] == "EFFECTIVE" else None
    artefacts: dict[int, Any] = {
        1: {
            "number": row.number,
            "way": row.way,
            "collected_at": iso(row.created_at),
            "cosigners": len(signed),
        },
        2: _analysis_card(analysis),
        3: tally,
        4: effective and effective | {"binding": row.binding},
        5: {
            "tasks": len(tasks),
            "accepted": sum(t.state == "ACCEPTED" for t in tasks),
            "result": row.result,
            "closed_at": iso(row.closed_at),
        }
        if tasks
        else None,
    }
    ratings, stars = storage.topics.poll_of(tx.conn, payload.topic_id)
    return card | {
        "steps": [asdict(step) for step in rules.lay_out_steps(row.state, artefacts)],
        "analysis": artefacts[2],
        "tally": tally,
        "opinion": opinion,
        "tasks": [task_card(t) for t in tasks],
        "poll": {"ratings": ratings, "stars_total": stars},
    }


def _analysis_card(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "finding": row.finding,
        "level": row.level,
        "owners_matter": row.owners_matter,
        "urgency": row.urgency,
        "decided_at": iso(row.decided_at),
    }


@dataclass(frozen=True, slots=True)
class TimelineOf:
    """议题时间线 / Which topic, and which part of what happened to it."""

    topic_id: str
    limit: Limit = 50
    cursor: Cursor | None = None


def topic_timeline(tx: Tx, payload: TimelineOf) -> dict[str, Any]:
    """议题时间线 / A topic's timeline.

    Return everything that happened to a topic, oldest first; persons as roles.

    Raises:
        NotFound: There is none.
    """
    row = records.find(tx.conn, storage.tables.topics, payload.topic_id)
    if row is None or not may_read(tx, row):
        raise NotFound(kind="topic", id=payload.topic_id)
    inside = sees_inside(tx, row.area)

    def shown(entry: Row) -> dict[str, Any]:
        item = {
            "at": iso(entry.at),
            "kind": entry.kind,
            "ref": entry.ref,
            "action": entry.action,
            "state": entry.state,
            "role": entry.role,
        }
        return item | {"actor": entry.actor, "detail": entry.detail} if inside else item

    page = storage.topics.history_of(tx.conn, payload.topic_id, payload)
    return page.reply(shown, id=payload.topic_id)
