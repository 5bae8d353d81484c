"""Consent of natural persons to scoring, points, public lists and commendation (DOMAIN 1.5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal, get_args

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.credit import replies
from fivered.services.credit.actions import manual, running_out, telling
from fivered.services.credit.errors import (
    ConsentSuspended,
    DeadlinePassed,
    EvidenceRequired,
    HolderDeceased,
    HolderGone,
    HousemateWithdrew,
    NoticeNotPublished,
    NoticeOutdated,
    NotOfHousehold,
    PersonUnknown,
    PurposeMissing,
    PurposesLeftOut,
    SamePerson,
    UnderAge,
)
from fivered.services.credit.fields import PURPOSES, Purpose
from fivered.services.credit.rules.causes import CONSENT_WITHDRAWN, RESIDENT_DEACTIVATED, Cause
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import consent_acts, consent_notices, tables, voices
from fivered.services.credit.storage import registry as store

# By which way a consent came.
Channel = Literal["APP", "DOORSTEP", "PHONE", "WINDOW", "PAPER"]
CHANNELS: tuple[str, ...] = get_args(Channel)
ASSISTANTS = ("R_GRID", "R_CADRE", "R_SECRETARY", "R_DISTRICT")
# Who confirms what one of them proposes by a person's receipt.
CONFIRMERS = ("R_CADRE", "R_SECRETARY", "R_DISTRICT")
CONFIRM_WORKING_DAYS = 5
# To be seen by others is never given by one person in another's name.
NAMED = frozenset({"PUBLIC_LIST", "COMMENDATION"})


class GrantConsent(Request, frozen=True):
    """授权参加信用赋分,自愿、可随时撤回 / Consent to scoring: free, and revocable at any time."""

    notice_version: Annotated[
        str,
        Meta(
            description="已阅读的告知书版本 / version of the notice that was read",
            examples=["2025.1"],
        ),
    ]
    purposes: Annotated[
        list[Purpose], UNIQUE, Meta(min_length=1, max_length=10, examples=[["SCORING", "POINTS"]])
    ]
    person_id: (
        Annotated[
            str, Meta(max_length=64, description="协助他人授权时填写 / for whom, when one assists")
        ]
        | None
    ) = None
    household_id: (
        Annotated[
            str, Meta(max_length=64, description="为家庭账户授权 / for the household's account")
        ]
        | None
    ) = None
    channel: Channel = "APP"
    evidence_ref: (
        Annotated[
            PublicText,
            Meta(
                max_length=200,
                description="协助时的纸质授权书或回执编号;恢复已撤回的授权、公开名单和表彰"
                "须另一人确认 / paper form or receipt, when one assists; what was "
                "withdrawn and to be named need a second person",
            ),
        ]
        | None
    ) = None


class WithdrawConsent(Request, frozen=True):
    """撤回授权,不需要理由 / Withdraw consent; no reason is asked."""

    consent_id: str
    purposes: Annotated[
        list[Purpose], UNIQUE, Meta(max_length=10, description="空表示全部 / empty: all of it")
    ] = field(default_factory=list)
    receipt_no: (
        Annotated[
            PublicText,
            Meta(
                max_length=120, description="代无账号者办理时的回执编号 / receipt, when one assists"
            ),
        ]
        | None
    ) = None


class WhichProposal(Request, frozen=True):
    """Which consent that was proposed in somebody's name."""

    proposal_id: str


