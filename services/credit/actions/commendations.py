"""Commendation: opened, and cancelled before it is approved.

Credit only says who may be commended; people say who is (REQ-L05). Who is nominated stands in
`nominees`, the notice in `commendation_notices`, objections in `nominee_objections`, and what is
given and taken back in `honours`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import DownToCommunity, Period
from fivered.chassis.free_text import PublicText
from fivered.chassis.refusal import Invalid, RoleDenied, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import (
    areas,
    nominee_objections,
    nominees,
    publishing,
)
from fivered.services.credit.errors import (
    ApprovalDocumentRequired,
    FormalAtDistrictOnly,
    FormalOnceAYear,
    LevelDiffers,
    ReasonsRequired,
    SpanInvalid,
)
from fivered.services.credit.rules import commendations as rules
from fivered.services.credit.rules import standing
from fivered.services.credit.storage import honours as store
from fivered.services.credit.storage import numbers
from fivered.services.credit.storage import tables as t

LEAST_TEXT = 5
LEAST_REASONS = 20
MOST = 500
OPENERS = {
    "COMMUNITY": ("R_SECRETARY", "R_STREET"),
    "STREET": ("R_STREET", "R_DISTRICT"),
    "DISTRICT": ("R_DISTRICT",),
}


class OpenCommendation(Request, frozen=True):
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


class CancelCommendation(Request, frozen=True):
    """取消表彰 / Why it goes no further; those who were public read it."""

    commendation_id: str
    reasons: Annotated[
        PublicText, Meta(max_length=400, examples=["公示后无符合条件的候选对象,本次表彰不再进行。"])
    ]


def open_commendation(tx: Tx, payload: OpenCommendation) -> replies.CommendationDone:
    """发起表彰 / Open a commendation.

    Raises:
        Invalid: An unknown form, level or kind, no title or criteria, or a quota out of bounds.
        LevelDiffers: The area is not one of this level.
        RoleDenied: Another role opens it at this level, or it lies outside the caller's scope.
        UnknownArea: The registry has not told of the area.
        FormalAtDistrictOnly: A formal one below the district.
        ApprovalDocumentRequired: A formal one without its document.
        FormalOnceAYear: There was a formal one in this year.
        SpanInvalid: The window ends before it begins, or in a month that is not over.
    """
    _check_form(payload)
    tx.require_scope(payload.area)
    if tx.actor.role not in OPENERS[payload.level]:
        raise RoleDenied(role=tx.actor.role, area=payload.area)
    areas.require_known(tx, payload.area)
    last = tx.calendar.next_period(tx.calendar.period(tx.now), -1)
    if not payload.from_period <= payload.to_period <= last:
        raise SpanInvalid(field="to_period", earliest=payload.from_period, latest=last)
    year = tx.calendar.local_date(tx.now).year
    commendation_id = tx.new_id("com")
    number = numbers.following(tx, t.commendations.c.number, "BZ", payload.area)
    # Behind the number, which lets one of two who ask at the same time wait for the other.
    if payload.form == "FORMAL" and store.formal_of(tx.conn, payload.area, year) is not None:
        raise FormalOnceAYear(field="form", year=year)
    row = store.add(
        tx.conn,
        **records.values_from(
            payload,
            t.commendations,
            commendation_id=commendation_id,
            number=number,
            title=payload.title.strip(),
            criteria=payload.criteria.strip(),
            state="OPEN",
            year=year,
            opened_by=tx.actor.id,
            opened_at=tx.now,
            version=1,
        ),
    )
    return nominees.done(row)


def _check_form(payload: OpenCommendation) -> None:
    if payload.form not in rules.FORMS:
        raise Invalid(
            field="form",
            reason=said("form 应为 {known} / form is one of {known}", known="、".join(rules.FORMS)),
        )
    if payload.level not in rules.LEVELS:
        raise Invalid(
            field="level",
            reason=said(
                "level 应为 {known} / level is one of {known}", known="、".join(rules.LEVELS)
            ),
        )
    if payload.kind not in standing.KINDS:
        raise Invalid(
            field="kind",
            reason=said(
                "kind 应为 {known} / kind is one of {known}", known="、".join(standing.KINDS)
            ),
        )
    for name in ("title", "criteria"):
        if len(getattr(payload, name).strip()) < LEAST_TEXT:
            raise Invalid(
                field=name,
                reason=said(
                    "不少于 {least_text} 个字 / at least {least_text} characters",
                    least_text=LEAST_TEXT,
                ),
            )
    if not 1 <= payload.quota <= MOST:
        raise Invalid(
            field="quota",
            reason=said(("quota 应在 1 到 {most} 之间 / quota is 1 to {most}"), most=MOST),
        )
    if len(payload.area) != rules.LEVELS[payload.level]:
        raise LevelDiffers(field="level", level=payload.level, area=payload.area)
    if payload.form == "FORMAL":
        if payload.level != "DISTRICT":
            raise FormalAtDistrictOnly(field="level")
        if not (payload.approval_doc_no or "").strip():
            raise ApprovalDocumentRequired(field="approval_doc_no")


def cancel_commendation(tx: Tx, payload: CancelCommendation) -> replies.CommendationDone:
    """取消表彰 / Cancel a commendation.

    End one that is not approved, with reasons: its notice comes down, and a person who was public
    or objected is told.

    Raises:
        ReasonsRequired: Fewer than 20 characters.
        NotFound: There is no such commendation.
        RoleDenied: Another role opens it at this level, or it lies outside the caller's scope.
        StateConflict: It is approved, or cancelled.
    """
    reasons = payload.reasons.strip()
    if len(reasons) < LEAST_REASONS:
        raise ReasonsRequired(field="reasons")
    known = nominees.locked(
        tx, payload.commendation_id, "OPEN", "NOMINATED", "CHECKED", "REVIEWED", "PUBLICISED"
    )
    if tx.actor.role not in OPENERS[known.level]:
        raise RoleDenied(role=tx.actor.role, area=known.area)
    if known.state == "PUBLICISED":
        tx.disarm("commendation_end", known.commendation_id)
        publishing.take_down(tx, known.notice_id, reasons, None)
        for nominee in nominees.public(tx, known):
            nominees.tell(tx, "COMMENDATION_CANCELLED", known, nominee.subject_id, reasons=reasons)
    for one in store.objections(tx.conn, known.commendation_id, lock=True):
        if one.state == "OPEN":
            nominee_objections.end(tx, known, one, "LAPSED", reasons)
    cancelled = store.change(
        tx.conn,
        known,
        state="CANCELLED",
        cancelled_by=tx.actor.id,
        cancelled_at=tx.now,
        cancelled_because=reasons,
    )
    return nominees.done(cancelled)
