"""What several answers are made of, and who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from fivered.chassis.records import Row
from fivered.chassis.refusal import fill, sentences
from fivered.services.credit import replies
from fivered.services.credit.storage import registry, voices
from fivered.services.credit.storage.published import gates

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx
    from fivered.services.credit.rules.model import Rule
    from fivered.services.credit.storage.in_force import InForce

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
# What stands beside whom an objection is about, while nobody has decided.
HELD_NOTE = "异议处理中"


def ties(tx: Tx) -> set[str]:
    """Return the subjects about which the caller decides nothing: those of the caller's household.
    Lists of what is to be decided mark them, and somebody else sees to them."""
    return voices.ties(tx.conn, tx.actor.id, tx.now)


def veto_card(veto: Row, **more: object) -> replies.VetoCard:
    """Return a veto."""
    return replies.VetoCard.of(veto, **veto_members(veto), **more)


def veto_members(veto: Row) -> dict[str, object]:
    """Return what a veto's row holds under other names."""
    return {
        "id": str(veto.veto_id),
        "rule": veto.rule_code,
        "state": "LIFTED" if veto.lifted_at is not None else veto.state,
        "due": veto.due_at if veto.state == "PROPOSED" and veto.due_at is not None else UNSET,
    }


def award_card(
    tx: Tx,
    award: Row,
    in_force: InForce,
    *,
    chain: replies.Chain | UnsetType = UNSET,
    reason: str | UnsetType | None = UNSET,
    own_matter: bool | UnsetType = UNSET,
) -> replies.AwardReply:
    """Return an award with its reason (rule and text, event, actor, evidence), and for whose
    decision it waits.

    Args:
        tx: The transaction.
        award: The award.
        in_force: The rule sets.
        chain: Who acted, where that is told.
        reason: Why it was taken back, where that is told beside it.
        own_matter: Whether it concerns the caller, where the caller decides of it.
    """
    marks = (("CAPPED", award.capped), ("LATE", award.late), ("CORRECTION", award.correction))
    return replies.AwardReply(
        id=str(award.award_id),
        subject=award.subject_id,
        state=award.state,
        version=award.version,
        score=award.score,
        points=award.points,
        score_before_cap=award.score_raw,
        points_before_cap=award.points_raw,
        flags=[name for name, on in marks if on],
        deduction=award.deduction,
        effective=award.effective,
        decided_by_person=award.decides != "NOBODY",
        occurred_at=award.occurred_at,
        period=award.period,
        counts_until=award.to_period,
        waits=_waits(tx, award),
        why=_why(award, in_force.rule_of(award)),
        chain=chain,
        reason=reason,
        own_matter=own_matter,
    )


def chain(award: Row) -> replies.Chain:
    """Return who proposed an award, and who decided of it."""
    return replies.Chain(proposed_by=award.proposed_by, decided_by=award.decided_by)


def _why(award: Row, rule: Rule | None) -> replies.Why:
    last_word, last_word_en = _in_words(award)
    why = replies.Why(
        rule_set=award.rule_set,
        rule=award.rule_code,
        event_type=f"{award.source}.{award.fact}" if award.fact else None,
        event_id=str(award.event_id) if award.event_id else None,
        deed=award.deed,
        actor=award.actor_id,
        evidence=award.evidence or [],
        document_no=award.document_no,
        inputs=award.inputs,
        corrects=str(award.corrects) if award.corrects else None,
        # Of what was taken back, why; what was said when it was proposed stands beside it.
        reason=award.reason if award.state == "REVERSED" else award.proposal or award.reason,
        proposal=award.proposal,
        last_word=last_word,
        last_word_en=last_word_en,
        # The last word on it, where that is another one: of the approval, the reversal.
        decision=award.reason if award.proposal not in (None, award.reason) else None,
    )
    if rule is not None:
        why.name, why.instrument, why.dimension = rule.name_zh, rule.instrument, rule.dimension
        why.article, why.text = rule.article.number, rule.article.text
        why.basis = rule.article.basis
    return why


# What has changed an award, by its cause.
_CAUSES = sentences(
    {
        "OBJECTION": "经异议 {ref} 裁定 / Decided on the objection {ref}",
        "REPAIR": "经信用修复 {ref} 消除 / Repaired by {ref}",
        "EXCLUDED": "同一行为已按规则 {ref} 赋分 / The same deed is credited by rule {ref}",
        "MERGED": (
            "重复登记已合并,转入保留的登记"
            " / Two registrations of one person were merged; it went over to the one that was kept"
        ),
        "COMMENDATION_REVOKED": "表彰 {ref} 已撤销 / The commendation {ref} was revoked",
        "CORRECTED": (
            "所依据的事项已更正或撤回 / What it was given for was corrected or taken back"
        ),
        "UNDECIDED": (
            "异议到结算关闭时仍未裁定 / An objection was not decided before its month was closed"
        ),
        "SUBJECT_CLOSED": (
            "行为发生时该主体已注销,不计分"
            " / The subject was closed when it happened; it is not scored"
        ),
        "CONSENT_WITHDRAWN": "授权已撤回 / The consent was withdrawn",
        "RESIDENT_DEACTIVATED": "居民登记已注销 / The person is no registered resident any more",
    }
)


def _in_words(award: Row) -> tuple[str | None, str | None]:
    """Return the last word on an award as people read it, in both languages."""
    text = _CAUSES.get(award.cause or "")
    if text is None:
        return award.reason, award.reason
    ref = award.cause_ref
    return fill(text, {"ref": ref}, whole=True), fill(text.english, {"ref": ref}, whole=True)


def may_see(tx: Tx, subject_id: str) -> bool:
    """Tell whether the caller may see all of a subject: its own, or staff of its place."""
    subject = registry.subject(tx.conn, subject_id)
    if subject is None:
        return False
    if voices.speaks_for(tx.conn, subject_id, tx.actor.id, tx.now):
        return True
    return tx.actor.role in STAFF and serves(tx, subject)


def serves(tx: Tx, subject: Row) -> bool:
    """Tell whether a subject lies in the caller's scope: a grid worker's is a grid inside the
    subject's community; a company is where its projects are, too."""
    place = subject.grid or subject.area
    if place and tx.actor.covers(place):
        return True
    return subject.kind == "PCO" and any(
        tx.actor.covers(area) for area in registry.project_areas(tx.conn, subject.ref)
    )


def entry_card(row: Row) -> replies.EntryCard:
    """Return an entry of a settlement."""
    return replies.EntryCard.of(
        row,
        subject=row.subject_id,
        gates_failed=gates(row.gates_failed),
        points_released=row.released,
    )


def _waits(tx: Tx, award: Row) -> replies.Waits | None:
    """Return for whose decision an award waits, since and until when; None where for nobody's."""
    if award.state != "PROPOSED" or award.due_at is None:
        return None
    return replies.Waits(
        for_=award.waits_for,
        since=award.lapsed_at or award.proposed_at,
        due=award.due_at,
        overdue=award.lapsed_at is not None or award.due_at <= tx.now,
    )
