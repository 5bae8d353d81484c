"""Notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.bus import Tx
from chassis.fields import Cursor, DownToCommunity, Limit, Period
from chassis.refusal import NotFound
from services.credit.storage import candidates, queries, registry
from services.credit.storage import honours as honours_store
from services.credit.storage import notices as store
from services.credit.storage.published import published_now
from services.credit.views.cards import HELD_NOTE, iso

# What a notice says of an entry that is not any more what was published.
CORRECTED_NOTE = "异议已处理,已更正"


@dataclass(frozen=True, slots=True)
class Notices:
    """Which notices."""

    scope: DownToCommunity | None = None
    period: Period | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class OneNotice:
    """Which notice is meant."""

    notice_id: str


def notice_feed(tx: Tx, payload: Notices) -> dict[str, Any]:
    """公示订阅(Atom) / Feed of public notices."""
    return notices(tx, payload)


def notices(tx: Tx, payload: Notices) -> dict[str, Any]:
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
    return found.reply(_notice_card)


def _notice_card(row: Any) -> dict[str, Any]:
    return {
        "id": row.notice_id,
        "number": row.number,
        "kind": row.kind,
        "scope": row.area,
        "period": row.period,
        "state": row.state,
        "version": row.version,
        "digest": row.digest,
        "published_at": row.published_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "down_at": row.down_at.isoformat(),
        "title": row.body.get("title"),
        "corrects": row.corrects,
        "corrected_by": row.corrected_by,
    }


def notice(tx: Tx, payload: OneNotice) -> dict[str, Any]:
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
    card = _notice_card(row) | {
        "settlement_id": row.settlement_id,
        "commendation_id": row.commendation_id,
    }
    if row.state == "WITHDRAWN":
        return card | {
            "withdrawn_at": iso(row.withdrawn_at),
            "withdrawn_because": row.withdrawn_because,
            "body": {},
        }
    shown = _commended(tx, row) if row.commendation_id else _settled(tx, row)
    return card | {"body": shown}


def _settled(tx: Tx, row: Any) -> dict[str, Any]:
    """Return the content of a settlement's notice as it may be shown now."""
    body = dict(row.body)
    if row.settlement_id is None:
        return body
    listed = [person["subject"] for person in body.get("red_list", [])]
    still = registry.consented(tx.conn, listed, "PUBLIC_LIST")
    named = [item["subject"] for item in body.get("organisations", [])]
    holds = published_now(tx, row.settlement_id, [*named, *still])
    if "organisations" in body:
        body["organisations"] = [
            _as_it_holds(item, holds.get(item["subject"])) for item in body["organisations"]
        ]
    if "red_list" in body:
        body["red_list"] = [
            {name: value for name, value in shown.items() if name != "note" or value}
            for item in body["red_list"]
            for found in (holds.get(item["subject"]) if item["subject"] in still else None,)
            if found is not None and found["state"] != "HELD"
            for shown in (_as_it_holds(item, found),)
        ]
    return body


def _as_it_holds(item: dict[str, Any], found: dict[str, Any] | None) -> dict[str, Any]:
    """Return an entry of a notice as it holds now, with a remark where that is not what was
    published, or where an objection is being decided."""
    if found is None:
        return {**item, "note": None}
    if found["state"] == "HELD":
        return {**item, "note": HELD_NOTE}
    fresh = {name: found[name] for name in item if name in found}
    return {**item, **fresh, "note": CORRECTED_NOTE if fresh != item else None}


def _commended(tx: Tx, row: Any) -> dict[str, Any]:
    """Return the content of a commendation's notice as it may be shown now."""
    body = dict(row.body)
    nominees = body.get("nominees", [])
    subjects = registry.subjects(tx.conn, [nominee["subject"] for nominee in nominees])
    kind = nominees[0]["kind"] if nominees else ""
    willing = candidates.willing(tx.conn, kind, subjects)
    states = {
        known.subject_id: known.state
        for known in honours_store.nominees(tx.conn, row.commendation_id)
    }
    body["nominees"] = [
        {
            **nominee,
            "note": HELD_NOTE if states.get(nominee["subject"]) == "HELD" else None,
        }
        for nominee in nominees
        if nominee["subject"] in willing
        and states.get(nominee["subject"]) not in ("DISQUALIFIED", "REVOKED")
    ]
    return body
