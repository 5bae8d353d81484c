"""Commendation: opened, nominated, checked, reviewed by people, publicised, approved, granted.

Credit only says who may be commended; people say who is (REQ-L05).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from chassis.bus import is_uuid
from chassis.calendar import Calendar
from chassis.fields import DownToCommunity, Period
from chassis.free_text import PublicText
from chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, said
from services.credit import events
from services.credit.actions import (
    awards,
    escalating,
    manual,
    months,
    objections,
    publishing,
    telling,
)
from services.credit.errors import (
    AlreadyNominated,
    AlreadyObjected,
    ApprovalDocumentRequired,
    FormalAtDistrictOnly,
    FormalOnceAYear,
    InChain,
    LevelDiffers,
    NobodyLeft,
    NoticeRunning,
    NotInNotice,
    OutsideArea,
    QuotaExceeded,
    ReasonsRequired,
    ReviewIncomplete,
    SameAsReviewer,
    SelfNomination,
    SpanInvalid,
    TextTooShort,
    WrongKind,
)
from services.credit.rules import awards as award_rules
from services.credit.rules import commendations as rules
from services.credit.rules import standing
from services.credit.rules.award import Award
from services.credit.storage import awards as award_store
from services.credit.storage import honours as store
from services.credit.storage import notices as notice_store
from services.credit.storage import numbers, records, registry, voices
from services.credit.storage import tables as t
from services.credit.storage.in_force import rules_in_force

if TYPE_CHECKING:
    from chassis.bus import Due, Tx
    from services.credit.rules.model import Rule

LEAST_TEXT = 5
LEAST_REASONS = 20
MOST = 500
# As long as other objections have from their filing: to be taken up, and to be decided.
DECIDE_WORKING_DAYS = objections.ACCEPT_WORKING_DAYS + objections.DECIDE_WORKING_DAYS
REVIEWERS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
APPROVERS = {
    "COMMUNITY": ("R_STREET", "R_STREET_LEAD"),
    "STREET": ("R_STREET_LEAD", "R_DISTRICT"),
    "DISTRICT": ("R_DISTRICT_LEAD",),
}
OPENERS = {
    "COMMUNITY": ("R_SECRETARY", "R_STREET"),
    "STREET": ("R_STREET", "R_DISTRICT"),
    "DISTRICT": ("R_DISTRICT",),
}


@dataclass(frozen=True, slots=True)
class OpenCommendation:
    """发起表彰 / Open a commendation.

    Attributes:
        kind: The kind of subject.
        to_period: The last month whose final standing counts.
        approval_doc_no: The document that allows a formal commendation.
    """

    title: Annotated[
        PublicText, Meta(min_length=1, max_length=120, examples=["2025年一季度最美邻居"])
    ]
    form: Annotated[
        Literal["NOTICE", "STAR", "FORMAL"],
        Meta(
            description="通报表扬、星级榜、评比达标表彰(须批准文号) / notice of praise, "
            "star, formal (needs its document)",
            examples=["NOTICE"],
        ),
    ]
    level: Annotated[Literal["COMMUNITY", "STREET", "DISTRICT"], Meta(examples=["STREET"])]
    kind: Annotated[
        Literal["RES", "HH", "STW", "PRJ", "PCO", "MER", "PTN", "UNT"], Meta(examples=["RES"])
    ]
    criteria: Annotated[
        PublicText, Meta(min_length=1, max_length=2000, examples=["连续三个月信用等级AA以上。"])
    ]
    quota: Annotated[int, Meta(ge=1, le=500, examples=[10])]
    area: Annotated[DownToCommunity, Meta(examples=["370811015"])]
    from_period: Annotated[Period, Meta(examples=["2025-01"])]
    to_period: Annotated[Period, Meta(examples=["2025-03"])]
    approval_doc_no: Annotated[PublicText, Meta(max_length=120)] | None = None


@dataclass(frozen=True, slots=True)
class WhichCommendation:
    """Which commendation is meant."""

    commendation_id: str


@dataclass(frozen=True, slots=True)
class Nominate:
    """提名 / Nominate somebody."""

    commendation_id: str
    subject: Annotated[str, Meta(max_length=80, examples=["RES:per_0001"])]
    reason: Annotated[
        PublicText, Meta(min_length=1, max_length=1000, examples=["热心调解邻里纠纷。"])
    ]


@dataclass(frozen=True, slots=True)
class CancelCommendation:
    """取消表彰 / Why it goes no further; those who were public read it."""

    commendation_id: str
    reasons: Annotated[
        PublicText, Meta(max_length=400, examples=["公示后无符合条件的候选对象,本次表彰不再进行。"])
    ]


@dataclass(frozen=True, slots=True)
class Review:
    """What people said about one nominee."""

    subject: Annotated[str, Meta(max_length=80)]
    support: bool
    reasons: Annotated[PublicText, Meta(max_length=2000)]


@dataclass(frozen=True, slots=True)
class ReviewNominees:
    """社区评议,逐个写明意见 / Review each nominee, with written reasons."""

    commendation_id: str
    reviews: Annotated[list[Review], Meta(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True)
class ObjectToNominee:
    """对候选对象提出异议 / Object to a nominee; who objects is kept and never shown."""

    commendation_id: str
    subject: Annotated[str, Meta(max_length=80)]
    text: Annotated[PublicText, Meta(min_length=1, max_length=2000)]


@dataclass(frozen=True, slots=True)
class DecideNominee:
    """裁定对候选对象的异议 / Decide an objection to a nominee."""

    objection_id: str
    upheld: bool
    reasons: Annotated[PublicText, Meta(max_length=2000)]


@dataclass(frozen=True, slots=True)
class RevokeCommendation:
    """撤销表彰 / Take a commendation back."""

    commendation_id: str
    subject: Annotated[str, Meta(max_length=80)]
    reasons: Annotated[PublicText, Meta(max_length=2000)]


# --------------------------------------------------------------------------------------------------
# Open and nominate


def open_commendation(tx: Tx, payload: OpenCommendation) -> dict[str, Any]:
    """发起表彰 / Open a commendation.

    Raises:
        Invalid: An unknown form, level or kind, no title or criteria, or a quota out of bounds.
        LevelDiffers: The area is not one of this level.
        RoleDenied: Another role opens it at this level, or it lies outside the caller's scope.
        FormalAtDistrictOnly: A formal one below the district.
        ApprovalDocumentRequired: A formal one without its document.
        FormalOnceAYear: There was a formal one in this year.
        SpanInvalid: The window ends before it begins, or in a month that is not over.
    """
    _check_form(payload)
    tx.require_scope(payload.area)
    if tx.actor.role not in OPENERS[payload.level]:
        raise RoleDenied(role=tx.actor.role, area=payload.area)
    last = tx.calendar.next_period(tx.calendar.period(tx.now), -1)
    if not payload.from_period <= payload.to_period <= last:
        raise SpanInvalid(field="to_period", earliest=payload.from_period, latest=last)
    year = tx.calendar.local_date(tx.now).year
    commendation_id = tx.new_id("com")
    number = numbers.following(tx, t.commendations.c.number, "BZ", payload.area)
    # Behind the number, which lets one of two who ask at the same time wait for the other.
    if payload.form == "FORMAL" and store.formal_of(tx.conn, payload.area, year) is not None:
        raise FormalOnceAYear(field="form", year=year)
    store.add(
        tx.conn,
        {
            "commendation_id": commendation_id,
            "number": number,
            "title": payload.title.strip(),
            "form": payload.form,
            "level": payload.level,
            "kind": payload.kind,
            "criteria": payload.criteria.strip(),
            "quota": payload.quota,
            "from_period": payload.from_period,
            "to_period": payload.to_period,
            "approval_doc_no": payload.approval_doc_no,
            "state": "OPEN",
            "area": payload.area,
            "year": year,
            "opened_by": tx.actor.id,
            "opened_at": tx.now,
            "version": 1,
        },
    )
    return {"id": commendation_id, "number": number, "state": "OPEN", "version": 1}


def _check_form(order: OpenCommendation) -> None:
    if order.form not in rules.FORMS:
        raise Invalid(
            field="form",
            reason=said("form 应为 {known} / form is one of {known}", known="、".join(rules.FORMS)),
        )
    if order.level not in rules.LEVELS:
        raise Invalid(
            field="level",
            reason=said(
                "level 应为 {known} / level is one of {known}", known="、".join(rules.LEVELS)
            ),
        )
    if order.kind not in standing.KINDS:
        raise Invalid(
            field="kind",
            reason=said(
                "kind 应为 {known} / kind is one of {known}", known="、".join(standing.KINDS)
            ),
        )
    for name in ("title", "criteria"):
        if len(getattr(order, name).strip()) < LEAST_TEXT:
            raise Invalid(
                field=name,
                reason=said(
                    "不少于 {least_text} 个字 / at least {least_text} characters",
                    least_text=LEAST_TEXT,
                ),
            )
    if not 1 <= order.quota <= MOST:
        raise Invalid(
            field="quota",
            reason=said(("quota 应在 1 到 {most} 之间 / quota is 1 to {most}"), most=MOST),
        )
    if len(order.area) != rules.LEVELS[order.level]:
        raise LevelDiffers(field="level", level=order.level, area=order.area)
    if order.form == "FORMAL":
        if order.level != "DISTRICT":
            raise FormalAtDistrictOnly(field="level")
        if not (order.approval_doc_no or "").strip():
            raise ApprovalDocumentRequired(field="approval_doc_no")


def _locked(tx: Tx, commendation_id: str, *states: str) -> Any:
    known = store.commendation(tx.conn, commendation_id, lock=True)
    if known is None:
        raise NotFound(kind="commendation", id=commendation_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    if known.state not in states:
        raise StateConflict(state=known.state)
    return known


def _reply(known: Any, state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": known.commendation_id,
        "number": known.number,
        "state": state,
        "version": known.version + 1,
        **more,
    }


def nominate(tx: Tx, payload: Nominate) -> dict[str, Any]:
    """提名 / Nominate.

    Nominate somebody. Whether he may be commended is checked later.

    Raises:
        TextTooShort: It is not said for what.
        NotFound: There is no such commendation, or no such subject.
        StateConflict: It is checked already.
        RoleDenied: The nominee does not belong to the caller's area.
        WrongKind: The commendation is for another kind.
        OutsideArea: The nominee belongs elsewhere.
        SelfNomination: The caller is the nominee, or holds a post in it.
        ConflictOfInterest: Somebody who lives with him is, or does.
        AlreadyNominated: Somebody has nominated it.
    """
    if len(payload.reason.strip()) < LEAST_TEXT:
        raise TextTooShort(field="reason", least=LEAST_TEXT)
    known = store.commendation(tx.conn, payload.commendation_id, lock=True)
    # Whoever serves a part of its area nominates, also where he does not read what comes of it.
    within = known is not None and tx.actor.scope.startswith(known.area)
    if known is None or not (within or tx.actor.covers(known.area)):
        raise NotFound(kind="commendation", id=payload.commendation_id)
    if known.state not in ("OPEN", "NOMINATED"):
        raise StateConflict(state=known.state)
    if payload.subject.partition(":")[0] != known.kind:
        raise WrongKind(field="subject", rule=known.number, subject=payload.subject)
    subject = registry.subject(tx.conn, payload.subject)
    if subject is None or not subject.area:
        raise NotFound(kind="subject", id=payload.subject)
    if not subject.area.startswith(known.area):
        raise OutsideArea(field="subject", subject=payload.subject)
    # Whoever serves the place of the nominee may nominate, also where the street commends.
    tx.require_scope(subject.area if tx.actor.role != "R_GRID" else subject.grid or subject.area)
    if voices.speaks_for(tx.conn, payload.subject, tx.actor.id, tx.now):
        raise SelfNomination(field="subject")
    manual.check_independent(tx, payload.subject, subject)
    if store.nominee(tx.conn, known.commendation_id, payload.subject) is not None:
        raise AlreadyNominated(field="subject", subject=payload.subject)
    store.add_nominee(
        tx.conn,
        {
            "commendation_id": known.commendation_id,
            "subject_id": payload.subject,
            "state": "PROPOSED",
            "grounds": [],
            "reason": payload.reason.strip(),
            "nominated_by": tx.actor.id,
            "nominated_at": tx.now,
        },
    )
    store.change(tx.conn, known.commendation_id, state="NOMINATED")
    return _reply(known, "NOMINATED", subject=payload.subject)


# --------------------------------------------------------------------------------------------------
# Check


def _check(tx: Tx, known: Any, nominees: Sequence[Any], *, tell: Container[str] = ()) -> None:
    """Look at nominees again and store what keeps each back.

    Args:
        tx: The transaction.
        known: The commendation.
        nominees: Whom to look at.
        tell: The states of which those are told who come into them and stand in the notice.
    """
    found = records.grounds_of(
        tx.conn,
        known.kind,
        [nominee.subject_id for nominee in nominees],
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
        if state != nominee.state and state in tell:
            _tell_state(tx, known, nominee, state)


def check_nominees(tx: Tx, payload: WhichCommendation) -> dict[str, Any]:
    """资格审查 / Check nominees.

    Check who of the nominated may be commended: held where it may pass, else dropped, and why.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: Nobody is nominated, or it is reviewed already.
        SelfApproval, ConflictOfInterest: The caller, or somebody who lives with him, is a nominee.
    """
    known = _locked(tx, payload.commendation_id, "NOMINATED", "CHECKED")
    nominees = store.nominees(tx.conn, known.commendation_id)
    _require_independent(tx, nominees)
    _check(tx, known, nominees)
    store.change(tx.conn, known.commendation_id, state="CHECKED", checked_at=tx.now)
    return _reply(known, "CHECKED", nominees=_states(tx, known))


def _require_independent(tx: Tx, nominees: Sequence[Any]) -> None:
    """Refuse whoever acts about himself, or about somebody of his household, as a nominee.

    Raises:
        SelfApproval: The caller is a nominee.
        ConflictOfInterest: He, or somebody who lives with him, speaks for one.
    """
    for nominee in nominees:
        subject = registry.subject(tx.conn, nominee.subject_id)
        manual.check_independent(tx, nominee.subject_id, subject)


def _states(tx: Tx, known: Any) -> dict[str, str]:
    return {row.subject_id: row.state for row in store.nominees(tx.conn, known.commendation_id)}


# --------------------------------------------------------------------------------------------------
# Review and notice


_REVIEWED = ("ELIGIBLE", "HELD", "SUPPORTED", "DECLINED")


def review_nominees(tx: Tx, payload: ReviewNominees) -> dict[str, Any]:
    """社区评议 / Review nominees.

    People review every nominee who may be commended, or is only held, with written reasons.

    Before the notice they may review once more, for instance where more are supported than the
    quota allows.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not checked, or before the public already.
        ReviewIncomplete: A nominee has no review, or one of fewer than 10 characters.
        SelfApproval: The caller is a nominee.
        ConflictOfInterest: The caller holds a post in a nominee.
    """
    known = _locked(tx, payload.commendation_id, "CHECKED", "REVIEWED")
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
    _require_independent(tx, nominees)
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
    store.change(
        tx.conn,
        known.commendation_id,
        state="REVIEWED",
        reviewed_by=tx.actor.id,
        reviewed_at=tx.now,
    )
    return _reply(known, "REVIEWED", nominees=_states(tx, known))


def publicise_commendation(tx: Tx, payload: WhichCommendation) -> dict[str, Any]:
    """表彰公示 / Publish for five working days.

    Publish for 5 working days who shall be commended.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not reviewed.
        NobodyLeft: Nobody is supported.
        QuotaExceeded: More are supported than the quota allows.
    """
    known = _locked(tx, payload.commendation_id, "REVIEWED")
    # Who has withdrawn his consent, or was deducted meanwhile, is not published.
    _check(tx, known, _standing_nominees(tx, known))
    shown = [
        nominee
        for nominee in store.nominees(tx.conn, known.commendation_id, states=("SUPPORTED", "HELD"))
        if nominee.supported
    ]
    if not any(nominee.state == "SUPPORTED" for nominee in shown):
        raise NobodyLeft
    if len(shown) > known.quota:
        raise QuotaExceeded(count=len(shown), quota=known.quota)
    until = tx.calendar.due(tx.now, rules.NOTICE_WORKING_DAYS)
    body = {
        "commendation_id": known.commendation_id,
        "number": known.number,
        "title": known.title,
        "form": known.form,
        "level": known.level,
        "criteria": known.criteria,
        "area": known.area,
        "approval_doc_no": known.approval_doc_no,
        "nominees": [
            {
                "subject": nominee.subject_id,
                "kind": known.kind,
                "ref": nominee.subject_id.partition(":")[2],
                "person_id": _person_of(tx, nominee.subject_id),
                "reason": nominee.reason,
            }
            for nominee in shown
        ],
    }
    period = tx.calendar.period(tx.now)
    notice_id = publishing.put_up(
        tx,
        kind="COMMENDATION",
        area=known.area,
        period=period,
        body=body,
        until=until,
        commendation_id=known.commendation_id,
        corrects=known.notice_id,
    )
    if known.notice_id is not None:
        # One that was taken down before names the one that stands for it.
        notice_store.change(tx.conn, known.notice_id, corrected_by=notice_id)
    publishing.tell(tx, notice_id, kind="COMMENDATION", area=known.area, until=until, period=period)
    store.change(
        tx.conn,
        known.commendation_id,
        state="PUBLICISED",
        notice_id=notice_id,
        publicised_at=tx.now,
        public_until=until,
    )
    tx.arm("commendation_end", known.commendation_id, until)
    for nominee in shown:
        last = telling.last_day(until)
        _tell(tx, "COMMENDATION_PUBLIC", known, nominee.subject_id, until=last)
        if nominee.state == "HELD":
            _tell_state(tx, known, nominee, "HELD")
    return _reply(known, "PUBLICISED", due=until.isoformat(), notice_id=notice_id)


# What a nominee of the notice is told when he comes into a state.
_STATE_NEWS = {
    "HELD": "COMMENDATION_HELD",
    "SUPPORTED": "COMMENDATION_GOES_ON",
    "DISQUALIFIED": "COMMENDATION_DROPPED",
}


def _tell_state(tx: Tx, known: Any, nominee: Any, state: str) -> None:
    """Tell a nominee what has become of him, if he stands in the notice: who never was public was
    never told that he is a nominee."""
    if nominee.supported:
        _tell(tx, _STATE_NEWS[state], known, nominee.subject_id)


def _tell(tx: Tx, code: str, known: Any, subject_id: str, **detail: Any) -> None:
    telling.tell(
        tx,
        code,
        subject_id=subject_id,
        ref=known.commendation_id,
        subject=subject_id,
        title=known.title,
        **detail,
    )


def cancel_commendation(tx: Tx, payload: CancelCommendation) -> dict[str, Any]:
    """取消表彰 / Cancel a commendation.

    End one that is not approved, with reasons: its notice comes down, and whoever was public or
    objected is told.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such commendation.
        RoleDenied: Another role opens it at this level, or it lies outside the caller's scope.
        StateConflict: It is approved, or cancelled.
    """
    reasons = payload.reasons.strip()
    if len(reasons) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")
    known = _locked(
        tx, payload.commendation_id, "OPEN", "NOMINATED", "CHECKED", "REVIEWED", "PUBLICISED"
    )
    if tx.actor.role not in OPENERS[known.level]:
        raise RoleDenied(role=tx.actor.role, area=known.area)
    if known.state == "PUBLICISED":
        tx.disarm("commendation_end", known.commendation_id)
        publishing.take_down(tx, known.notice_id, reasons, None)
        for nominee in _public_nominees(tx, known):
            _tell(tx, "COMMENDATION_CANCELLED", known, nominee.subject_id, reasons=reasons)
    for one in store.objections(tx.conn, known.commendation_id):
        if one.state == "OPEN":
            _end_objection(tx, known, one, "LAPSED", reasons)
    store.change(
        tx.conn,
        known.commendation_id,
        state="CANCELLED",
        cancelled_by=tx.actor.id,
        cancelled_at=tx.now,
        cancelled_because=reasons,
    )
    return _reply(known, "CANCELLED")


def _person_of(tx: Tx, subject_id: str) -> str | None:
    """Return the person whose name stands for a subject: of a resident, household or steward."""
    if subject_id.partition(":")[0] not in records.NAMED_PERSONS:
        return None
    subject = registry.subject(tx.conn, subject_id)
    return subject.holder if subject is not None else None


def _standing_nominees(tx: Tx, known: Any) -> list[Any]:
    return store.nominees(tx.conn, known.commendation_id, states=("ELIGIBLE", "SUPPORTED", "HELD"))


def _public_nominees(tx: Tx, known: Any) -> list[Any]:
    """Return who stands in the notice and was not dropped since. Whom the review did not support is
    held sometimes, and never in it."""
    return [nominee for nominee in _standing_nominees(tx, known) if nominee.supported]


def tell_longer(tx: Tx, commendation_id: str, until: str) -> None:
    """Tell the nominees of a notice that it hangs longer, because the working days have changed."""
    known = store.commendation(tx.conn, commendation_id)
    for nominee in _public_nominees(tx, known):
        _tell(tx, "COMMENDATION_LONGER", known, nominee.subject_id, until=until)


def tell_later(tx: Tx, row: Mapping[str, Any], until: str) -> None:
    """Tell who objected to a nominee, and him, that it is decided later: the working days have
    changed."""
    known = store.commendation(tx.conn, row["commendation_id"])
    told = {"ref": row["objection_id"], "number": known.number, "until": until}
    telling.tell(tx, "DEADLINE_MOVED", person_id=row["person_id"], **told)
    nominee = store.nominee(tx.conn, row["commendation_id"], row["subject_id"])
    if nominee is not None and nominee.supported:
        telling.tell(tx, "DEADLINE_MOVED", subject_id=row["subject_id"], **told)


def lock_of_notice(tx: Tx, notice: Any) -> Any:
    """Return and lock the commendation whose notice this is, before the notice itself; or None."""
    if notice is None or notice.commendation_id is None:
        return None
    return store.commendation(tx.conn, notice.commendation_id, lock=True)


def notice_withdrawn(tx: Tx, known: Any, notice_id: str, reason: str) -> None:
    """Bring a commendation back before its notice, when that is taken down: it has no effect any
    more. It goes up anew, or the commendation is cancelled."""
    if known.state != "PUBLICISED" or known.notice_id != notice_id:
        return
    tx.disarm("commendation_end", known.commendation_id)
    for nominee in _public_nominees(tx, known):
        _tell(tx, "COMMENDATION_NOTICE_DOWN", known, nominee.subject_id, reasons=reason)
    store.change(tx.conn, known.commendation_id, state="REVIEWED")


def on_notice_end(tx: Tx, due: Due) -> None:
    """The notice of a commendation has ended; now it may be approved."""
    known = store.commendation(tx.conn, due.ref, lock=True)
    if known is None or known.notice_id is None:
        return
    notice = notice_store.notice(tx.conn, known.notice_id)
    if notice.state == "PUBLISHED":
        notice_store.change(tx.conn, known.notice_id, state="ENDED")


def object_to_nominee(tx: Tx, payload: ObjectToNominee) -> dict[str, Any]:
    """对候选对象提出异议 / Object to a nominee.

    Object to a nominee while the notice runs: it is held until somebody has decided.

    Raises:
        TextTooShort: Nothing is said.
        NotFound: There is no such commendation or nominee.
        NotInNotice: The notice does not run.
        PersonUnknown: No register knows the caller.
        AlreadyObjected: The caller has an objection to this nominee open.
    """
    if len(payload.text.strip()) < LEAST_TEXT:
        raise TextTooShort(field="text", least=LEAST_TEXT)
    known = store.commendation(tx.conn, payload.commendation_id, lock=True)
    nominee: Any = (
        store.nominee(tx.conn, payload.commendation_id, payload.subject)
        if known is not None
        else None
    )
    if known is None or nominee is None:
        raise NotFound(kind="nominee", id=payload.subject)
    if not nominee.supported or nominee.state not in ("SUPPORTED", "HELD"):
        raise NotFound(kind="nominee", id=payload.subject)
    if known.state != "PUBLICISED" or tx.now >= known.public_until:
        raise NotInNotice
    objections.require_known(tx, tx.actor.id)
    for other in store.objections(tx.conn, known.commendation_id):
        if (other.subject_id, other.person_id, other.state) == (
            payload.subject,
            tx.actor.id,
            "OPEN",
        ):
            raise AlreadyObjected(number=other.objection_id)
    objection_id = tx.new_id("nob")
    due = tx.calendar.due(tx.now, DECIDE_WORKING_DAYS)
    store.add_objection(
        tx.conn,
        {
            "objection_id": objection_id,
            "commendation_id": known.commendation_id,
            "subject_id": payload.subject,
            "person_id": tx.actor.id,
            "text": payload.text.strip(),
            "state": "OPEN",
            "filed_at": tx.now,
            "decide_due": due,
            "overdue": False,
            "area": known.area,
            "version": 1,
        },
    )
    tx.arm(DECIDE_TIMER, objection_id, due)
    store.change_nominee(
        tx.conn,
        known.commendation_id,
        payload.subject,
        state="HELD",
        grounds=sorted({*nominee.grounds, rules.OPEN_OBJECTION}),
    )
    if nominee.state != "HELD":
        _tell_state(tx, known, nominee, "HELD")
    store.change(tx.conn, known.commendation_id)
    return {"id": objection_id, "state": "OPEN", "version": 1, "due": due.isoformat()}


def decide_nominee(tx: Tx, payload: DecideNominee) -> dict[str, Any]:
    """裁定对候选对象的异议 / Decide an objection to a nominee.

    Decide an objection to a nominee, with reasons: it goes on, or is dropped.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such objection.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is decided.
        InChain: The caller objected, nominated or reviewed.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the nominee.
    """
    if len(payload.reasons.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")
    seen = store.objection(tx.conn, payload.objection_id)
    if seen is None:
        raise NotFound(kind="objection", id=payload.objection_id)
    # The commendation first: whoever cancels it locks them in this order too.
    commendation = store.commendation(tx.conn, seen.commendation_id, lock=True)
    known = store.objection(tx.conn, payload.objection_id, lock=True)
    tx.require_sight(known.area, kind="objection", id=payload.objection_id)
    tx.check_version(known.version)
    if known.state != "OPEN":
        raise StateConflict(state=known.state)
    nominee = store.nominee(tx.conn, known.commendation_id, known.subject_id)
    if tx.actor.id in {known.person_id, nominee.nominated_by, commendation.reviewed_by}:
        raise InChain
    subject = registry.subject(tx.conn, known.subject_id)
    manual.check_independent(tx, known.subject_id, subject)
    manual.refuse_kin_of(tx, known.person_id)
    state = "UPHELD" if payload.upheld else "DISMISSED"
    _end_objection(tx, commendation, known, state, payload.reasons.strip())
    if payload.upheld:
        store.change_nominee(
            tx.conn,
            known.commendation_id,
            known.subject_id,
            state="DISQUALIFIED",
            grounds=[rules.OBJECTION_UPHELD],
        )
        if nominee.state in ("SUPPORTED", "HELD"):
            _tell_state(tx, commendation, nominee, "DISQUALIFIED")
        # He is dropped: nothing is left to decide about him.
        for other in store.objections(tx.conn, known.commendation_id):
            if (other.subject_id, other.state) == (known.subject_id, "OPEN"):
                _end_objection(tx, commendation, other, "LAPSED", payload.reasons.strip())
    elif nominee.state == "HELD":
        _check(tx, commendation, [nominee], tell=_STATE_NEWS)
    store.change(tx.conn, known.commendation_id)
    return {"id": known.objection_id, "state": state, "version": known.version + 1}


DECIDE_TIMER = "nominee_objection"


def on_decide_due(tx: Tx, due: Due) -> None:
    """Nobody decided in seven working days: it is marked and goes up, and up once more. The nominee
    stays held."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is None or known.state != "OPEN":
        return
    level = escalating.go_up(tx, due, escalating.first_level(known.area))
    store.change_objection(tx.conn, known.objection_id, overdue=True)
    commendation = store.commendation(tx.conn, known.commendation_id)
    _say(
        tx,
        known,
        events.NomineeObjectionEscalated(
            known.objection_id,
            commendation.number,
            level,
            escalating.concerned(tx, known.subject_id, known.person_id),
        ),
    )
    if not known.overdue:
        _tell(tx, "NOMINEE_OBJECTION_LATE", commendation, known.subject_id)
        telling.tell(
            tx,
            "NOMINEE_OBJECTION_OVERDUE",
            person_id=known.person_id,
            ref=known.objection_id,
            number=commendation.number,
        )


