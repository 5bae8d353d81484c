"""Rooms and owners: the register for the staff of an area, the own rooms for everybody."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta

from fivered.chassis import files, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.property import replies, rules
from fivered.services.property.replies import Both
from fivered.services.property.storage import lists, tables
from fivered.services.property.storage import rooms as stored
from fivered.services.property.storage.rows import Row
from fivered.services.property.views import ground
from fivered.services.property.views.ground import Scope

RoomT = TypeVar("RoomT", bound=replies.RoomLine)


class RoomFilter(Request, frozen=True):
    """房屋筛选 / Filter of rooms."""

    scope: Scope | None = None
    project_id: str | None = None
    building: Annotated[str, Meta(max_length=40)] | None = None
    unit: Annotated[str, Meta(max_length=40)] | None = None
    number: Annotated[str, Meta(max_length=40)] | None = None
    place_code: (
        Annotated[
            str,
            Meta(
                max_length=40,
                description="在此楼栋、单元或户的房屋 / rooms of this building, unit or dwelling",
            ),
        ]
        | None
    ) = None
    use: Literal["RESIDENTIAL", "COMMERCIAL", "OFFICE", "PARKING", "STORAGE", "OTHER"] | None = None
    holding: Literal["SOLD", "UNSOLD"] | None = None
    person_id: (
        Annotated[str, Meta(max_length=64, description="业主;工作人员可用 / an owner; by staff")]
        | None
    ) = None
    at: Annotated[date, Meta(description="业主截至日 / who owned it on this day")] | None = None
    removed: Annotated[
        bool, Meta(description="只看已撤销登记的 / those that were taken off the register")
    ] = False
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def rooms(tx: Tx, payload: RoomFilter) -> Both[replies.RoomLine]:
    """房屋列表 / Rooms.

    Answer rooms: the area's with their owners to staff, the own project's without them to its
    manager, its company and its owners' committee, and to everybody else the own ones.
    """
    table = stored.rooms
    whose = ground.whose(tx, payload.scope, mine=True)
    compounds = ground.compounds_of_owners(tx)
    if compounds is not None:
        whose = {"scope": payload.scope, "projects": compounds}
    mine = bool(whose.pop("mine", False))
    conditions = lists.conditions(
        table,
        **whose,
        project_id=payload.project_id,
        use=payload.use,
        holding=payload.holding,
    )
    conditions.append(~stored.STANDS if payload.removed else stored.STANDS)
    conditions += stored.written(
        building=payload.building, unit=payload.unit, number=payload.number
    )
    if payload.place_code is not None:
        conditions.append(stored.inside(payload.place_code))
    if mine:
        conditions.append(stored.owned_by(tx.actor.id, payload.at))
    elif payload.person_id is not None and tx.actor.role in ground.STAFF:
        conditions.append(stored.owned_by(payload.person_id, payload.at))
    found = ground.part(tx, table, conditions, payload)
    owners = stored.owners_of(tx.conn, [row.room_id for row in found.rows], payload.at)

    def show(row: Row) -> replies.RoomLine:
        return _room(tx, replies.RoomLine, row, owners.get(row.room_id, []))

    return ground.both(found, show)


def _room(tx: Tx, kind: type[RoomT], row: Row, owners: list[Row]) -> RoomT:
    seen = _sees_owners(tx, row, owners)
    return kind.of(
        row,
        id=row.room_id,
        area_m2=rules.square_metres(row.area_m2_hundredths),
        owners=[replies.Owning.of(one) for one in owners] if seen else UNSET,
    )


def _sees_owners(tx: Tx, row: Row, owners: list[Row]) -> bool:
    staff = tx.actor.role in ground.STAFF and tx.actor.covers(row.area)
    return staff or any(one.person_id == tx.actor.id for one in owners)


def _sees_rooms(tx: Tx, project: Row) -> bool:
    owners = ground.compounds_of_owners(tx) or []
    return project.project_id in owners or ground.sees_all_of(tx, project)


class WhichRoom(Request, frozen=True):
    """Which room is meant."""

    room_id: str


def room(tx: Tx, payload: WhichRoom) -> replies.RoomCard:
    """房屋及历任业主 / A room.

    Answer a room: to the staff of its area with all who have owned it and its history, to its
    owners with themselves, to the project's side without owners.

    Raises:
        NotFound: There is none, or the actor may not know it.
    """
    row = records.get(tx.conn, stored.rooms, payload.room_id)
    owners = stored.owners_of(tx.conn, [row.room_id]).get(row.room_id, [])
    project = records.get(tx.conn, tables.projects, row.project_id)
    if not _sees_owners(tx, row, owners) and not _sees_rooms(tx, project):
        raise NotFound(kind="room", id=payload.room_id)
    found = _room(tx, replies.RoomCard, row, owners)
    if files.is_file(row.document_ref) and not _sees_owners(tx, row, owners):
        found.document_ref = UNSET
    if tx.actor.role in ground.STAFF and tx.actor.covers(row.area):
        found.ownings = [replies.Owning.of(one) for one in stored.ownings_of(tx.conn, row.room_id)]
        found.files = files.files_of(tx, row.room_id)
        found.history = ground.history(tx, stored.rooms, row.room_id)
    return found


class WhichRegister(Request, frozen=True):
    """Whose register, and as of which day."""

    project_id: str
    at: Annotated[date, Meta(description="截至日 / as of this day")] | None = None


def owner_register(tx: Tx, payload: WhichRegister) -> replies.Register:
    """业主名册汇总 / What the register of a compound comes to.

    Answer rooms, area and voices as the owners' votes count them: what the developer has not sold
    is one voice; parking spaces and storage rooms have none.

    Raises:
        NotFound: There is no such project, or the actor may not know its register.
    """
    project = records.get(tx.conn, tables.projects, payload.project_id)
    if not _sees_rooms(tx, project):
        raise NotFound(kind="project", id=payload.project_id)
    here = stored.of_project(tx.conn, project.project_id)
    owners = stored.owners_of(tx.conn, [row.room_id for row in here], payload.at)
    lines, _ = rules.roll_of(here, owners)
    return replies.Register(
        id=project.project_id,
        rooms=sum(len(line.rooms) for line in lines),
        area_m2=rules.square_metres(sum(line.area for line in lines)),
        voices=len(lines),
        parts=[
            replies.RoomsHeld(
                use=part["use"],
                holding=part["holding"],
                rooms=part["rooms"],
                area_m2=rules.square_metres(part["area"]),
                counted=rules.counts_in_votes(part["use"]),
            )
            for part in stored.by_holding(tx.conn, project.project_id)
        ],
    )
