"""Subjects that no event opens: merchants and units in the area, by hand."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import DownToCommunity
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import Request
from fivered.services.credit.actions import areas, closed, consents, manual, months, telling
from fivered.services.credit.errors import (
    PersonUnknown,
    SelfApproval,
    SubjectClosed,
    TextTooShort,
    UnderAge,
)
from fivered.services.credit.replies import Done
from fivered.services.credit.storage import registry, voices
from fivered.services.credit.storage.closings import BY_HAND, closed_since, closings

LEAST_REASON = 5
_REF = re.compile(r"^[a-z]{2,4}_[A-Za-z0-9_-]{1,56}$")


class OpenSubject(Request, frozen=True):
    """登记商户或驻区单位为信用主体 / Open a merchant or a unit as a subject."""

    kind: Annotated[Literal["MER", "UNT"], Meta(examples=["MER"])]
    ref: Annotated[
        PublicText, Meta(pattern=r"^[a-z]{2,4}_[A-Za-z0-9_-]{1,56}$", examples=["mer_0001"])
    ]
    area: DownToCommunity
    holder: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="代表该主体的人员,须已登记 / the registered person who speaks for it",
                examples=["per_0192f0c1"],
            ),
        ]
        | None
    ) = None


class NameHolder(Request, frozen=True):
    """变更商户或驻区单位的代表人 / Who speaks for a merchant or unit from now on."""

    subject_id: str
    person_id: Annotated[str, Meta(min_length=1, max_length=64, examples=["per_0192f0c1"])]
    reason: Annotated[PublicText, Meta(min_length=1, max_length=400, examples=["原负责人已离任"])]


class CloseSubject(Request, frozen=True):
    """A subject that takes part no more."""

    subject_id: str


class ReopenSubject(Request, frozen=True):
    """重新启用已注销的商户或驻区单位 / Open a merchant or unit that was closed once more."""

    subject_id: str
    reason: Annotated[PublicText, Meta(min_length=1, max_length=400, examples=["已恢复营业"])]


def open_subject(tx: Tx, payload: OpenSubject) -> Done:
    """登记信用主体 / Open a subject.

    Open a merchant or a unit as a subject. Twice gives the same answer.

    Raises:
        Invalid: Another kind, or an id or area of the wrong shape.
        RoleDenied: The area lies outside the caller's scope.
        UnknownArea: The registry has not told of it.
        SubjectClosed: It was closed; it is opened again by `reopen_subject`.
        StateConflict: It is open elsewhere, or somebody else speaks for it.
        PersonUnknown: The registry does not know the holder.
        UnderAge: And the other refusals of `name_holder`.
    """
    if payload.kind not in BY_HAND:
        raise Invalid(
            field="kind",
            reason=said(
                ("只能登记 {known} / only {known} are registered by hand"), known="、".join(BY_HAND)
            ),
        )
    if not _REF.match(payload.ref):
        raise Invalid(
            field="ref", reason=said("编号格式应为 mer_… 或 unt_… / an id begins with mer_ or unt_")
        )
    if not re.fullmatch(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?", payload.area):
        raise Invalid(
            field="area",
            reason=said("区划代码应为 6、9 或 12 位数字 / an area's code has 6, 9 or 12 digits"),
        )
    tx.require_scope(payload.area)
    areas.require_known(tx, payload.area)
    subject_id = f"{payload.kind}:{payload.ref}"
    known = registry.subject(tx.conn, subject_id, lock=True)
    if known is not None and known.area is not None:
        _require_open(tx, known)
        if known.area != payload.area:
            raise StateConflict(state=known.state, field="area")
        if payload.holder is not None and not _is_holder(tx, subject_id, payload.holder):
            if voices.holders(tx.conn, subject_id, tx.now):
                raise StateConflict(state=known.state, field="holder")
            _name(tx, subject_id, payload.holder, field="holder")
        return Done.of(known, id=subject_id)
    if payload.holder is not None:
        _name(tx, subject_id, payload.holder, field="holder")
    row = registry.stub(subject_id, tx.now)
    row |= {"area": payload.area, "area_before": payload.area, "area_since": tx.now}
    registry.put_subject(tx.conn, row)
    found = registry.known_subject(tx.conn, subject_id)
    return Done.of(found, id=subject_id)


def _is_holder(tx: Tx, subject_id: str, person_id: str) -> bool:
    return person_id in voices.holders(tx.conn, subject_id, tx.now)


def _name(tx: Tx, subject_id: str, person_id: str, *, field: str) -> None:
    person = registry.person(tx.conn, person_id)
    if person is None:
        raise PersonUnknown(field=field, person=person_id)
    consents.require_living(person, field=field)
    if not person.is_adult:
        raise UnderAge(field=field)
    if person_id == tx.actor.id:
        raise SelfApproval(field=field)
    manual.refuse_kin_of(tx, person_id)
    for before in voices.holders(tx.conn, subject_id, tx.now):
        telling.tell(
            tx, "HOLDER_CHANGED", person_id=before, ref=subject_id[:80], subject=subject_id
        )
    voices.replace(tx.conn, subject_id, voices.HOLDER, [person_id], tx.now)
    telling.tell(tx, "HOLDER_NAMED", person_id=person_id, ref=subject_id[:80], subject=subject_id)


def name_holder(tx: Tx, payload: NameHolder) -> Done:
    """变更代表人 / Say who speaks for a merchant or unit.

    Say who speaks for a merchant or unit from now on. Who did before is told.

    Raises:
        NotFound: There is no such subject.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is closed, or spoken for by what another service tells.
        HolderDeceased, HolderGone: The person is no resident any more.
        TextTooShort: No reason is given.
        PersonUnknown: The registry does not know the person.
        UnderAge: Younger than 18.
        SelfApproval: The person named is the caller.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for the subject.
    """
    known = _by_hand(tx, payload.subject_id)
    if known.state == "CLOSED":
        raise StateConflict(state=known.state)
    if len(payload.reason.strip()) < LEAST_REASON:
        raise TextTooShort(field="reason", least=LEAST_REASON)
    manual.check_independent(tx, known.subject_id, known)
    _name(tx, known.subject_id, payload.person_id, field="person_id")
    registry.change_subject(tx.conn, known.subject_id)
    return Done.of(known, id=known.subject_id, version=known.version + 1)


def _require_open(tx: Tx, known: Row) -> None:
    """Refuse a subject that is closed now.

    Raises:
        SubjectClosed: It is.
    """
    if known.state == "CLOSED":
        known_closings = closings(tx.conn, tx.calendar, [known.subject_id])
        since = closed_since(known_closings, known.subject_id, tx.now) or tx.now
        raise SubjectClosed(
            subject=known.subject_id, since=tx.calendar.local_date(since).isoformat()
        )


def _by_hand(tx: Tx, subject_id: str) -> Row:
    """Return and lock a subject that offices open and close.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: Another service opens and closes it.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for it.
    """
    known = registry.subject(tx.conn, subject_id, lock=True)
    if known is None or known.area is None:
        raise NotFound(kind="subject", id=subject_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    if known.kind not in BY_HAND:
        raise StateConflict(state=known.state)
    return known


def close_subject(tx: Tx, payload: CloseSubject) -> Done:
    """注销信用主体 / Close a subject.

    Close a merchant or a unit: what it does from now on is not scored. Who speaks for it is told,
    and it can be opened again.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for it.
        StateConflict: It is closed already, or opened by another service.
    """
    known = _by_hand(tx, payload.subject_id)
    if known.state == "CLOSED":
        raise StateConflict(state=known.state)
    manual.check_independent(tx, known.subject_id, known)
    # The month in which it ends still settles, without a grade.
    _, end = tx.calendar.month_bounds(tx.calendar.period(tx.now))
    registry.put_state(tx.conn, known, "CLOSED", tx.now, closed_at=end)
    # Clocks differ: what is dated some minutes ahead is perhaps there already.
    closed.void(tx, known.subject_id)
    _tell(tx, known, "SUBJECT_CLOSED")
    return Done(id=known.subject_id, state="CLOSED", version=known.version + 1)


def reopen_subject(tx: Tx, payload: ReopenSubject) -> Done:
    """重新启用信用主体 / Open a subject again.

    Open a merchant or a unit again that was closed: from now on it is scored as before. What it
    did meanwhile stays unscored. Who speaks for it is told why.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
        ConflictOfInterest: The caller, or one of the caller's household, speaks for it.
        StateConflict: It is not closed, or opened by another service.
        TextTooShort: No reason is given.
    """
    known = _by_hand(tx, payload.subject_id)
    if known.state != "CLOSED":
        raise StateConflict(state=known.state)
    if len(payload.reason.strip()) < LEAST_REASON:
        raise TextTooShort(field="reason", least=LEAST_REASON)
    manual.check_independent(tx, known.subject_id, known)
    registry.put_state(tx.conn, known, "ACTIVE", tx.now, closed_at=None)
    months.draft_around(tx, known.subject_id, known.area, tx.now)
    _tell(tx, known, "SUBJECT_REOPENED", reason=payload.reason.strip())
    return Done(id=known.subject_id, state="ACTIVE", version=known.version + 1)


def _tell(tx: Tx, known: Row, code: str, **detail: str) -> None:
    telling.tell(
        tx,
        code,
        subject_id=known.subject_id,
        ref=known.subject_id[:80],
        subject=known.subject_id,
        day=tx.calendar.local_date(tx.now).isoformat(),
        **detail,
    )
