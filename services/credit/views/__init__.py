"""Questions that credit answers; reads only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from chassis.bus import Nothing, is_uuid
from chassis.fields import Cursor, Day, DownToCommunity, Limit, Period, StreetOrCommunity
from chassis.refusal import Invalid, NotFound, Sentence, fill, said, sentences
from services.credit.errors import ConsentSuspended
from services.credit.rules import standing
from services.credit.rules.model import DIMENSIONS, Rule
from services.credit.storage import (
    awards,
    ledger,
    months,
    queries,
    records,
    registry,
    rule_sets,
    voices,
)
from services.credit.storage import honours as honours_store
from services.credit.storage import settlements as store
from services.credit.storage.budgets import grant_card
from services.credit.storage.in_force import rules_in_force
from services.credit.storage.published import published_now

if TYPE_CHECKING:
    from chassis.bus import Tx
    from services.credit.rules.awards import Compiled

STAFF = (
    "R_GRID",
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
)
ORGANISATIONS = ("PRJ", "PCO", "MER", "PTN", "UNT")


@dataclass(frozen=True, slots=True)
class RulesAt:
    """On which day."""

    at: (
        Annotated[
            Day, Meta(description="生效日期,默认今天 / day, default today", examples=["2025-03-01"])
        ]
        | None
    ) = None
    community: (
        Annotated[
            StreetOrCommunity,
            Meta(
                description="社区或街道,并列出该街道的补充规则 / with what its street adds",
                examples=["370811015901"],
            ),
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True)
class OneSubject:
    """Which subject is meant."""

    subject_id: str


@dataclass(frozen=True, slots=True)
class Explain:
    """Which month."""

    subject_id: str
    period: Annotated[Period, Meta(examples=["2025-03"])]


@dataclass(frozen=True, slots=True)
class OneAward:
    """Which award is meant."""

    award_id: str


@dataclass(frozen=True, slots=True)
class Settlements:
    """Which settlements."""

    period: Annotated[Period, Meta(examples=["2025-03"])] | None = None
    community: DownToCommunity | None = None
    state: (
        Literal["OPEN", "DRAFTED", "REVIEWED", "CONFIRMED", "PUBLISHED", "FINALISING", "SETTLED"]
        | None
    ) = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OneSettlement:
    """Which settlement is meant."""

    settlement_id: str


@dataclass(frozen=True, slots=True)
class Notices:
    """Which notices."""

    scope: DownToCommunity | None = None
    period: Period | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OneNotice:
    """Which notice is meant."""

    notice_id: str


@dataclass(frozen=True, slots=True)
class Awards:
    """Which awards."""

    state: Literal["PROPOSED", "APPROVED", "REJECTED", "REVERSED", "REPAIRED"] | None = None
    community: DownToCommunity | None = None
    waits_for: (
        Annotated[
            Literal["R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"],
            Meta(description="待哪一级审核 / the level that must decide"),
        ]
        | None
    ) = None
    overdue: Annotated[
        bool,
        Meta(description="只列逾期未审核的 / only those that nobody decided within 5 working days"),
    ] = False
    limit: Limit = 50
    cursor: Cursor | None = None


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
class BudgetGrants:
    """Which grants."""

    state: Literal["PROPOSED", "GRANTED", "REJECTED"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OneObjection:
    """Which objection is meant."""

    objection_id: str


@dataclass(frozen=True, slots=True)
class OneConsent:
    """Whose consents."""

    person_id: Annotated[str, Meta(max_length=64)] | None = None


def iso(at: datetime | None) -> str | None:
    """Return a time as text, or None."""
    return at.isoformat() if at is not None else None


# --------------------------------------------------------------------------------------------------
# Rules


def rules(tx: Tx, question: RulesAt) -> dict[str, Any]:
    """现行规则 / Rules in force.

    Raises:
        Invalid: No date.
    """
    in_force = rules_in_force(tx.conn)
    try:
        on = date.fromisoformat(question.at) if question.at else tx.calendar.local_date(tx.now)
    except ValueError as error:
        raise Invalid(
            field="at", reason=said("日期格式应为 YYYY-MM-DD / a day is written YYYY-MM-DD")
        ) from error
    found = in_force.on(on)
    if found is None:
        return {
            "at": on.isoformat(),
            "code": None,
            "notice_version": tx.settings.notice_version,
            "items": [],
            "next": None,
        }
    code, compiled = found
    row = rule_sets.by_code(tx.conn, code)
    rule_set = compiled.rule_set
    street = in_force.street(question.community or "", on)
    items = [*rule_set.rules, *(street[1].rule_set.rules if street is not None else ())]
    return {
        "at": on.isoformat(),
        "code": code,
        "version": rule_set.version,
        "state": row.state,
        "effective_from": rule_set.effective_from.isoformat(),
        "effective_to": row.effective_to.isoformat() if row.effective_to else None,
        **(persons(tx, row) if of_district(tx, row.area) else offices(row)),
        "legal_review": rule_set.legal_review,
        "instruments": list(rule_set.instruments),
        "digest": row.digest,
        "notice_version": tx.settings.notice_version,
        "street": _street_card(tx, street[0]) if street is not None else None,
        "items": [rule_card(rule) for rule in items],
        "next": None,
    }


# Who reads drafts, and which persons wrote and published a rule set.
DISTRICT = ("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR")


def of_district(tx: Tx, area: str) -> bool:
    """Tell whether the caller works on the rule sets of an area, or watches over them."""
    return tx.actor.role in DISTRICT and tx.actor.covers(area)


def offices(row: Any) -> dict[str, str | None]:
    """Return the offices that a rule set's document names. Documents of before named persons."""
    people = {row.publisher, *row.authors}
    named = {name: row.body[name] for name in ("author", "publisher")}
    return {name: None if said in people else said for name, said in named.items()}


