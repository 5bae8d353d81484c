"""Grids are split and merged on a day: one person proposes it, another one approves it, and at
midnight everything follows (`regrid`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.fields import Grid
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, Said, StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.steward import rules, storage
from fivered.services.steward.actions import regrid
from fivered.services.steward.actions.changes import Reason
from fivered.services.steward.errors.grid_changes import (
    BuildingElsewhere,
    GridChangeDay,
    GridChangeSamePerson,
    GridCodeTaken,
    GridInChange,
)
from fivered.services.steward.fields import GridChangeKind, PlaceCode
from fivered.services.steward.replies.grid_changes import GridChangeReply, Part
from fivered.services.steward.rules.grid_changes import Drawn, IntoGrid

TIMER = "GRID_CHANGE"
_FARTHEST = timedelta(days=366)
_MOST = 20


class NewGrid(Request, frozen=True):
    """调整后的一个网格 / A grid as it is afterwards."""

    code: Annotated[Grid, Meta(description="原代码或新代码 / a changed code, or a new one")]
    name: Annotated[str, Meta(min_length=1, max_length=60, examples=["第三网格"]), PUBLIC]
    place_codes: Annotated[
        list[PlaceCode],
        UNIQUE,
        Meta(max_length=200, description="拆分时归入的楼栋 / of a split: its buildings"),
    ] = field(default_factory=list)


class ProposeGridChange(Request, frozen=True):
    """网格拆分或合并 / A split or merge of grids."""

    kind: Annotated[GridChangeKind, Meta(examples=["SPLIT"])]
    grids: Annotated[
        list[Grid], UNIQUE, Meta(min_length=1, max_length=_MOST, examples=[["370811015901001"]])
    ]
    into: Annotated[list[NewGrid], Meta(min_length=1, max_length=_MOST)]
    effective_on: Annotated[
        date,
        Meta(description="生效日期,当日零时 / it takes effect at 00:00", examples=["2027-01-01"]),
    ]
    reason: Annotated[Reason, Meta(examples=["户数超过规定"])]
    rest: Annotated[
        Grid | None,
        Meta(
            description="未列楼栋的住户、诉求、排班归入的网格,默认第一个"
            " / the grid for what no building decides; the first of `into` where left out"
        ),
    ] = None
    preview: Annotated[
        bool, Meta(description="只试算,不提交 / answer what it would do, and keep nothing")
    ] = False


class WhichGridChange(Request, frozen=True):
    """Which change."""

    change_id: str


class EndGridChange(Request, frozen=True):
    """理由 / A reason."""

    change_id: str
    reason: Annotated[Reason, Meta(examples=["楼栋划分有误"])]


def propose_grid_change(tx: Tx, payload: ProposeGridChange) -> GridChangeReply:
    """提出网格拆分或合并 / Propose that grids be split or merged; another person approves it.

    On the day, at 00:00, buildings, residents, unfinished requests, stewards, shifts, plans and
    projects follow; numbers and clocks stay. With `preview` the answer says what it would do.

    Raises:
        UnknownGrid: A grid is not defined, or of another community.
        GridEnded: A grid has ended.
        GridCodeTaken: The code of a new grid was used before.
        GridInChange: A grid is part of another change that is not carried out yet.
        BuildingElsewhere: A building stands in none of the grids.
        GridChangeDay: The day is over, or more than a year ahead.
        Invalid: Kind, grids and parts do not fit each other.
    """
    community = payload.grids[0][:12]
    tx.require_scope(community)
    today = tx.calendar.local_date(tx.now)
    if not today < payload.effective_on <= today + _FARTHEST:
        raise GridChangeDay(day=today.isoformat(), field="effective_on")
    _check_parts(payload)
    _check_codes(tx, payload, community)
    into: list[IntoGrid] = [
        {"code": one.code, "name": one.name, "place_codes": one.place_codes} for one in payload.into
    ]
    drawn = Drawn(sorted(payload.grids), into, payload.rest or payload.into[0].code)
    _check_buildings(tx, drawn)
    looked = storage.grid_changes.look(tx.conn, storage.vault(tx), drawn, tx.now)
    parts = [Part.of(one) for one in looked]
    if payload.preview:
        return GridChangeReply(
            id="", state="PREVIEW", version=0, effective_on=payload.effective_on, parts=parts
        )
    row = storage.grid_changes.insert(
        tx.conn,
        **records.values_from(
            payload,
            storage.grid_changes.grid_changes,
            change_id=tx.new_id("gch"),
            community=community,
            grids=drawn.grids,
            into=into,
            rest=drawn.rest,
            effective_at=tx.calendar.midnight(payload.effective_on),
            state="PROPOSED",
            proposed_by=tx.actor.id,
            proposed_at=tx.now,
            version=1,
        ),
    )
    return GridChangeReply.of(row, id=row.change_id, parts=parts)


def _check_parts(payload: ProposeGridChange) -> None:
    """Refuse parts that are no split and no merge."""
    codes = [part.code for part in payload.into]
    named = [code for part in payload.into for code in part.place_codes]
    split = payload.kind == "SPLIT"
    why: tuple[str, Said] | None = None
    if len(codes) != len(set(codes)) or len(named) != len(set(named)):
        why = "into", said("代码或楼栋重复 / a code or a building stands there twice")
    elif split and len(payload.grids) != 1:
        why = "grids", said("每次拆分一个网格 / one grid is split at a time")
    elif split and len(codes) < 2:
        why = "into", said("拆分为至少两个网格 / a grid is split into two at least")
    elif not split and len(payload.grids) < 2:
        why = "grids", said("合并至少两个网格 / two grids at least are merged")
    elif not split and (len(codes) != 1 or named):
        why = "into", said("合并为一个网格,不列楼栋 / grids are merged into one, without buildings")
    elif payload.rest is not None and payload.rest not in codes:
        why = "rest", said("须为调整后的网格 / it is one of the grids of `into`")
    if why is not None:
        raise Invalid(field=why[0], reason=why[1])


def _check_codes(tx: Tx, payload: ProposeGridChange, community: str) -> None:
    for code in payload.grids:
        if code[:12] != community:
            raise storage.ground.no_grid(tx.conn, code, field="grids")
        storage.ground.require_grid(tx.conn, code, field="grids")
    check_new(tx, [part.code for part in payload.into], payload.grids, community)
    touched = {*payload.grids, *(part.code for part in payload.into)}
    for other in storage.grid_changes.standing(tx.conn, community):
        for code in sorted(touched & {*other.grids, *(part["code"] for part in other.into)}):
            raise GridInChange(grid=code, change_id=other.change_id)


def check_new(tx: Tx, into: Sequence[str], grids: Sequence[str], community: str) -> None:
    """Refuse codes of new grids that are of another community, or were used."""
    for code in into:
        if code in grids:
            continue
        if code[:12] != community:
            raise storage.ground.no_grid(tx.conn, code, field="into")
        rules.areas.kind_of(code)
        if storage.ground.area(tx.conn, code) is not None:
            raise GridCodeTaken(grid=code, field="into")


def _check_buildings(tx: Tx, drawn: Drawn) -> None:
    there = {row.place_code for row in storage.grid_changes.buildings(tx.conn, drawn.grids)}
    for code in (code for part in drawn.into for code in part["place_codes"]):
        if code not in there:
            raise BuildingElsewhere(place=code, field="into")


def approve_grid_change(tx: Tx, payload: WhichGridChange) -> GridChangeReply:
    """批准网格调整 / Approve a change that another person has proposed.

    Raises:
        NotFound: There is no such change here.
        StateConflict: It was decided.
        GridChangeSamePerson: The caller proposed it.
        GridChangeDay: Its day is here: propose it anew.
    """
    row = _locked(tx, payload.change_id, "PROPOSED")
    if row.proposed_by == tx.actor.id:
        raise GridChangeSamePerson
    today = tx.calendar.local_date(tx.now)
    if row.effective_on <= today:
        raise GridChangeDay(day=today.isoformat())
    tx.arm(TIMER, row.change_id, row.effective_at)
    row = _end(tx, row, "APPROVED", None)
    others = regrid.concerned(tx, row) - {row.proposed_by, tx.actor.id}
    regrid.tell_of(tx, "GRID_CHANGE_COMES", others, row)
    return _reply(row)


def reject_grid_change(tx: Tx, payload: EndGridChange) -> GridChangeReply:
    """退回网格调整 / Turn a proposed change down.

    Raises:
        NotFound: There is no such change here.
        StateConflict: It was decided.
    """
    return _reply(_end(tx, _locked(tx, payload.change_id, "PROPOSED"), "REJECTED", payload.reason))


def withdraw_grid_change(tx: Tx, payload: EndGridChange) -> GridChangeReply:
    """撤回网格调整 / Take a change back, an approved one too, until its day.

    Raises:
        NotFound: There is no such change here.
        StateConflict: It was turned down, taken back or carried out.
    """
    row = _locked(tx, payload.change_id, "PROPOSED", "APPROVED")
    tx.disarm(TIMER, row.change_id)
    approved = row.state == "APPROVED"
    row = _end(tx, row, "WITHDRAWN", payload.reason)
    if approved:
        others = regrid.concerned(tx, row) - {row.proposed_by, tx.actor.id}
        regrid.tell_of(tx, "GRID_CHANGE_OFF", others, row)
    return _reply(row)


def _locked(tx: Tx, change_id: str, *states: str) -> Row:
    row = storage.grid_changes.lock(tx.conn, change_id)
    if not tx.actor.covers(row.community):
        raise NotFound(kind="grid change", id=change_id)
    tx.check_version(row.version)
    if row.state not in states:
        raise StateConflict(state=row.state)
    return row


def _end(tx: Tx, row: Row, state: str, note: str | None) -> Row:
    row = storage.grid_changes.update(
        tx.conn, row, state=state, note=note, decided_by=tx.actor.id, decided_at=tx.now
    )
    if row.proposed_by != tx.actor.id:
        regrid.tell_of(tx, f"GRID_CHANGE_{state}", {row.proposed_by}, row)
    return row


def _reply(row: Row) -> GridChangeReply:
    return GridChangeReply.of(row, id=row.change_id)


def carry_out(tx: Tx, due: Due) -> None:
    """Split or merge grids on their day; what cannot be carried out any more is told as failed."""
    row = storage.grid_changes.lock(tx.conn, due.ref)
    if row.state != "APPROVED":
        return
    why = regrid.hindrance(tx, row)
    if why is not None:
        row = storage.grid_changes.update(tx.conn, row, state="FAILED", note=why)
        regrid.tell_of(tx, "GRID_CHANGE_FAILED", {row.proposed_by, row.decided_by}, row)
        return
    regrid.apply(tx, row)
    row = storage.grid_changes.update(tx.conn, row, state="EFFECTIVE", applied_at=tx.now)
    people = regrid.concerned(tx, row) | {row.proposed_by, row.decided_by}
    regrid.tell_of(tx, "GRID_CHANGE_EFFECTIVE", people, row)
