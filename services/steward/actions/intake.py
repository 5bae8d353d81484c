"""What other systems bring: a message of a group chat, an order of the hotline. It is a draft until
somebody of the desk has made it a request, joined it to a case, or refused it with a reason."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

import msgspec
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import SYSTEM_ROLE, Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.fields import Area, Grid, Instant
from fivered.chassis.free_text import PUBLIC, Office
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.actions import (
    calls,
    endings,
    incidents,
    notes,
    results,
    standards,
    submission,
)
from fivered.services.steward.actions.calls import CallerPhone
from fivered.services.steward.actions.cases import HIS_WORDS, MAX_TEXT, Text, locked
from fivered.services.steward.actions.parties import require_impartial
from fivered.services.steward.errors import ReferenceTaken
from fivered.services.steward.errors.intake import (
    CaseOver,
    GridNeededHere,
    ItemDiffers,
    NoSuchArea,
    OnlyPeople,
    OnlySystems,
)
from fivered.services.steward.fields import Category, IntakeReason, Kind, Priority
from fivered.services.steward.replies import intake as told

_KEY = Office("who decides on the item, and the system that brought it")
_CALLED_IN = calls.RecordCall(request_id="", direction="IN")
_WHERE = Meta(
    description="事项所在网格,或只知其社区、街道 / the grid, or the community or street if no"
    " more is known",
    examples=["370811015901001"],
)
Building = Annotated[str, Meta(max_length=40), PUBLIC]
_SENT = Meta(description="发送时间 / when it was said")


class ReceiveChat(Request, frozen=True):
    """群聊消息 / A message of a group chat."""

    group_ref: Annotated[
        str,
        Meta(min_length=1, max_length=50, description="群编号 / the group", examples=["qun-017"]),
        _KEY,
    ]
    msg_id: Annotated[
        str,
        Meta(
            min_length=1, max_length=49, description="消息编号,群内唯一 / the message, unique in it"
        ),
        _KEY,
    ]
    area: Annotated[Area, _WHERE]
    text: Annotated[Text, Meta(examples=["3号楼2单元楼道灯又不亮了"])]
    sent_at: Annotated[Instant, _SENT]
    sender_ref: (
        Annotated[
            str,
            Meta(max_length=100, description="发言人代号,不写姓名 / who wrote it, no name"),
            _KEY,
        ]
        | None
    ) = None
    building: Building | None = None
    category: Category | None = None


class ReceiveOrder(Request, frozen=True):
    """12345 工单 / An order of the hotline."""

    order_no: Annotated[
        str,
        Meta(
            min_length=1, max_length=100, description="工单编号 / the order's number",
            examples=["JN2025030300017"],
        ),
        _KEY,
    ]  # fmt: skip
    area: Annotated[Area, _WHERE]
    text: Annotated[Text, Meta(examples=["来电人反映3号楼2单元楼道灯不亮"])]
    sent_at: Annotated[Instant, _SENT]
    phone: CallerPhone | None = None
    building: Building | None = None
    kind: Kind | None = None
    category: Category | None = None
    answer_by: (
        Annotated[
            Instant, Meta(description="热线要求的答复时限 / by when the hotline wants an answer")
        ]
        | None
    ) = None


class FileIntake(Request, frozen=True):
    """立案 / What it is as a request; the reporter's words stay unless others are given."""

    item_id: str
    kind: Annotated[Kind, Meta(examples=["REPAIR"])]
    category: Annotated[Category, Meta(examples=["REPAIR_COMMON"])]
    grid: (
        Annotated[
            Grid, Meta(description="来件只到社区、街道时必填 / needed where the item names no grid")
        ]
        | None
    ) = None
    building: Building | None = None
    priority: Priority | None = None
    indoor: bool = False
    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT), HIS_WORDS] | None = None
    reporter_id: Annotated[str, Meta(max_length=64, description="诉求人 / whose it is")] | None = (
        None
    )
    insist: Annotated[
        bool,
        Meta(
            description="虽有停供、施工、故障通告仍要立案 / file it although an outage is announced"
        ),
    ] = False


class JoinIntake(Request, frozen=True):
    """并入在办诉求 / The open case that it is."""

    item_id: str
    request_id: Annotated[str, Meta(min_length=1, max_length=64)]
    reporter_id: Annotated[str, Meta(max_length=64, description="诉求人 / whose it is")] | None = (
        None
    )