def persons(tx: Tx, row: Any) -> dict[str, str | None]:
    """Return who wrote and who published a rule set; nobody but the district reads it (K15)."""
    inside = of_district(tx, row.area)
    return {name: getattr(row, name) if inside else None for name in ("author", "publisher")}


def _street_card(tx: Tx, code: str) -> dict[str, Any]:
    row = rule_sets.by_code(tx.conn, code)
    return {
        "code": code,
        "scope": row.area,
        "effective_from": row.effective_from.isoformat(),
        "effective_to": row.effective_to.isoformat() if row.effective_to else None,
        "digest": row.digest,
        "rules": [rule["code"] for rule in row.body["rules"]],
    }


def rule_card(rule: Rule) -> dict[str, Any]:
    """Return a rule as people read it."""
    return {
        "code": rule.code,
        "name": rule.name_zh,
        "name_en": rule.name_en,
        "kind": rule.kind,
        "dimension": rule.dimension,
        "dimension_name": DIMENSIONS[rule.dimension],
        "instrument": rule.instrument,
        "article": rule.article.number,
        "text": rule.article.text,
        "basis": rule.article.basis,
        "type": rule.type,
        "source": rule.source,
        "deduction": rule.negative,
        "severity": rule.severity,
        "valid_periods": rule.valid_periods,
        "requires_legal_document": rule.requires_legal_document,
        "evidence": list(rule.evidence),
        "propose": list(rule.propose),
        "approve": list(rule.approve),
        "levels": [
            {"code": v.code, "name": v.name_zh, "score": v.score, "points": v.points}
            for v in rule.levels
        ],
        "public_reason": rule.public_reason,
        "cases": [
            {"text": case.text, "score": case.score, "points": case.points} for case in rule.cases
        ],
    }


def award_card(tx: Tx, award: Any, compiled: Compiled | None) -> dict[str, Any]:
    """Return an award with its reason (rule and text, event, actor, evidence), and for whose
    decision it waits."""
    rule = compiled.rule_set.rule(award.rule_code) if compiled is not None else None
    names = ("CAPPED", "LATE", "CORRECTION")
    flags = [
        name
        for name, on in zip(names, (award.capped, award.late, award.correction), strict=True)
        if on
    ]
    return {
        "id": str(award.award_id),
        "subject": award.subject_id,
        "state": award.state,
        "version": award.version,
        "score": award.score,
        "points": award.points,
        "score_before_cap": award.score_raw,
        "points_before_cap": award.points_raw,
        "flags": flags,
        "deduction": award.deduction,
        "effective": award.effective,
        "decided_by_person": award.decides != "NOBODY",
        "occurred_at": award.occurred_at.isoformat(),
        "period": award.period,
        "counts_until": award.to_period,
        "waits": _waits(tx, award),
        "why": {
            "rule_set": award.rule_set,
            "rule": award.rule_code,
            "name": rule.name_zh if rule else None,
            "instrument": rule.instrument if rule else None,
            "article": rule.article.number if rule else None,
            "text": rule.article.text if rule else None,
            "basis": rule.article.basis if rule else None,
            "dimension": rule.dimension if rule else None,
            "event_type": f"{award.source}.{award.fact}" if award.fact else None,
            "event_id": str(award.event_id) if award.event_id else None,
            "deed": award.deed,
            "actor": award.actor_id,
            "evidence": award.evidence or [],
            "inputs": award.inputs,
            "corrects": str(award.corrects) if award.corrects else None,
            # Of what was taken back, why; what was said when it was proposed stands beside it.
            "reason": award.reason if award.state == "REVERSED" else award.proposal or award.reason,
            "proposal": award.proposal,
            **_in_words(award.reason),
            # The last word on it, where that is another one: of the approval, the reversal.
            "decision": award.reason if award.proposal not in (None, award.reason) else None,
        },
    }


