"""Awards by hand: one proposes with evidence, another approves (maker and checker)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from fivered.chassis import deadlines, files, text
from fivered.chassis.bus import is_uuid
from fivered.chassis.calendar import Calendar
from fivered.chassis.fields import FILE_OR_PAPER, Instant
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import amounts, awards, months, reversals, telling
from fivered.services.credit.errors import (
    AlreadyProposed,
    ClockSkew,
    ConflictOfInterest,
    DeedDecided,
    EvidenceRequired,
    LegalDocumentRequired,
    LevelNeeded,
    LevelUnknown,
    NoConsent,
    NotAllowedToApprove,
    NotAllowedToPropose,
    NoteRequired,
    PassedOn,
    RuleNotInForce,
    SameAsProposer,
    SelfApproval,
    SubjectClosed,
    WrongKind,
    YieldsToRule,
)
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules import deciding, standing
from fivered.services.credit.rules import settlement as timeline
from fivered.services.credit.rules.award import Award
from fivered.services.credit.rules.model import Rule
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import awards as store
from fivered.services.credit.storage import registry, voices
from fivered.services.credit.storage.closings import Closings, closed_since, closings
from fivered.services.credit.storage.in_force import InForce, rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Tx

OLDEST = timedelta(days=365)
LONGEST_DEED = 64


# The number or the place of what shows something.
Evidence = Annotated[PublicText, Meta(max_length=300), FILE_OR_PAPER]


class ProposeAward(Request, frozen=True):
    """人工提出赋分,由他人审核 / Propose an award by hand; somebody else approves.

    Attributes:
        level: For rules with a level table.
        document_no: Number of a legally effective document, for SERIOUS matters.
    """

    subject: Annotated[str, Meta(max_length=80, examples=["RES:per_0001"])]
    rule_code: Annotated[str, Meta(max_length=40, examples=["R-RES-11"])]
    occurred_at: Annotated[Instant, Meta(examples=["2025-03-03T09:00:00+08:00"])]
    evidence: Annotated[
        list[Evidence],
        Meta(
            min_length=1,
            max_length=20,
            description="依据材料编号,第一项标识该行为 / references; the first names the deed",
            examples=[["TJ-2025-001"]],
        ),
    ]
    level: Annotated[str, Meta(max_length=40)] | None = None
    document_no: Annotated[PublicText, Meta(max_length=120)] | None = None
    reason: Annotated[PublicText, Meta(max_length=400)] | None = None


class DecideAward(Request, frozen=True):
    """审核意见 / Why."""

    award_id: str
    note: Annotated[PublicText, Meta(max_length=400, examples=["材料属实"])] | None = None


def propose_award(tx: Tx, payload: ProposeAward) -> replies.AwardDone:
    """提出赋分 / Propose an award.

    Propose an award by hand. The same deed again answers the first award.

    Raises:
        ClockSkew: It lies in the future, or more than a year back.
        RuleNotInForce: There was no such rule on that day.
        NotAllowedToPropose: Another role proposes awards of this rule.
        WrongKind: The rule is for another kind of subject.
        EvidenceRequired: Nothing shows it.
        LegalDocumentRequired: A SERIOUS matter without a document number.
        LevelUnknown: The rule has no such level.
        NotFound: There is no such subject.
        SubjectClosed: It was closed when it happened.
        NoConsent: A natural person had not consented when it happened, or consents no more.
        LevelNeeded: The rule has levels, and none is named.
        AlreadyProposed: The same evidence was proposed with another level, day, document or reason,
            or with less of it.
        DeedDecided: The same evidence was proposed, and rejected or taken back since.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for the subject.
    """
    award = proposal(tx, payload, look_up(tx, [payload.subject]))
    known = same_deed(tx, [award]).get(award.award_id)
    if known is not None:
        refused = decided(known)
        if refused is not None:
            raise refused
        _require_same(award, known)
        return replies.AwardDone.of(known, id=str(known.award_id))
    files.attach(tx, payload.evidence, field="evidence", award_id=str(award.award_id))
    store.add(tx.conn, [award])
    telling.deductions(tx, [award])
    return replies.AwardDone.of(award, id=award.award_id, due=award.due_at)


def _require_same(award: Award, known: Row) -> None:
    """Refuse a proposal whose evidence was proposed already, with another content.

    Raises:
        AlreadyProposed: Its level, its day, its document or its reason is another one, or it shows
            what was not shown.
    """
    # Who says no reason, or no document, says nothing else.
    said = ((award.document_no, known.document_no or ""), (award.proposal, known.proposal))
    other = any(
        now and text.fold(now) != text.fold(before) for now, before in said if before is not None
    )
    shown, before = (
        {text.fold(one["ref"]) for one in proposed.evidence or ()} for proposed in (award, known)
    )
    if other or (award.level, award.day) != (known.level, known.day) or shown - before:
        raise AlreadyProposed(field="evidence", award=str(known.award_id))


def decided(known: Row) -> DeedDecided | None:
    """Return why what a person has found not to count is not proposed again: nothing would come of
    it. None of an award that waits or counts."""
    if known.state not in ("REJECTED", "REVERSED"):
        return None
    return DeedDecided(field="evidence", award=str(known.award_id), state=known.state)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What proposals are judged by."""

    in_force: InForce
    subjects: Mapping[str, Row]
    spans: registry.Spans
    closings: Closings
    ties: Collection[str]
    months: Calendar


