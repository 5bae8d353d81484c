"""Objections and corrections: filed, accepted, decided by somebody independent with reasons, and
reviewed once by a higher level.

A decision is final when it was reviewed, or when nobody may ask for a review any more: it was
upheld, the district decided it, or five working days have passed. Nothing has to be stored for
that; it follows from `review_until`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from chassis.bus import is_uuid
from chassis.fields import Id
from chassis.free_text import PublicText
from chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, said
from services.credit.actions import (
    awards,
    consents,
    escalating,
    manual,
    months,
    objection_news,
    repair_ends,
    settlement,
    telling,
    vetoes,
)
from services.credit.errors import (
    AlreadyExtended,
    AlreadyObjected,
    DeadlinePassed,
    EvidenceRequired,
    HolderDeceased,
    InChain,
    LevelTooLow,
    NoHigherLevel,
    NotFiler,
    NothingToReview,
    NotSubject,
    PersonUnknown,
    ReasonsRequired,
    TextRequired,
    TextTooShort,
    TooLate,
    WorseThanDecided,
)
from services.credit.storage import awards as award_store
from services.credit.storage import entries as entry_store
from services.credit.storage import numbers, registry, voices
from services.credit.storage import objections as store
from services.credit.storage import settlement as settlement_store
from services.credit.storage import tables as t
from services.credit.storage import vetoes as veto_store
from services.credit.storage.published import ORGANISATIONS

if TYPE_CHECKING:
    from chassis.bus import Due, Tx

ACCEPT_WORKING_DAYS = 2
DECIDE_WORKING_DAYS = 5
REQUEST_REVIEW_WORKING_DAYS = 5
REVIEW_WORKING_DAYS = 10
LEAST_REASONS = 20
LEAST_TEXT = 5
# Best for who filed it first.
OUTCOMES = ("UPHELD", "PARTLY", "DISMISSED")
LATEST_MONTHS = 12
# Who hands in what a person without an account objects to.
ASSISTANTS = ("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
DECIDERS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
REVIEWERS = ("R_STREET", "R_STREET_LEAD", "R_DISTRICT")
_LEVELS = {"R_CADRE": 1, "R_SECRETARY": 1, "R_STREET": 2, "R_STREET_LEAD": 2, "R_DISTRICT": 3}
_HIGHEST = max(_LEVELS.values())


ReceiptNo = Annotated[
    PublicText,
    Meta(
        max_length=120,
        description="代办时当事人的回执编号 / number of the person's receipt, "
        "when staff act for him",
        examples=["HZ-2025-0001"],
    ),
]


@dataclass(frozen=True, slots=True)
class FileObjection:
    """提出异议 / Object to an award, to an entry, or that one was not credited.

    Attributes:
        target: AWARD, ENTRY or OMISSION ("I was not credited").
    """

    target: Annotated[Literal["AWARD", "ENTRY", "OMISSION"], Meta(examples=["AWARD"])]
    target_id: Annotated[
        str,
        Meta(
            max_length=160,
            description="AWARD:赋分编号;其余:赋分批次编号,或“批次编号/主体” / the award; "
            "else the settlement, or settlement/subject",
        ),
    ]
    text: Annotated[
        PublicText, Meta(min_length=1, max_length=2000, examples=["派单时我不在班,请核查。"])
    ]
    evidence: Annotated[list[manual.Evidence], Meta(max_length=20)] = field(default_factory=list)
    person_id: (
        Annotated[
            str,
            Meta(
                max_length=64, description="代无账号者提出时填写 / for whom, when staff hand it in"
            ),
        ]
        | None
    ) = None
    receipt_no: ReceiptNo | None = None


@dataclass(frozen=True, slots=True)
class StartCorrection:
    """发起更正 / What the register has wrong, and why it has to be corrected.

    Attributes:
        target: AWARD, ENTRY or OMISSION.
        text: The facts.
        reasons: Why the register has to be corrected.
    """

    target: Annotated[Literal["AWARD", "ENTRY", "OMISSION"], Meta(examples=["AWARD"])]
    target_id: Annotated[
        str,
        Meta(
            max_length=160,
            description="AWARD:赋分编号;其余:“批次编号/主体” / the award; else settlement/subject",
        ),
    ]
    text: Annotated[
        PublicText,
        Meta(min_length=1, max_length=2000, examples=["同一次活动被两次签到,重复计分一次。"]),
    ]
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["签到台账与活动记录不符,登记有误,依台账予以更正。"]),
    ]
    evidence: Annotated[list[manual.Evidence], Meta(max_length=20)] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AcceptObjection:
    """Which objection is meant."""

    objection_id: str


@dataclass(frozen=True, slots=True)
class WhichObjection:
    """撤回异议 / Withdraw an objection; with a receipt where staff act for who filed it."""

    objection_id: str
    receipt_no: ReceiptNo | None = None


@dataclass(frozen=True, slots=True)
class ExtendObjection:
    """延长裁定期限 / Why the decision needs five working days more."""

    objection_id: str
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["须调取物业公司的通话录音,对方答复五个工作日内提供。"]),
    ]


@dataclass(frozen=True, slots=True)
class RequestReview:
    """申请复核 / Why a higher level should look at the decision."""

    objection_id: str
    grounds: Annotated[
        PublicText,
        Meta(min_length=1, max_length=2000, examples=["裁定没有核对我提交的排班表,请上级复核。"]),
    ]
    receipt_no: ReceiptNo | None = None


@dataclass(frozen=True, slots=True)
class DecideObjection:
    """裁定异议、复核裁定 / Decide an objection or its review, with reasons."""

    objection_id: str
    outcome: Literal["UPHELD", "PARTLY", "DISMISSED"]
    reasons: Annotated[
        PublicText,
        Meta(max_length=2000, examples=["经核查,该超时系平台派单错误所致,扣分依据不足,应予撤销。"]),
    ]
    score: (
        Annotated[
            int,
            Meta(
                description="对单项赋分 PARTLY 时保留的分值 / what is left of an award, for PARTLY"
            ),
        ]
        | None
    ) = None
    award_ids: Annotated[
        list[Id],
        Meta(
            max_length=500,
            description="ENTRY 异议成立或部分成立时撤销的赋分;当事人对本人加分提出异议的,"
            "仅在此列明时才撤销或减少 / awards taken back, for ENTRY; what a subject has gained is "
            "taken back or lessened upon its own objection only where it is named here",
        ),
    ] = field(default_factory=list)
    veto_ids: Annotated[
        list[Annotated[str, Meta(max_length=64)]],
        Meta(
            max_length=20,
            description="ENTRY 异议成立或部分成立时终止的一票否决 / vetoes that end, for ENTRY",
        ),
    ] = field(default_factory=list)
    together: Annotated[
        bool,
        Meta(description="一并答复对同一事项的其他异议 / answers the other objections to it, too"),
    ] = False


@dataclass(frozen=True, slots=True)
class _Target:
    subject_id: str
    period: str
    award: Any
    row: Any


def file_objection(tx: Tx, payload: FileObjection) -> dict[str, Any]:
    """提出异议 / File an objection.

    File an objection. Within the objection period the entry is held; others go on.

    Raises:
        Invalid: An unknown kind of target.
        TextRequired: Nothing is said.
        NotFound: There is no such award or entry.
        NotSubject: It concerns somebody else; only entries of organisations are open to all.
        TooLate: It is older than 12 months.
        AlreadyObjected: An objection of the same person to it is open.
        EvidenceRequired: Staff hand it in without the number of the person's receipt.
        PersonUnknown: The registry does not know for whom they do.
        HolderDeceased: He has died.
        RoleDenied: Another role, or he lives elsewhere.
    """
    if len(payload.text.strip()) < LEAST_TEXT:
        raise TextRequired(field="text", least=LEAST_TEXT)
    person_id = payload.person_id or tx.actor.id
    person = registry.person(tx.conn, person_id)
    if person is not None and person.state == registry.DECEASED:
        raise HolderDeceased
    target = _target(tx, payload, person_id)
    subject = registry.subject(tx.conn, target.subject_id)
    if person_id != tx.actor.id:
        _check_assistant(tx, payload, person_id, _area(tx, subject))
    if not _may_object(tx, payload, target, subject, person_id):
        raise NotSubject
    reply = _file(tx, payload, target, subject, person_id)
    if person_id != tx.actor.id:
        telling.tell(
            tx,
            "OBJECTION_FILED_FOR_YOU",
            person_id=person_id,
            ref=reply["id"],
            number=reply["number"],
            receipt=payload.receipt_no,
        )
    return reply


def _check_assistant(tx: Tx, payload: FileObjection, person_id: str, area: str) -> None:
    """Refuse who may not hand something in for another person."""
    if tx.actor.role not in ASSISTANTS:
        raise RoleDenied(role=tx.actor.role)
    if not (payload.receipt_no or "").strip():
        raise EvidenceRequired(field="receipt_no")
    person = registry.person(tx.conn, person_id)
    if person is None:
        raise PersonUnknown(field="person_id", person=person_id)
    if not tx.actor.covers(area):
        tx.require_scope(person.grid or person.area)


def start_correction(tx: Tx, payload: StartCorrection) -> dict[str, Any]:
    """发起更正 / Start a correction of the register.

    Start the correction of what the register says of somebody: the same way as an objection,
    decided by another person. The subject is told, since it is listed among what concerns him.

    Raises:
        Invalid: An unknown kind of target.
        TextRequired: No facts are given.
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such award or entry.
        RoleDenied: It lies outside the caller's scope.
        SelfApproval: It concerns the caller.
        ConflictOfInterest: The caller holds a post in the subject's matters.
        TooLate: It is older than 12 months.
        AlreadyObjected: A correction of it is open.
    """
    if len(payload.text.strip()) < LEAST_TEXT:
        raise TextRequired(field="text", least=LEAST_TEXT)
    if len(payload.reasons.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")
    target = _target(tx, payload, tx.actor.id)
    subject = registry.subject(tx.conn, target.subject_id)
    tx.require_scope(_area(tx, subject))
    manual.check_independent(tx, target.subject_id, subject)
    reply = _file(tx, payload, target, subject, tx.actor.id)
    telling.tell(
        tx,
        "CORRECTION_STARTED",
        subject_id=target.subject_id,
        ref=reply["id"],
        subject=target.subject_id,
        number=reply["number"],
    )
    return reply


def _area(tx: Tx, subject: Any) -> str:
    return getattr(subject, "area", None) or tx.actor.scope


def _file(
    tx: Tx,
    order: FileObjection | StartCorrection,
    target: _Target,
    subject: Any,
    person_id: str,
) -> dict[str, Any]:
    kind, grounds = "OBJECTION", None
    assisted = isinstance(order, FileObjection) and person_id != tx.actor.id
    if isinstance(order, StartCorrection):
        kind, grounds = "CORRECTION", order.reasons
    _, until = tx.calendar.month_bounds(tx.calendar.next_period(target.period, LATEST_MONTHS))
    if tx.now >= until:
        raise TooLate
    target_id = (
        str(target.award.award_id)
        if target.award is not None
        else f"{target.row.settlement_id}/{target.subject_id}"
    )
    # What staff want to correct keeps nobody from objecting, nor the other way round; nor does
    # what one person objects keep others from it. The register is corrected once at a time.
    whose = person_id if kind == "OBJECTION" else None
    open_one = store.open_objection(tx.conn, target_id, kind, whose)
    if open_one is not None:
        raise AlreadyObjected(number=open_one.number)
    row = target.row
    # The time decides, also where the timer is late.
    over = row is not None and row.objection_until is not None and tx.now >= row.objection_until
    holds = row is None or not (over or row.state in ("FINALISING", "SETTLED"))
    objection_id = tx.new_id("obj")
    area = _area(tx, subject)
    number = numbers.following(tx, t.objections.c.number, "YY", area)
    accept_due = tx.calendar.due(tx.now, ACCEPT_WORKING_DAYS)
    store.add(
        tx.conn,
        {
            "objection_id": objection_id,
            "number": number,
            "kind": kind,
            "target": order.target,
            "target_id": target_id,
            "subject_id": target.subject_id,
            "settlement_id": row.settlement_id if row is not None else None,
            "award_id": str(target.award.award_id) if target.award is not None else None,
            "period": target.period,
            "person_id": person_id,
            "filed_by": tx.actor.id if assisted else None,
            "receipt_no": order.receipt_no if isinstance(order, FileObjection) else None,
            "text": order.text,
            "grounds": grounds,
            "evidence": order.evidence,
            "holds_entry": holds,
            "state": "FILED",
            "filed_at": tx.now,
            "accept_due": accept_due,
            "overdue": False,
            "review_overdue": False,
            "area": area,
            "version": 1,
        },
    )
    if holds and row is not None and row.state == "PUBLISHED":
        entry_store.change_entry(tx.conn, row.settlement_id, target.subject_id, state="HELD")
    tx.arm("objection_accept", objection_id, accept_due)
    return {
        "id": objection_id,
        "number": number,
        "state": "FILED",
        "version": 1,
        "due": accept_due.isoformat(),
        "holds_entry": holds,
    }


def _target(tx: Tx, order: FileObjection | StartCorrection, person_id: str) -> _Target:
    if order.target == "AWARD":
        award = award_store.award(tx.conn, order.target_id) if is_uuid(order.target_id) else None
        if award is None:
            raise NotFound(kind="award", id=order.target_id)
        # The settlement's row is locked, so that its notice does not end between look and hold.
        row = _settlement_of(tx, award.subject_id, award.period)
        # While the month runs there is none: the award's own row keeps two from objecting at once.
        award = award_store.award(tx.conn, order.target_id, lock=True)
        return _Target(award.subject_id, award.period, award, row)
    if order.target not in ("ENTRY", "OMISSION"):
        raise Invalid(
            field="target",
            reason=said(
                "target 应为 AWARD、ENTRY 或 OMISSION / target is AWARD, ENTRY or OMISSION"
            ),
        )
    settlement_id, _, subject_id = order.target_id.partition("/")
    row = settlement_store.settlement(tx.conn, settlement_id, lock=True)
    if row is None:
        raise NotFound(kind="settlement", id=settlement_id)
    subject_id = subject_id or _own_subject(tx, settlement_id, person_id)
    if entry_store.entry(tx.conn, settlement_id, subject_id) is None:
        raise NotFound(kind="entry", id=order.target_id)
    return _Target(subject_id, row.period, None, row)


def _settlement_of(tx: Tx, subject_id: str, period: str) -> Any:
    """Return and lock the settlement of a month in which a subject is, or None. It is that of the
    place where the subject was: it may have moved since."""
    area = months.settles_in(tx, subject_id, period)
    return settlement_store.of_month(tx.conn, period, area) if area else None


def _own_subject(tx: Tx, settlement_id: str, person_id: str) -> str:
    for subject in voices.subjects_of(tx.conn, person_id, tx.now):
        if entry_store.entry(tx.conn, settlement_id, subject.subject_id) is not None:
            return str(subject.subject_id)
    return ""


def _may_object(
    tx: Tx, payload: FileObjection, target: _Target, subject: Any, person_id: str
) -> bool:
    if subject is None:
        return False
    if voices.speaks_for(tx.conn, target.subject_id, person_id, tx.now):
        return True
    published = target.row is not None and target.row.published_at is not None
    if subject.kind not in ORGANISATIONS or payload.target != "ENTRY" or not published:
        return False
    # Anybody may, by his real name: so the registry must know whose it is.
    require_known(tx, person_id)
    return True


def require_known(tx: Tx, person_id: str) -> None:
    """Refuse whom no register knows: no resident, no steward, nobody's representative.

    Raises:
        PersonUnknown: It is nobody.
        HolderDeceased, HolderGone: He is no resident any more.
    """
    person = registry.person(tx.conn, person_id)
    if person is not None:
        consents.require_living(person)
    if person is None and not voices.subjects_of(tx.conn, person_id, tx.now):
        raise PersonUnknown(person=person_id)


def _locked(tx: Tx, objection_id: str) -> Any:
    known = store.objection(tx.conn, objection_id, lock=True)
    if known is None:
        raise NotFound(kind="objection", id=objection_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    return known


def _of_filer(tx: Tx, objection_id: str, receipt_no: str | None) -> Any:
    # Whoever filed it may live in one grid while the objection belongs to the community: what he
    # may do follows from who he is, not from where his role acts.
    known = store.objection(tx.conn, objection_id, lock=True)
    if known is None:
        raise NotFound(kind="objection", id=objection_id)
    if known.person_id != tx.actor.id:
        # Without the number of his receipt nobody acts for another.
        assists = tx.actor.role in ASSISTANTS and bool((receipt_no or "").strip())
        if not assists or not tx.actor.covers(_place(tx, known)):
            raise NotFiler
    tx.check_version(known.version)
    return known


def _place(tx: Tx, known: Any) -> str:
    """Return where who filed an objection lives, or what it is about."""
    person = registry.person(tx.conn, known.person_id)
    return str((person.grid or person.area) if person is not None else known.area)


def withdraw_objection(tx: Tx, payload: WhichObjection) -> dict[str, Any]:
    """撤回异议 / Withdraw an objection.

    Take an objection back before it is decided; the entry that it held is let go.

    Raises:
        NotFound: There is no such objection.
        NotFiler: Somebody else filed it, and the caller shows no receipt of his.
        StateConflict: It is decided, or has ended otherwise.
    """
    known = _of_filer(tx, payload.objection_id, payload.receipt_no)
    if known.state not in store.UNDECIDED:
        raise StateConflict(state=known.state)
    row = _month_of(tx, known)
    store.change(
        tx.conn,
        known.objection_id,
        state="WITHDRAWN",
        decided_at=tx.now,
        receipt_no=payload.receipt_no or known.receipt_no,
    )
    tx.disarm("objection_accept", known.objection_id)
    tx.disarm("objection_decide", known.objection_id)
    if _is_open(tx, known, row):
        settlement.finalise_held(tx, row, known.subject_id)
    objection_news.ended(tx, known, "WITHDRAWN")
    return _reply(known, "WITHDRAWN")


def _reply(known: Any, state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": known.objection_id,
        "number": known.number,
        "state": state,
        "version": known.version + 1,
        **more,
    }


def accept_objection(tx: Tx, payload: AcceptObjection) -> dict[str, Any]:
    """受理异议 / Accept an objection.

    Take an objection up; from now on it is to be decided within 5 working days.

    Raises:
        NotFound: There is no such objection.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not just filed.
        SelfApproval: The subject is the caller's own.
        ConflictOfInterest: The caller, or somebody who lives with him, speaks for the subject.
    """
    known = _locked(tx, payload.objection_id)
    if known.state != "FILED":
        raise StateConflict(state=known.state)
    manual.check_independent(tx, known.subject_id, registry.subject(tx.conn, known.subject_id))
    manual.refuse_kin_of(tx, known.person_id)
    return _reply(known, "ACCEPTED", due=_accept(tx, known))


def _accept(tx: Tx, known: Any) -> str:
    due = tx.calendar.due(tx.now, DECIDE_WORKING_DAYS)
    store.change(tx.conn, known.objection_id, state="ACCEPTED", accepted_at=tx.now, decide_due=due)
    tx.disarm("objection_accept", known.objection_id)
    tx.arm("objection_decide", known.objection_id, due)
    objection_news.tell(tx, known, "OBJECTION_ACCEPTED", until=telling.last_day(due))
    return due.isoformat()


def extend_objection(tx: Tx, payload: ExtendObjection) -> dict[str, Any]:
    """延长裁定期限 / Extend the time of a decision.

    Give the decision five working days more, once, before its time is over.

    Raises:
        TextTooShort: Fewer than 20 characters of reasons.
        NotFound: There is no such objection.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not accepted.
        AlreadyExtended: It was extended before.
        DeadlinePassed: Its time is over.
        InChain: Who may not decide it does not put it off either.
        SelfApproval: The subject is the caller's own.
        ConflictOfInterest: The caller holds a post in the subject's matters.
    """
    if len(payload.reasons.strip()) < LEAST_REASONS:
        raise TextTooShort(field="reasons", least=LEAST_REASONS)
    known = _locked(tx, payload.objection_id)
    if known.state != "ACCEPTED":
        raise StateConflict(state=known.state)
    if known.extension_reasons is not None:
        raise AlreadyExtended
    if tx.now >= known.decide_due:
        raise DeadlinePassed(until=telling.last_day(known.decide_due))
    _check_chain(tx, known, _case_of(tx, known))
    # A deadline is the midnight after its last day; the days that are added follow that day.
    last_day = known.decide_due - timedelta(microseconds=1)
    due = tx.calendar.due(last_day, DECIDE_WORKING_DAYS)
    store.change(tx.conn, known.objection_id, decide_due=due, extension_reasons=payload.reasons)
    tx.arm("objection_decide", known.objection_id, due)
    objection_news.tell(
        tx,
        known,
        "OBJECTION_EXTENDED",
        until=telling.last_day(due),
        reasons=payload.reasons,
    )
    return _reply(known, "ACCEPTED", due=due.isoformat())


def on_accept_due(tx: Tx, due: Due) -> None:
    """Nobody took it up in two working days: it counts as accepted."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "FILED":
        _accept(tx, known)