class RefuseIntake(Request, frozen=True):
    """不予立案 / Why it becomes no request; its source is told."""

    item_id: str
    reason: Annotated[IntakeReason, Meta(examples=["NOT_A_REQUEST"])]
    note: Annotated[str, Meta(min_length=2, max_length=500, examples=["群内闲聊,不是诉求"]), PUBLIC]


def receive_chat(tx: Tx, payload: ReceiveChat) -> told.ItemReply:
    """群聊消息送达 / Bring a message of a group chat.

    对接程序把群聊消息送来,由工作人员确认后才成为诉求。同一消息再次送达,答复第一次的结果。
    A service account brings it; it becomes a request only when a person confirms it. The same
    message again answers what the first one did.

    Raises:
        OnlySystems: A person calls.
        RoleDenied: The area lies outside the account's.
        NoSuchArea: There is no such area.
        ItemDiffers: The same message was brought with another content.
        ClockSkew: It is said to be of the future.
        TooLongAgo: It is older than 30 days.
    """
    shown = f"{payload.group_ref.strip()}:{payload.msg_id.strip()}"
    more = {"sender": payload.sender_ref}
    return _receive(tx, payload, "WECHAT_GROUP", shown, "msg_id", None, **more)


def receive_order(tx: Tx, payload: ReceiveOrder) -> told.ItemReply:
    """12345 工单送达 / Bring an order of the hotline.

    工单由工作人员确认后立案,或并入在办诉求,或说明理由不予立案;每一步回传。
    It becomes a request, is joined to a case, or is refused with a reason by a person; each step
    goes back to the hotline (`GET /intake-results`).

    来电号码恰为一名本辖区居民登记的,该居民即为诉求人。Where the phone is that of exactly one
    resident of the account's area, that resident is the reporter.

    Raises:
        OnlySystems: A person calls.
        RoleDenied: The area lies outside the account's.
        NoSuchArea: There is no such area.
        ItemDiffers: The same order was brought with another content.
        BadCallerPhone: The caller's number is none.
        ClockSkew: It is said to be of the future.
        TooLongAgo: It is older than 30 days.
    """
    shown = payload.order_no.strip()
    return _receive(tx, payload, "HOTLINE_12345", shown, "order_no", payload.phone)


def _receive(  # noqa: PLR0917  what, by which way, under which number, said from where
    tx: Tx,
    payload: ReceiveChat | ReceiveOrder,
    channel: str,
    shown: str,
    field: str,
    phone: str | None,
    **more: object,
) -> told.ItemReply:
    if not (tx.actor.is_service_account or tx.actor.role == SYSTEM_ROLE):
        raise OnlySystems
    tx.require_scope(payload.area)
    if storage.ground.area(tx.conn, payload.area) is None:
        raise NoSuchArea(area=payload.area, field="area")
    rules.hours.check_moment(payload.sent_at, tx.now, field="sent_at")
    digits = rules.identity.check_caller_phone(phone, "phone") if phone is not None else None
    item_id, vault = tx.new_id("itm"), storage.vault(tx)
    key = submission.key_of(shown, field, submission.MAX_REFERENCE)
    said = msgspec.structs.asdict(payload)
    said |= {"sent_at": payload.sent_at.astimezone(UTC), field: key}
    digest = vault.digest("intake", msgspec.json.encode(said, order="sorted").decode())
    reporter = _caller(tx, digits) if digits is not None else None
    row = storage.intake.add(
        tx.conn,
        **records.values_from(
            payload,
            storage.intake.intake_items,
            item_id=item_id,
            source=tx.actor.id,
            channel=channel,
            reference=shown,
            client_key=key,
            text=vault.seal(payload.text, f"{item_id}.text", reporter),
            phone=vault.seal_or_none(digits, f"{item_id}.phone", reporter),
            reporter_id=reporter,
            received_at=tx.now,
            state="WAITING",
            digest=digest,
            version=1,
            **more,
        ),
    )
    if row is not None:
        return _reply(tx, row, duplicate=False)
    first = storage.intake.by_key(tx.conn, tx.actor.id, channel, key)
    assert first is not None, "its key is taken"  # noqa: S101  or it had been kept
    if first.digest != digest:
        raise ItemDiffers(field=field, reference=shown)
    return _reply(tx, first, duplicate=True)


def _caller(tx: Tx, digits: str) -> str | None:
    """Return the one resident of the account's area whose phone it is, or None."""
    digest = storage.vault(tx).digest("phone", digits)
    found = storage.people.with_numbers(tx.conn, phone=digest, id_no=None)
    here = [one for one in found if one.status == "ACTIVE" and tx.actor.covers(one.grid or "")]
    return str(here[0].person_id) if len(here) == 1 else None