def look_up(tx: Tx, subject_ids: Sequence[str]) -> LookedUp:
    """Return what proposals for some subjects are judged by, however many they are."""
    people = [one for one in subject_ids if one.partition(":")[0] in PERSONS]
    awards.hold_open(tx, subject_ids)
    return LookedUp(
        rules_in_force(tx.conn),
        registry.subjects(tx.conn, subject_ids),
        registry.spans(tx.conn, people),
        closings(tx.conn, tx.calendar, subject_ids),
        voices.ties(tx.conn, tx.actor.id, tx.now),
        deadlines.as_cut_off(tx),
    )


def proposal(tx: Tx, payload: ProposeAward, known: LookedUp, *, for_others: bool = False) -> Award:
    """Return a proposal.

    Args:
        tx: The transaction.
        payload: What is proposed.
        known: What it is judged by.
        for_others: The caller speaks for those who may propose and stand below the caller.

    Raises:
        ClockSkew: And the other refusals of `propose_award`.
    """
    if payload.occurred_at > tx.now + timedelta(minutes=5) or payload.occurred_at < tx.now - OLDEST:
        raise ClockSkew(field="occurred_at", at=payload.occurred_at.isoformat())
    on = Calendar.local_date(payload.occurred_at)
    subject = known.subjects.get(payload.subject)
    code, rule = _rule(tx, known.in_force, payload, on, subject)
    _check(tx, payload, rule, subject, for_others=for_others)
    if subject is None or subject.area is None:
        raise NotFound(kind="subject", id=payload.subject)
    refuse_tied(tx, payload.subject, known.ties)
    require_place(tx, subject)
    since = closed_since(known.closings, payload.subject, payload.occurred_at)
    if since is not None:
        raise SubjectClosed(
            field="occurred_at",
            subject=payload.subject,
            since=Calendar.local_date(since).isoformat(),
        )
    if rule.kind in PERSONS:
        # A person who has withdrawn is not scored any more, for what lies before it either.
        for at in (payload.occurred_at, tx.now):
            if not registry.consents_at(known.spans, payload.subject, "SCORING", at):
                raise NoConsent(field="subject", at=at.isoformat())
    # `TJ-1`, `tj-1` and `ＴＪ－1` are one mediation.
    deed = text.fold(payload.evidence[0])
    key = rules.evidence_key(rule, deed, payload.level)
    award_id = rules.award_id(rule.code, payload.subject, key)
    on_period = Calendar.period(payload.occurred_at)
    period, late = timeline.award_period(known.months, on_period, tx.now)
    level = rule.level(payload.level) if payload.level is not None else None
    score = level.score if level else rule.score
    points = level.points if level else rule.points
    due = tx.calendar.due(tx.now, deciding.WORKING_DAYS)
    return Award(
        award_id=award_id,
        subject_id=payload.subject,
        kind=rule.kind,
        rule_set=code,
        rule_code=rule.code,
        source="manual",
        deed=deed,
        level=payload.level,
        occurred_at=payload.occurred_at,
        day=on,
        period=period,
        to_period=standing.last_period(period, rule.valid(payload.level)),
        cap_window=awards.window_of(rule, on, deed, period if late else ""),
        score=score,
        points=points,
        late=late,
        deduction=rule.negative,
        decides="PERSON",
        evidence=[{"ref": ref} for ref in payload.evidence],
        reason=payload.reason,
        proposal=payload.reason,
        document_no=payload.document_no,
        area=subject.area,
        proposed_by=tx.actor.id,
        proposed_at=tx.now,
        waits_for=_first_level(tx, subject, rule),
        due_at=due,
    )