def grant_consent(tx: Tx, payload: GrantConsent) -> replies.ConsentDone:
    """授权 / Grant consent.

    Grant consent, or change what is consented to.

    What a person has withdrawn, and to be named in public, is given by that person alone. Staff
    with the person's receipt propose it, and another of them confirms it. They leave nothing out
    that stands: what is to go is withdrawn. What an adult has withdrawn for a household only that
    adult gives again while living there.

    Raises:
        Invalid: An unknown purpose, or none.
        PersonUnknown: The registry has not told of this person (yet).
        RoleDenied: The person lives outside the scope of the person who assists.
        UnderAge: Younger than 18.
        NoticeOutdated: It names a former version of the notice.
        NoticeNotPublished: It names one that is not published, or not in force yet.
        PurposeMissing: POINTS, PUBLIC_LIST and COMMENDATION need SCORING.
        EvidenceRequired: Somebody assists and shows no paper form.
        NotOfHousehold: The person does not belong to the household.
        HolderDeceased, HolderGone: The person is no resident any more.
        PurposesLeftOut: A person who assists would take purposes away.
        HousemateWithdrew: Another adult of the household has taken it back.
        StateConflict: Something is proposed for the person already.
        ConflictOfInterest: Two have to act, and the caller lives with the person.
    """
    person_id = payload.person_id or tx.actor.id
    check_order(tx, payload, person_id)
    person = check_person(tx, payload, person_id, store.person(tx.conn, person_id))
    subject_id = f"HH:{payload.household_id}" if payload.household_id else f"RES:{person_id}"
    known = store.consent(tx.conn, subject_id=subject_id)
    _check_kept(tx, payload, known, person_id)
    if person_id != tx.actor.id:
        if _takes_two(tx, known, subject_id, set(payload.purposes)):
            return _propose(tx, payload, person, subject_id)
        telling.tell(
            tx,
            "CONSENT_GIVEN",
            person_id=person_id,
            by=tx.actor.id,
            receipt=payload.evidence_ref,
        )
    return _give(tx, payload, person, known, subject_id=subject_id)


def _give(
    tx: Tx,
    payload: GrantConsent,
    person: Row,
    known: Row | None,
    *,
    subject_id: str,
    proposed_by: str | None = None,
) -> replies.ConsentDone:
    before = _standing(known)
    wanted = set(payload.purposes)
    consent_id = known.consent_id if known is not None else tx.new_id("cns")
    version = known.version + 1 if known is not None else 1
    given = granted(
        tx,
        payload,
        person,
        consent_id=consent_id,
        subject_id=subject_id,
        version=version,
        proposed_by=proposed_by,
    )
    store.put_consent(tx.conn, given)
    consent_acts.given(tx.conn, [given], known)
    store.end_proposal(tx.conn, subject_id, state="REPLACED", by=tx.actor.id, at=tx.now)
    store.close_spans(tx.conn, subject_id, before - wanted, tx.now, by=person.person_id)
    store.open_spans(tx.conn, subject_id, wanted - before, tx.now)
    open_subject(tx, subject_id, person, wanted)
    if "POINTS" in before - wanted:
        running_out.begin_grace(tx, subject_id, tx.now)
    _tell_household(tx, "HOUSEHOLD_CONSENT_WITHDRAWN", subject_id, before - wanted)
    _tell_household(tx, "HOUSEHOLD_CONSENT_GIVEN", subject_id, wanted - before)
    return replies.ConsentDone.of(given, id=consent_id, subject=subject_id, purposes=given.purposes)


def _standing(known: Row | None) -> set[str]:
    """Return the purposes that are consented to now."""
    return set(known.purposes) if known is not None and known.state == "GRANTED" else set()


def _check_kept(tx: Tx, payload: GrantConsent, known: Row | None, person_id: str) -> None:
    """Refuse to take away what stands in another's name, and to undo what an adult of the
    household took back.

    Raises:
        PurposesLeftOut: A person who assists would take purposes away.
        HousemateWithdrew: Another adult of the household has taken it back.
    """
    standing, wanted = _standing(known), set(payload.purposes)
    if person_id != tx.actor.id and standing - wanted:
        left_out = "、".join(sorted(standing - wanted))
        raise PurposesLeftOut(field="purposes", purposes=left_out)
    if known is None or payload.household_id is None:
        return
    objectors = store.ended_by(tx.conn, known.subject_id, wanted - standing) - {person_id}
    if objectors & {row.person_id for row in voices.adults_of(tx.conn, payload.household_id)}:
        raise HousemateWithdrew(field="household_id")


