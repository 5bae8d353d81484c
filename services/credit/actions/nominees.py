"""Nominees: nominated, checked, and reviewed by people."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Annotated

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import (
    awards,
    manual,
    telling,
)
from fivered.services.credit.errors import (
    AlreadyNominated,
    CommendationGranted,
    NobodyLeft,
    NotUnderReview,
    OtherKind,
    OutsideArea,
    ReviewedTwice,
    ReviewIncomplete,
    SelfNomination,
    TextTooShort,
)
from fivered.services.credit.rules import commendations as rules
from fivered.services.credit.storage import candidates as candidate_store
from fivered.services.credit.storage import honours as store
from fivered.services.credit.storage import registry, voices
from fivered.services.credit.storage.in_force import rules_in_force

LEAST_TEXT = 5
REVIEWERS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
_REVIEWED = ("ELIGIBLE", "HELD", "SUPPORTED", "DECLINED")
# What a nominee of the notice is told on coming into a state.
STATE_NEWS = {
    "HELD": "COMMENDATION_HELD",
    "SUPPORTED": "COMMENDATION_GOES_ON",
    "DISQUALIFIED": "COMMENDATION_DROPPED",
}


class WhichCommendation(Request, frozen=True):
    """Which commendation is meant."""

    commendation_id: str


class Nominate(Request, frozen=True):
    """提名 / Nominate somebody."""

    commendation_id: str
    subject: Annotated[str, Meta(max_length=80, examples=["RES:per_0001"])]
    reason: Annotated[
        PublicText, Meta(min_length=1, max_length=1000, examples=["热心调解邻里纠纷。"])
    ]


class Review(Request, frozen=True):
    """What people said about one nominee."""

    subject: Annotated[str, Meta(max_length=80)]
    support: bool
    reasons: Annotated[PublicText, Meta(max_length=2000)]


class ReviewNominees(Request, frozen=True):
    """社区评议,逐个写明意见 / Review each nominee, with written reasons."""

    commendation_id: str
    reviews: Annotated[list[Review], Meta(min_length=1, max_length=500)]


def locked(tx: Tx, commendation_id: str, *states: str) -> Row:
    """Return and lock a commendation that stands in one of the states.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It stands in another state.
    """
    known = store.commendation(tx.conn, commendation_id, lock=True)
    if known is None:
        raise NotFound(kind="commendation", id=commendation_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    require_state(known, *states)
    return known


def require_state(known: Row, *states: str) -> None:
    """Refuse a commendation that stands in none of the states.

    Raises:
        StateConflict: It stands in another one.
    """
    if known.state in states:
        return
    refused = CommendationGranted if known.state == "GRANTED" else StateConflict
    raise refused(state=known.state)


def done(row: Row, **more: object) -> replies.CommendationDone:
    """Return how a commendation stands after a change."""
    return replies.CommendationDone.of(row, id=row.commendation_id, number=row.number, **more)


def states_of(tx: Tx, known: Row) -> dict[str, str]:
    """Return the state of each nominee."""
    return {row.subject_id: row.state for row in store.nominees(tx.conn, known.commendation_id)}


def nominate(tx: Tx, payload: Nominate) -> replies.CommendationDone:
    """提名 / Nominate.

    Nominate somebody. Whether that subject may be commended is checked later.

    Raises:
        TextTooShort: It is not said for what.
        NotFound: There is no such commendation, or no such subject.
        StateConflict: It is checked already.
        RoleDenied: The nominee does not belong to the caller's area.
        OtherKind: The commendation is for another kind.
        OutsideArea: The nominee belongs elsewhere.
        SelfNomination: The caller is the nominee, or holds a post in it.
        ConflictOfInterest: One of the caller's household is, or does.
        AlreadyNominated: Somebody has nominated it.
    """
    if len(payload.reason.strip()) < LEAST_TEXT:
        raise TextTooShort(field="reason", least=LEAST_TEXT)
    known = store.commendation(tx.conn, payload.commendation_id, lock=True)
    # A person who serves a part of its area nominates, also without the right to read what comes
    # of it.
    within = known is not None and tx.actor.scope.startswith(known.area)
    if known is None or not (within or tx.actor.covers(known.area)):
        raise NotFound(kind="commendation", id=payload.commendation_id)
    require_state(known, "OPEN", "NOMINATED")
    if payload.subject.partition(":")[0] != known.kind:
        raise OtherKind(
            field="subject", commendation=known.number, kind=known.kind, subject=payload.subject
        )
    subject = registry.subject(tx.conn, payload.subject)
    if subject is None or not subject.area:
        raise NotFound(kind="subject", id=payload.subject)
    if not subject.area.startswith(known.area):
        raise OutsideArea(field="subject", subject=payload.subject)
    # A person who serves the place of the nominee may nominate, also where the street commends.
    tx.require_scope(subject.area if tx.actor.role != "R_GRID" else subject.grid or subject.area)
    if voices.speaks_for(tx.conn, payload.subject, tx.actor.id, tx.now):
        raise SelfNomination(field="subject")
    manual.check_independent(tx, payload.subject, subject)
    if store.nominee(tx.conn, known.commendation_id, payload.subject) is not None:
        raise AlreadyNominated(field="subject", subject=payload.subject)
    store.add_nominee(
        tx.conn,
        commendation_id=known.commendation_id,
        subject_id=payload.subject,
        state="PROPOSED",
        grounds=[],
        reason=payload.reason.strip(),
        nominated_by=tx.actor.id,
        nominated_at=tx.now,
    )
    return done(store.change(tx.conn, known, state="NOMINATED"), subject=payload.subject)


def standing(tx: Tx, known: Row) -> list[Row]:
    """Return the nominees whom nothing has dropped."""
    return store.nominees(tx.conn, known.commendation_id, states=("ELIGIBLE", "SUPPORTED", "HELD"))


def public(tx: Tx, known: Row) -> list[Row]:
    """Return who stands in the notice and was not dropped since. Whom the review did not support is
    held sometimes, and never in it."""
    return [nominee for nominee in standing(tx, known) if nominee.supported]


def tell(tx: Tx, code: str, known: Row, subject_id: str, **detail: str) -> None:
    """Leave a message for a nominee of a commendation."""
    telling.tell(
        tx,
        code,
        subject_id=subject_id,
        ref=known.commendation_id,
        subject=subject_id,
        title=known.title,
        **detail,
    )


def tell_state(tx: Tx, known: Row, nominee: Row, state: str) -> None:
    """Tell a nominee of the notice what its state is now: a nominee who never was public was never
    told of the nomination."""
    if nominee.supported:
        tell(tx, STATE_NEWS[state], known, nominee.subject_id)


def check(tx: Tx, known: Row, nominees: Sequence[Row], *, news: Container[str] = ()) -> None:
    """Look at nominees again and store what keeps each back.

    Args:
        tx: The transaction.
        known: The commendation.
        nominees: Whom to look at.
        news: The states of which those are told who come into them and stand in the notice.
    """
    subject_ids = [nominee.subject_id for nominee in nominees]
    awards.hold_open(tx, subject_ids)
    found = candidate_store.grounds_of(
        tx.conn,
        known.kind,
        subject_ids,
        until=known.to_period,
        commendation_id=known.commendation_id,
        at=tx.now,
        in_force=rules_in_force(tx.conn),
    )
    for nominee in nominees:
        grounds = found[nominee.subject_id]
        state = rules.state_of(grounds)
        if state == "ELIGIBLE" and nominee.supported is not None:
            state = "SUPPORTED" if nominee.supported else "DECLINED"
        store.change_nominee(
            tx.conn,
            known.commendation_id,
            nominee.subject_id,
            state=state,
            grounds=list(grounds),
        )
        if state != nominee.state and state in news:
            tell_state(tx, known, nominee, state)


def check_nominees(tx: Tx, payload: WhichCommendation) -> replies.CommendationDone:
    """资格审查 / Check nominees.

    Check who of the nominated may be commended: held where it may pass, else dropped, and why.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: Nobody is nominated, or it is reviewed already.
        SelfApproval, ConflictOfInterest: The caller, or one of the household, is a nominee.
    """
    known = locked(tx, payload.commendation_id, "NOMINATED", "CHECKED")
    nominees = store.nominees(tx.conn, known.commendation_id)
    require_independent(tx, nominees)
    check(tx, known, nominees)
    checked = store.change(tx.conn, known, state="CHECKED", checked_at=tx.now)
    return done(checked, nominees=states_of(tx, known))


def require_independent(tx: Tx, nominees: Sequence[Row]) -> None:
    """Refuse a person who acts about a nominee of the caller's own household, or is the nominee.

    Raises:
        SelfApproval: The caller is a nominee.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for one.
    """
    for nominee in nominees:
        subject = registry.subject(tx.conn, nominee.subject_id)
        manual.check_independent(tx, nominee.subject_id, subject)


def review_nominees(tx: Tx, payload: ReviewNominees) -> replies.CommendationDone:
    """社区评议 / Review nominees.

    People review every nominee who may be commended, or is only held, with written reasons.

    Before the notice they may review once more, for instance where more are supported than the
    quota allows.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not checked, or before the public already.
        ReviewIncomplete: A nominee has no review, or one of fewer than 10 characters.
        NotUnderReview: A review is about somebody who is no nominee, or was dropped.
        ReviewedTwice: Two reviews are about one nominee.
        SelfApproval: The caller is a nominee.
        ConflictOfInterest: The caller holds a post in a nominee.
    """
    known = locked(tx, payload.commendation_id, "CHECKED", "REVIEWED")
    nominees = store.nominees(tx.conn, known.commendation_id, states=_REVIEWED)
    if not nominees:
        raise NobodyLeft
    said = {review.subject: review for review in payload.reviews}
    missing = [
        nominee.subject_id
        for nominee in nominees
        if nominee.subject_id not in said
        or len(said[nominee.subject_id].reasons.strip()) < rules.LEAST_REVIEW
    ]
    if missing:
        raise ReviewIncomplete(field="reviews", missing="、".join(missing))
    about = {nominee.subject_id for nominee in nominees}
    for place, review in enumerate(payload.reviews):
        if review.subject not in about:
            raise NotUnderReview(field=f"reviews[{place}].subject", subject=review.subject)
        if review is not said[review.subject]:
            raise ReviewedTwice(field=f"reviews[{place}].subject", subject=review.subject)
    require_independent(tx, nominees)
    for nominee in nominees:
        review = said[nominee.subject_id]
        state = nominee.state
        if state != "HELD":
            state = "SUPPORTED" if review.support else "DECLINED"
        store.change_nominee(
            tx.conn,
            known.commendation_id,
            nominee.subject_id,
            state=state,
            supported=review.support,
            review=review.reasons.strip(),
        )
    reviewed = store.change(
        tx.conn, known, state="REVIEWED", reviewed_by=tx.actor.id, reviewed_at=tx.now
    )
    return done(reviewed, nominees=states_of(tx, known))
