"""What other systems brought, for the desk; and what goes back, for these systems."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.replies import intake as told
from fivered.services.steward.replies.desk import SimilarRequest

PACKAGE = "fivered.services.steward"
# Of so many open requests near by the likest are shown, if so many percent alike.
_LOOKED_AT, _SHOWN, _LEAST = 100, 5, 20


class IntakeList(Request, frozen=True):
    """来件筛选 / Which items of an area."""

    scope: Area | None = None
    state: Literal["WAITING", "FILED", "JOINED", "REFUSED"] | None = None
    channel: Literal["WECHAT_GROUP", "HOTLINE_12345"] | None = None
    sort: Annotated[Literal["received_at", "-received_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichItem(Request, frozen=True):
    """Which item is meant."""

    item_id: str


class ResultsAsked(Request, frozen=True):
    """回传结果 / Which steps: those after one that was read already."""

    after: (
        Annotated[
            int, Meta(ge=0, description="已读到的序号,只给其后的 / `sequence` of the last one read")
        ]
        | None
    ) = None
    item_id: Annotated[str, Meta(max_length=64)] | None = None
    scope: Area | None = None
    sort: Annotated[Literal["sequence", "-sequence"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def intake_items(tx: Tx, payload: IntakeList) -> Page[told.ItemCard]:
    """来件列表 / Items that other systems brought.

    Answer the items of an area, newest first; a service account's own ones.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    own = tx.actor.id if tx.actor.is_service_account else None
    wanted = {"state": payload.state, "channel": payload.channel, "source": own}
    return storage.intake.listed(tx.conn, wanted, scope, payload).listed(_card)


def _words(row: Row) -> dict[str, str | None]:
    words = in_words(PACKAGE, "channel", row.channel) | in_words(PACKAGE, "state", row.state)
    return words | (in_words(PACKAGE, "reason", row.reason) if row.reason is not None else {})


def _card(row: Row) -> told.ItemCard:
    return told.ItemCard.of(row, id=row.item_id, external_ref=row.reference, **_words(row))


def intake_item(tx: Tx, payload: WhichItem) -> told.ItemDetail:
    """来件详情 / An item, with what may be the same matter.

    Answer what was said, with the number masked, and open requests near by whose place, category or
    words are alike, the likest first.

    Raises:
        NotFound: No such item, or none of the caller's business.
    """
    row = storage.intake.item(tx.conn, payload.item_id)
    mine = row is not None and (
        row.source == tx.actor.id if tx.actor.is_service_account else tx.actor.covers(row.area)
    )
    if row is None or not mine:
        raise NotFound(kind="intake_item", id=payload.item_id)
    vault = storage.vault(tx)
    text = vault.open_or_none(row.text, f"{row.item_id}.text")
    phone = vault.open_or_none(row.phone, f"{row.item_id}.phone")
    people = not tx.actor.is_service_account
    return told.ItemDetail.of(
        row,
        id=row.item_id,
        external_ref=row.reference,
        text=text,
        phone=rules.identity.mask_phone(phone) if phone is not None else None,
        reporter_id=row.reporter_id if people else None,
        similar=_similar(tx, row, text or "") if people and row.state == "WAITING" else [],
        **_words(row),
    )


def _similar(tx: Tx, row: Row, text: str) -> list[SimilarRequest]:
    since = tx.now - rules.requests.MERGE_WINDOW
    vault = storage.vault(tx)
    found = []
    for one in storage.intake.near(tx.conn, row.area, since, _LOOKED_AT):
        percent = rules.alike.likeness(text, vault.open(one.text, f"{one.request_id}.text"))
        same = one.category == row.category
        if (same or percent >= _LEAST) and tx.actor.covers(one.grid):
            found.append((not same, rules.alike.order(row.building, one.building, percent), one))
    found.sort(key=lambda each: (each[1][0], each[1][1], each[0], each[2].request_id))
    return [
        SimilarRequest.of(one, id=one.request_id, likeness=-order[1])
        for _other, order, one in found[:_SHOWN]
    ]


def intake_results(tx: Tx, payload: ResultsAsked) -> Page[told.ResultCard]:
    """回传结果 / What became of items, step by step.

    Answer each step, oldest first: a service account's own items, or those of the caller's area.
    A system keeps the last `sequence` that it has read, and asks for what came after it.

    每一步只说来源需要知道的。Each step says what its source needs to know, and no more.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    own = tx.actor.id if tx.actor.is_service_account else None
    page = storage.intake.results(
        tx.conn, source=own, scope=scope, item_id=payload.item_id, after=payload.after,
        part=payload,
    )  # fmt: skip
    ids = {one for row in page.rows for one in (row.request_id, row.own_id) if one}
    cases = storage.intake.cases_of(tx.conn, ids)
    return page.listed(lambda row: _result(tx, row, cases))


def _result(tx: Tx, row: Row, cases: dict[str, Row]) -> told.ResultCard:
    case, own = cases.get(row.request_id), cases.get(row.own_id)
    detail = row.detail
    note = detail.get("note", UNSET)
    if row.step == "RESOLVED" and case is not None:
        note = storage.vault(tx).open_or_none(case.note, f"{case.request_id}.note")
    elif row.step == "REFUSED":
        note = row.note
    due = detail.get("due")
    return told.ResultCard.of(
        row,
        id=row.item_id,
        sequence=row.id,
        external_ref=row.reference,
        number=own.number if own is not None else None,
        case_number=case.number if case is not None else None,
        duty=detail.get("duty", UNSET),
        due=datetime.fromisoformat(due) if due is not None else UNSET,
        outcome=detail.get("outcome", UNSET),
        reason=detail.get("reason", UNSET),
        note=note,
        **in_words(PACKAGE, "step", row.step),
    )