def give_time(tx: Tx, _due: Due) -> None:
    """Give a day to objections that have none: those of before they had one."""
    for known in store.undated_objections(tx.conn):
        due = tx.calendar.due(tx.now, DECIDE_WORKING_DAYS)
        store.change_objection(tx.conn, known.objection_id, decide_due=due)
        tx.arm(DECIDE_TIMER, known.objection_id, due)


def _say(tx: Tx, known: Any, fact: Any) -> None:
    tx.publish(fact, subject=known.objection_id, scope=known.area, sequence=known.version + 1)


def _end_objection(tx: Tx, commendation: Any, known: Any, state: str, reasons: str) -> None:
    """End an objection to a nominee, and tell whoever objected how and why; where it went up,
    nobody has to see to it any more."""
    tx.disarm(DECIDE_TIMER, known.objection_id)
    if known.overdue:
        _say(tx, known, events.NomineeObjectionEnded(known.objection_id, state))
    store.change_objection(
        tx.conn,
        known.objection_id,
        state=state,
        decided_by=tx.actor.id,
        decided_at=tx.now,
        reasons=reasons,
    )
    telling.tell(
        tx,
        "NOMINEE_OBJECTION_DECIDED",
        person_id=known.person_id,
        ref=known.objection_id,
        number=commendation.number,
        state=state,
        reasons=reasons,
    )