def on_decide_due(tx: Tx, due: Due) -> None:
    """Nobody decided in five working days: it is marked and goes up, and up once more; the
    deduction stays without effect."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "ACCEPTED":
        if not known.overdue:
            store.change(tx.conn, known.objection_id, overdue=True)
            objection_news.tell(tx, known, "OBJECTION_OVERDUE")
        objection_news.escalate(tx, known, level=escalating.go_up(tx, due, escalating.STREET))


def decide_objection(tx: Tx, payload: DecideObjection) -> dict[str, Any]:
    """裁定异议 / Decide an objection.

    Raises:
        Invalid: An unknown outcome, or PARTLY without what is left.
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such objection, or no such award of the subject.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not accepted; or it shall have an effect on a month that is confirmed
            and not published yet, or on an award that is gone already.
        InChain: The caller had a hand in it, is its subject, or filed it.
        ConflictOfInterest: The caller holds a post in the subject's matters.
    """
    _check_order(payload)
    known = _locked(tx, payload.objection_id)
    if known.state != "ACCEPTED":
        raise StateConflict(state=known.state)
    case = _case_of(tx, known)
    _check_partly(payload, known, case)
    _check_chain(tx, known, case)
    others = store.others_undecided(tx.conn, known) if payload.together else []
    for other in others:
        _check_chain(tx, other, case)
    if payload.outcome != "DISMISSED":
        _take_effect(tx, payload, known, case)
    else:
        _approve_waiting(tx, case.award)
    reviewable = payload.outcome != "UPHELD" and _LEVELS[tx.actor.role] < _HIGHEST
    until = tx.calendar.due(tx.now, REQUEST_REVIEW_WORKING_DAYS) if reviewable else None
    for one in (known, *others):
        store.change(
            tx.conn,
            one.objection_id,
            state="DECIDED",
            accepted_at=one.accepted_at or tx.now,
            decided_by=tx.actor.id,
            decided_role=tx.actor.role,
            decided_at=tx.now,
            outcome=payload.outcome,
            reasons=payload.reasons,
            review_until=until,
        )
        tx.disarm("objection_accept", one.objection_id)
        tx.disarm("objection_decide", one.objection_id)
        review = {} if until is None else {"until": telling.last_day(until)}
        objection_news.tell(
            tx,
            one,
            "OBJECTION_DECIDED",
            outcome=payload.outcome,
            reasons=payload.reasons,
            filer=review,
        )
        objection_news.ended(tx, one, "DECIDED")
    if _is_open(tx, known, case.row):
        settlement.finalise_held(tx, case.row, known.subject_id)
    return _reply(
        known,
        "DECIDED",
        outcome=payload.outcome,
        review_until=until.isoformat() if until is not None else None,
        also=[other.number for other in others],
    )


def _check_order(order: DecideObjection) -> None:
    if order.outcome not in OUTCOMES:
        raise Invalid(
            field="outcome",
            reason=said(
                "outcome 应为 {known} / outcome is one of {known}", known="、".join(OUTCOMES)
            ),
        )
    if len(order.reasons.strip()) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")


def _keeps_gain(order: DecideObjection, known: Any, award: Any) -> bool:
    """Tell whether the award stays, and is not what is decided: a subject objects to what it has
    gained itself, and the decision does not name the award as taken back.

    It asks for more, as a rule. Then what it lacks is made good like an OMISSION.
    """
    own_gain = award is not None and known.kind == "OBJECTION" and not award.deduction
    return own_gain and str(award.award_id) not in order.award_ids


def _check_partly(order: DecideObjection, known: Any, case: _Case) -> None:
    """Refuse a PARTLY that does not say what is left: of an award its score, of an entry which
    awards are taken back. That something was left out in part its reasons say."""
    if order.score is not None and known.target != "AWARD":
        raise Invalid(
            field="score",
            reason=said(
                "score 仅用于对单项赋分的异议 / score is for an objection to one award only"
            ),
        )
    named = order.award_ids or order.veto_ids
    if known.target == "ENTRY" and order.outcome != "DISMISSED" and not named:
        raise Invalid(
            field="award_ids",
            reason=said(
                "对信用条目支持或部分支持须列明撤销哪些赋分(award_ids)、终止哪些一票否决(veto_ids);"
                "未列明的维持不变 / upholding an objection to an entry, wholly or partly, lists "
                "awards to take back (award_ids) and vetoes to end (veto_ids); others stay"
            ),
        )
    if _keeps_gain(order, known, case.award):
        if order.score is not None:
            raise Invalid(
                field="award_ids",
                reason=said(
                    "当事人对本人加分提出异议,减少该项赋分须在 award_ids 中列明"
                    " / a subject objects to its own gain: to lessen it, name it in award_ids"
                ),
            )
        return
    if order.outcome != "PARTLY":
        if order.score is not None:
            raise Invalid(
                field="score",
                reason=said("score 仅用于部分支持 / score is for a partly upheld objection only"),
            )
        return
    if known.target == "AWARD" and order.score is None:
        raise Invalid(
            field="score",
            reason=said(
                "对单项赋分部分支持须给出保留的分值(score)"
                " / partly upholding an objection to one award says the score that stays"
            ),
        )


@dataclass(frozen=True, slots=True)
class _Case:
    """What an objection is about: its subject, the settlement of its month, its award."""

    subject: Any
    row: Any
    award: Any


def _case_of(tx: Tx, known: Any) -> _Case:
    subject = registry.subject(tx.conn, known.subject_id)
    row = _month_of(tx, known)
    award = award_store.award(tx.conn, str(known.award_id), lock=True) if known.award_id else None
    return _Case(subject, row, award)


def _month_of(tx: Tx, known: Any) -> Any:
    """Return the settlement of an objection's month, locked, or None.

    One that was filed while the month still ran had no settlement to name; it holds the entry of
    the one that came since.
    """
    if known.settlement_id:
        return settlement_store.settlement(tx.conn, known.settlement_id, lock=True)
    return _settlement_of(tx, known.subject_id, known.period)


def _is_open(tx: Tx, known: Any, row: Any) -> bool:
    """Tell whether the entry of an objection is published and not final yet."""
    if not known.holds_entry or row is None or row.state not in {"PUBLISHED", "FINALISING"}:
        return False
    entry = entry_store.entry(tx.conn, row.settlement_id, known.subject_id)
    return entry is not None and entry.state in {"PUBLISHED", "HELD"}


def _check_chain(tx: Tx, known: Any, case: _Case) -> None:
    # Who decided is in the chain of a review; before a decision that is nobody.
    chain = {
        known.person_id,
        known.filed_by,
        known.decided_by,
        getattr(case.subject, "holder", None),
    }
    chain |= _award_chain(tx, known, case.award)
    for part, names in ((case.row, ("reviewed_by", "confirmed_by")),):
        chain |= {getattr(part, name) for name in names} if part is not None else set()
    if tx.actor.id in chain:
        raise InChain
    manual.check_independent(tx, known.subject_id, case.subject)
    manual.refuse_kin_of(tx, known.person_id)


def _award_chain(tx: Tx, known: Any, award: Any) -> set[str | None]:
    """Return who had a hand in an award. Who decided another objection to it had none by that."""
    if award is None:
        return set()
    decided = {award.decided_by} - store.deciders_about(tx.conn, known.target_id)
    return {award.proposed_by, award.actor_id, *decided}


# --------------------------------------------------------------------------------------------------
# Review


def request_review(tx: Tx, payload: RequestReview) -> dict[str, Any]:
    """申请复核 / Ask for a review.

    Ask a higher level to look at a decision. Meanwhile the decision stands: the entry is not
    held again.

    Raises:
        TextTooShort: No grounds are given.
        NotFound: There is no such objection.
        NotFiler: Somebody else filed it, and the caller shows no receipt of his.
        StateConflict: It is not decided, or was reviewed already.
        NothingToReview: It was upheld: there is nothing more to gain.
        NoHigherLevel: The district has decided it.
        DeadlinePassed: The five working days are over.
    """
    if len(payload.grounds.strip()) < LEAST_TEXT:
        raise TextTooShort(field="grounds", least=LEAST_TEXT)
    known = _of_filer(tx, payload.objection_id, payload.receipt_no)
    if known.state != "DECIDED":
        raise StateConflict(state=known.state)
    if known.outcome == "UPHELD":
        raise NothingToReview
    if known.review_until is None:
        raise NoHigherLevel
    if tx.now >= known.review_until:
        raise DeadlinePassed(until=telling.last_day(known.review_until))
    due = tx.calendar.due(tx.now, REVIEW_WORKING_DAYS)
    store.change(
        tx.conn,
        known.objection_id,
        state="REVIEW_REQUESTED",
        review_grounds=payload.grounds,
        receipt_no=payload.receipt_no or known.receipt_no,
        review_due=due,
    )
    tx.arm("objection_review", known.objection_id, due)
    return _reply(known, "REVIEW_REQUESTED", due=due.isoformat())


def review_objection(tx: Tx, payload: DecideObjection) -> dict[str, Any]:
    """复核裁定 / Review a decision.

    Review a decision: it stands, or becomes better for whoever filed the objection, never worse.

    The decision stands by the same outcome again; for PARTLY without `score`.

    Raises:
        Invalid: An unknown outcome, or PARTLY without what is left.
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such objection, or no such award of the subject.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: No review is asked for; and as in `decide_objection`.
        LevelTooLow: The caller's level is not higher than that of whoever decided.
        InChain: The caller had a hand in it, is its subject, or filed it.
        SelfApproval: The subject is the caller's own.
        ConflictOfInterest: The caller holds a post in the subject's matters.
        WorseThanDecided: The outcome is worse than that of the decision.
    """
    _check_order(payload)
    known = _locked(tx, payload.objection_id)
    if known.state != "REVIEW_REQUESTED":
        raise StateConflict(state=known.state)
    if _LEVELS[tx.actor.role] <= _LEVELS[known.decided_role]:
        raise LevelTooLow(role=tx.actor.role)
    case = _case_of(tx, known)
    _check_chain(tx, known, case)
    if OUTCOMES.index(payload.outcome) > OUTCOMES.index(known.outcome):
        raise WorseThanDecided(outcome=known.outcome)
    changed = payload.score is not None or bool(payload.award_ids or payload.veto_ids)
    stands = payload.outcome == known.outcome and not (payload.outcome == "PARTLY" and changed)
    if not stands:
        _check_partly(payload, known, case)
        _take_effect(tx, payload, known, case)
        if _is_open(tx, known, case.row):
            settlement.finalise_held(tx, case.row, known.subject_id)
    store.change(
        tx.conn,
        known.objection_id,
        state="REVIEWED",
        reviewed_by=tx.actor.id,
        reviewed_at=tx.now,
        review_outcome=payload.outcome,
        review_reasons=payload.reasons,
    )
    tx.disarm("objection_review", known.objection_id)
    objection_news.tell(
        tx,
        known,
        "OBJECTION_REVIEWED",
        outcome=payload.outcome,
        reasons=payload.reasons,
    )
    objection_news.ended(tx, known, "REVIEWED")
    return _reply(known, "REVIEWED", outcome=payload.outcome)


def on_review_due(tx: Tx, due: Due) -> None:
    """Nobody reviewed in ten working days: it is marked and goes up one level, and the decision
    stands until then."""
    known = store.objection(tx.conn, due.ref, lock=True)
    if known is not None and known.state == "REVIEW_REQUESTED":
        store.change(tx.conn, known.objection_id, review_overdue=True)
        objection_news.tell(tx, known, "OBJECTION_REVIEW_OVERDUE")
        objection_news.escalate(tx, known, level=escalating.DISTRICT)


# --------------------------------------------------------------------------------------------------
# Effects


def _within(tx: Tx, known: Any, row: Any) -> str | None:
    """Return the month in which a change still counts; None for the open month.

    Until an entry is final, what is decided about it works in its own month. Between confirmation
    and publication nothing can be changed that was confirmed by its digest: a day later it can.

    Raises:
        StateConflict: The month is confirmed and not published yet.
    """
    if not known.holds_entry:
        return None
    if row is None:
        return str(known.period)
    if row.state == "CONFIRMED":
        raise StateConflict(state=row.state, period=row.period)
    if row.state in {"PUBLISHED", "FINALISING", "SETTLED"} and not _is_open(tx, known, row):
        return None
    return str(known.period)


def _take_effect(tx: Tx, payload: DecideObjection, known: Any, case: _Case) -> None:
    reason = f"objection:{known.number}"
    award = case.award
    within = _within(tx, known, case.row)
    if _keeps_gain(payload, known, award):
        _approve_waiting(tx, award)
        award = None
    if payload.outcome == "PARTLY" and award is not None and payload.score is not None:
        if award.state in _GONE:
            raise StateConflict(state=award.state)
        if abs(payload.score) > abs(award.score) or payload.score * award.score < 0:
            raise Invalid(
                field="score",
                reason=said(
                    "保留的分值不得超过原分值 / the score that stays is not above the former one"
                ),
            )
        points = award.points * abs(payload.score) // abs(award.score) if award.score else 0
        _approve_waiting(tx, award)
        # Its reason says that a person has changed it: no later count of its window undoes that.
        award_store.change(tx.conn, str(award.award_id), reason=reason)
        awards.adjust(tx, [(award, payload.score, points, award.capped)])
        if award.deduction and payload.score == 0:
            repair_ends.item_gone(tx, award, by=tx.actor.id)
        opened = within or months.open_period(tx, known.subject_id, award.period)
        months.draft_again(tx, known.subject_id, opened)
        return
    if award is not None:
        _reverse(tx, award, reason, within)
    for award_id in payload.award_ids:
        found = award_store.award(tx.conn, award_id, lock=True) if is_uuid(award_id) else None
        if found is None or found.subject_id != known.subject_id:
            raise NotFound(kind="award", id=award_id)
        _reverse(tx, found, reason, within)
    for veto_id in payload.veto_ids:
        _end_veto(tx, veto_id, known, reason, within)


def _end_veto(tx: Tx, veto_id: str, known: Any, reason: str, within: str | None) -> None:
    """End a veto that persons imposed. One that an award brought ends with the award."""
    found = veto_store.veto(tx.conn, veto_id) if is_uuid(veto_id) else None
    by_person = found is not None and found.award_id is None
    if found is None or found.subject_id != known.subject_id or not by_person:
        raise NotFound(kind="veto", id=veto_id)
    if found.state != "ACTIVE" or found.lifted_at is not None:
        raise StateConflict(state="LIFTED" if found.lifted_at is not None else found.state)
    if tx.actor.id in (found.imposed_by, found.confirmed_by):
        raise InChain
    opened = within or months.open_period(tx, known.subject_id, known.period)
    vetoes.end(tx, found, tx.calendar.next_period(opened, -1), reason)
    months.draft_again(tx, known.subject_id, opened)


def _approve_waiting(tx: Tx, award: Any) -> None:
    """Approve an award that stays, if it waits for its month: who decides has confirmed it."""
    if award is not None and award.state == "PROPOSED" and award.decides == "SETTLEMENT":
        award_store.change(
            tx.conn,
            str(award.award_id),
            state="APPROVED",
            decided_by=tx.actor.id,
            decided_at=tx.now,
        )


_GONE = frozenset({"REJECTED", "REVERSED"})


def _reverse(tx: Tx, award: Any, reason: str, within: str | None) -> None:
    # What another decision has taken back meanwhile is not taken back twice.
    if award.state not in _GONE:
        awards.reverse(tx, award, reason=reason, by=tx.actor.id, opened=within)