# What took an award back, by how its reason begins; and reasons that are one code.
_TAKEN_BACK = sentences(
    {
        "objection": "经异议 {ref} 裁定 / Decided on the objection {ref}",
        "repair": "经信用修复 {ref} 消除 / Repaired by {ref}",
        "excluded": "同一行为已按规则 {ref} 赋分 / The same deed is credited by rule {ref}",
        "merged": (
            "重复登记已合并,转入 {ref}"
            " / Two registrations of one person were merged; it went over to {ref}"
        ),
        "commendation-revoked": "表彰 {ref} 已撤销 / The commendation {ref} was revoked",
    }
)
_ENDED = sentences(
    {
        "UNDECIDED": (
            "异议到结算关闭时仍未裁定 / An objection was not decided before its month was closed"
        ),
        "CONSENT_WITHDRAWN": "授权已撤回 / The consent was withdrawn",
        "RESIDENT_DEACTIVATED": "居民登记已注销 / The person is no registered resident any more",
    }
)
_FACT = re.compile(r"^[a-z]+\.[a-z_]+$")
_CORRECTED = Sentence(
    "所依据的事项已更正或撤回:{ref} / What it was given for was corrected or taken back: {ref}"
)


def _in_words(reason: str | None) -> dict[str, str | None]:
    """Return the last word on an award as people read it, in both languages."""
    head, _, ref = (reason or "").partition(":")
    text = _TAKEN_BACK.get(head) if ref else _ENDED.get(head)
    if text is None and _FACT.match(reason or ""):
        text, ref = _CORRECTED, reason or ""
    if text is None:
        return {"last_word": reason, "last_word_en": reason}
    return {
        "last_word": fill(text, {"ref": ref}, whole=True),
        "last_word_en": fill(text.english, {"ref": ref}, whole=True),
    }


def award(tx: Tx, question: OneAward) -> dict[str, Any]:
    """赋分及理由 / An award and why.

    Return one award with its reason, to its subject and to staff of the area.

    Raises:
        NotFound: There is none, or the caller may not know it.
    """
    in_force = rules_in_force(tx.conn)
    found = awards.award(tx.conn, question.award_id) if is_uuid(question.award_id) else None
    own = found is not None and found.proposed_by == tx.actor.id and tx.actor.role in STAFF
    if found is None or not (own or may_see(tx, found.subject_id)):
        raise NotFound(kind="award", id=question.award_id)
    card = award_card(tx, found, in_force.of_code(found.rule_set))
    card["chain"] = {"proposed_by": found.proposed_by, "decided_by": found.decided_by}
    return card


def _waits(tx: Tx, award: Any) -> dict[str, Any] | None:
    """Return for whose decision an award waits, since and until when; None where for nobody's."""
    if award.state != "PROPOSED" or award.due_at is None:
        return None
    return {
        "for": award.waits_for,
        "since": iso(award.lapsed_at or award.proposed_at),
        "due": iso(award.due_at),
        "overdue": award.lapsed_at is not None or award.due_at <= tx.now,
    }


def may_see(tx: Tx, subject_id: str) -> bool:
    """Tell whether the caller may see all of a subject: its own, or staff of its place."""
    subject = registry.subject(tx.conn, subject_id)
    if subject is None:
        return False
    if voices.speaks_for(tx.conn, subject_id, tx.actor.id, tx.now):
        return True
    return tx.actor.role in STAFF and serves(tx, subject)


def serves(tx: Tx, subject: Any) -> bool:
    """Tell whether a subject lies in the caller's scope: a grid worker's is a grid inside the
    subject's community; a company is where its projects are, too."""
    place = subject.grid or subject.area
    if place and tx.actor.covers(place):
        return True
    return subject.kind == "PCO" and any(
        tx.actor.covers(area) for area in registry.project_areas(tx.conn, subject.ref)
    )


