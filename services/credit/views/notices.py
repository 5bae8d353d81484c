"""Notices."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, DownToCommunity, Limit, Period, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page, plain
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.storage import candidates, queries, registry
from fivered.services.credit.storage import honours as honours_store
from fivered.services.credit.storage import notices as store
from fivered.services.credit.storage.published import Now, published_now
from fivered.services.credit.views.cards import HELD_NOTE

CardT = TypeVar("CardT", bound=replies.NoticeCard)

# What a notice says of an entry that is not any more what was published.
CORRECTED_NOTE = "异议已处理,已更正"


class Notices(Request, frozen=True):
    """Which notices."""

    scope: DownToCommunity | None = None
    period: Period | None = None
    sort: Annotated[Literal["published_at", "-published_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OneNotice(Request, frozen=True):
    """Which notice is meant."""

    notice_id: str


def notice_feed(tx: Tx, payload: Notices) -> Page[replies.NoticeCard]:
    """公示订阅(Atom) / Feed of public notices."""
    return notices(tx, payload)


def notices(tx: Tx, payload: Notices) -> Page[replies.NoticeCard]:
    """公示列表 / Public notices.

    List the public notices of an area that still hang.
    """
    found = queries.notices_page(
        tx.conn,
        area=payload.scope or "",
        period=payload.period,
        at=tx.now,
        part=payload,
    )
    return found.listed(lambda row: _card(row, replies.NoticeCard))


def _card(row: Row, kind: type[CardT], **more: object) -> CardT:
    title = row.body.get("title")
    return kind.of(row, id=row.notice_id, scope=row.area, title=title, **more)


def notice(tx: Tx, payload: OneNotice) -> replies.NoticeDetail:
    """公示 / A public notice.

    Return a public notice. What was published never changes; what an objection has changed
    since is shown as it holds now, with a remark. Of the persons on it, those are shown whose
    consent to be named still stands.

    Of a notice that was withdrawn, only that it was, why, and which one stands for it.

    Raises:
        NotFound: There is none, or its time is over.
    """
    row = store.notice(tx.conn, payload.notice_id)
    if row is None or row.down_at <= tx.now:
        raise NotFound(kind="notice", id=payload.notice_id)
    if row.state == "WITHDRAWN":
        return _card(
            row,
            replies.NoticeDetail,
            withdrawn_at=row.withdrawn_at,
            withdrawn_because=row.withdrawn_because,
            body={},
        )
    shown = _commended(tx, row) if row.commendation_id else _settled(tx, row)
    return _card(row, replies.NoticeDetail, body=shown)


def _settled(tx: Tx, row: Row) -> dict[str, object]:
    """Return the content of a settlement's notice as it may be shown now."""
    if row.settlement_id is None:
        return dict(row.body)
    organisations, persons = row.body.get("organisations", []), row.body.get("red_list", [])
    listed = [person["subject"] for person in persons]
    still = registry.consented(tx.conn, listed, "PUBLIC_LIST")
    named = [item["subject"] for item in organisations]
    holds = published_now(tx, row.settlement_id, [*named, *still])
    shown = {item["subject"]: _as_it_holds(item, holds.get(item["subject"])) for item in persons}
    found = {
        "organisations": [_as_it_holds(item, holds.get(item["subject"])) for item in organisations],
        "red_list": [
            {name: value for name, value in shown[subject].items() if name != "note" or value}
            for subject in listed
            if subject in still and subject in holds and holds[subject].state != "HELD"
        ],
    }
    return {**row.body, **{name: items for name, items in found.items() if name in row.body}}


def _as_it_holds(item: dict[str, object], found: Now | None) -> dict[str, object]:
    """Return an entry of a notice as it holds now, with a remark where that is not what was
    published, or where an objection is being decided."""
    if found is None:
        return {**item, "note": None}
    if found.state == "HELD":
        return {**item, "note": HELD_NOTE}
    now = plain(found.item)
    fresh = {name: now[name] for name in item if name in now}
    return {**item, **fresh, "note": CORRECTED_NOTE if fresh != item else None}


def _commended(tx: Tx, row: Row) -> dict[str, object]:
    """Return the content of a commendation's notice as it may be shown now."""
    published = row.body.get("nominees", [])
    accounts = registry.accounts_of(tx.conn, [nominee["subject"] for nominee in published])
    kept = [_kept(nominee, accounts.get(nominee["subject"])) for nominee in published]
    nominees = list({nominee["subject"]: nominee for nominee in kept}.values())
    subjects = registry.subjects(tx.conn, [str(nominee["subject"]) for nominee in nominees])
    kind = str(nominees[0]["kind"]) if nominees else ""
    willing = candidates.willing(tx.conn, kind, subjects)
    states = {
        known.subject_id: known.state
        for known in honours_store.nominees(tx.conn, row.commendation_id)
    }
    shown = [
        {
            **nominee,
            "note": HELD_NOTE if states.get(nominee["subject"]) == "HELD" else None,
        }
        for nominee in nominees
        if nominee["subject"] in willing
        and states.get(nominee["subject"]) not in ("DISQUALIFIED", "REVOKED")
    ]
    return {**row.body, "nominees": shown}


def _kept(nominee: dict[str, object], account: str | None) -> dict[str, object]:
    """Return a nominee under the id that was kept, where the person was registered twice."""
    if account is None:
        return nominee
    person_id = account.removeprefix("RES:")
    return {**nominee, "subject": account, "ref": person_id, "person_id": person_id}
