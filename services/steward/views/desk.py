"""What stands beside the steps of a case: its calls, when its clock rested, and its receipt."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta

from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words, named
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.views import cases

PACKAGE = "fivered.services.steward"


class CallsOf(Request, frozen=True):
    """通话记录 / Of which request, and which part of its calls."""

    request_id: str
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class PauseList(Request, frozen=True):
    """暂停 / Which pauses of an area."""

    scope: Area | None = None
    state: Annotated[
        Literal["ASKED", "RUNNING", "ENDED", "REFUSED", "LAPSED"],
        Meta(description="ASKED:待审批 / what waits to be decided"),
    ] = "ASKED"
    sort: Annotated[Literal["asked_at", "-asked_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def _staff_of(tx: Tx, request_id: str) -> Row:
    """Return a request of whose staff the viewer is.

    Raises:
        NotFound: No such request, or the viewer is not.
    """
    row, own = cases.visible(tx, request_id)
    if own is not None or not cases.staffs(tx, row):
        raise NotFound(kind="request", id=request_id)
    return row


def request_calls(tx: Tx, payload: CallsOf) -> Page[replies.desk.CallCard]:
    """通话记录 / Calls about a case.

    Answer who called in and who was called, oldest first, with masked numbers, to its staff.

    Raises:
        NotFound: No such request, or the viewer is not of its staff.
    """
    row = _staff_of(tx, payload.request_id)
    vault = storage.vault(tx)

    def card(call: Row) -> replies.desk.CallCard:
        phone = vault.open_or_none(call.phone, f"{call.call_id}.phone")
        return replies.desk.CallCard.of(
            call,
            id=call.call_id,
            by_role=call.by_role,
            phone=rules.identity.mask_phone(phone) if phone is not None else None,
            note=vault.open_or_none(call.note, f"{call.call_id}.note"),
            **in_words(PACKAGE, "by_role", call.by_role),
        )

    return storage.desk.calls(tx.conn, row.request_id, payload).listed(card)


def _pause(row: Row, version: int, *, staff: bool) -> replies.desk.PauseCard:
    return replies.desk.PauseCard.of(
        row,
        id=row.pause_id,
        version=version,
        asked_by=row.asked_by if staff else UNSET,
        decided_by=row.decided_by if staff else UNSET,
        **in_words(PACKAGE, "ground", row.ground),
        **in_words(PACKAGE, "state", row.state),
    )


def request_pauses(tx: Tx, payload: cases.WhichRequest) -> replies.desk.PausesReply:
    """暂停记录 / When the clock of a case rested.

    Answer when it rested and why, oldest first, to its reporter as to its staff; these also read
    what waits to be decided, and who asked and decided.

    Raises:
        NotFound: No such request, or none of the viewer's business.
    """
    row, own = cases.visible(tx, payload.request_id)
    staff = own is None and cases.staffs(tx, row)
    return replies.desk.PausesReply(
        items=[
            _pause(one, row.version, staff=staff)
            for one in storage.desk.pauses_of(tx.conn, row.request_id)
            if staff or one.started_at is not None
        ]
    )


def pauses(tx: Tx, payload: PauseList) -> Page[replies.desk.PauseCard]:
    """待批的暂停 / Pauses of an area that wait to be decided, or are in another state.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    found = storage.desk.pauses_in(tx.conn, scope, payload.state, payload)
    return found.listed(lambda one: _pause(one, one.case_version, staff=True))


def pause_grounds(_tx: Tx, _payload: Nothing) -> replies.desk.PauseGrounds:
    """暂停事由 / On which grounds a clock may rest, and how long."""
    return replies.desk.PauseGrounds(
        items=[
            replies.desk.PauseGroundCard.of(
                {"ground": code}, own_days=ground.own, most_days=ground.most,
                **in_words(PACKAGE, "ground", code),
            )
            for code, ground in rules.pauses.GROUNDS.items()
        ],
        in_all=dict(rules.pauses.CAPS),
    )  # fmt: skip


def receipt(tx: Tx, payload: cases.WhichRequest) -> replies.desk.ReceiptReply:
    """受理回执 / The receipt of a request, to hand over to who reported it.

    Answer its number, what was said, by when something happens and where to ask, also as a text to
    print (`receipt`); for its reporter and the staff of the case.

    Raises:
        NotFound: No such request, or the viewer only follows it.
    """
    row, own = cases.visible(tx, payload.request_id)
    if own is not None:
        raise NotFound(kind="request", id=payload.request_id)
    call = storage.desk.caller(tx.conn, row.request_id)
    vault = storage.vault(tx)
    phone = vault.open_or_none(call.phone, f"{call.call_id}.phone") if call is not None else None
    masked = rules.identity.mask_phone(phone) if phone is not None else None
    number = storage.receipts.number(vault, row)
    said = cases.reader(tx, row)(vault.open(row.text, f"{row.request_id}.text"))
    lines = [
        ("受理编号", "Number", row.number),
        ("回执编号", "Receipt", number),
        ("提交时间", "Filed at", _local(tx, row.created_at)),
        ("渠道", "Channel", _words(row.channel)),
        ("事项", "Matter", _words(row.category)),
        ("网格", "Grid", row.grid),
        ("楼栋", "Building", row.building),
        ("内容", "What was said", said),
        ("来电号码", "Caller's number", masked),
        ("联系时限", "Contact by", _local(tx, row.due_contact)),
        ("办结时限", "To be done by", _local(tx, row.due_resolve)),
        ("状态", "State", _words(row.state)),
        ("打印时间", "Printed at", _local(tx, tx.now)),
    ]
    text = ["诉求受理回执 / Receipt of a request", ""]
    text += [f"{zh} {en}: {value}" for zh, en, value in lines if value]
    text += [
        "",
        "凭受理编号可到社区或致电查询;没有账号的,凭回执编号请工作人员代为催办、补充、要求重办和评价。",
        "By its number one asks at the community or by telephone. For who has no account staff",
        "urge, add, reopen and rate by the number of this receipt.",
        "",
    ]
    return replies.desk.ReceiptReply.of(
        row,
        id=row.request_id,
        caller=masked,
        text=said,
        receipt_no=number,
        receipt="\n".join(text),
    )


def _local(tx: Tx, at: datetime | None) -> str | None:
    return tx.calendar.minute(at) if at is not None else None


def _words(code: str) -> str:
    return " / ".join(named(code, lang, PACKAGE) for lang in ("zh", "en"))