def _reply(tx: Tx, row: Row, **more: object) -> told.ItemReply:
    answer = told.ItemReply.of(row, id=row.item_id, external_ref=row.reference, **more)
    if row.request_id is not None:
        own = storage.cases.request(tx.conn, row.request_id)
        assert own is not None, "it was filed"  # noqa: S101
        answer.number = own.number
        if own.merged_into is not None:
            answer.case_number = storage.cases.root(tx.conn, own).number
    return answer


def _to_decide(tx: Tx, item_id: str) -> Row:
    """Return an item that waits, locked, for a person whose area it lies in.

    Raises:
        NotFound: There is none there.
        OnlyPeople: A system calls.
        StateConflict: Somebody has decided on it.
    """
    row = storage.intake.lock(tx.conn, item_id)
    if not tx.actor.covers(row.area):
        raise NotFound(kind="intake_item", id=item_id)
    if tx.actor.is_service_account:
        raise OnlyPeople
    tx.check_version(row.version)
    records.require_state(row, "WAITING")
    return row


def file_intake(tx: Tx, payload: FileIntake) -> told.ItemReply:
    """来件立案 / Confirm an item: it becomes a request.

    Raises:
        NotFound: No such item in the caller's area.
        OnlyPeople: A service account calls.
        StateConflict: Somebody has decided on it.
        GridNeededHere: Neither the item nor the caller says the grid.
        UnknownGrid: There is no such grid.
        RoleDenied: The grid lies outside the caller's area.
        UnknownPerson: The named reporter is not registered there.
        CategoryNotOffered: New requests do not name this category any more.
        KnownIncident: An outage of that kind is announced there.
        ReferenceTaken: The same order was filed by hand; join the item to that request.
    """
    row = _to_decide(tx, payload.item_id)
    grid = payload.grid or (row.area if rules.areas.LENGTHS[len(row.area)] == "GRID" else None)
    if grid is None:
        raise GridNeededHere(field="grid")
    tx.require_scope(grid)
    serving = storage.ground.place(tx.conn, grid)
    standard_id, standard = standards.for_new(tx, payload.category, None)
    priority = payload.priority or standard.known(payload.category).priority
    new = _new(
        tx, row, kind=payload.kind, category=payload.category, grid=grid,
        priority=payload.priority, building=payload.building or row.building, indoor=payload.indoor,
        text=payload.text,
    )  # fmt: skip
    if not payload.insist:
        incidents.require_news(
            tx, kind=new.kind, category=new.category, grid=grid, building=new.building,
            priority=priority, indoor=new.indoor,
        )  # fmt: skip
    reporter = _reporter(tx, row, payload.reporter_id, grid)
    filed = submission.file_new(
        tx, new, reporter, _own(row, grid), serving, standard_id=standard_id
    )
    _require_filed(tx, filed, row, grid)
    assert filed is not None  # noqa: S101
    _keep_phone(tx, row, filed)
    if row.answer_by is not None:
        # The clocks of the case are those of its category; who handles it reads what was asked.
        asked = f"来源要求于 {Calendar.minute(row.answer_by)} 前答复"
        notes.write(tx, filed, "NOTE", asked, None)
    row = _decided(tx, row, "FILED", request_id=filed.request_id, reporter_id=reporter)
    results.keep(tx, [row], "FILED", filed.request_id, {"due": filed.due_resolve.isoformat()})
    if filed.handler is not None:
        steward = storage.posts.known(tx.conn, filed.handler)
        said = {"duty": steward.duty, "due": filed.due_resolve.isoformat()}
        results.keep(tx, [row], "DISPATCHED", filed.request_id, said)
    return _reply(tx, row)