def _tell_household(tx: Tx, code: str, subject_id: str, purposes: Collection[str]) -> None:
    """Tell the adults of a household what one of them has said for all."""
    kind, _, household = subject_id.partition(":")
    if kind != "HH" or not purposes:
        return
    for adult in voices.adults_of(tx.conn, household):
        if adult.person_id != tx.actor.id:
            telling.tell(
                tx,
                code,
                person_id=adult.person_id,
                household=household,
                purposes="、".join(sorted(purposes)),
            )


def _takes_two(tx: Tx, known: Row | None, subject_id: str, wanted: set[str]) -> bool:
    """Tell whether staff may not give this in a person's name alone."""
    if known is None:
        return bool(wanted & NAMED)
    fresh = wanted - _standing(known)
    spans = store.spans(tx.conn, [subject_id])
    withdrawn = {purpose for purpose in fresh if spans.get((subject_id, purpose))}
    return known.state != "GRANTED" or bool(fresh & NAMED or withdrawn)


def _propose(tx: Tx, payload: GrantConsent, person: Row, subject_id: str) -> replies.ConsentDone:
    _check_independent(tx, person.person_id)
    known = store.open_proposal(tx.conn, subject_id)
    if known is not None and known.due_at > tx.now:
        raise StateConflict(state=known.state, field="person_id")
    store.end_proposal(tx.conn, subject_id, state="LAPSED", by=None, at=tx.now)
    proposal = store.add_proposal(
        tx.conn,
        **records.values_from(
            payload,
            tables.consent_proposals,
            proposal_id=tx.new_id("csp"),
            subject_id=subject_id,
            person_id=person.person_id,
            purposes=sorted(set(payload.purposes)),
            state="PROPOSED",
            proposed_by=tx.actor.id,
            proposed_at=tx.now,
            due_at=tx.calendar.due(tx.now, CONFIRM_WORKING_DAYS),
            area=person.area,
            grid=person.grid,
            version=1,
        ),
    )
    telling.tell(
        tx,
        "CONSENT_PROPOSED",
        person_id=person.person_id,
        ref=proposal.proposal_id,
        by=tx.actor.id,
        receipt=payload.evidence_ref,
    )
    return replies.ConsentDone.of(
        proposal,
        id=proposal.proposal_id,
        due=proposal.due_at,
        subject=subject_id,
        purposes=proposal.purposes,
    )


def _check_independent(tx: Tx, person_id: str) -> None:
    """Refuse a caller who acts for the caller's own household, where two are to be independent."""
    ties = voices.ties(tx.conn, tx.actor.id, tx.now) | voices.kin_accounts(tx.conn, tx.actor.id)
    manual.refuse_tied(tx, f"RES:{person_id}", ties)


def _proposal(tx: Tx, proposal_id: str) -> Row:
    known = store.proposal(tx.conn, proposal_id)
    if known is None:
        raise NotFound(kind="consent", id=proposal_id)
    own = known.person_id == tx.actor.id
    staff = tx.actor.role in CONFIRMERS and tx.actor.covers(known.grid or known.area)
    if not own and not staff:
        raise NotFound(kind="consent", id=proposal_id)
    tx.check_version(known.version)
    if known.state != "PROPOSED":
        raise StateConflict(state=known.state)
    return known


