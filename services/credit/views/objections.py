"""Objections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chassis.bus import Tx
from chassis.fields import Cursor, Limit
from chassis.refusal import NotFound
from services.credit.storage import honours, queries, voices
from services.credit.storage import objections as store
from services.credit.views.cards import STAFF, iso, ties

_OVER = frozenset({"REVIEWED", "WITHDRAWN", "LAPSED"})


@dataclass(frozen=True, slots=True)
class Objections:
    """Which objections."""

    state: (
        Literal[
            "FILED",
            "ACCEPTED",
            "DECIDED",
            "REVIEW_REQUESTED",
            "REVIEWED",
            "WITHDRAWN",
            "LAPSED",
        ]
        | None
    ) = None
    kind: Literal["OBJECTION", "CORRECTION"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OneObjection:
    """Which objection is meant."""

    objection_id: str


def _concerned(tx: Tx) -> set[str]:
    """Return the subjects for which the caller speaks now."""
    return {row.subject_id for row in voices.subjects_of(tx.conn, tx.actor.id, tx.now)}


def objection_card(tx: Tx, row: Any, *, private: bool) -> dict[str, Any]:
    """Return an objection; who filed it and what he wrote only to him and to staff.

    A correction is an act of the register: what it says is told to its subject.
    """
    review_over = row.review_until is None or tx.now >= row.review_until
    card = {
        "id": row.objection_id,
        "number": row.number,
        "kind": row.kind,
        "target": row.target,
        "target_id": row.target_id,
        "subject": row.subject_id,
        "settlement_id": row.settlement_id,
        "award_id": str(row.award_id) if row.award_id else None,
        "period": row.period,
        "state": row.state,
        "version": row.version,
        "holds_entry": row.holds_entry,
        "filed_at": row.filed_at.isoformat(),
        "accept_due": row.accept_due.isoformat(),
        "accepted_at": iso(row.accepted_at),
        "decide_due": iso(row.decide_due),
        "overdue": row.overdue,
        "extension_reasons": row.extension_reasons,
        "decided_at": iso(row.decided_at),
        "outcome": row.outcome,
        "reasons": row.reasons,
        "review_until": iso(row.review_until),
        "review_due": iso(row.review_due),
        "review_overdue": row.review_overdue,
        "reviewed_at": iso(row.reviewed_at),
        "review_outcome": row.review_outcome,
        "review_reasons": row.review_reasons,
        "final": row.state in _OVER or (row.state == "DECIDED" and review_over),
    }
    if private or row.kind == "CORRECTION":
        card |= {"text": row.text, "grounds": row.grounds, "evidence": row.evidence}
    if private:
        card |= {
            "person_id": row.person_id,
            "review_grounds": row.review_grounds,
            "filed_by": row.filed_by,
            "receipt_no": row.receipt_no,
        }
    return card


def objection(tx: Tx, payload: OneObjection) -> dict[str, Any]:
    """异议 / An objection.

    Return an objection to whoever filed it, its subject, and staff of the area.

    Raises:
        NotFound: There is none, or the caller may not know.
    """
    row = store.objection(tx.conn, payload.objection_id)
    if row is None:
        raise NotFound(kind="objection", id=payload.objection_id)
    private = _sight(tx, row)
    if private is None:
        raise NotFound(kind="objection", id=payload.objection_id)
    return objection_card(tx, row, private=private)


def _sight(tx: Tx, row: Any) -> bool | None:
    """Tell whether the caller sees an objection with who objected and what he wrote; None where he
    may not know of it.

    Whom it is about learns that and how, not who: names of those who object are kept, also before
    staff who hold a post in it, or live with somebody who does.
    """
    if row.person_id == tx.actor.id:
        return True
    if tx.actor.role in STAFF and tx.actor.covers(row.area):
        return row.subject_id not in ties(tx)
    return False if row.subject_id in _concerned(tx) else None


def objections(tx: Tx, payload: Objections) -> dict[str, Any]:
    """异议列表 / Objections.

    List the objections of the caller's area, those due first.
    """
    found = queries.objections_page(
        tx.conn,
        area=tx.actor.scope,
        state=payload.state,
        kind=payload.kind,
        part=payload,
    )
    own, tied = tx.actor.id, ties(tx)
    items = [
        objection_card(tx, row, private=row.person_id == own or row.subject_id not in tied)
        | {"own_matter": row.subject_id in tied}
        for row in found.rows
    ]
    return found.shown(items)


# --------------------------------------------------------------------------------------------------
# Objections to nominees


@dataclass(frozen=True, slots=True)
class NomineeObjections:
    """Which objections to nominees."""

    state: Literal["OPEN", "UPHELD", "DISMISSED", "LAPSED"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def nominee_objection_card(row: Any, *, private: bool) -> dict[str, Any]:
    """Return an objection to a nominee; what it says only to who filed it and to staff, and who
    filed it to nobody."""
    card = {
        "id": row.objection_id,
        "commendation_id": row.commendation_id,
        "subject": row.subject_id,
        "state": row.state,
        "version": row.version,
        "filed_at": row.filed_at.isoformat(),
        "decide_due": iso(row.decide_due),
        "overdue": row.overdue,
        "decided_at": iso(row.decided_at),
        "reasons": row.reasons,
    }
    return card | {"text": row.text} if private else card


def nominee_objection(tx: Tx, payload: OneObjection) -> dict[str, Any]:
    """对候选对象的异议 / An objection to a nominee.

    Return an objection to a nominee to whoever filed it, the nominee, and staff of the area.

    Raises:
        NotFound: There is none, or the caller may not know.
    """
    row = honours.objection(tx.conn, payload.objection_id)
    private = None if row is None else _sight(tx, row)
    if private is None:
        raise NotFound(kind="objection", id=payload.objection_id)
    return nominee_objection_card(row, private=private)


def nominee_objections(tx: Tx, payload: NomineeObjections) -> dict[str, Any]:
    """对候选对象的异议列表 / Objections to nominees.

    List the objections to nominees of the caller's area.
    """
    found = honours.objections_page(
        tx.conn, area=tx.actor.scope[:12], state=payload.state, part=payload
    )
    tied = ties(tx)
    return found.reply(
        lambda row: (
            nominee_objection_card(row, private=row.subject_id not in tied)
            | {"own_matter": row.subject_id in tied}
        )
    )