def award_list(tx: Tx, question: Awards) -> dict[str, Any]:
    """人工赋分列表 / Awards that a person decides.

    List awards of the caller's area that were proposed by hand or wait for a decision.
    """
    in_force = rules_in_force(tx.conn)
    area = question.community or tx.actor.scope
    tx.require_scope(area)
    found = queries.awards_page(
        tx.conn,
        area=area,
        state=question.state,
        waits_for=question.waits_for,
        overdue_at=tx.now if question.overdue else None,
        part=question,
    )
    items = [award_card(tx, row, in_force.of_code(row.rule_set)) for row in found.rows]
    return found.shown(items)


# --------------------------------------------------------------------------------------------------
# One subject


def me(tx: Tx, _asked: Nothing) -> dict[str, Any]:
    """我的信用与积分 / My standing and points.

    Return all that credit knows about the caller: standing, awards with reasons, points,
    consent; objections and corrections, also those about organisations of his.
    """
    in_force = rules_in_force(tx.conn)
    subjects = voices.subjects_of(tx.conn, tx.actor.id, tx.now)
    ids = [subject.subject_id for subject in subjects]
    period = tx.calendar.period(tx.now)
    return {
        "person_id": tx.actor.id,
        "period": period,
        "notice_version": tx.settings.notice_version,
        "consents": [_consent_card(row) for row in _consents_of(tx, tx.actor.id, ids)],
        "consent_proposals": [
            proposal_card(row) for row in registry.proposals_of(tx.conn, tx.actor.id)
        ],
        "subjects": [_subject_sheet(tx, subject, in_force, period) for subject in subjects],
        "objections": [
            objection_card(tx, row, private=row.person_id == tx.actor.id)
            for row in store.objections_of(tx.conn, subject_ids=ids, person_id=tx.actor.id)
        ],
    }


def _consents_of(tx: Tx, person_id: str, subject_ids: Sequence[str]) -> list[Any]:
    """Return what a person consented to, and what was consented to for a household of his: every
    adult of it may withdraw that."""
    given = [
        row
        for row in queries.consents_of(tx.conn, person_id)
        if not row.subject_id.startswith("HH:") or row.subject_id in subject_ids
    ]
    known = {row.consent_id for row in given}
    homes = [one for one in subject_ids if one.startswith("HH:")]
    shared = registry.consents_of(tx.conn, homes, ()) if homes else []
    return given + [row for row in shared if row.consent_id not in known]


@dataclass(frozen=True, slots=True)
class Subjects:
    """Which subjects."""

    kind: Literal["PRJ", "PCO", "MER", "PTN", "UNT", "STW"] | None = None
    area: DownToCommunity | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def subjects(tx: Tx, question: Subjects) -> dict[str, Any]:
    """信用主体列表 / Subjects: organisations and stewards.

    List subjects of the caller's area, with who was named to speak for them.
    """
    area = question.area or tx.actor.scope
    tx.require_scope(area)
    found = queries.subjects_page(
        tx.conn,
        area=area,
        kind=question.kind,
        part=question,
    )
    items = [
        {
            "subject": row.subject_id,
            "kind": row.kind,
            "area": row.area,
            "state": row.state,
            "version": row.version,
            "holders": voices.holders(tx.conn, row.subject_id, tx.now),
        }
        for row in found.rows
    ]
    return found.shown(items)


def _consent_card(row: Any) -> dict[str, Any]:
    stands = not row.subject_id.startswith("HH:") or row.granted_by == row.person_id
    return {
        "id": row.consent_id,
        "subject": row.subject_id,
        "state": row.state,
        "version": row.version,
        "purposes": row.purposes,
        "notice_version": row.notice_version,
        "granted_at": row.granted_at.isoformat(),
        "withdrawn_at": iso(row.withdrawn_at),
        "channel": row.channel,
        "evidence_ref": row.evidence_ref,
        "person_id": row.person_id,
        # Who gave it himself for a household and has left it is its members' business no more.
        "granted_by": row.granted_by if row.evidence_ref or stands else None,
        "proposed_by": row.proposed_by,
        **_why_suspended(row.state),
    }


def _why_suspended(state: str) -> dict[str, Any]:
    """Return why a consent is suspended, in both languages."""
    if state != voices.SUSPENDED:
        return {"reason": None, "reason_en": None}
    text = Sentence(ConsentSuspended.text)
    return {"reason": str(text), "reason_en": text.english}