def confirm_consent(tx: Tx, payload: WhichProposal) -> replies.ConsentDone:
    """第二人确认代办授权 / Confirm a consent as the second person.

    Confirm by the person's receipt what another member of staff proposed in the person's name. From
    this moment on it holds; the person is told by whom.

    Raises:
        NotFound: There is no such proposal in the caller's area.
        StateConflict: It is decided.
        HolderDeceased, HolderGone: The person is no resident any more.
        SamePerson: The caller proposed it.
        ConflictOfInterest: The caller lives with the person.
        DeadlinePassed: Five working days are over.
        NoticeOutdated: Another version of the notice is in force by now.
        PurposesLeftOut: It would take purposes away.
        HousemateWithdrew: Another adult of the household has taken it back meanwhile.
        UnderAge: And the other refusals of `grant_consent` that look at the person.
    """
    known = _proposal(tx, payload.proposal_id)
    if known.proposed_by == tx.actor.id:
        raise SamePerson
    if known.person_id == tx.actor.id:
        raise RoleDenied(role=tx.actor.role)
    _check_independent(tx, known.person_id)
    if tx.now >= known.due_at:
        raise DeadlinePassed(until=telling.last_day(known.due_at))
    given = GrantConsent(
        notice_version=known.notice_version,
        purposes=known.purposes,
        person_id=known.person_id,
        household_id=known.household_id,
        channel=known.channel,
        evidence_ref=known.evidence_ref,
    )
    check_order(tx, given, known.person_id)
    person = check_person(tx, given, known.person_id, store.person(tx.conn, known.person_id))
    before = store.consent(tx.conn, subject_id=known.subject_id)
    _check_kept(tx, given, before, known.person_id)
    store.end_proposal(tx.conn, known.subject_id, state="CONFIRMED", by=tx.actor.id, at=tx.now)
    telling.tell(
        tx,
        "CONSENT_GIVEN",
        person_id=known.person_id,
        ref=known.proposal_id,
        by=f"{known.proposed_by}、{tx.actor.id}",
        receipt=known.evidence_ref,
    )
    return _give(
        tx,
        given,
        person,
        before,
        subject_id=known.subject_id,
        proposed_by=known.proposed_by,
    )


def refuse_consent(tx: Tx, payload: WhichProposal) -> replies.ConsentDone:
    """拒绝代办授权 / Refuse a consent proposed in one's name.

    Refuse what staff proposed in a person's name: that person, or one who would confirm it.

    Raises:
        NotFound: There is no such proposal for the caller or in the caller's area.
        StateConflict: It is decided.
    """
    known = _proposal(tx, payload.proposal_id)
    store.end_proposal(tx.conn, known.subject_id, state="REFUSED", by=tx.actor.id, at=tx.now)
    return replies.ConsentDone(id=known.proposal_id, state="REFUSED", version=known.version + 1)


def granted(
    tx: Tx,
    payload: GrantConsent,
    person: Row,
    *,
    consent_id: str,
    subject_id: str,
    version: int,
    proposed_by: str | None = None,
) -> store.Consent:
    """Return a consent that is given now."""
    return store.Consent(
        consent_id=consent_id,
        subject_id=subject_id,
        person_id=person.person_id,
        state="GRANTED",
        notice_version=payload.notice_version,
        purposes=sorted(set(payload.purposes)),
        channel=payload.channel,
        evidence_ref=payload.evidence_ref,
        granted_by=tx.actor.id,
        granted_at=tx.now,
        area=person.area,
        version=version,
        proposed_by=proposed_by,
    )


def check_person(tx: Tx, payload: GrantConsent, person_id: str, person: Row | None) -> Row:
    """Return the person; refuse a consent for whom it cannot be given.

    Raises:
        PersonUnknown: The registry has not told of this person (yet).
        RoleDenied: The person lives outside the scope of the person who assists.
        HolderDeceased, HolderGone: The person is no resident any more.
        UnderAge: Younger than 18.
        NotOfHousehold: The person does not belong to the household.
    """
    if person is None:
        raise PersonUnknown(person=person_id)
    if person_id != tx.actor.id and not tx.actor.covers(person.grid or person.area):
        # Where somebody lives is not told to who serves elsewhere.
        raise RoleDenied(role=tx.actor.role)
    require_living(person, field="person_id")
    if not person.is_adult:
        raise UnderAge(field="person_id")
    if payload.household_id is not None and person.household_id != payload.household_id:
        raise NotOfHousehold(field="household_id")
    return person