# --------------------------------------------------------------------------------------------------
# Approve, grant, revoke


def approve_commendation(tx: Tx, payload: WhichCommendation) -> dict[str, Any]:
    """审批表彰 / Approve a commendation.

    Approve, after the notice, whom nothing keeps back; their awards are given.

    Who is still held waits: once that is decided, the commendation is approved again for him.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: Another role approves at this level, or it lies outside the caller's scope.
        StateConflict: It is not publicised.
        NoticeRunning: The notice has not ended.
        SameAsReviewer: The caller reviewed it.
        NobodyLeft: Nobody can be commended.
        SelfApproval, ConflictOfInterest: The caller, or somebody who lives with him, is a nominee.
        InChain: He has nominated one.
    """
    known = _locked(tx, payload.commendation_id, "PUBLICISED", "APPROVED", "GRANTED")
    _require_approver(tx, known)
    if tx.now < known.public_until:
        raise NoticeRunning(until=known.public_until.isoformat())
    if tx.actor.id == known.reviewed_by:
        raise SameAsReviewer
    # Whom nothing holds any more is told in a moment that he is commended.
    _check(tx, known, _standing_nominees(tx, known), tell=("HELD", "DISQUALIFIED"))
    approved = store.nominees(tx.conn, known.commendation_id, states=("SUPPORTED",))
    if not approved:
        raise NobodyLeft
    _require_independent(tx, approved)
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
        _tell(tx, "COMMENDED", known, nominee.subject_id)
    store.change(
        tx.conn,
        known.commendation_id,
        state="APPROVED",
        approved_by=tx.actor.id,
        approved_at=tx.now,
    )
    return _reply(known, "APPROVED", nominees=_states(tx, known))


