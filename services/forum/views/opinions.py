"""Opinions, notices of them, and objections."""

from __future__ import annotations

from typing import Annotated, Literal

from fivered.chassis import few, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, Period, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.forum import replies, rules, storage
from fivered.services.forum.views.cards import STAFF_ROLES, sees_inside, tally_card


class ObjectionsAsked(Request, frozen=True):
    """Which objections."""

    topic_id: str | None = None
    mine: bool = False
    state: Literal["NOTED", "OPEN", "ANSWERED", "SUSTAINED", "DISMISSED"] | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class NoticesAsked(Request, frozen=True):
    """Which notices."""

    scope: Area = "370811"
    period: Period | None = None
    sort: Annotated[Literal["published_at", "-published_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class NoticeOf(Request, frozen=True):
    """Which notice."""

    notice_id: str


def opinion_card(tx: Tx, row: Row) -> replies.Opinion | None:
    """Return the opinion; a draft only to those who work on it."""
    if not row.opinion_id:
        return None
    opinion = records.known(tx.conn, storage.tables.opinions, row.opinion_id)
    inside = sees_inside(tx, row.area)
    if opinion.state == "DRAFTED" and not inside:
        return None
    objections = storage.opinions.objections_of(tx.conn, row.opinion_id)
    told: dict[str, object] = {
        "id": opinion.opinion_id,
        "objections": len(objections),
        "warnings": _unheard(opinion, whole=inside),
    }
    if inside:
        decisions = storage.opinions.decisions_of(tx.conn, row.opinion_id)
        told["planned"] = opinion.planned
        told["objection_texts"] = [
            replies.ObjectionText.of(one, id=one.objection_id) for one in objections
        ]
        told["decisions"] = [replies.Decision.of(one) for one in decisions.values()]
    return replies.Opinion.of(opinion, **told)


def _unheard(opinion: Row, *, whole: bool) -> list[replies.Unheard]:
    """Return the grids that were not heard; how few live in one is for who acts there."""
    shown = [replies.Unheard.of(one) for one in opinion.warnings]
    return shown if whole else [few.hide(one) for one in shown]


def objections(tx: Tx, payload: ObjectionsAsked) -> Page[replies.ObjectionCard]:
    """异议及处理结果 / Objections and what was decided.

    Return the caller's objections, or those to a topic of the caller's area, with what was decided.
    They name nobody.

    Raises:
        NotFound: The topic is none of the caller's area.
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
    return found.listed(lambda row: replies.ObjectionCard.of(row, id=row.objection_id))


def notices(tx: Tx, payload: NoticesAsked) -> Page[replies.NoticeReply]:
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
    return found.listed(lambda row: _notice_card(tx, row))


def _notice_card(tx: Tx, row: Row) -> replies.NoticeReply:
    of = records.known(tx.conn, storage.tables.topics, row.topic_id)
    return replies.NoticeReply.of(
        row,
        id=row.opinion_id,
        kind="OPINION",
        number=row.notice_number,
        scope=row.area,
        topic_number=of.number,
        title=rules.HIDDEN if of.hidden_at else of.title,
        owners_matter=of.owners_matter,
        warnings=_unheard(row, whole=sees_inside(tx, row.area)),
        tally=tally_card(storage.agenda.tally_of(tx.conn, row.session_id, row.topic_id)),
        published_at=row.publicised_at,
    )


def _is_up(tx: Tx, row: Row) -> bool:
    """Tell whether an opinion is on the public board."""
    if row.state != "EFFECTIVE":
        return bool(row.state == "PUBLICISED")
    of = records.known(tx.conn, storage.tables.topics, row.topic_id)
    ends = max(row.ends_at, of.resolved_at or row.ends_at)
    return bool(tx.now < ends + rules.PUBLIC)


def notice(tx: Tx, payload: NoticeOf) -> replies.NoticeReply:
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
