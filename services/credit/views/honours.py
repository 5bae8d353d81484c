"""Commendations, certificates and boards, as each viewer may see them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta, structs

from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.fields import SORT, Cursor, DownToCommunity, Limit, Period, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.chassis.text import PERIOD
from fivered.services.credit import replies
from fivered.services.credit.errors import NotForPersons
from fivered.services.credit.replies import CommendationState
from fivered.services.credit.storage import candidates as candidate_store
from fivered.services.credit.storage import honours as store
from fivered.services.credit.storage import registry
from fivered.services.credit.storage.in_force import rules_in_force
from fivered.services.credit.storage.published import ORGANISATIONS, gates
from fivered.services.credit.views import cards as cards_views
from fivered.services.credit.views import objections as objections_views

_MONTH = re.compile(PERIOD)


class OneCommendation(Request, frozen=True):
    """Which commendation is meant."""

    commendation_id: str


class Commendations(Request, frozen=True):
    """Which commendations."""

    state: CommendationState | None = None
    sort: Annotated[Literal["opened_at", "-opened_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class Candidates(Request, frozen=True):
    """分页 / Which part of a list."""

    commendation_id: str
    limit: Limit = 50
    cursor: Cursor | None = None


class OneCertificate(Request, frozen=True):
    """The code that stands on a certificate."""

    code: str


class Revocations(Request, frozen=True):
    """Of which area."""

    scope: DownToCommunity | None = None
    sort: Annotated[Literal["revoked_at", "-revoked_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class Board(Request, frozen=True):
    """Which board: organisations only.

    Attributes:
        period: Empty means the newest month that is final.
    """

    scope: Annotated[DownToCommunity, Meta(examples=["370811"])]
    kind: Annotated[
        str,
        Meta(
            max_length=4,
            description="单位类别;不设居民排名 / PRJ, PCO, MER, PTN, UNT; none of persons",
        ),
    ] = "PRJ"
    period: Annotated[Period, Meta(examples=["2025-03"])] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


# --------------------------------------------------------------------------------------------------
# Commendations


def _card(row: Row) -> replies.CommendationCard:
    return replies.CommendationCard.of(row, id=row.commendation_id, scope=row.area)


def commendation(tx: Tx, payload: OneCommendation) -> replies.CommendationDetail:
    """表彰及候选对象 / A commendation with its nominees.

    Return a commendation with nominees and what people said, to staff of its area.

    Who objected stands nowhere in it.

    Raises:
        NotFound: There is none, or it is none of the caller's business.
    """
    row = _seen(tx, payload.commendation_id)
    tied = cards_views.ties(tx)
    return replies.CommendationDetail.of(
        row,
        id=row.commendation_id,
        scope=row.area,
        nominees=[
            replies.NomineeCard.of(
                nominee,
                subject=nominee.subject_id,
                own_matter=nominee.subject_id in tied,
                award_id=str(nominee.award_id) if nominee.award_id else None,
            )
            for nominee in store.nominees(tx.conn, row.commendation_id)
        ],
        objections=[
            objections_views.nominee_objection_card(one, private=one.subject_id not in tied)
            for one in store.objections(tx.conn, row.commendation_id)
        ],
    )


def _seen(tx: Tx, commendation_id: str) -> Row:
    """Return a commendation of the caller's area.

    Raises:
        NotFound: There is none, or it is none of the caller's business.
    """
    row = store.commendation(tx.conn, commendation_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="commendation", id=commendation_id)
    return row


def commendations(tx: Tx, payload: Commendations) -> Page[replies.CommendationCard]:
    """表彰列表 / Commendations.

    List the commendations of the caller's area.
    """
    return store.page(tx.conn, area=tx.actor.scope[:12], state=payload.state, part=payload).listed(
        _card
    )


def candidates(tx: Tx, payload: Candidates) -> replies.CandidatesReply:
    """符合条件者及排除理由 / Who may be commended, and who is kept back by what.

    Return who may be commended by the rule, and who is kept back by what.

    Raises:
        NotFound: There is no such commendation, or it is none of the caller's business.
    """
    row = _seen(tx, payload.commendation_id)
    limit = payload.limit
    ids = store.candidate_ids(
        tx.conn,
        kind=row.kind,
        area=row.area,
        since=tx.calendar.next_period(row.to_period, 1 - candidate_store.RECORD_MONTHS),
        until=row.to_period,
        after=payload.cursor or "",
        limit=limit + 1,
    )
    shown = ids[:limit]
    found = candidate_store.grounds_of(
        tx.conn,
        row.kind,
        shown,
        until=row.to_period,
        commendation_id=row.commendation_id,
        at=tx.now,
        in_force=rules_in_force(tx.conn),
    )
    months = store.months_of(tx.conn, shown, since=row.from_period, until=row.to_period)
    return replies.CandidatesReply(
        items=[
            replies.Candidate(
                subject=subject_id,
                eligible=not found[subject_id],
                grounds=list(found[subject_id]),
                months=[
                    replies.FinalMonth(period=period, score=score, grade=grade)
                    for period, (score, grade) in sorted(months.get(subject_id, {}).items())
                ],
            )
            for subject_id in shown
        ],
        next=shown[-1] if len(ids) > limit else None,
    )


# --------------------------------------------------------------------------------------------------
# Certificates


def certificate_document(tx: Tx, payload: OneCertificate) -> replies.CertificateReply:
    """证书(PDF) / A certificate as PDF."""
    return certificate(tx, payload)


def certificate(tx: Tx, payload: OneCertificate) -> replies.CertificateReply:
    """核验证书 / Verify a certificate.

    Tell anybody whether a certificate holds: VALID or REVOKED. Ids only.

    A person who does not consent to commendation any more is not named; the certificate holds. Nor
    is a person whose certificate was revoked.

    Raises:
        NotFound: No certificate has this code.
    """
    row = store.certificate(tx.conn, payload.code)
    if row is None:
        raise NotFound(kind="certificate", id=payload.code)
    made = store.known(tx.conn, row.commendation_id)
    subject = registry.known_subject(tx.conn, row.subject_id)
    kind, _, ref = row.subject_id.partition(":")
    person = kind in candidate_store.NAMED_PERSONS
    # From whom of natural persons an honour was taken is nobody's business.
    named = not person or (
        row.state == "VALID"
        and bool(candidate_store.willing(tx.conn, kind, {row.subject_id: subject}))
    )
    return replies.CertificateReply.of(
        row,
        title=made.title,
        form=made.form,
        level=made.level,
        scope=row.area,
        issuer=registry.full_name(tx.conn, row.area) or None,
        approval_doc_no=made.approval_doc_no,
        kind=kind,
        ref=ref if named else None,
        person_id=subject.holder if named and person else None,
    )


def revocations(tx: Tx, payload: Revocations) -> Page[replies.RevokedCertificate]:
    """已撤销的证书 / Certificates that were revoked.

    List certificates that do not hold any more: numbers, never whose they were.
    """
    found = store.revoked_page(tx.conn, area=payload.scope or "", part=payload)
    return found.listed(lambda row: replies.RevokedCertificate.of(row, scope=row.area))


def honours(tx: Tx, _asked: Nothing) -> replies.HonoursReply:
    """我的荣誉 / My certificates.

    Return the certificates of the caller's own subjects.
    """
    own = [row.subject_id for row in registry.subjects_held_by(tx.conn, tx.actor.id)]
    return replies.HonoursReply(
        items=[
            replies.Honour.of(row, subject=row.subject_id) for row in store.honours_of(tx.conn, own)
        ]
    )


# --------------------------------------------------------------------------------------------------
# Boards of organisations


def leaderboard(tx: Tx, payload: Board) -> replies.BoardReply:
    """单位信用排名 / Organisations by score.

    Return organisations by their final score, best first; equal scores share a rank.

    Raises:
        NotForPersons: There is no board of natural persons (REQ-L03).
        Invalid: An unknown kind, no month, or a cursor of another list.
    """
    if payload.kind in candidate_store.NAMED_PERSONS:
        raise NotForPersons(field="kind")
    if payload.kind not in ORGANISATIONS:
        known = "、".join(ORGANISATIONS)
        raise Invalid(
            field="kind", reason=said("kind 应为 {known} / kind is one of {known}", known=known)
        )
    if payload.period is not None and not _MONTH.match(payload.period):
        raise Invalid(
            field="period", reason=said("月份格式应为 YYYY-MM / a month is written YYYY-MM")
        )
    # A cursor goes on in its month, also where a newer one is final by then.
    known, _, cursor = (payload.cursor or "").partition(".")
    if payload.cursor is not None and not (cursor and known == (payload.period or known)):
        raise Invalid(field="cursor", reason=said("cursor 无效 / the cursor is none of this list"))
    period = payload.period or known
    period = period or store.latest_final(tx.conn, kind=payload.kind, area=payload.scope) or ""
    part = structs.replace(payload, period=period, cursor=cursor or None)
    found = store.board(tx.conn, kind=payload.kind, area=payload.scope, period=period, part=part)
    return replies.BoardReply(
        scope=payload.scope,
        kind=payload.kind,
        period=period or None,
        items=[
            replies.BoardRow.of(
                row,
                subject=row.subject_id,
                ref=row.subject_id.partition(":")[2],
                gates_failed=gates(row.gates_failed),
            )
            for row in found.rows
        ],
        next=f"{period}.{found.next}" if found.next is not None else None,
    )