def _require_approver(tx: Tx, known: Any) -> None:
    if tx.actor.role not in APPROVERS[known.level]:
        raise RoleDenied(role=tx.actor.role, area=known.area)


def _give_award(tx: Tx, known: Any, nominee: Any) -> str | None:
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
    subject = registry.subject(tx.conn, nominee.subject_id)
    key = award_rules.evidence_key(rule, known.commendation_id, level.code if level else None)
    award_id = award_rules.award_id(rule.code, nominee.subject_id, key)
    period = months.open_period(tx, nominee.subject_id, Calendar.period(tx.now))
    score = level.score if level is not None else rule.score
    points = level.points if level is not None else rule.points
    if known.kind in awards.PERSONS and nominee.subject_id not in registry.consented(
        tx.conn, [nominee.subject_id], "POINTS"
    ):
        points = 0
    row = Award(
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
    ).row()
    if award_id not in award_store.add(tx.conn, [row]):
        return award_id
    _count(tx, award_store.award(tx.conn, award_id, lock=True), rule, subject)
    return award_id


def _count(tx: Tx, award: Any, rule: Rule, subject: Any) -> None:
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
    awards.post_points(
        tx,
        [
            {
                "award_id": str(award.award_id),
                "subject_id": award.subject_id,
                "points_period": award.points_period,
                "occurred_at": award.occurred_at,
                "points": points,
                "state": "APPROVED",
                "area": subject.area,
                "shard": 0,
            }
        ],
    )
    months.draft_again(tx, award.subject_id, award.period)