def require_living(person: Row, **at: str) -> None:
    """Refuse whom the registry knows as no resident any more.

    Raises:
        HolderDeceased: The person has died.
        HolderGone: The person has left.
    """
    if person.state == store.DECEASED:
        raise HolderDeceased(**at)
    if person.state != "ACTIVE":
        raise HolderGone(**at)


def check_order(
    tx: Tx,
    payload: GrantConsent,
    person_id: str,
    notices: consent_notices.Known | None = None,
) -> None:
    """Refuse a consent that says too little.

    Args:
        tx: The transaction.
        payload: What is to be consented to.
        person_id: By whom.
        notices: The versions of the notice, where many consents are looked at.

    Raises:
        Invalid: An unknown purpose, or none.
        PurposeMissing: POINTS, PUBLIC_LIST and COMMENDATION need SCORING.
        NoticeOutdated: It names a former version of the notice.
        NoticeNotPublished: It names one that is not published, or not in force yet.
        RoleDenied: The actor may not assist others.
        EvidenceRequired: Somebody assists and shows no paper form.
    """
    unknown = set(payload.purposes) - set(PURPOSES)
    if unknown or not payload.purposes:
        raise Invalid(
            field="purposes",
            reason=said(
                "授权用途应为 {known} / purposes are of {known}", known="、".join(PURPOSES)
            ),
        )
    if "SCORING" not in payload.purposes:
        raise PurposeMissing(field="purposes", purpose=payload.purposes[0], needed="SCORING")
    known = notices or consent_notices.known(tx)
    given = payload.notice_version
    if given != known.current:
        # Which numbers there were before the first text was published, nobody can say.
        outdated = given in known.former or not known.published
        refusal = NoticeOutdated if outdated else NoticeNotPublished
        raise refusal(field="notice_version", version=given, current=known.current)
    if person_id == tx.actor.id:
        return
    if tx.actor.role not in ASSISTANTS:
        raise RoleDenied(role=tx.actor.role)
    if not payload.evidence_ref:
        raise EvidenceRequired(field="evidence_ref")


def opened(subject_id: str, person: Row, at: datetime) -> dict[str, object]:
    """Return the row of a subject that a consent opens."""
    return store.stub(subject_id, at) | {
        "area": person.area,
        "area_before": person.area,
        "area_since": at,
        "grid": person.grid,
        "holder": person.person_id,
    }


def open_subject(tx: Tx, subject_id: str, person: Row, purposes: Collection[str]) -> None:
    """Open the account of a consent, or open it again. Who consents without POINTS keeps the end
    that an earlier withdrawal has set to them."""
    known = store.subject(tx.conn, subject_id, lock=True)
    if known is None:
        store.put_subject(tx.conn, opened(subject_id, person, tx.now))
        return
    store.change_subject(
        tx.conn,
        subject_id,
        state="ACTIVE",
        closed_at=None,
        spendable_until=None if "POINTS" in purposes else known.spendable_until,
        holder=person.person_id,
        area=known.area or person.area,
        area_before=known.area_before or person.area,
        area_since=known.area_since or tx.now,
    )