def join_intake(tx: Tx, payload: JoinIntake) -> told.ItemReply:
    """来件并入 / Join an item to an open case.

    同一事项只办一件;来件的诉求人随该件进展得知每一步。One matter stays one case; who reported it
    this way, too, is told of each of its steps.

    Raises:
        NotFound: No such item or request in the caller's area.
        OnlyPeople: A service account calls.
        StateConflict: Somebody has decided on it.
        CaseOver: The request is not open.
        ConflictOfInterest: The caller is a party of the matter.
        UnknownPerson: The named reporter is not registered there.
    """
    row = _to_decide(tx, payload.item_id)
    named = locked(tx, payload.request_id)
    case = locked(tx, storage.cases.root(tx.conn, named).request_id)
    if not tx.actor.covers(case.grid):
        raise NotFound(kind="request", id=payload.request_id)
    if case.state not in rules.requests.OPEN:
        raise CaseOver(number=case.number, field="request_id")
    require_impartial(tx, case)
    reporter = _reporter(tx, row, payload.reporter_id, case.grid)
    new = _new(
        tx, row, kind=case.kind, category=case.category, grid=case.grid, priority=case.priority,
        building=case.building or row.building, indoor=case.indoor,
    )  # fmt: skip
    filed = submission.file_joined(tx, new, reporter, _own(row, case.grid), case)
    if filed is None:
        filed = _filed_by_hand(tx, row, case)
    else:
        endings.joined(tx, filed, case)
        _keep_phone(tx, row, filed)
    row = _decided(tx, row, "JOINED", request_id=filed.request_id, reporter_id=reporter)
    results.keep(tx, [row], "JOINED", case.request_id, {"due": case.due_resolve.isoformat()})
    return _reply(tx, row)


def _filed_by_hand(tx: Tx, row: Row, case: Row) -> Row:
    """Return the request that somebody filed by hand for the same order, where it is this case.

    Raises:
        ReferenceTaken: It is another one.
    """
    found = storage.cases.by_reference(tx.conn, **_own(row, case.grid))
    assert found is not None, "its reference is taken"  # noqa: S101
    filed, _digest = found
    if storage.cases.root(tx.conn, filed).request_id != case.request_id:
        raise ReferenceTaken(field="request_id", reference=row.reference, number=filed.number)
    return filed


def refuse_intake(tx: Tx, payload: RefuseIntake) -> told.ItemReply:
    """来件不予立案 / Refuse an item, with a reason that goes back to its source.

    Raises:
        NotFound: No such item in the caller's area.
        OnlyPeople: A service account calls.
        StateConflict: Somebody has decided on it.
    """
    row = _to_decide(tx, payload.item_id)
    row = _decided(tx, row, "REFUSED", reason=payload.reason, note=payload.note)
    results.keep(tx, [row], "REFUSED", None, {"reason": payload.reason})
    return _reply(tx, row)


def _new(
    tx: Tx,
    row: Row,
    *,
    kind: Kind,
    category: Category,
    grid: str,
    priority: Priority | None,
    building: str | None,
    indoor: bool,
    text: str | None = None,
) -> submission.NewRequest:
    words = text or storage.vault(tx).open_or_none(row.text, f"{row.item_id}.text")
    return submission.NewRequest(
        channel=row.channel,
        kind=kind,
        category=category,
        grid=grid,
        text=words or row.item_id,
        priority=priority,
        building=building,
        indoor=indoor,
        external_ref=row.reference,
        occurred_at=row.sent_at,
    )


def _own(row: Row, grid: str) -> dict[str, str]:
    """Return under what it is kept: the same as where a clerk files the order by hand."""
    return {
        "source": rules.requests.DESK,
        "channel": row.channel,
        "community": grid[:12],
        "reference": row.client_key,
    }


def _reporter(tx: Tx, row: Row, named: str | None, grid: str) -> str | None:
    """Return whose it is: who is named, or the resident whose phone it is, if of the place.

    Raises:
        UnknownPerson: The named one is not registered there.
    """
    if named is not None:
        submission.require_reporter(tx, named, grid)
        return named
    known = storage.people.person(tx.conn, row.reporter_id) if row.reporter_id else None
    if known is None or known.status != "ACTIVE" or not tx.actor.covers(known.grid or ""):
        return None
    return str(known.person_id)


def _require_filed(tx: Tx, filed: Row | None, row: Row, grid: str) -> None:
    if filed is None:
        found = storage.cases.by_reference(tx.conn, **_own(row, grid))
        assert found is not None, "its reference is taken"  # noqa: S101
        raise ReferenceTaken(field="item_id", reference=row.reference, number=found[0].number)


def _keep_phone(tx: Tx, row: Row, filed: Row) -> None:
    phone = storage.vault(tx).open_or_none(row.phone, f"{row.item_id}.phone")
    if phone is not None:
        calls.keep(tx, filed, _CALLED_IN, phone, field="caller_phone")


def _decided(tx: Tx, row: Row, state: str, **values: object) -> Row:
    return storage.intake.update(
        tx.conn, row, state=state, decided_by=tx.actor.id, decided_at=tx.now, **values
    )
