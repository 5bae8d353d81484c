"""What a handler does with a request until it is done, and what is put right about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, field

from fivered.chassis import files
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Grid, Instant
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import events, rules, storage
from fivered.services.steward.actions import standards
from fivered.services.steward.actions.cases import (
    Media,
    Reason,
    change,
    disarm_all,
    locked,
    move_clock,
    publish,
    publish_corrected,
    reply,
    require_handler,
    require_oversight,
    stamp,
)
from fivered.services.steward.actions.dispatch import give, hand_over, take_from_party, wait
from fivered.services.steward.actions.parties import parties, require_impartial, require_not_own
from fivered.services.steward.actions.pauses import rested, resumed
from fivered.services.steward.actions.submission import project_of, require_new_reporter
from fivered.services.steward.errors import NoteNeeded, NothingCorrected
from fivered.services.steward.errors.desk import BeyondReach
from fivered.services.steward.fields import Category, Kind, Outcome, Priority
from fivered.services.steward.replies import RequestReply
from fivered.services.steward.rules.standards import Code, Terms


class ContactRequest(Request, frozen=True):
    """联系 / The reporter was contacted."""

    request_id: str
    arrived: Annotated[bool, Meta(description="已到现场(P1 以到场为准) / on site")] = False
    note: (
        Annotated[
            str,
            msgspec.Meta(
                max_length=500,
                description="谈了什么;未到现场的必填 / what was said; needed unless the handler "
                "arrived",
                examples=["已电话约定上门时间"],
            ),
            PUBLIC,
        ]
        | None
    ) = None


class ExtendRequest(Request, frozen=True):
    """延期 / More time for a complex request."""

    request_id: str
    new_due: Annotated[Instant, Meta(examples=["2025-03-20T18:00:00+08:00"])]
    reason: Reason


class ResolveRequest(Request, frozen=True):
    """办结 / What came of it."""

    request_id: str
    outcome: Annotated[Outcome, Meta(examples=["SOLVED"])]
    note: Annotated[str, msgspec.Meta(max_length=1000, examples=["已更换楼道灯"]), PUBLIC]
    media: Annotated[Media, Meta(description="佐证 / evidence")] = field(default_factory=list)


class CorrectRequest(Request, frozen=True):
    """更正诉求 / What is put right; what is left out stays, and the clocks follow."""

    request_id: str
    reason: Reason
    kind: Kind | None = None
    category: Category | None = None
    priority: Priority | None = None
    subcategory: Annotated[Code, Meta(description="细类 / a part of the category")] | None = None
    grid: Grid | None = None
    building: Annotated[str, msgspec.Meta(min_length=1, max_length=40), PUBLIC] | None = None
    indoor: bool | None = None
    project_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    against: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    reporter_id: (
        Annotated[
            str,
            Meta(min_length=1, max_length=64, description="实为何人的诉求 / whose it really is"),
        ]
        | None
    ) = None


def contact_request(tx: Tx, payload: ContactRequest) -> RequestReply:
    """联系或到场 / Contact or arrive.

    The reporter was contacted. In an emergency only standing on site stops the clock.

    A person who has a case in hand calls back those too whose requests were merged into it.

    Raises:
        NotHandler: Somebody else has it.
        ConflictOfInterest: The person holds a post in what is complained of.
        StateConflict: It is not accepted, or is done.
    """
    row = locked(tx, payload.request_id)
    if row.state == "MERGED":
        return _contact_merged(tx, row, payload)
    require_handler(tx, row)
    require_impartial(tx, row, handles=True)
    tx.check_version(row.version)
    rules.requests.check("contact", row.state)
    _require_note(payload)
    emergency = rules.requests.is_emergency(row.clock)
    counts = row.contacted_at is None and (payload.arrived or not emergency)
    late = bool(counts and row.due_contact is not None and tx.now >= row.due_contact)
    values: dict[str, object] = {}
    if counts:
        values["contacted_at"] = tx.now
        storage.cases.stop_clock(tx.conn, row.request_id, "CONTACT", tx.now)
        tx.disarm("REQ_CONTACT", row.request_id)
    row = change(
        tx,
        row,
        "arrive" if payload.arrived else "contact",
        "IN_PROGRESS",
        {"late": late} | ({"note": payload.note} if payload.note else {}),
        **values,
    )
    # Who called it an emergency is not praised for having come in time.
    if counts and emergency and not late and row.recorded_by != row.handler_person:
        minutes = int((tx.now - row.created_at).total_seconds() // 60)
        publish(
            tx,
            row,
            fact_of(events.EmergencyArrival, row, minutes=minutes),
        )
    return msgspec.structs.replace(reply(row), late=late)


def _require_note(payload: ContactRequest) -> None:
    if not payload.arrived and not (payload.note or "").strip():
        raise NoteNeeded(field="note")


def _contact_merged(tx: Tx, own: Row, payload: ContactRequest) -> RequestReply:
    case = storage.cases.root(tx.conn, own)
    require_handler(tx, case)
    require_impartial(tx, case, handles=True)
    tx.check_version(own.version)
    rules.requests.check("contact", case.state)
    _require_note(payload)
    own = change(
        tx,
        own,
        "arrive" if payload.arrived else "contact",
        own.state,
        {"note": payload.note} if payload.note else {},
        contacted_at=own.contacted_at or tx.now,
    )
    return msgspec.structs.replace(reply(own), merged_into=case.request_id)


def extend_request(tx: Tx, payload: ExtendRequest) -> RequestReply:
    """延期(P4) / Extend (P4).

    Give a complex request more time, once, before its end.

    Raises:
        OwnExtension: The caller has it in hand.
        NotP4: It is not complex.
        AlreadyExtended: It was extended before.
        AfterDue: It is overdue.
        Over15WorkingDays: The new end is not later, or too late.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    require_impartial(tx, row, not_by="handler")
    tx.check_version(row.version)
    rules.requests.check("extend", row.state)
    require_not_own(tx, row)
    row = resumed(tx, row)
    rules.requests.check_extension(
        clock=row.clock,
        extended=row.extended,
        due=row.due_resolve,
        new_due=payload.new_due,
        latest=rules.requests.latest_extension(row.created_at, tx.calendar),
        now=tx.now,
    )
    move_clock(tx, row, "RESOLVE", payload.new_due)
    row = change(
        tx,
        row,
        "extend",
        row.state,
        {"reason": payload.reason, "new_due": stamp(payload.new_due)},
        due_resolve=payload.new_due,
        extended=True,
    )
    return reply(row)