def proposal_card(row: Any) -> dict[str, Any]:
    """Return what staff propose in a person's name: by whom, by which receipt, and how it ended."""
    return {
        "id": row.proposal_id,
        "person_id": row.person_id,
        "subject": row.subject_id,
        "state": row.state,
        "version": row.version,
        "purposes": row.purposes,
        "notice_version": row.notice_version,
        "channel": row.channel,
        "evidence_ref": row.evidence_ref,
        "proposed_by": row.proposed_by,
        "proposed_at": row.proposed_at.isoformat(),
        "due": row.due_at.isoformat(),
        "decided_by": row.decided_by,
        "decided_at": iso(row.decided_at),
    }


@dataclass(frozen=True, slots=True)
class ConsentProposals:
    """Which proposals."""

    state: Literal["PROPOSED", "CONFIRMED", "REFUSED", "REPLACED", "LAPSED"] | None = "PROPOSED"
    limit: Limit = 50
    cursor: Cursor | None = None


def consent_proposals(tx: Tx, question: ConsentProposals) -> dict[str, Any]:
    """待确认的代办授权 / Consents proposed in the name of persons.

    List what is proposed in the name of persons of the caller's area.
    """
    found = queries.proposals_page(
        tx.conn,
        scope=tx.actor.scope,
        state=question.state,
        part=question,
    )
    return found.reply(proposal_card)


def consents(tx: Tx, question: OneConsent) -> dict[str, Any]:
    """授权记录 / Consents.

    Return the consents of a person, to himself and to staff of his area.

    Raises:
        NotFound: The caller may not know.
    """
    person_id = question.person_id or tx.actor.id
    ids = [row.subject_id for row in voices.subjects_of(tx.conn, person_id, tx.now)]
    rows = _consents_of(tx, person_id, ids)
    if person_id != tx.actor.id:
        staff = tx.actor.role in STAFF
        rows = [
            row
            for row in rows
            if staff and tx.actor.covers(registry.place_of_consent(tx.conn, row))
        ]
        if not rows:
            raise NotFound(kind="person", id=person_id)
    return {"items": [_consent_card(row) for row in rows], "next": None}


def _subject_sheet(tx: Tx, subject: Any, in_force: Any, period: str) -> dict[str, Any]:
    open_months = awards.of_subject(tx.conn, [subject.subject_id], valid_in=period)
    last = store.entries_of(tx.conn, subject.subject_id, final=True)
    given = registry.consent_state(tx.conn, subject.subject_id)
    return {
        "subject": subject.subject_id,
        "kind": subject.kind,
        "area": subject.area,
        "state": subject.state,
        "consent": {"state": given, **_why_suspended(given)} if given else None,
        "spendable": subject.spendable,
        "spendable_until": iso(subject.spendable_until),
        "version": subject.version,
        "voices": [
            {"person_id": row.person_id, "post": row.post_ref, "since": row.since.isoformat()}
            for row in voices.posts_of(tx.conn, subject.subject_id, tx.now)
        ],
        "standing": _present(tx, subject, last[0] if last else None),
        "entries": [entry_card(row) for row in store.entries_of(tx.conn, subject.subject_id)[:24]],
        "awards": [
            award_card(tx, row, in_force.of_code(row.rule_set)) for row in open_months[:200]
        ],
        "points": ledger.wallet_card(tx.conn, subject.subject_id, tx.now),
    }


def _present(tx: Tx, subject: Any, entry: Any) -> dict[str, Any]:
    """Return the present standing; of a person who has withdrawn it is NR from that moment on."""
    natural = subject.kind in ("RES", "HH")
    if natural and not registry.consented(tx.conn, [subject.subject_id], "SCORING"):
        return _standing(None)
    held = _held(tx, subject) if natural or subject.kind == "STW" else None
    if held is not None and (entry is None or (entry.score or 0) < held["score"]):
        return held
    return _standing(entry)


def _held(tx: Tx, subject: Any) -> dict[str, Any] | None:
    """Return the standing of a month that an objection holds, without what is not decided yet: a
    person who objects keeps the better of the two values (DOMAIN 4.7)."""
    held = next(
        (row for row in store.entries_of(tx.conn, subject.subject_id) if row.state == "HELD"), None
    )
    if held is None or held.score is None:
        return None
    bad = held.bad - store.without_effect(tx.conn, held.period, subject.subject_id)
    score = standing.score_of(subject.kind, held.good, bad)
    failed = gates(held.gates_failed)
    grade = standing.grade_of(subject.kind, score)
    if standing.VETO in failed:
        grade = held.grade
    elif grade == "AAA" and failed:
        grade = "AA"
    return {"period": held.period, "score": score, "grade": grade, "gates_failed": failed}