def grant_commendation(tx: Tx, payload: WhichCommendation) -> dict[str, Any]:
    """颁发证书 / Issue the certificates.

    Issue the certificates of all who are approved.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: Another role approves at this level, or it lies outside the caller's scope.
        StateConflict: It is not approved.
    """
    known = _locked(tx, payload.commendation_id, "APPROVED")
    _require_approver(tx, known)
    issued = {}
    for nominee in store.nominees(tx.conn, known.commendation_id, states=("APPROVED",)):
        code = tx.new_id("crt")
        store.add_certificate(
            tx.conn,
            {
                "code": code,
                "number": numbers.following(tx, t.certificates.c.number, "ZS", known.area),
                "commendation_id": known.commendation_id,
                "subject_id": nominee.subject_id,
                "state": "VALID",
                "area": known.area,
                "granted_at": tx.now,
                "version": 1,
            },
        )
        store.change_nominee(
            tx.conn,
            known.commendation_id,
            nominee.subject_id,
            state="GRANTED",
            certificate=code,
        )
        issued[nominee.subject_id] = code
    store.change(tx.conn, known.commendation_id, state="GRANTED", granted_at=tx.now)
    return _reply(known, "GRANTED", certificates=issued)


def revoke_commendation(tx: Tx, payload: RevokeCommendation) -> dict[str, Any]:
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
    known = _locked(tx, payload.commendation_id, "APPROVED", "GRANTED")
    _require_approver(tx, known)
    nominee = store.nominee(tx.conn, known.commendation_id, payload.subject)
    if nominee is None or nominee.state not in ("APPROVED", "GRANTED"):
        raise NotFound(kind="nominee", id=payload.subject)
    manual.check_independent(tx, payload.subject, registry.subject(tx.conn, payload.subject))
    award_id = str(nominee.award_id) if nominee.award_id is not None else ""
    award = award_store.award(tx.conn, award_id, lock=True) if is_uuid(award_id) else None
    if award is not None and award.state == "APPROVED":
        awards.reverse(tx, award, reason=f"commendation-revoked:{known.number}", by=tx.actor.id)
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
    _tell(tx, "COMMENDATION_REVOKED", known, payload.subject, reasons=payload.reasons.strip())
    left = store.nominees(tx.conn, known.commendation_id, states=("APPROVED", "GRANTED"))
    state = known.state if left else "REVOKED"
    store.change(tx.conn, known.commendation_id, state=state)
    return _reply(known, state, nominees=_states(tx, known))
