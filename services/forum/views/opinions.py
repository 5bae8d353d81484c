"""Opinions, notices of them, and objections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chassis import records
from chassis.bus import Tx
from chassis.fields import Area, Cursor, Limit, Period
from chassis.records import Row
from chassis.refusal import NotFound
from services.forum import rules, storage
from services.forum.views.cards import STAFF_ROLES, iso, sees_inside, tally_card


@dataclass(frozen=True, slots=True)
class ObjectionsAsked:
    """Which objections."""

    topic_id: str | None = None
    mine: bool = False
    state: Literal["NOTED", "OPEN", "ANSWERED", "SUSTAINED", "DISMISSED"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class NoticesAsked:
    """Which notices."""

    scope: Area = "370811"
    period: Period | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class NoticeOf:
    """Which notice."""

    notice_id: str


_OPINION_SHOWN = (
    *("opinion_id", "topic_id", "session_id", "text", "decision", "dissent", "warnings", "state"),
    *("notice_number", "publicised_at", "ends_at", "created_at", "version"),
)


def opinion_card(tx: Tx, row: Row) -> dict[str, Any] | None:
    """Return the opinion; a draft only to those who work on it."""
    if not row.opinion_id:
        return None
    opinion = records.known(tx.conn, storage.tables.opinions, row.opinion_id)
    inside = sees_inside(tx, row.area)
    if opinion.state == "DRAFTED" and not inside:
        return None
    card = {"id": opinion.opinion_id} | {
        name: iso(getattr(opinion, name)) for name in _OPINION_SHOWN
    }
    objections = storage.opinions.objections_of(tx.conn, row.opinion_id)
    card["objections"] = len(objections)
    if inside:
        card["planned"] = opinion.planned
        card["objection_texts"] = [
            {"id": o.objection_id, "text": o.text, "state": o.state} for o in objections
        ]
        card["decisions"] = [
            {"side": side, "outcome": d.outcome, "reasons": d.reasons}
            for side, d in storage.opinions.decisions_of(tx.conn, row.opinion_id).items()
        ]
    return card


def objections(tx: Tx, payload: ObjectionsAsked) -> dict[str, Any]:
    """异议及处理结果 / Objections and what was decided.

    Return the caller's objections, or those to a topic of his area, with what was decided.
    They name nobody.

    Raises:
        NotFound: The topic is none of his area.
    """
    mine = payload.mine or payload.topic_id is None
    if not mine:
        row = records.find(tx.conn, storage.tables.topics, payload.topic_id or "")
        if row is None or not sees_inside(tx, row.area):
            raise NotFound(kind="topic", id=payload.topic_id)
    found = storage.opinions.objection_page(
        tx.conn,
        payload,
        person_id=tx.actor.id if mine else None,
        topic_id=payload.topic_id,
        state=payload.state,
    )
    return found.reply(_objection_card)


_OBJECTION_SHOWN = (
    *("objection_id", "topic_id", "opinion_id", "text", "directly_affected", "claimed"),
    *("state", "outcome", "reasons", "decided_at", "created_at"),
)


def _objection_card(row: Row) -> dict[str, Any]:
    return {"id": row.objection_id} | {name: iso(getattr(row, name)) for name in _OBJECTION_SHOWN}


def notices(tx: Tx, payload: NoticesAsked) -> dict[str, Any]:
    """协商意见公示 / Published opinions.

    Return the published opinions of an area, newest first. They hold no person, and come down
    by themselves; staff of the area find them further on.
    """
    between = tx.calendar.month_bounds(payload.period) if payload.period else None
    found = storage.opinions.notice_page(
        tx.conn,
        payload,
        scope=payload.scope,
        between=between,
        since=tx.now - rules.PUBLIC,
        inside=tx.actor.scope if tx.actor.role in STAFF_ROLES else None,
    )
    return found.reply(lambda row: _notice_card(tx, row))


def _notice_card(tx: Tx, row: Row) -> dict[str, Any]:
    of = records.known(tx.conn, storage.tables.topics, row.topic_id)
    return {
        "id": row.opinion_id,
        "kind": "OPINION",
        "number": row.notice_number,
        "scope": row.area,
        "topic_id": row.topic_id,
        "topic_number": of.number,
        "title": rules.HIDDEN if of.hidden_at else of.title,
        "text": row.text,
        "decision": row.decision,
        "dissent": row.dissent,
        "warnings": row.warnings,
        "owners_matter": of.owners_matter,
        "tally": tally_card(storage.sessions.tally_of(tx.conn, row.session_id, row.topic_id)),
        "state": row.state,
        "published_at": iso(row.publicised_at),
        "ends_at": iso(row.ends_at),
    }


def _is_up(tx: Tx, row: Row) -> bool:
    """Tell whether an opinion is on the public board."""
    if row.state != "EFFECTIVE":
        return bool(row.state == "PUBLICISED")
    of = records.known(tx.conn, storage.tables.topics, row.topic_id)
    ends = max(row.ends_at, of.resolved_at or row.ends_at)
    return bool(tx.now < ends + rules.PUBLIC)


def notice(tx: Tx, payload: NoticeOf) -> dict[str, Any]:
    """协商意见公示详情 / One published opinion.

    Raises:
        NotFound: There is none, or it is not on the board.
    """
    row = records.find(tx.conn, storage.tables.opinions, payload.notice_id)
    if row is None or not (_is_up(tx, row) or sees_inside(tx, row.area)):
        raise NotFound(kind="notice", id=payload.notice_id)
    if row.state not in {"PUBLICISED", "EFFECTIVE"}:
        raise NotFound(kind="notice", id=payload.notice_id)
    return _notice_card(tx, row)