def _standing(entry: Any) -> dict[str, Any]:
    if entry is None:
        return {"period": None, "score": None, "grade": "NR", "gates_failed": []}
    return {
        "period": entry.period,
        "score": entry.score,
        "grade": entry.grade,
        "gates_failed": gates(entry.gates_failed),
    }


def gates(text: str) -> list[str]:
    """Return the names of missed gates."""
    return text.split(",") if text else []


def entry_card(row: Any) -> dict[str, Any]:
    """Return an entry of a settlement."""
    return {
        "settlement_id": row.settlement_id,
        "subject": row.subject_id,
        "kind": row.kind,
        "period": row.period,
        "good": row.good,
        "bad": row.bad,
        "score": row.score,
        "raw_grade": row.raw_grade,
        "grade": row.grade,
        "gates_failed": gates(row.gates_failed),
        "points_pending": row.points_pending,
        "points_released": row.released,
        "state": row.state,
    }


def subject(tx: Tx, question: OneSubject) -> dict[str, Any]:
    """信用主体 / A subject.

    Return a subject: all of it to its holder and to staff; of an organisation, its last final
    score and grade to everybody.

    Raises:
        NotFound: There is none, or the caller may not know.
    """
    in_force = rules_in_force(tx.conn)
    found = registry.subject(tx.conn, question.subject_id)
    if found is None:
        raise NotFound(kind="subject", id=question.subject_id)
    if may_see(tx, question.subject_id):
        return _subject_sheet(tx, found, in_force, tx.calendar.period(tx.now))
    if found.kind not in ORGANISATIONS:
        raise NotFound(kind="subject", id=question.subject_id)
    last = store.entries_of(tx.conn, found.subject_id, final=True)
    return {
        "subject": found.subject_id,
        "kind": found.kind,
        "area": found.area,
        "state": found.state,
        "standing": _standing(last[0] if last else None),
    }


def explain(tx: Tx, question: Explain) -> dict[str, Any]:
    """分数说明 / Explain a score.

    Return every input of a score: awards that count, with rule texts, what was measured, what
    was taken back and counts no more from this month on, and of a company its projects.

    Raises:
        NotFound: There is no such subject, or the caller may not know.
        Invalid: No month.
    """
    in_force = rules_in_force(tx.conn)
    if len(question.period) != 7:
        raise Invalid(
            field="period", reason=said("月份格式应为 YYYY-MM / a month is written YYYY-MM")
        )
    found = registry.subject(tx.conn, question.subject_id)
    if found is None or not may_see(tx, question.subject_id):
        raise NotFound(kind="subject", id=question.subject_id)
    rows = awards.of_subject(tx.conn, [found.subject_id], valid_in=question.period)
    entries = store.entries_of(tx.conn, found.subject_id, period=question.period)
    totals: dict[str, int] = {}
    cards = []
    for row in rows:
        card = award_card(tx, row, in_force.of_code(row.rule_set))
        cards.append(card)
        dimension = card["why"]["dimension"]
        if dimension and row.effective:
            totals[dimension] = totals.get(dimension, 0) + row.score
    ended = awards.ended_before(tx.conn, found.subject_id, question.period)
    return {
        "subject": found.subject_id,
        "kind": found.kind,
        "period": question.period,
        "entry": entry_card(entries[0]) if entries else None,
        "dimensions": totals,
        "awards": cards,
        "taken_back": [
            award_card(tx, row, in_force.of_code(row.rule_set)) | {"reason": row.reason}
            for row in ended
        ],
        "projects": _projects_of(tx, found, question.period),
        "measures": [
            {
                "source": row.source,
                "event_id": str(row.event_id),
                "data": row.data,
                "active": row.active,
                "gates_failed": gates(row.gates_failed or ""),
            }
            for row in months.measures_of_subject(tx.conn, question.period, found.subject_id)
        ],
    }


def _projects_of(tx: Tx, subject: Any, period: str) -> list[dict[str, Any]]:
    """Return what the score of a company is the mean of."""
    if subject.kind != "PCO" or not subject.area:
        return []
    of_company = store.projects_of_company(tx.conn, period, subject.ref)
    return [
        {
            "subject": f"PRJ:{row.project_id}",
            "households": row.households,
            "score": row.score,
            "grade": row.grade,
        }
        for row in of_company
    ]


# --------------------------------------------------------------------------------------------------
# Settlements and notices


