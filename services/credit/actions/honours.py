"""Commendations that are approved and granted, and taken back."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Tx, is_uuid
from fivered.chassis.calendar import Calendar
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import (
    amounts,
    awards,
    manual,
    months,
    nominees,
    reversals,
    telling,
)
from fivered.services.credit.errors import (
    InChain,
    NobodyLeft,
    NoticeRunning,
    ReasonsRequired,
    SameAsReviewer,
)
from fivered.services.credit.rules import awards as award_rules
from fivered.services.credit.rules import commendations as rules
from fivered.services.credit.rules import standing
from fivered.services.credit.rules.award import Award
from fivered.services.credit.rules.causes import COMMENDATION_REVOKED, Cause
from fivered.services.credit.rules.model import Rule
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import honours as store
from fivered.services.credit.storage import numbers, registry
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.in_force import rules_in_force

LEAST_REASONS = 20


class RevokeCommendation(Request, frozen=True):
    """撤销表彰 / Take a commendation back."""

    commendation_id: str
    subject: Annotated[str, Meta(max_length=80)]
    reasons: Annotated[PublicText, Meta(max_length=2000)]


def approve_commendation(tx: Tx, payload: nominees.WhichCommendation) -> replies.CommendationDone:
    """审批表彰 / Approve a commendation.

    Approve, after the notice, whom nothing keeps back; their awards are given.

    Who is still held waits: once that is decided, that nominee is approved in another call.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: Another role approves at this level, or it lies outside the caller's scope.
        StateConflict: It is not publicised.
        NoticeRunning: The notice has not ended.
        SameAsReviewer: The caller reviewed it.
        NobodyLeft: Nobody can be commended.
        SelfApproval, ConflictOfInterest: The caller, or one of the household, is a nominee.
        InChain: The caller has nominated one.
    """
    known = nominees.locked(tx, payload.commendation_id, "PUBLICISED", "APPROVED", "GRANTED")
    _require_approver(tx, known)
    if tx.now < known.public_until:
        raise NoticeRunning(until=telling.last_day(known.public_until))
    if tx.actor.id == known.reviewed_by:
        raise SameAsReviewer
    # Whom nothing holds any more is told in a moment of being commended.
    nominees.check(tx, known, nominees.standing(tx, known), news=("HELD", "DISQUALIFIED"))
    approved = store.nominees(tx.conn, known.commendation_id, states=("SUPPORTED",))
    if not approved:
        raise NobodyLeft
    nominees.require_independent(tx, approved)
    if tx.actor.id in {nominee.nominated_by for nominee in approved}:
        raise InChain
    for nominee in approved:
        award_id = _give_award(tx, known, nominee)
        store.change_nominee(
            tx.conn,
            known.commendation_id,
            nominee.subject_id,
            state="APPROVED",
            award_id=award_id,
        )
        nominees.tell(tx, "COMMENDED", known, nominee.subject_id)
    done = store.change(
        tx.conn,
        known,
        state="APPROVED",
        approved_by=tx.actor.id,
        approved_at=tx.now,
    )
    return nominees.done(done, nominees=nominees.states_of(tx, known))


def _require_approver(tx: Tx, known: Row) -> None:
    if tx.actor.role not in rules.APPROVERS[known.level]:
        raise RoleDenied(role=tx.actor.role, area=known.area)


def _give_award(tx: Tx, known: Row, nominee: Row) -> str | None:
    """Give what the rule for commendation gives. Returns the award's id, or None without a rule."""
    on = tx.calendar.local_date(tx.now)
    found = rules_in_force(tx.conn).on(on)
    code = rules.RULES.get(known.kind)
    rule = found[1].rule_set.rule(code) if found is not None and code is not None else None
    if found is None or rule is None:
        return None
    level = rule.level(known.level) if rule.type == "LEVELED" else None
    if rule.type == "LEVELED" and level is None:
        # Some instruments reward from the street level up only; a community's praise is an honour.
        return None
    subject = registry.known_subject(tx.conn, nominee.subject_id)
    key = award_rules.evidence_key(rule, known.commendation_id, level.code if level else None)
    award_id = award_rules.award_id(rule.code, nominee.subject_id, key)
    period = months.open_period(tx, nominee.subject_id, Calendar.period(tx.now))
    score = level.score if level is not None else rule.score
    points = level.points if level is not None else rule.points
    if known.kind in PERSONS and nominee.subject_id not in registry.consented(
        tx.conn, [nominee.subject_id], "POINTS"
    ):
        points = 0
    award = Award(
        award_id=award_id,
        subject_id=nominee.subject_id,
        kind=rule.kind,
        rule_set=found[0],
        rule_code=rule.code,
        source="manual",
        deed=known.commendation_id,
        level=known.level if level is not None else None,
        occurred_at=tx.now,
        day=on,
        period=period,
        to_period=standing.last_period(period, rule.valid(known.level if level else None)),
        cap_window=awards.window_of(rule, on, known.commendation_id),
        score=score,
        points=points,
        decides="PERSON",
        evidence=[{"ref": known.number}, {"ref": known.commendation_id}],
        reason=known.title,
        document_no=known.approval_doc_no,
        area=subject.area,
        proposed_by=nominee.nominated_by,
        proposed_at=nominee.nominated_at,
    )
    if award_id not in award_store.add(tx.conn, [award]):
        return award_id
    _count(tx, award_store.known(tx.conn, award_id, lock=True), rule)
    return award_id


