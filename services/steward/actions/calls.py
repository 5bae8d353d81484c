"""Calls about a case: the number of who called, which is shown to whom has to call back, and the
record of what was said."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Instant
from fivered.chassis.free_text import PUBLIC, Sealed
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions import notes
from fivered.services.steward.actions.cases import locked, note_step, require_oversight
from fivered.services.steward.actions.parties import parties, require_impartial
from fivered.services.steward.actions.reveals import (
    count,
    count_of_request,
    note_reveal,
    shown_before,
)
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import NoOpenCase, NotHandler
from fivered.services.steward.errors.desk import CallBadly, NobodyCalled

PHONE: Literal["phone"] = "phone"
CallerPhone = Annotated[
    str,
    Meta(
        min_length=5,
        max_length=40,
        description="来电号码,加密保存;承办人回电时可查看 / the caller's number, sealed; shown "
        "to its handler, to call back",
        examples=["12812345678"],
    ),
    Sealed("who works on the case, masked; in the clear for a reason, counted"),
]


class RecordCall(Request, frozen=True):
    """通话记录 / A call about a case: who called in, or was called."""

    request_id: str
    direction: Annotated[
        Literal["IN", "OUT"], Meta(description="来电或去电 / called in, or was called")
    ]
    reached: Annotated[bool, Meta(description="是否接通 / whether somebody answered")] = True
    phone: CallerPhone | None = None
    seconds: Annotated[int, Meta(ge=0, le=36_000)] | None = None
    record_ref: (
        Annotated[
            str,
            Meta(
                min_length=2,
                max_length=100,
                description="录音编号 / the number of its recording",
                examples=["来电录音 0303-07"],
            ),
            PUBLIC,
        ]
        | None
    ) = None
    note: (
        Annotated[
            str,
            Meta(min_length=2, max_length=500, examples=["约定周三上午上门"]),
            Sealed("who works on the case, and who oversees it there"),
        ]
        | None
    ) = None
    at: Instant | None = None


class ShowCaller(Request, frozen=True):
    """查看来电号码 / Why the caller's number is needed."""

    request_id: str
    reason: Annotated[
        str, Meta(min_length=10, max_length=300, examples=["回电核实楼道灯的具体位置"]), PUBLIC
    ]
    call_id: (
        Annotated[
            str,
            Meta(
                max_length=64,
                description="通话编号,见通话记录;不给为最近一次来电"
                " / by which call, of the list of calls; none: the last one that came in",
            ),
        ]
        | None
    ) = None


def record_call(tx: Tx, payload: RecordCall) -> replies.desk.CallReply:
    """通话记录 / Note a call about a case.

    Raises:
        NotHandler: The caller neither has it in hand nor oversees the place.
        ConflictOfInterest: The caller is a party of the matter.
        BadCallerPhone: That is no number.
        CallBadly: Of who called in neither number nor record is said.
        ClockSkew: It is said to have happened in the future.
        TooLongAgo: It is said to have happened more than 30 days ago.
    """
    row = locked(tx, payload.request_id)
    if not notes.takes_part(tx, row):
        require_oversight(tx, row)
        raise NotHandler
    if tx.actor.id != row.handler_person:
        require_serving(tx)
    require_impartial(tx, row)
    if payload.direction == "IN" and payload.phone is None and payload.record_ref is None:
        raise CallBadly(field="phone")
    if payload.at is not None:
        rules.hours.check_moment(payload.at, tx.now)
    call = keep(tx, row, payload, payload.phone, field="phone")
    told = {"direction": payload.direction, "reached": payload.reached}
    note_step(tx, row, "call", told)
    return replies.desk.CallReply(
        id=call.call_id, request_id=row.request_id, state=row.state, version=row.version
    )


def keep(tx: Tx, row: Row, payload: RecordCall, phone: str | None, *, field: str) -> Row:
    """Keep a call of a request.

    Raises:
        BadCallerPhone: That is no number.
    """
    call_id, vault = tx.new_id("call"), storage.vault(tx)
    digits = rules.identity.check_caller_phone(phone, field) if phone is not None else None
    plain = rules.identity.without_extension(digits) if digits is not None else None
    return storage.desk.add_call(
        tx.conn,
        **records.values_from(
            payload,
            storage.desk.request_calls,
            call_id=call_id,
            request_id=row.request_id,
            phone_hmac=vault.digest("phone", plain) if plain is not None else None,
            phone=vault.seal_or_none(digits, f"{call_id}.phone", row.reporter_id),
            note=vault.seal_or_none(payload.note, f"{call_id}.note", row.reporter_id),
            by_id=tx.actor.id,
            by_role=tx.actor.role,
            at=payload.at or tx.now,
        ),
    )


def show_caller(tx: Tx, payload: ShowCaller) -> replies.desk.CallerShown:
    """查看来电号码(回电) / The caller's number in the clear.

    Tell the number from which a case was reported, to who has it in hand or keeps the community.

    限在办诉求的承办人和本社区工作人员;须说明理由,每次留痕,与查看登记号码合计每日限次。
    For the handler of an open case and the officials of its community; with a reason, noted each
    time, and counted with the registered numbers that one was shown that day.

    Raises:
        NotFound: There is no such case.
        NoOpenCase: It is none of the caller's, or is over and not to be called about.
        NobodyCalled: No number is kept with it.
        RevealOver: The reveal of this key is over.
        RevealLimit: The caller has seen the day's share of numbers.
        RevealsOfOne: The number was shown often enough today, to whomever.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    row = locked(tx, payload.request_id)
    case = storage.cases.root(tx.conn, row)
    handles = tx.actor.id and tx.actor.id in {row.handler_person, case.handler_person}
    keeps = rules.access.may_see(tx.actor, "phone", row.grid)
    if not (handles or keeps) or tx.actor.id in parties(tx, case):
        raise NoOpenCase(field="request_id")
    called_about = storage.return_visits.is_open(tx.conn, case.request_id)
    if case.state not in rules.requests.OPEN and not called_about:
        raise NoOpenCase(field="request_id")
    if not handles:
        require_serving(tx)
    call = storage.desk.caller(tx.conn, row.request_id, payload.call_id)
    vault = storage.vault(tx)
    phone = vault.open_or_none(call.phone, f"{call.call_id}.phone") if call is not None else None
    if phone is None:
        raise NobodyCalled(field="request_id")
    if tx.first is not None:
        return replies.desk.CallerShown.of(tx.first, value=phone, at=shown_before(tx, tx.first))
    reporter = storage.people.person(tx.conn, row.reporter_id) if row.reporter_id else None
    left = count(tx, reporter) if reporter is not None else count_of_request(tx, row.request_id)
    note_reveal(
        tx,
        [reporter] if reporter is not None else [],
        why="HANDLER" if handles else "NEIGHBOUR",
        request_id=row.request_id,
        reason=payload.reason,
    )
    note_step(tx, row, "number_shown", {})
    return replies.desk.CallerShown(
        id=row.request_id,
        state="REVEALED",
        value=phone,
        at=tx.now,
        left=left,
    )


__all__ = ["CallerPhone", "RecordCall", "ShowCaller", "keep", "record_call", "show_caller"]
