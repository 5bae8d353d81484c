"""The consent notice as everybody reads it, and what the district has proposed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from msgspec import UNSET, Meta

from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.chassis.typed import converted
from fivered.services.credit import replies
from fivered.services.credit.fields import Purpose
from fivered.services.credit.storage import consent_notices as store
from fivered.services.credit.views.rules import DISTRICT, of_district

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx
    from fivered.chassis.records import Row

CardT = TypeVar("CardT", bound=replies.ConsentNoticeCard)

Key = Annotated[
    str,
    Meta(max_length=64, description="编号或版本号 / its id or its version", examples=["2025.1"]),
]


class ConsentNotices(Request, frozen=True):
    """Which versions."""

    state: Literal["PROPOSED", "PUBLISHED", "REJECTED"] | None = None
    sort: Annotated[Literal["proposed_at", "-proposed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OneConsentNotice(Request, frozen=True):
    """A version by its id or number."""

    consent_notice_id: Key


class OneText(Request, frozen=True):
    """What a version says of one purpose."""

    consent_notice_id: Key
    purpose: Purpose


def card(tx: Tx, row: Row, kind: type[CardT], current: str, **more: object) -> CardT:
    """Return a version as the caller may see it; `current` is the version in force."""
    inside = of_district(tx, row.area)
    people = ("proposed_by", "decided_by", "reason")
    return kind.of(
        row,
        id=row.consent_notice_id,
        scope=row.area,
        in_force=row.state == "PUBLISHED" and row.notice_version == current,
        purposes=[text["purpose"] for text in row.texts],
        **{name: getattr(row, name) if inside else UNSET for name in people},
        **more,
    )


def _find(tx: Tx, key: str) -> Row:
    row = store.by_key(tx.conn, key)
    if row is None or (row.state != "PUBLISHED" and not of_district(tx, row.area)):
        raise NotFound(kind="consent_notice", id=key)
    return row


def consent_notices(tx: Tx, payload: ConsentNotices) -> Page[replies.ConsentNoticeCard]:
    """授权告知书各版本 / Versions of the consent notice.

    List the published versions, the newest first; to the district also what is proposed and what
    was rejected.
    """
    area = tx.actor.scope[:6] if tx.actor.role in DISTRICT else ""
    found = store.page(tx.conn, area=area, state=payload.state, part=payload)
    current = store.known(tx).current
    return found.listed(lambda row: card(tx, row, replies.ConsentNoticeCard, current))


def consent_notice(tx: Tx, payload: OneConsentNotice) -> replies.ConsentNoticeReply:
    """授权告知书全文 / A version of the consent notice in full, by id or version.

    Raises:
        NotFound: There is none that the caller may read.
    """
    row = _find(tx, payload.consent_notice_id)
    texts = converted(row.texts, list[replies.ConsentNoticeText])
    return card(tx, row, replies.ConsentNoticeReply, store.known(tx).current, texts=texts)


def consent_notice_of_purpose(tx: Tx, payload: OneText) -> replies.ConsentNoticeOfPurpose:
    """一项用途的告知内容 / What a version of the consent notice says of one purpose.

    Raises:
        NotFound: There is none that the caller may read.
    """
    row = _find(tx, payload.consent_notice_id)
    (text,) = (one for one in row.texts if one["purpose"] == payload.purpose)
    in_force = row.state == "PUBLISHED" and row.notice_version == store.known(tx).current
    return replies.ConsentNoticeOfPurpose.of(row, in_force=in_force, **text)