def settlement_card(row: Any) -> dict[str, Any]:
    """Return a settlement without its entries."""
    return {
        "id": row.settlement_id,
        "period": row.period,
        "community": row.area,
        "state": row.state,
        "version": row.version,
        "complete": row.complete,
        "missing": row.missing,
        "hash": row.digest,
        "rule_set": row.rule_set,
        "entries": row.entries,
        "to_check": row.to_check,
        "checked": row.checked,
        "unfunded_points": row.unfunded_points,
        "notice_id": row.notice_id,
        "drafted_at": iso(row.drafted_at),
        "reviewed_at": iso(row.reviewed_at),
        "confirmed_at": iso(row.confirmed_at),
        "published_at": iso(row.published_at),
        "objection_until": iso(row.objection_until),
        "settled_at": iso(row.settled_at),
    }


def settlements(tx: Tx, question: Settlements) -> dict[str, Any]:
    """月度赋分列表 / Settlements.

    List settlements of the caller's area.
    """
    area = question.community or tx.actor.scope
    if not area.startswith(tx.actor.scope):
        area = tx.actor.scope
    found = queries.settlements_page(
        tx.conn,
        area=area,
        exact=question.community is not None,
        period=question.period,
        state=question.state,
        part=question,
    )
    return found.reply(settlement_card)


def settlement(tx: Tx, question: OneSettlement) -> dict[str, Any]:
    """月度赋分 / A settlement.

    Return a settlement with its entries, to staff of its area: the draft for reviewers.

    Raises:
        NotFound: There is none, or it lies outside the caller's scope.
    """
    row = store.settlement(tx.conn, question.settlement_id)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="settlement", id=question.settlement_id)
    entries = store.entries(tx.conn, row.settlement_id)
    previous = queries.previous_scores(tx.conn, row.settlement_id, row.period)
    items = []
    for entry in entries:
        card = entry_card(entry)
        before = previous.get(entry.subject_id)
        card["before"] = {"score": before[0], "grade": before[1]} if before else None
        items.append(card)
    return settlement_card(row) | {"items": items}


def notice_feed(tx: Tx, question: Notices) -> dict[str, Any]:
    """公示订阅(Atom) / Feed of public notices."""
    return notices(tx, question)


def notices(tx: Tx, question: Notices) -> dict[str, Any]:
    """公示列表 / Public notices.

    List the public notices of an area that still hang.
    """
    found = queries.notices_page(
        tx.conn,
        area=question.scope or "",
        period=question.period,
        at=tx.now,
        part=question,
    )
    return found.reply(_notice_card)


def _notice_card(row: Any) -> dict[str, Any]:
    return {
        "id": row.notice_id,
        "number": row.number,
        "kind": row.kind,
        "scope": row.area,
        "period": row.period,
        "state": row.state,
        "version": row.version,
        "digest": row.digest,
        "published_at": row.published_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "down_at": row.down_at.isoformat(),
        "title": row.body.get("title"),
        "corrects": row.corrects,
        "corrected_by": row.corrected_by,
    }


# Settlement, subjects of its notice -> what holds of each of them now.
def notice(tx: Tx, question: OneNotice) -> dict[str, Any]:
    """公示 / A public notice.

    Return a public notice. What was published never changes; what an objection has changed
    since is shown as it holds now, with a remark. Of the persons on it, those are shown whose
    consent to be named still stands.

    Of a notice that was withdrawn, only that it was, why, and which one stands for it.

    Raises:
        NotFound: There is none, or its time is over.
    """
    row = store.notice(tx.conn, question.notice_id)
    if row is None or row.down_at <= tx.now:
        raise NotFound(kind="notice", id=question.notice_id)
    card = _notice_card(row) | {
        "settlement_id": row.settlement_id,
        "commendation_id": row.commendation_id,
    }
    if row.state == "WITHDRAWN":
        return card | {
            "withdrawn_at": iso(row.withdrawn_at),
            "withdrawn_because": row.withdrawn_because,
            "body": {},
        }
    shown = _commended(tx, row) if row.commendation_id else _settled(tx, row)
    return card | {"body": shown}


# What a notice says of an entry that is not, or not any more, what was published.
HELD_NOTE = "异议处理中"
CORRECTED_NOTE = "异议已处理,已更正"


def _settled(tx: Tx, row: Any) -> dict[str, Any]:
    """Return the content of a settlement's notice as it may be shown now."""
    body = dict(row.body)
    if row.settlement_id is None:
        return body
    listed = [person["subject"] for person in body.get("red_list", [])]
    still = registry.consented(tx.conn, listed, "PUBLIC_LIST")
    named = [item["subject"] for item in body.get("organisations", [])]
    holds = published_now(tx, row.settlement_id, [*named, *still])
    if "organisations" in body:
        body["organisations"] = [
            _as_it_holds(item, holds.get(item["subject"])) for item in body["organisations"]
        ]
    if "red_list" in body:
        body["red_list"] = [
            {name: value for name, value in shown.items() if name != "note" or value}
            for item in body["red_list"]
            for found in (holds.get(item["subject"]) if item["subject"] in still else None,)
            if found is not None and found["state"] != "HELD"
            for shown in (_as_it_holds(item, found),)
        ]
    return body


