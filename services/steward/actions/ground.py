"""Areas: defining them, and announcing those that are shipped with the service."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Area
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.actions.changes import Reason, note_change
from fivered.services.steward.errors import AreaDiffers, UnknownParent
from fivered.services.steward.fields import AreaKind
from fivered.services.steward.storage import tables

Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]


class DefineArea(Request, frozen=True):
    """定义区域 / Define an area."""

    code: Annotated[Area, Meta(examples=["370811015901"], description="区划代码 / code")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60, examples=["春晖社区"]), PUBLIC]
    kind: Annotated[AreaKind, Meta(examples=["COMMUNITY"])]
    households: Annotated[Count, Meta(examples=[2100])] | None = None
    persons: Annotated[Count, Meta(examples=[6250])] | None = None


class CorrectArea(Request, frozen=True):
    """更正区域 / An area's name or size was wrong."""

    code: str
    reason: Annotated[Reason, Meta(examples=["名称写错"])]
    name: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=60, examples=["春辉社区"]), PUBLIC]
        | None
    ) = None
    households: Count | None = None
    persons: Count | None = None


def takes_synthetic(tx: Tx) -> bool:
    """Tell whether this installation holds invented people (a demonstration or a test)."""
    return bool(tx.settings.synthetic or tx.runtime.process.demo_clock)


def define_area(tx: Tx, payload: DefineArea) -> replies.AreaReply:
    """定义区域 / Define an area.

    Define an area, or answer the one that is defined so already.

    Raises:
        BadAreaCode: The code does not fit its kind.
        NotAdministered: The unit belongs to another administration.
        UnknownParent: The area above is not defined.
        AreaDiffers: The code is defined with another name.
    """
    rules.areas.check(payload.code, payload.kind, synthetic=takes_synthetic(tx))
    tx.require_scope(payload.code)
    parent = rules.areas.parent_of(payload.code)
    if parent and storage.ground.area(tx.conn, parent) is None:
        raise UnknownParent(parent=parent, field="code")
    inserted = storage.ground.insert_area(
        tx.conn,
        **records.values_from(
            payload,
            tables.areas,
            parent=parent,
            version=1,
            created_at=tx.now,
        ),
    )
    if inserted is not None:
        announce(tx, inserted)
        return _reply(inserted)
    row = records.get(tx.conn, tables.areas, payload.code)
    if row.name != payload.name:
        raise AreaDiffers(code=payload.code)
    counted = (payload.households, payload.persons)
    if counted not in {(None, None), (row.households, row.persons)}:
        # A grid's size is recounted from time to time; that changes no fact that others hold.
        row = records.locked(tx.conn, tables.areas, payload.code)
        row = storage.ground.update_area(
            tx.conn, row, households=payload.households, persons=payload.persons
        )
    return _reply(row)


def _reply(row: Row) -> replies.AreaReply:
    return replies.AreaReply(
        id=row.code,
        state="DEFINED",
        version=row.version,
        warnings=rules.areas.size_warnings(row.kind, row.households, row.persons),
    )


def correct_area(tx: Tx, payload: CorrectArea) -> replies.AreaReply:
    """更正区域名称或规模 / Correct an area's name or size.

    Correct an area; consumers are told its name again.

    Raises:
        NotFound: No such area here.
    """
    row = storage.ground.lock_area(tx.conn, payload.code)
    if row is None or not tx.actor.covers(row.code):
        raise NotFound(kind="area", id=payload.code)
    tx.check_version(row.version)
    given = {"name": payload.name, "households": payload.households, "persons": payload.persons}
    values = {
        name: value
        for name, value in given.items()
        if value is not None and value != getattr(row, name)
    }
    if values:
        before = {name: getattr(row, name) for name in values}
        row = storage.ground.update_area(tx.conn, row, **values)
        note_change(
            tx, "AREA", row.code, row.version, "correct", before=before, reason=payload.reason
        )
        if "name" in values:
            announce(tx, row)
    return _reply(row)


def announce_shipped(tx: Tx, _due: Due) -> None:
    """Say the areas that the first migration brought; it could not say them itself."""
    for row in storage.ground.below(tx.conn, rules.areas.DISTRICT, 200):
        if len(row.code) <= 9:
            announce(tx, row)


def announce(tx: Tx, row: Row) -> None:
    """Say that an area stands in the tree, and what it is called."""
    tx.publish(
        fact_of(events.AreaDefined, row),
        subject=row.code,
        scope=row.code,
        sequence=row.version,
    )