def same_deed(tx: Tx, proposed: Sequence[Award]) -> dict[str, Row]:
    """Return what is stored of the deeds of proposals, by the proposal's id: also under the id
    that the deed had before its spellings were compared."""
    earlier: dict[str, str] = {}
    for award in proposed:
        typed = next((one["ref"].strip() for one in award.evidence or ()), "")
        for key in (typed, f"{typed}|{award.level}"):
            other = rules.award_id(award.rule_code, award.subject_id, key)
            earlier.setdefault(other, award.award_id)
    found = store.by_ids(tx.conn, [*earlier, *(award.award_id for award in proposed)])
    return {earlier.get(award_id, award_id): known for award_id, known in found.items()}


def _first_level(tx: Tx, subject: Row, rule: Rule) -> str:
    """Return the lowest level that may approve and serves the subject."""
    if subject.kind == "PCO" and registry.project_areas(tx.conn, subject.ref):
        return deciding.first_level(rule.approve)
    served = [
        role
        for role in deciding.at_level(rule.approve, subject.area)
        if deciding.serves(role, subject.area)
    ]
    return deciding.first_level(served)


def _rule(
    tx: Tx, in_force: InForce, payload: ProposeAward, on: date, subject: Row | None
) -> tuple[str, Rule]:
    sets = [in_force.on(on)]
    if subject is not None:
        for street, code, compiled in in_force.streets_on(on):
            if registry.settles_in(tx.conn, subject, payload.occurred_at, street):
                sets.append((code, compiled))
    for found in sets:
        rule = found[1].rule_set.rule(payload.rule_code) if found else None
        if found is not None and rule is not None:
            return found[0], rule
    raise RuleNotInForce(field="rule_code", rule=payload.rule_code, on=on.isoformat())


def require_place(tx: Tx, subject: Row) -> None:
    """Refuse whose scope a subject is not in.

    A company belongs to the district and is served wherever it has a project; what belongs to no
    grid of its community is served by the grid workers of all of them.

    Raises:
        RoleDenied: It lies outside.
        NotFound: So does a person: who takes part is not told elsewhere.
    """
    grid_worker = tx.actor.role == "R_GRID"
    if grid_worker and subject.grid is None and tx.actor.scope.startswith(subject.area):
        return
    if subject.kind == "PCO" and any(
        tx.actor.covers(area) for area in registry.project_areas(tx.conn, subject.ref)
    ):
        return
    place = subject.grid or subject.area if grid_worker else subject.area
    if subject.kind in PERSONS:
        tx.require_sight(place, kind="subject", id=subject.subject_id)
    tx.require_scope(place)


def _place(subject: Row | None) -> str:
    return "" if subject is None else str(subject.grid or subject.area or "")


def _check(
    tx: Tx, payload: ProposeAward, rule: Rule, subject: Row | None, *, for_others: bool
) -> None:
    allowed = deciding.up_to(tx.actor.role) if for_others else (tx.actor.role,)
    may = deciding.at_level(rule.propose, _place(subject)) if subject else rule.propose
    if rule.source != "MANUAL" or not set(allowed) & set(may):
        raise NotAllowedToPropose(rule=rule.code, role=tx.actor.role)
    if payload.subject.partition(":")[0] != rule.kind:
        raise WrongKind(field="subject", rule=rule.code, subject=payload.subject)
    if not payload.evidence or not payload.evidence[0].strip():
        raise EvidenceRequired(field="evidence")
    if max(len(payload.evidence[0].strip()), len(text.fold(payload.evidence[0]))) > LONGEST_DEED:
        # Cut short, two deeds would be one.
        raise Invalid(
            field="evidence",
            reason=said(
                (
                    "第一项依据编号不超过 {longest_deed} 字"
                    " / the first reference has at most {longest_deed} characters"
                ),
                longest_deed=LONGEST_DEED,
            ),
        )
    if rule.requires_legal_document and not payload.document_no:
        raise LegalDocumentRequired(field="document_no", rule=rule.code)
    if rule.type == "LEVELED" and payload.level is None:
        raise LevelNeeded(field="level", rule=rule.code)
    if payload.level is not None and (rule.type != "LEVELED" or rule.level(payload.level) is None):
        raise LevelUnknown(field="level", rule=rule.code, level=payload.level)


