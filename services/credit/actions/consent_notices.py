"""The notice that is read before consenting: proposed by one person, published by another."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from fivered.chassis.fields import Day
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import by_two
from fivered.services.credit.errors import NoticeDayPast, NoticeVersionTaken
from fivered.services.credit.fields import PURPOSES, Purpose, day_of
from fivered.services.credit.storage import consent_notices as store

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx

PUBLISHERS = ("R_DISTRICT", "R_DISTRICT_LEAD")
LONGEST_TEXT = 8000


class PurposeText(Request, frozen=True):
    """一项用途的告知内容 / What is told about one purpose."""

    purpose: Purpose
    text: Annotated[
        PublicText,
        Meta(
            min_length=1,
            max_length=LONGEST_TEXT,
            description="中文全文 / in Chinese",
            examples=["为计算信用分,处理您的履约、志愿服务等记录;可随时撤回。"],
        ),
    ]
    text_en: Annotated[
        PublicText,
        Meta(
            min_length=1,
            max_length=LONGEST_TEXT,
            description="英文全文 / in English",
            examples=["To compute your score, records of duties and volunteering are processed."],
        ),
    ]


class ProposeConsentNotice(Request, frozen=True):
    """提出授权告知书新版本 / Propose a version of the consent notice."""

    notice_version: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{4}\.[0-9]{1,3}$",
            description="版本号 / number of the version",
            examples=["2025.2"],
        ),
    ]
    effective_from: Annotated[
        Day,
        Meta(description="生效日期,不早于当天 / from which day on, today or later"),
    ]
    texts: Annotated[
        list[PurposeText],
        Meta(
            min_length=1,
            max_length=10,
            description="每项用途一份 / one for each purpose that can be consented to",
        ),
    ]


class WhichConsentNotice(Request, frozen=True):
    """Which proposed version is meant."""

    consent_notice_id: str


class RejectConsentNotice(Request, frozen=True):
    """不予公布的理由 / Why it is not published."""

    consent_notice_id: str
    reason: Annotated[PublicText, Meta(min_length=5, max_length=400, examples=["未写明保存期限"])]


def propose_consent_notice(tx: Tx, payload: ProposeConsentNotice) -> replies.ConsentNoticeCard:
    """提出授权告知书新版本,由另一人审核公布 / Propose a notice; another person publishes it.

    Raises:
        RoleDenied: The caller acts for a part of the district.
        Invalid: No day, or not one text for each purpose.
        NoticeDayPast: The day is over.
        NoticeVersionTaken: There is such a version.
    """
    district = by_two.district_of(tx)
    first = day_of(payload.effective_from, "effective_from")
    _check_day(tx, first)
    if sorted(text.purpose for text in payload.texts) != sorted(PURPOSES):
        raise Invalid(
            field="texts",
            reason=said(
                "须为每项用途 {known} 各提供一份 / there is one text for each of {known}",
                known="、".join(PURPOSES),
            ),
        )
    made = store.add(
        tx.conn,
        consent_notice_id=tx.new_id("cnt"),
        notice_version=payload.notice_version,
        area=district,
        effective_from=first,
        texts=msgspec.to_builtins(sorted(payload.texts, key=lambda text: _PLACE[text.purpose])),
        state="PROPOSED",
        proposed_by=tx.actor.id,
        proposed_at=tx.now,
    )
    if made is None:
        raise NoticeVersionTaken(field="notice_version", version=payload.notice_version)
    return _card(tx, made)


_PLACE = {purpose: place for place, purpose in enumerate(PURPOSES)}


def approve_consent_notice(tx: Tx, payload: WhichConsentNotice) -> replies.ConsentNoticeCard:
    """审核并公布授权告知书 / Publish a proposed notice.

    Publish it. From its day on consents are given under it, and those of before wait to be renewed.

    Raises:
        RoleDenied: The caller acts for a part of the district.
        NotFound: There is no such version in the caller's district.
        StateConflict: It is decided.
        SameAsProposer: The caller proposed it.
        NoticeDayPast: The day from which it was to be in force is over.
    """
    row = _proposed(tx, payload.consent_notice_id)
    _check_day(tx, row.effective_from)
    return _card(tx, store.change(tx.conn, row, **by_two.decision(tx, "PUBLISHED")))


def reject_consent_notice(tx: Tx, payload: RejectConsentNotice) -> replies.ConsentNoticeCard:
    """不予公布授权告知书 / Do not publish a proposed notice.

    Raises:
        TextTooShort: No reason.
        RoleDenied: And the other refusals of `approve`, but for the day.
    """
    decided = by_two.decision(tx, "REJECTED", payload.reason)
    row = _proposed(tx, payload.consent_notice_id)
    return _card(tx, store.change(tx.conn, row, **decided))


def _check_day(tx: Tx, first: date) -> None:
    today = tx.calendar.local_date(tx.now)
    if first < today:
        raise NoticeDayPast(field="effective_from", first=today.isoformat())


def _proposed(tx: Tx, consent_notice_id: str) -> Row:
    row = store.locked(tx.conn, consent_notice_id)
    return by_two.proposed(tx, "consent_notice", consent_notice_id, row)


def _card(tx: Tx, row: Row) -> replies.ConsentNoticeCard:
    current = store.known(tx).current
    return replies.ConsentNoticeCard.of(
        row,
        id=row.consent_notice_id,
        scope=row.area,
        in_force=row.state == "PUBLISHED" and row.notice_version == current,
        purposes=[text["purpose"] for text in row.texts],
        proposed_by=row.proposed_by,
        decided_by=row.decided_by,
        reason=row.reason,
    )
