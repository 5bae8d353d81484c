"""Objections."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.storage import honours, queries, voices
from fivered.services.credit.storage import objections as store
from fivered.services.credit.views.cards import STAFF, ties

_OVER = frozenset({"REVIEWED", "WITHDRAWN", "LAPSED"})


State = Literal[
    "FILED", "ACCEPTED", "DECIDED", "REVIEW_REQUESTED", "REVIEWED", "WITHDRAWN", "LAPSED"
]


class Objections(Request, frozen=True):
    """Which objections."""

    state: State | None = None
    kind: Literal["OBJECTION", "CORRECTION"] | None = None
    sort: Annotated[Literal["filed_at", "-filed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OneObjection(Request, frozen=True):
    """Which objection is meant."""

    objection_id: str


def _concerned(tx: Tx) -> set[str]:
    """Return the subjects for which the caller speaks now."""
    return {row.subject_id for row in voices.subjects_of(tx.conn, tx.actor.id, tx.now)}


def objection_card(
    tx: Tx, row: Row, *, private: bool, own_matter: bool | UnsetType = UNSET
) -> replies.ObjectionCard:
    """Return an objection; who filed it and what was written only to the filer and to staff.

    A correction is an act of the register: what it says is told to its subject.
    """
    review_over = row.review_until is None or tx.now >= row.review_until
    more: dict[str, object] = {}
    if private or row.kind == "CORRECTION":
        more |= {"text": row.text, "grounds": row.grounds, "evidence": row.evidence}
    if private:
        more |= {
            "person_id": row.person_id,
            "review_grounds": row.review_grounds,
            "filed_by": row.filed_by,
            "receipt_no": row.receipt_no,
        }
    return replies.ObjectionCard.of(
        row,
        id=row.objection_id,
        subject=row.subject_id,
        award_id=str(row.award_id) if row.award_id else None,
        final=row.state in _OVER or (row.state == "DECIDED" and review_over),
        own_matter=own_matter,
        **more,
    )


def objection(tx: Tx, payload: OneObjection) -> replies.ObjectionCard:
    """异议 / An objection.

    Return an objection to the person who filed it, its subject, and staff of the area.

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


def _sight(tx: Tx, row: Row) -> bool | None:
    """Tell whether the caller sees an objection with who objected and what was written; None where
    the caller may not know of it.

    Whom it is about learns that and how, not who: names of those who object are kept, also before
    staff who hold a post in it, or live with somebody who does.
    """
    if row.person_id == tx.actor.id:
        return True
    if tx.actor.role in STAFF and tx.actor.covers(row.area):
        return row.subject_id not in ties(tx)
    return False if row.subject_id in _concerned(tx) else None


def objections(tx: Tx, payload: Objections) -> Page[replies.ObjectionCard]:
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
    return found.listed(
        lambda row: objection_card(
            tx,
            row,
            private=row.person_id == own or row.subject_id not in tied,
            own_matter=row.subject_id in tied,
        )
    )


# --------------------------------------------------------------------------------------------------
# Objections to nominees


class NomineeObjections(Request, frozen=True):
    """Which objections to nominees."""

    state: Literal["OPEN", "UPHELD", "DISMISSED", "LAPSED"] | None = None
    sort: Annotated[Literal["filed_at", "-filed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def nominee_objection_card(
    row: Row, *, private: bool, own_matter: bool | UnsetType = UNSET
) -> replies.NomineeObjectionCard:
    """Return an objection to a nominee; what it says only to who filed it and to staff, and who
    filed it to nobody."""
    return replies.NomineeObjectionCard.of(
        row,
        id=row.objection_id,
        subject=row.subject_id,
        text=row.text if private else UNSET,
        own_matter=own_matter,
    )


def nominee_objection(tx: Tx, payload: OneObjection) -> replies.NomineeObjectionCard:
    """对候选对象的异议 / An objection to a nominee.

    Return an objection to a nominee to the person who filed it, the nominee, and staff of the area.

    Raises:
        NotFound: There is none, or the caller may not know.
    """
    row = honours.objection(tx.conn, payload.objection_id)
    private = None if row is None else _sight(tx, row)
    if row is None or private is None:
        raise NotFound(kind="objection", id=payload.objection_id)
    return nominee_objection_card(row, private=private)


def nominee_objections(tx: Tx, payload: NomineeObjections) -> Page[replies.NomineeObjectionCard]:
    """对候选对象的异议列表 / Objections to nominees.

    List the objections to nominees of the caller's area.
    """
    found = honours.objections_page(
        tx.conn, area=tx.actor.scope[:12], state=payload.state, part=payload
    )
    tied = ties(tx)
    return found.listed(
        lambda row: nominee_objection_card(
            row, private=row.subject_id not in tied, own_matter=row.subject_id in tied
        )
    )