def resolve_request(tx: Tx, payload: ResolveRequest) -> RequestReply:
    """办结 / Resolve.

    The handler says that the request is done, and shows it.

    Raises:
        NotHandler: Somebody else has it.
        ConflictOfInterest: The person holds a post in what is complained of.
        NotContacted: The reporter was not contacted.
        EvidenceRequired: Nothing shows it.
    """
    row = locked(tx, payload.request_id)
    require_handler(tx, row)
    require_impartial(tx, row, handles=True)
    tx.check_version(row.version)
    rules.requests.check("resolve", row.state)
    rules.requests.check_resolution(
        state=row.state,
        clock=row.clock,
        kind=row.kind,
        outcome=payload.outcome,
        note=payload.note,
        media=payload.media,
    )
    files.attach(tx, payload.media, request_id=row.request_id)
    row = resumed(tx, row)
    on_time = tx.now < row.due_resolve
    disarm_all(tx, row.request_id)
    storage.cases.stop_clock(tx.conn, row.request_id, "RESOLVE", tx.now)
    tx.arm("REQ_AUTOCLOSE", row.request_id, tx.now + rules.requests.AUTOCLOSE)
    vault = storage.vault(tx)
    row = change(
        tx,
        row,
        "resolve",
        "RESOLVED",
        {"outcome": payload.outcome, "on_time": on_time},
        resolved_at=tx.now,
        outcome=payload.outcome,
        note=vault.seal(payload.note, f"{row.request_id}.note", row.reporter_id),
        evidence=payload.media,
        # Late once is late for good; a reopening does not wash it off.
        late=row.late or not on_time,
    )
    publish(
        tx,
        row,
        fact_of(events.RequestResolved, row, outcome=payload.outcome, on_time=on_time),
    )
    return msgspec.structs.replace(reply(row), on_time=on_time)


