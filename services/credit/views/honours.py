"""Commendations, certificates, repairs and boards, as each viewer may see them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from chassis.bus import Nothing
from chassis.fields import Cursor, DownToCommunity, Limit, Period
from chassis.refusal import Invalid, NotFound, said
from chassis.text import PERIOD
from services.credit.errors import NotForPersons
from services.credit.replies import CommendationState
from services.credit.rules import severity
from services.credit.storage import honours as store
from services.credit.storage import records, registry
from services.credit.storage import repairs as repair_store
from services.credit.storage.in_force import rules_in_force
from services.credit.storage.published import ORGANISATIONS, gates
from services.credit.views import cards as cards_views
from services.credit.views import objections as objections_views

if TYPE_CHECKING:
    from chassis.bus import Tx

_MONTH = re.compile(PERIOD)


@dataclass(frozen=True, slots=True)
class OneCommendation:
    """Which commendation is meant."""

    commendation_id: str


@dataclass(frozen=True, slots=True)
class Commendations:
    """Which commendations."""

    state: CommendationState | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """分页 / Which part of a list."""

    commendation_id: str
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OneCertificate:
    """The code that stands on a certificate."""

    code: str


@dataclass(frozen=True, slots=True)
class Revocations:
    """Of which area."""

    scope: DownToCommunity | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Board:
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


@dataclass(frozen=True, slots=True)
class OneRepair:
    """Which repair is meant."""

    repair_id: str


@dataclass(frozen=True, slots=True)
class Repairs:
    """Which repairs."""

    state: (
        Literal[
            "APPLIED",
            "ACCEPTED",
            "RETURNED",
            "CHECKED",
            "APPROVED",
            "REJECTED",
            "WITHDRAWN",
            "LAPSED",
        ]
        | None
    ) = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OfOrganisation:
    """Which organisation is meant."""

    subject_id: str


# --------------------------------------------------------------------------------------------------
# Commendations


def commendation_card(row: Any) -> dict[str, Any]:
    """Return a commendation without its nominees."""
    return {
        "id": row.commendation_id,
        "number": row.number,
        "title": row.title,
        "form": row.form,
        "level": row.level,
        "kind": row.kind,
        "criteria": row.criteria,
        "quota": row.quota,
        "scope": row.area,
        "from_period": row.from_period,
        "to_period": row.to_period,
        "approval_doc_no": row.approval_doc_no,
        "state": row.state,
        "version": row.version,
        "notice_id": row.notice_id,
        "opened_at": row.opened_at.isoformat(),
        "public_until": cards_views.iso(row.public_until),
        "approved_at": cards_views.iso(row.approved_at),
        "granted_at": cards_views.iso(row.granted_at),
        "cancelled_because": row.cancelled_because,
    }


def commendation(tx: Tx, payload: OneCommendation) -> dict[str, Any]:
    """表彰及候选对象 / A commendation with its nominees.

    Return a commendation with nominees and what people said, to staff of its area.

    Who objected stands nowhere in it.

    Raises:
        NotFound: There is none, or it is none of the caller's business.
    """
    row = store.commendation(tx.conn, payload.commendation_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="commendation", id=payload.commendation_id)
    tied = cards_views.ties(tx)
    return commendation_card(row) | {
        "opened_by": row.opened_by,
        "reviewed_by": row.reviewed_by,
        "approved_by": row.approved_by,
        "nominees": [
            {
                "subject": nominee.subject_id,
                "own_matter": nominee.subject_id in tied,
                "state": nominee.state,
                "grounds": nominee.grounds,
                "reason": nominee.reason,
                "nominated_by": nominee.nominated_by,
                "supported": nominee.supported,
                "review": nominee.review,
                "award_id": str(nominee.award_id) if nominee.award_id else None,
                "certificate": nominee.certificate,
                "revoked_because": nominee.revoked_because,
            }
            for nominee in store.nominees(tx.conn, row.commendation_id)
        ],
        "objections": [
            objections_views.nominee_objection_card(one, private=one.subject_id not in tied)
            for one in store.objections(tx.conn, row.commendation_id)
        ],
    }


def commendations(tx: Tx, payload: Commendations) -> dict[str, Any]:
    """表彰列表 / Commendations.

    List the commendations of the caller's area.
    """
    found = store.page(
        tx.conn,
        area=tx.actor.scope[:12],
        state=payload.state,
        part=payload,
    )
    return found.reply(commendation_card)


def candidates(tx: Tx, payload: Candidates) -> dict[str, Any]:
    """符合条件者及排除理由 / Who may be commended, and who is kept back by what.

    Return who may be commended by the rule, and who is kept back by what.

    Raises:
        NotFound: There is no such commendation, or it is none of the caller's business.
    """
    in_force = rules_in_force(tx.conn)
    row = store.commendation(tx.conn, payload.commendation_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="commendation", id=payload.commendation_id)
    limit = payload.limit
    since = tx.calendar.next_period(row.to_period, 1 - records.RECORD_MONTHS)
    ids = store.candidate_ids(
        tx.conn,
        kind=row.kind,
        area=row.area,
        since=since,
        until=row.to_period,
        after=payload.cursor or "",
        limit=limit + 1,
    )
    shown = ids[:limit]
    found = records.grounds_of(
        tx.conn,
        row.kind,
        shown,
        until=row.to_period,
        commendation_id=row.commendation_id,
        at=tx.now,
        in_force=in_force,
    )
    months = store.months_of(tx.conn, shown, since=row.from_period, until=row.to_period)
    return {
        "items": [
            {
                "subject": subject_id,
                "eligible": not found[subject_id],
                "grounds": list(found[subject_id]),
                "months": [
                    {"period": period, "score": score, "grade": grade}
                    for period, (score, grade) in sorted(months.get(subject_id, {}).items())
                ],
            }
            for subject_id in shown
        ],
        "next": shown[-1] if len(ids) > limit else None,
    }


# --------------------------------------------------------------------------------------------------
# Certificates


def certificate_document(tx: Tx, payload: OneCertificate) -> dict[str, Any]:
    """证书(PDF) / A certificate as PDF."""
    return certificate(tx, payload)


def certificate(tx: Tx, payload: OneCertificate) -> dict[str, Any]:
    """核验证书 / Verify a certificate.

    Tell anybody whether a certificate holds: VALID or REVOKED. Ids only.

    A person who does not consent to commendation any more is not named; his certificate holds. Nor
    is a person whose certificate was revoked.

    Raises:
        NotFound: No certificate has this code.
    """
    row = store.certificate(tx.conn, payload.code)
    if row is None:
        raise NotFound(kind="certificate", id=payload.code)
    made = store.commendation(tx.conn, row.commendation_id)
    subject = registry.subject(tx.conn, row.subject_id)
    kind, _, ref = row.subject_id.partition(":")
    # From whom of natural persons an honour was taken is nobody's business.
    named = kind not in records.NAMED_PERSONS or (
        row.state == "VALID" and bool(records.willing(tx.conn, kind, {row.subject_id: subject}))
    )
    return {
        "code": row.code,
        "number": row.number,
        "state": row.state,
        "version": row.version,
        "title": made.title,
        "form": made.form,
        "level": made.level,
        "scope": row.area,
        "approval_doc_no": made.approval_doc_no,
        "kind": kind,
        "ref": ref if named else None,
        "person_id": (subject.holder if named and kind in records.NAMED_PERSONS else None),
        "granted_at": row.granted_at.isoformat(),
        "revoked_at": cards_views.iso(row.revoked_at),
    }


def revocations(tx: Tx, payload: Revocations) -> dict[str, Any]:
    """已撤销的证书 / Certificates that were revoked.

    List certificates that do not hold any more: numbers, never whose they were.
    """
    found = store.revoked_page(
        tx.conn,
        area=payload.scope or "",
        part=payload,
    )
    return found.reply(
        lambda row: {
            "code": row.code,
            "number": row.number,
            "scope": row.area,
            "granted_at": row.granted_at.isoformat(),
            "revoked_at": row.revoked_at.isoformat(),
        }
    )


def honours(tx: Tx, _asked: Nothing) -> dict[str, Any]:
    """我的荣誉 / My certificates.

    Return the certificates of the caller's own subjects.
    """
    own = [row.subject_id for row in registry.subjects_held_by(tx.conn, tx.actor.id)]
    return {
        "items": [
            {
                "code": row.code,
                "number": row.number,
                "subject": row.subject_id,
                "title": row.title,
                "form": row.form,
                "level": row.level,
                "state": row.state,
                "granted_at": row.granted_at.isoformat(),
                "revoked_at": cards_views.iso(row.revoked_at),
            }
            for row in store.honours_of(tx.conn, own)
        ],
        "next": None,
    }


# --------------------------------------------------------------------------------------------------
# Boards of organisations


def leaderboard(tx: Tx, payload: Board) -> dict[str, Any]:
    """单位信用排名 / Organisations by score.

    Return organisations by their final score, best first; equal scores share a rank.

    Raises:
        NotForPersons: There is no board of natural persons (REQ-L03).
        Invalid: An unknown kind, no month, or a cursor of another list.
    """
    if payload.kind in records.NAMED_PERSONS:
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
    if payload.cursor is not None and not re.match(r"^[0-9]{1,6}$", payload.cursor):
        raise Invalid(field="cursor", reason=said("cursor 无效 / the cursor is none of this list"))
    limit = payload.limit
    offset = int(payload.cursor or 0)
    period = payload.period or store.latest_final(tx.conn, kind=payload.kind, area=payload.scope)
    rows = (
        store.board(
            tx.conn,
            kind=payload.kind,
            area=payload.scope,
            period=period,
            limit=limit,
            offset=offset,
        )
        if period
        else []
    )
    return {
        "scope": payload.scope,
        "kind": payload.kind,
        "period": period,
        "items": [
            {
                "rank": row.rank,
                "subject": row.subject_id,
                "ref": row.subject_id.partition(":")[2],
                "area": row.area,
                "score": row.score,
                "grade": row.grade,
                "gates_failed": gates(row.gates_failed),
            }
            for row in rows[:limit]
        ],
        "next": str(offset + limit) if len(rows) > limit else None,
    }


# --------------------------------------------------------------------------------------------------
# Repairs, negative items, vetoes


def repair_card(row: Any) -> dict[str, Any]:
    """Return a repair."""
    return {
        "id": row.repair_id,
        "number": row.number,
        "award_id": str(row.award_id),
        "subject": row.subject_id,
        "severity": row.severity,
        "state": row.state,
        "version": row.version,
        "text": row.text,
        "evidence": row.evidence,
        "applied_at": row.applied_at.isoformat(),
        "accept_due": row.accept_due.isoformat(),
        "decide_due": row.decide_due.isoformat(),
        "overdue": row.overdue,
        "finding": row.finding,
        "decided_at": cards_views.iso(row.decided_at),
        "reasons": row.reasons,
        "from_period": row.from_period,
    }


def repair(tx: Tx, payload: OneRepair) -> dict[str, Any]:
    """信用修复 / A repair.

    Return a repair to who applied, to the organisation, and to staff of the area.

    Raises:
        NotFound: There is none, or it is none of the caller's business.
    """
    row = repair_store.repair(tx.conn, payload.repair_id)
    if row is None or not (row.person_id == tx.actor.id or cards_views.may_see(tx, row.subject_id)):
        raise NotFound(kind="repair", id=payload.repair_id)
    return repair_card(row)


def repairs(tx: Tx, payload: Repairs) -> dict[str, Any]:
    """信用修复列表 / Repairs.

    List the repairs of the caller's area.
    """
    found = repair_store.page(
        tx.conn,
        area=tx.actor.scope[:12],
        state=payload.state,
        part=payload,
    )
    tied = cards_views.ties(tx)
    return found.reply(lambda row: repair_card(row) | {"own_matter": row.subject_id in tied})


def negatives(tx: Tx, payload: OfOrganisation) -> dict[str, Any]:
    """单位负面信息 / Published negative items of an organisation.

    Return the negative items of an organisation that are published now, and its vetoes.

    MINOR items are shown to the organisation and to staff only. What was repaired, or has hung for
    its longest time, is shown to nobody here.

    Raises:
        NotForPersons: No list of negatives of natural persons exists (REQ-L03).
        NotFound: There is no such organisation.
    """
    in_force = rules_in_force(tx.conn)
    kind = payload.subject_id.partition(":")[0]
    if kind in ("RES", "HH"):
        raise NotForPersons(field="subject_id")
    subject = registry.subject(tx.conn, payload.subject_id)
    inside = subject is not None and cards_views.may_see(tx, payload.subject_id)
    if subject is None or (kind == "STW" and not inside):
        raise NotFound(kind="subject", id=payload.subject_id)
    now = tx.calendar.period(tx.now)
    items = []
    for award in repair_store.negatives(tx.conn, [subject.subject_id], now):
        rule = in_force.rule_of(award)
        level = (rule.severity if rule is not None else None) or "MINOR"
        public = severity.is_public(level, period=award.period, to_period=award.to_period, now=now)
        if public or inside:
            items.append(
                {
                    "award_id": str(award.award_id),
                    "period": award.period,
                    "severity": level,
                    "public": public,
                    "rule": award.rule_code,
                    "reason": rule.public_reason if rule is not None else None,
                    "score": award.score,
                    "document_no": award.document_no,
                    "counts_until": award.to_period,
                    "repair_from": severity.earliest_repair(level, award.period),
                }
            )
    return {
        "subject": subject.subject_id,
        "items": items,
        "next": None,
        "vetoes": [
            cards_views.veto_card(veto)
            for veto in repair_store.vetoes_of(tx.conn, subject.subject_id)
            if inside or (veto.state == "ACTIVE" and veto.from_period <= now <= veto.to_period)
        ],
    }