def _as_it_holds(item: dict[str, Any], found: dict[str, Any] | None) -> dict[str, Any]:
    """Return an entry of a notice as it holds now, with a remark where that is not what was
    published, or where an objection is being decided."""
    if found is None:
        return {**item, "note": None}
    if found["state"] == "HELD":
        return {**item, "note": HELD_NOTE}
    fresh = {name: found[name] for name in item if name in found}
    return {**item, **fresh, "note": CORRECTED_NOTE if fresh != item else None}


def _commended(tx: Tx, row: Any) -> dict[str, Any]:
    """Return the content of a commendation's notice as it may be shown now."""
    body = dict(row.body)
    nominees = body.get("nominees", [])
    subjects = registry.subjects(tx.conn, [nominee["subject"] for nominee in nominees])
    kind = nominees[0]["kind"] if nominees else ""
    willing = records.willing(tx.conn, kind, subjects)
    states = {
        known.subject_id: known.state
        for known in honours_store.nominees(tx.conn, row.commendation_id)
    }
    body["nominees"] = [
        {
            **nominee,
            "note": "异议处理中" if states.get(nominee["subject"]) == "HELD" else None,
        }
        for nominee in nominees
        if nominee["subject"] in willing
        and states.get(nominee["subject"]) not in ("DISQUALIFIED", "REVOKED")
    ]
    return body


# --------------------------------------------------------------------------------------------------
# Objections and the ledger


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


_OVER = frozenset({"REVIEWED", "WITHDRAWN", "LAPSED"})


def objection(tx: Tx, question: OneObjection) -> dict[str, Any]:
    """异议 / An objection.

    Return an objection to whoever filed it, its subject, and staff of the area.

    Raises:
        NotFound: There is none, or the caller may not know.
    """
    row = store.objection(tx.conn, question.objection_id)
    if row is None:
        raise NotFound(kind="objection", id=question.objection_id)
    concerned = row.subject_id in _concerned(tx)
    staff = tx.actor.role in STAFF and tx.actor.covers(row.area)
    if row.person_id == tx.actor.id or (staff and not concerned):
        return objection_card(tx, row, private=True)
    if concerned:
        # An organisation learns that and how, not who: names of those who object are kept, also
        # before staff who hold a post in it.
        return objection_card(tx, row, private=False)
    raise NotFound(kind="objection", id=question.objection_id)


def objections(tx: Tx, question: Objections) -> dict[str, Any]:
    """异议列表 / Objections.

    List the objections of the caller's area, those due first.
    """
    found = queries.objections_page(
        tx.conn,
        area=tx.actor.scope,
        state=question.state,
        kind=question.kind,
        part=question,
    )
    own, concerned = tx.actor.id, _concerned(tx)
    items = [
        objection_card(tx, row, private=row.person_id == own or row.subject_id not in concerned)
        for row in found.rows
    ]
    return found.shown(items)


def budget_grants(tx: Tx, question: BudgetGrants) -> dict[str, Any]:
    """积分预算拨付列表 / Grants of the budget.

    List the grants of the caller's district, the newest first.
    """
    found = queries.grants_page(
        tx.conn,
        area=tx.actor.scope[:6],
        state=question.state,
        part=question,
    )
    return found.reply(grant_card)


def trial_balance(tx: Tx) -> dict[str, Any]:
    """Return the sums of all accounts, from balances and from lines; both sum to zero."""
    found = ledger.trial_balance(tx.conn)
    accounts = found["accounts"]
    # In a sound ledger each side's balance is the sum of its lines.
    names = set(accounts) | set(found["lines"])
    agrees = all(accounts.get(name, 0) == found["lines"].get(name, 0) for name in names)
    budget = "SYS:BUDGET" in accounts
    return {
        "at": tx.now.isoformat(),
        **found,
        "balanced": found["sum"] == 0
        and agrees
        and found["lots"] == accounts.get("AVAILABLE", 0)
        and found["holds"] == accounts.get("HELD", 0),
        "budget": {
            "enforced": budget,
            "left": accounts.get("SYS:BUDGET", 0),
            "unfunded_points": queries.unfunded(tx.conn),
        },
    }