def correct_request(tx: Tx, payload: CorrectRequest) -> RequestReply:
    """更正 / Put it right.

    Put right what a request is about, how urgent it is, where, and whose; its clocks follow.

    可转到上一级辖区内的其他社区,由那里的管家接办;原时限不变。It may be moved to another community
    within the area above the caller's: a steward of that place takes it, and its deadlines stay.

    更正前后的内容都留在办理过程中。What stood there before stays in the timeline.

    Raises:
        StateConflict: It is done, and place or urgency would change; or it has ended otherwise.
        OwnExtension: The caller has it in hand and would change its urgency.
        UnknownGrid: There is no such grid.
        BeyondReach: The grid lies beyond the area above the caller's.
        ProjectNotOfGrid: The named project serves other grids.
        NoSuchPart: The category has no such part.
        NothingCorrected: All of it stands there already.
        UnknownPerson: The named reporter is not registered here.
        InChain: The named reporter, or the caller, takes part in the case.
        RatedAlready: It was rated: whose it is stays.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    urgency = payload.priority is not None
    require_impartial(tx, row, not_by="handler" if urgency else None)
    tx.check_version(row.version)
    rules.requests.check("correct", row.state)
    values = _corrected(tx, row, payload)
    if not values:
        raise NothingCorrected
    if values.keys() & {"priority", "clock", "grid", "indoor"}:
        rules.requests.check("correct_place", row.state)
    if "reporter_id" in values:
        require_new_reporter(tx, row, str(values["reporter_id"]))
    terms = _terms(tx, row, values)
    # A question has the same time whether it is of the third or of the fourth priority.
    moves = row.state in rules.requests.OPEN and terms != storage.standards.of(tx.conn, row)
    if moves or values.keys() & {"priority", "clock"}:
        require_not_own(tx, row)
        row = resumed(tx, row)
    if moves:
        values |= _new_clocks(tx, row, terms)
    told = [name for name in _TOLD if name in values]
    detail: dict[str, object] = {name: values[name] for name in told if name != "reporter_id"}
    detail |= {"reason": payload.reason, "before": {name: getattr(row, name) for name in told}}
    moved = values.get("area") is not None
    row = change(tx, row, "correct", row.state, detail, **values)
    storage.cases.place_clocks(
        tx.conn,
        row.request_id,
        area=row.area,
        project_id=row.project_id,
        since=tx.now if moved else None,
    )
    publish_corrected(tx, row)
    row = _routed_again(tx, row, values.keys())
    if moves and row.handler is None and row.state in rules.requests.OPEN:
        # Who may take it is looked for by the new clock.
        row = wait(tx, row)
    return reply(row)


# What the timeline says of a correction: codes and ids, as it was and as it is.
_TOLD = (
    "kind",
    "category",
    "subcategory",
    "priority",
    "grid",
    "building",
    "project_id",
    "against",
    "reporter_id",
)


def _corrected(tx: Tx, row: Row, payload: CorrectRequest) -> dict[str, object]:
    """Return what changes."""
    grid = payload.grid or row.grid
    if grid != row.grid:
        storage.ground.require_grid(tx.conn, grid)
        if not rules.access.may_hand_to(tx.actor, grid):
            raise BeyondReach(grid=grid, field="grid")
    building = payload.building or row.building
    wanted: dict[str, object] = {
        "kind": payload.kind or row.kind,
        "category": payload.category or row.category,
        "priority": payload.priority or row.priority,
        "grid": grid,
        "area": grid[:12],
        "building": building,
        "indoor": row.indoor if payload.indoor is None else payload.indoor,
        "against": payload.against or row.against,
        "reporter_id": payload.reporter_id or row.reporter_id,
    }
    wanted["clock"] = rules.requests.clock_of(
        payload.kind or row.kind, payload.priority or row.priority
    )
    same = wanted["category"] == row.category
    wanted["subcategory"] = payload.subcategory or (row.subcategory if same else None)
    if payload.subcategory is not None:
        known = storage.standards.standard(tx.conn, row.standard_id)
        standards.check_part(known, str(wanted["category"]), payload.subcategory)
    moved = grid != row.grid or building != row.building
    if payload.project_id is not None or moved or row.project_id is None:
        serving = storage.ground.serving(tx.conn, grid)
        wanted["project_id"] = project_of(tx, serving, grid, building, payload.project_id)
    return {name: value for name, value in wanted.items() if value != getattr(row, name)}


def _terms(tx: Tx, row: Row, values: Mapping[str, object]) -> Terms:
    """Return by what a corrected request is measured: by the version under which it was filed."""
    said = {name: values.get(name, getattr(row, name)) for name in ("category", "clock")}
    known = storage.standards.standard(tx.conn, row.standard_id)
    part = values.get("subcategory", row.subcategory)
    return known.terms(str(said["category"]), str(said["clock"]), str(part) if part else None)


def _new_clocks(tx: Tx, row: Row, terms: Terms) -> dict[str, object]:
    """Let the clocks that run be those of another urgency, counted from where they began; what
    would have run out already runs from now, but never beyond the end that it had. What was missed
    stays missed."""
    contact = terms.due_contact(row.created_at, tx.calendar)
    if contact is not None and contact <= tx.now:
        contact = terms.due_contact(tx.now, tx.calendar)
        if contact is not None and row.due_contact is not None:
            contact = min(contact, row.due_contact)
    begun, resolve = row.created_at, terms.due_resolve(row.created_at, tx.calendar)
    # A reopening gives half of the time of an urgency; the pauses of before are none of it.
    span = resolve - begun
    values: dict[str, object] = {"span_s": int(span.total_seconds())}
    if row.reopens:
        begun = storage.cases.begun(tx.conn, row.request_id, "RESOLVE")
        resolve = rules.requests.due_reopened(span, begun)
    rests = [one for one in rested(tx, row) if one[0] >= begun]
    resolve = rules.pauses.moved(terms, resolve, rests, tx.calendar)
    if resolve <= tx.now:
        resolve = terms.due_resolve(tx.now, tx.calendar)
        resolve = min(resolve, row.due_resolve)
    if row.due_resolve > tx.now:
        move_clock(tx, row, "RESOLVE", resolve)
        values["due_resolve"] = resolve
    if row.state == "DISPATCHED" and row.due_accept > tx.now:
        accept = terms.due_accept(tx.now, tx.calendar)
        if accept < row.due_accept:
            move_clock(tx, row, "ACCEPT", accept)
            values["due_accept"] = accept
    running = row.due_contact is None or row.due_contact > tx.now
    if row.contacted_at is None and running:
        storage.cases.void_clock(tx.conn, row.request_id, "CONTACT", tx.now)
        tx.disarm("REQ_CONTACT", row.request_id)
        if contact is not None:
            storage.cases.start_clock(
                tx.conn, row, "CONTACT", due_at=contact, now=tx.now, handler=row.handler
            )
            tx.arm("REQ_CONTACT", row.request_id, contact)
        values["due_contact"] = contact
    return values


def _routed_again(tx: Tx, row: Row, changed: Iterable[str]) -> Row:
    """Give a corrected request to the person who takes it now: always while nobody has accepted
    it, and from a person who may not have it in hand."""
    routed_by = {"category", "subcategory", "grid", "kind", "reporter_id"}
    if row.state not in rules.requests.OPEN or not routed_by & set(changed):
        return row
    if "area" in changed:
        # Those who served it there do not serve here.
        return hand_over(tx, row, {"from": row.handler})
    waiting = row.state in {"SUBMITTED", "RETURNED", "DISPATCHED"} and {
        "category",
        "subcategory",
        "grid",
        "kind",
    } & set(changed)
    barred = row.handler_person in parties(tx, row)
    if row.handler is not None and not barred:
        duty = storage.posts.known(tx.conn, row.handler).duty
        barred = row.category == "PROPERTY_SERVICE" and duty == rules.routing.PROPERTY_STAFF
    if barred:
        return take_from_party(tx, row)
    if waiting:
        return give(tx, row, action="redispatch", detail={"from": row.handler}) or row
    return row