def _count(tx: Tx, award: Row, rule: Rule) -> None:
    """Let an award count, under its cap."""
    score, points, capped = manual.under_cap(tx, award, rule, award.cap_window, award.points_raw)
    award_store.change(
        tx.conn,
        str(award.award_id),
        state="APPROVED",
        effective=True,
        score=score,
        points=points,
        capped=capped,
        recount=capped,
        decided_by=tx.actor.id,
        decided_at=tx.now,
    )
    amounts.post_points(tx, [amounts.gain_of(award, points)])
    months.draft_again(tx, award.subject_id, award.period)


def grant_commendation(tx: Tx, payload: nominees.WhichCommendation) -> replies.CommendationDone:
    """颁发证书 / Issue the certificates.

    Issue the certificates of all who are approved.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: Another role approves at this level, or it lies outside the caller's scope.
        StateConflict: It is not approved.
    """
    known = nominees.locked(tx, payload.commendation_id, "APPROVED")
    _require_approver(tx, known)
    issued: dict[str, str] = {}
    for nominee in store.nominees(tx.conn, known.commendation_id, states=("APPROVED",)):
        code = tx.new_id("crt")
        store.add_certificate(
            tx.conn,
            code=code,
            number=numbers.following(tx, t.certificates.c.number, "ZS", known.area),
            commendation_id=known.commendation_id,
            subject_id=nominee.subject_id,
            state="VALID",
            area=known.area,
            granted_at=tx.now,
            version=1,
        )
        store.change_nominee(
            tx.conn,
            known.commendation_id,
            nominee.subject_id,
            state="GRANTED",
            certificate=code,
        )
        issued[nominee.subject_id] = code
    granted = store.change(tx.conn, known, state="GRANTED", granted_at=tx.now)
    return nominees.done(granted, certificates=issued)


def revoke_commendation(tx: Tx, payload: RevokeCommendation) -> replies.CommendationDone:
    """撤销表彰 / Take a commendation back.

    Take a commendation back from one who should not have had it.

    The award is reversed, the certificate verifies as revoked and stands on the public list of
    revocations; points that were spent become a debt (F15).

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such commendation, or it was not given to this subject.
        RoleDenied: Another role approves at this level, or it lies outside the caller's scope.
        StateConflict: It is not approved.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the organisation.
    """
    if len(payload.reasons.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")
    known = nominees.locked(tx, payload.commendation_id, "APPROVED", "GRANTED")
    _require_approver(tx, known)
    nominee = store.nominee(tx.conn, known.commendation_id, payload.subject)
    if nominee is None or nominee.state not in ("APPROVED", "GRANTED"):
        raise NotFound(kind="nominee", id=payload.subject)
    manual.check_independent(tx, payload.subject, registry.subject(tx.conn, payload.subject))
    award_id = str(nominee.award_id) if nominee.award_id is not None else ""
    award = award_store.award(tx.conn, award_id, lock=True) if is_uuid(award_id) else None
    if award is not None:
        reversals.reverse_standing(
            tx, award, cause=Cause(COMMENDATION_REVOKED, known.number), by=tx.actor.id
        )
    if nominee.certificate is not None:
        store.revoke_certificate(tx.conn, nominee.certificate, tx.now)
    store.change_nominee(
        tx.conn,
        known.commendation_id,
        payload.subject,
        state="REVOKED",
        revoked_by=tx.actor.id,
        revoked_at=tx.now,
        revoked_because=payload.reasons.strip(),
    )
    nominees.tell(
        tx, "COMMENDATION_REVOKED", known, payload.subject, reasons=payload.reasons.strip()
    )
    left = store.nominees(tx.conn, known.commendation_id, states=("APPROVED", "GRANTED"))
    state = known.state if left else "REVOKED"
    done = store.change(tx.conn, known, state=state)
    return nominees.done(done, nominees=nominees.states_of(tx, known))