def _to_decide(tx: Tx, award_id: str) -> tuple[Row, Rule]:
    known = store.award(tx.conn, award_id, lock=True) if is_uuid(award_id) else None
    if known is None:
        raise NotFound(kind="award", id=award_id)
    subject = registry.subject(tx.conn, known.subject_id)
    if subject is not None and subject.area:
        require_place(tx, subject)
    else:
        tx.require_scope(known.area)
    tx.check_version(known.version)
    if known.state != "PROPOSED" or known.decides != "PERSON":
        raise StateConflict(state=known.state)
    rule = rules_in_force(tx.conn).rule_of(known)
    able = deciding.at_level(rule.approve, _place(subject)) if rule is not None else ()
    if rule is None or not deciding.may_decide(tx.actor.role, able, known.waits_for):
        raise NotAllowedToApprove(rule=known.rule_code, role=tx.actor.role)
    passed = known.lapsed_at is not None and deciding.is_below(tx.actor.role, known.waits_for)
    if known.deduction and passed:
        # A gain may still be approved late by those who were asked first.
        raise PassedOn(waits_for=known.waits_for)
    # Who told of the deed (who verified a hazard, say) has recorded it: another one confirms it.
    if tx.actor.id in {known.proposed_by, known.actor_id}:
        raise SameAsProposer
    check_independent(tx, known.subject_id, subject)
    return known, rule


def check_independent(tx: Tx, subject_id: str, subject: Row | None) -> None:
    """Refuse a caller who acts officially about the caller's own matter, that is of a subject for
    which the caller or one of the caller's household speaks (a post, a shop, a company, a home).

    Raises:
        SelfApproval: The subject is the caller's own.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for the subject.
    """
    if subject is not None and subject.holder == tx.actor.id:
        raise SelfApproval
    refuse_tied(tx, subject_id, voices.ties(tx.conn, tx.actor.id, tx.now))


def refuse_kin_of(tx: Tx, person_id: str) -> None:
    """Refuse a person who decides what somebody of the decider's household has brought up.

    Raises:
        ConflictOfInterest: The caller lives with that person.
    """
    refuse_tied(tx, f"RES:{person_id}", voices.kin_accounts(tx.conn, tx.actor.id))


def refuse_tied(tx: Tx, subject_id: str, ties: Collection[str]) -> None:
    """Refuse a person who is tied to a subject, and name who may act instead.

    Raises:
        ConflictOfInterest: The caller, or one of the caller's household, speaks for the subject.
    """
    if subject_id in ties:
        role = tx.actor.role
        raise ConflictOfInterest(
            subject=subject_id, role=role, substitute=deciding.NEXT.get(role, deciding.TOP)
        )


def approve_award(tx: Tx, payload: DecideAward) -> replies.AwardDone:
    """审核通过 / Approve an award.

    Approve a proposed award. Caps are applied now; a deduction counts for good only after its
    settlement's notice.

    Raises:
        NotFound: There is no such award.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It waits for no person.
        NotAllowedToApprove: Another role approves awards of this rule, and it has not passed to
            the caller's level.
        PassedOn: It is a deduction that has passed to a higher level.
        SameAsProposer: The caller proposed it.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the subject's matters.
        NoConsent: The person has withdrawn since.
        YieldsToRule: Another award for the same deed excludes it.
    """
    known, rule = _to_decide(tx, payload.award_id)
    if rule.kind in PERSONS and known.subject_id not in registry.consented(
        tx.conn, [known.subject_id], "SCORING"
    ):
        raise NoConsent(at=tx.now.isoformat())
    _first_of_deed(tx, known, rule)
    period = months.open_period(tx, known.subject_id, known.period)
    points_raw = known.points_raw
    if rule.kind in PERSONS:
        spans = registry.spans(tx.conn, [known.subject_id])
        if not registry.consents_at(spans, known.subject_id, "POINTS", known.occurred_at):
            points_raw = 0
    window = known.cap_window
    if period != known.period:
        window = awards.window_of(rule, known.day, known.deed or "", period)
    score, points, capped = under_cap(tx, known, rule, window, points_raw)
    late = known.late or period != known.period
    store.change(
        tx.conn,
        str(known.award_id),
        state="APPROVED",
        period=period,
        points_period=period,
        to_period=standing.last_period(period, rule.valid(known.level)),
        late=late,
        cap_window=window,
        # Approvals come in any order; where one was cut, the draft puts the window in order.
        recount=capped,
        points_raw=points_raw,
        score=score,
        points=points,
        capped=capped,
        effective=not known.deduction,
        decided_by=tx.actor.id,
        decided_at=tx.now,
        **_last_word(payload.note),
    )
    amounts.post_points(tx, [amounts.gain_of(known, points, period=period)])
    _tell_decided(tx, known, "APPROVED")
    months.draft_again(tx, known.subject_id, period)
    marks = (("CAPPED", capped), ("LATE", late), ("CORRECTION", known.correction))
    flags = [name for name, on in marks if on]
    return replies.AwardDone(
        id=str(known.award_id),
        state="APPROVED",
        version=known.version + 1,
        score=score,
        points=points,
        flags=flags,
    )