def withdraw_consent(tx: Tx, payload: WithdrawConsent) -> replies.ConsentDone:
    """撤回授权 / Withdraw consent.

    Withdraw consent: always possible, without a reason. For a person without an account staff
    do it by a signed receipt.

    Without SCORING nothing is scored from this moment on, what is still proposed is cancelled, and
    the points stay spendable for 90 days. Any adult of a household can withdraw its consent.

    Raises:
        NotFound: There is no such consent, or it is not the caller's.
        StateConflict: It is withdrawn already.
        ConsentSuspended: No adult of the household is left; there is nothing to withdraw.
        Invalid: An unknown purpose.
        EvidenceRequired: Staff show no receipt of the person.
        ConflictOfInterest: They live with the person.
    """
    known = store.consent(tx.conn, consent_id=payload.consent_id)
    for_him = known is not None and _assists(tx, known)
    own = known is not None and _may_withdraw(tx, known)
    if known is None or not (own or for_him):
        raise NotFound(kind="consent", id=payload.consent_id)
    receipt = (payload.receipt_no or "").strip()
    if not own:
        if not receipt:
            raise EvidenceRequired(field="receipt_no")
        _check_independent(tx, known.person_id)
    if known.state == voices.SUSPENDED:
        raise ConsentSuspended
    if known.state != "GRANTED":
        raise StateConflict(state=known.state)
    unknown = set(payload.purposes) - set(PURPOSES)
    if unknown:
        raise Invalid(
            field="purposes",
            reason=said(
                "授权用途应为 {known} / purposes are of {known}", known="、".join(PURPOSES)
            ),
        )
    given = set(known.purposes)
    gone = set(payload.purposes) & given if payload.purposes else given
    if "SCORING" in gone:
        gone = given
    if "POINTS" in gone:
        # Points that were earned stay spendable for 90 days, as after a whole withdrawal.
        running_out.begin_grace(tx, known.subject_id, tx.now)
    left = sorted(given - gone)
    household = known.subject_id.startswith("HH:")
    if own:
        _tell_household(tx, "HOUSEHOLD_CONSENT_WITHDRAWN", known.subject_id, gone)
    else:
        telling.tell(
            tx,
            "CONSENT_WITHDRAWN",
            person_id=None if household else known.person_id,
            subject_id=known.subject_id if household else None,
            by=tx.actor.id,
            receipt=receipt,
            purposes="、".join(sorted(gone)),
        )
    # What somebody proposed in the person's name before that is answered by it.
    store.end_proposal(tx.conn, known.subject_id, state="REFUSED", by=tx.actor.id, at=tx.now)
    store.close_spans(tx.conn, known.subject_id, gone, tx.now, by=tx.actor.id if own else None)
    state = "GRANTED" if left else "WITHDRAWN"
    if not left:
        award_store.cancel_open(tx.conn, known.subject_id, Cause(CONSENT_WITHDRAWN), tx.now)
    withdrawn = store.change_consent(
        tx.conn,
        known,
        state=state,
        purposes=left,
        withdrawn_at=None if left else tx.now,
    )
    consent_acts.ended(
        tx.conn, withdrawn, by=tx.actor.id, at=tx.now, evidence=None if own else receipt
    )
    return replies.ConsentDone.of(withdrawn, id=known.consent_id, purposes=left)


def _assists(tx: Tx, known: Row) -> bool:
    if tx.actor.role not in ASSISTANTS:
        return False
    return tx.actor.covers(store.place_of_consent(tx.conn, known))


def _may_withdraw(tx: Tx, known: Row) -> bool:
    if not known.subject_id.startswith("HH:"):
        return bool(tx.actor.id == known.person_id)
    return voices.speaks_for(tx.conn, known.subject_id, tx.actor.id, tx.now)


def close_for(tx: Tx, person_id: str, at: datetime) -> None:
    """A person has died or left the district: the consent ends, the wallet lives 90 days more."""
    for subject in store.subjects_held_by(tx.conn, person_id):
        # A household goes on for its other adults, or is suspended (`households`).
        if subject.kind != "RES":
            continue
        known = store.consent(tx.conn, subject_id=subject.subject_id)
        if known is not None and known.state != "CLOSED":
            store.close_spans(tx.conn, subject.subject_id, known.purposes, at)
            closed = store.change_consent(
                tx.conn,
                known,
                state="CLOSED",
                withdrawn_at=known.withdrawn_at or at,
            )
            consent_acts.ended(tx.conn, closed, by=None, at=at)
        award_store.cancel_open(tx.conn, subject.subject_id, Cause(RESIDENT_DEACTIVATED), at)
        running_out.begin_grace(tx, subject.subject_id, at)
