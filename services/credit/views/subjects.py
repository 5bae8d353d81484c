"""One subject: the own sheet, the sheet, and how a score came to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.fields import SORT, Cursor, DownToCommunity, Limit, Period, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.rules import standing
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import (
    awards,
    consent_notices,
    deductions,
    months,
    queries,
    registry,
    vetoes,
    voices,
)
from fivered.services.credit.storage import companies as company_store
from fivered.services.credit.storage import entries as store
from fivered.services.credit.storage import objections as objection_store
from fivered.services.credit.storage.in_force import InForce, rules_in_force
from fivered.services.credit.storage.published import ORGANISATIONS, gates
from fivered.services.credit.views.budget import wallet_card
from fivered.services.credit.views.cards import award_card, entry_card, may_see, veto_card
from fivered.services.credit.views.consents import (
    consent_card,
    consents_of,
    proposal_card,
    why_suspended,
)
from fivered.services.credit.views.objections import objection_card


class OneSubject(Request, frozen=True):
    """Which subject is meant."""

    subject_id: str


class Explain(Request, frozen=True):
    """Which month."""

    subject_id: str
    period: Annotated[Period, Meta(examples=["2025-03"])]


def me(tx: Tx, _asked: Nothing) -> replies.MeReply:
    """我的信用与积分 / My standing and points.

    Return all that credit knows about the caller: standing, awards with reasons, points,
    consent; objections and corrections, also those about organisations of theirs.
    """
    in_force = rules_in_force(tx.conn)
    subjects = voices.subjects_of(tx.conn, tx.actor.id, tx.now)
    ids = [subject.subject_id for subject in subjects]
    period = tx.calendar.period(tx.now)
    return replies.MeReply(
        person_id=tx.actor.id,
        period=period,
        notice_version=consent_notices.known(tx).current,
        consents=[consent_card(row) for row in consents_of(tx, tx.actor.id, ids)],
        consent_proposals=[
            proposal_card(row) for row in registry.proposals_of(tx.conn, tx.actor.id)
        ],
        subjects=[_subject_sheet(tx, subject, in_force, period) for subject in subjects],
        objections=[
            objection_card(tx, row, private=row.person_id == tx.actor.id)
            for row in objection_store.of(tx.conn, subject_ids=ids, person_id=tx.actor.id)
        ],
    )


class Subjects(Request, frozen=True):
    """Which subjects."""

    kind: Literal["PRJ", "PCO", "MER", "PTN", "UNT", "STW"] | None = None
    area: DownToCommunity | None = None
    sort: Annotated[Literal["opened_at", "-opened_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def subjects(tx: Tx, payload: Subjects) -> Page[replies.SubjectRow]:
    """信用主体列表 / Subjects: organisations and stewards.

    List subjects of the caller's area, with who was named to speak for them.
    """
    area = payload.area or tx.actor.scope
    tx.require_scope(area)
    found = queries.subjects_page(
        tx.conn,
        area=area,
        kind=payload.kind,
        part=payload,
    )
    return found.listed(
        lambda row: replies.SubjectRow.of(
            row,
            subject=row.subject_id,
            holders=voices.holders(tx.conn, row.subject_id, tx.now),
        )
    )


def _subject_sheet(tx: Tx, subject: Row, in_force: InForce, period: str) -> replies.SubjectReply:
    open_months = awards.of_subject(tx.conn, [subject.subject_id], valid_in=period)
    entries = store.entries_of(tx.conn, subject.subject_id)
    given = registry.consent_state(tx.conn, subject.subject_id)
    return replies.SubjectReply.of(
        subject,
        subject=subject.subject_id,
        consent=_consent(given),
        spendable=subject.spendable,
        spendable_until=subject.spendable_until,
        version=subject.version,
        voices=[
            replies.Voice.of(row, post=row.post_ref)
            for row in voices.posts_of(tx.conn, subject.subject_id, tx.now)
        ],
        standing=_present(tx, subject, entries),
        entries=[entry_card(row) for row in entries[:24]],
        awards=[award_card(tx, row, in_force) for row in open_months[:200]],
        points=wallet_card(tx.conn, subject.subject_id, tx.now),
        vetoes=_vetoes(tx, subject.subject_id),
    )


def _consent(state: str | None) -> replies.ConsentState | None:
    if not state:
        return None
    why = why_suspended(state)
    return replies.ConsentState(state=state, reason=why["reason"], reason_en=why["reason_en"])


def _vetoes(tx: Tx, subject_id: str, period: str | None = None) -> list[replies.VetoCard]:
    """Return the vetoes of a subject, or those of a month."""
    return [
        veto_card(veto, reasons=veto.reasons)
        for veto in vetoes.of_subject(tx.conn, subject_id)
        if period is None or veto.from_period <= period <= veto.to_period
    ]


def _present(tx: Tx, subject: Row, entries: Sequence[Row]) -> replies.Standing:
    """Return the present standing; of a person who has withdrawn it is NR from that moment on."""
    natural = subject.kind in PERSONS
    if natural and not registry.consented(tx.conn, [subject.subject_id], "SCORING"):
        return _standing(None)
    entry = next((row for row in entries if row.state in store.FINAL), None)
    held = _held(tx, subject, entries) if natural or subject.kind == "STW" else None
    if held is not None and (entry is None or (entry.score or 0) < (held.score or 0)):
        return held
    return _standing(entry)


def _held(tx: Tx, subject: Row, entries: Sequence[Row]) -> replies.Standing | None:
    """Return the standing of a month that an objection holds, without what is not decided yet: a
    person who objects keeps the better of the two values (DOMAIN 4.7)."""
    held = next((row for row in entries if row.state == "HELD"), None)
    if held is None or held.score is None:
        return None
    bad = held.bad - deductions.without_effect(tx.conn, held.period, subject.subject_id)
    score = standing.score_of(subject.kind, held.good, bad)
    failed = gates(held.gates_failed)
    grade = standing.grade_of(subject.kind, score)
    if standing.VETO in failed:
        grade = held.grade
    elif grade == "AAA" and failed:
        grade = "AA"
    return replies.Standing(period=held.period, score=score, grade=grade, gates_failed=failed)


def _standing(entry: Row | None) -> replies.Standing:
    if entry is None:
        return replies.Standing(grade=standing.NOT_RATED, gates_failed=[])
    return replies.Standing.of(entry, gates_failed=gates(entry.gates_failed))


def subject(tx: Tx, payload: OneSubject) -> replies.SubjectReply:
    """信用主体 / A subject.

    Return a subject: all of it to its holder and to staff; of an organisation, its last final
    score and grade to everybody.

    Raises:
        NotFound: There is none, or the caller may not know.
    """
    in_force = rules_in_force(tx.conn)
    found = registry.subject(tx.conn, payload.subject_id)
    if found is None:
        raise NotFound(kind="subject", id=payload.subject_id)
    if may_see(tx, payload.subject_id):
        return _subject_sheet(tx, found, in_force, tx.calendar.period(tx.now))
    if found.kind not in ORGANISATIONS:
        raise NotFound(kind="subject", id=payload.subject_id)
    last = store.entries_of(tx.conn, found.subject_id, final=True)
    return replies.SubjectReply.of(
        found, subject=found.subject_id, standing=_standing(last[0] if last else None)
    )


def explain(tx: Tx, payload: Explain) -> replies.ExplainReply:
    """分数说明 / Explain a score.

    Return every input of a score: awards that count, with rule texts, what was measured, what
    was taken back and counts no more from this month on, vetoes, and of a company its projects.

    Raises:
        NotFound: There is no such subject, or the caller may not know.
        Invalid: No month.
    """
    in_force = rules_in_force(tx.conn)
    if len(payload.period) != 7:
        raise Invalid(
            field="period", reason=said("月份格式应为 YYYY-MM / a month is written YYYY-MM")
        )
    found = registry.subject(tx.conn, payload.subject_id)
    if found is None or not may_see(tx, payload.subject_id):
        raise NotFound(kind="subject", id=payload.subject_id)
    rows = awards.of_subject(tx.conn, [found.subject_id], valid_in=payload.period)
    entries = store.entries_of(tx.conn, found.subject_id, period=payload.period)
    totals: dict[str, int] = {}
    cards = []
    for row in rows:
        card = award_card(tx, row, in_force)
        cards.append(card)
        dimension = card.why.dimension
        if dimension and row.effective:
            totals[dimension] = totals.get(dimension, 0) + row.score
    ended = awards.ended_before(tx.conn, found.subject_id, payload.period)
    return replies.ExplainReply(
        subject=found.subject_id,
        kind=found.kind,
        period=payload.period,
        entry=entry_card(entries[0]) if entries else None,
        dimensions=totals,
        awards=cards,
        taken_back=[award_card(tx, row, in_force, reason=row.reason) for row in ended],
        projects=_projects_of(tx, found, payload.period),
        vetoes=_vetoes(tx, found.subject_id, payload.period),
        measures=[
            replies.MeasureCard.of(
                row, event_id=str(row.event_id), gates_failed=gates(row.gates_failed or "")
            )
            for row in months.measures_of_subject(tx.conn, payload.period, found.subject_id)
        ],
    )


def _projects_of(tx: Tx, subject: Row, period: str) -> list[replies.ProjectScore]:
    """Return what the score of a company is the mean of."""
    if subject.kind != "PCO" or not subject.area:
        return []
    of_company = company_store.projects_of_company(tx.conn, period, subject.ref)
    return [replies.ProjectScore.of(row, subject=f"PRJ:{row.project_id}") for row in of_company]