def _first_of_deed(tx: Tx, known: Row, rule: Rule) -> None:
    """Let other awards of the deed yield, unless this one has to. What events propose has done so
    when it was heard."""
    in_force = rules_in_force(tx.conn)
    if known.event_id is not None or not known.deed or rule.code not in in_force.contested():
        return
    lost = reversals.give_way(tx, [(known.subject_id, known.deed, rule)], in_force)
    winner = lost.get((known.subject_id, known.deed, rule.code))
    if winner is not None:
        raise YieldsToRule(field="award_id", rule=rule.code, other=winner)


def under_cap(
    tx: Tx, known: Row, rule: Rule, cap_window: str | None, points_raw: int
) -> tuple[int, int, bool]:
    """Return (score, points, capped) of an award under its cap, in the order of approval."""
    if rule.cap is None or cap_window is None:
        return known.score_raw, points_raw, False
    window = (known.subject_id, known.rule_code, cap_window)
    registry.lock_subjects(tx.conn, [known.subject_id])
    used = store.used(tx.conn, [window]).get(window)
    found = rules.apply_cap(
        rule.cap,
        [rules.Counted(known.occurred_at, str(known.award_id), known.score_raw, points_raw)],
        used.taken if used is not None else awards.NOTHING,
    )[0]
    return found.score, found.points, bool(found.flags)


def _last_word(note: str | None) -> dict[str, str | None]:
    """Return the columns that say what who decides has said, if that is anything."""
    return {"reason": note, "cause": None, "cause_ref": None} if note else {}


def reject_award(tx: Tx, payload: DecideAward) -> replies.AwardDone:
    """审核不通过 / Reject an award.

    Reject a proposed award, with a reason.

    Raises:
        EvidenceRequired: No reason is given.
        NotFound: And the other refusals of `approve_award`.
    """
    known, _ = _to_decide(tx, payload.award_id)
    if not (payload.note or "").strip():
        raise NoteRequired(field="note")
    store.change(
        tx.conn,
        str(known.award_id),
        state="REJECTED",
        decided_by=tx.actor.id,
        decided_at=tx.now,
        **_last_word(payload.note),
    )
    _tell_decided(tx, known, "REJECTED")
    return replies.AwardDone(id=str(known.award_id), state="REJECTED", version=known.version + 1)


def _tell_decided(tx: Tx, known: Row, state: str) -> None:
    if known.deduction:
        telling.tell(
            tx,
            "DEDUCTION_DECIDED",
            subject_id=known.subject_id,
            ref=str(known.award_id),
            subject=known.subject_id,
            rule=known.rule_code,
            state=state,
        )


# --------------------------------------------------------------------------------------------------
# Lapse


def next_lapse_run(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return (ref, instant) of the next daily run: 00:05 local. What is due is due at midnight."""
    today = calendar.at(calendar.local_date(now), 0, 5)
    at = today if today > now else today + timedelta(days=1)
    return calendar.local_date(at).isoformat(), at


def lapse(tx: Tx, due: Due) -> None:
    """Pass what nobody has decided in time to the next level, all in one statement.

    At the top it stays, overdue: it is never decided by silence. Nothing is armed per award, so
    nothing needs to be disarmed by a decision.
    """
    until = tx.calendar.due(due.due_at, deciding.WORKING_DAYS)
    store.lapse(tx.conn, due.due_at, until, deciding.NEXT)
