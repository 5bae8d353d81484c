"""Where rooms are in steward's register of places: checked by its code, and called as it is."""

from __future__ import annotations

import logging
from typing import NamedTuple

from fivered.chassis import records
from fivered.chassis.bus import Event, Tx
from fivered.chassis.refusal import Invalid, said
from fivered.services.property import events, rules
from fivered.services.property.errors.places import (
    PlaceElsewhere,
    PlaceNoDwelling,
    PlaceTaken,
    RoomNotThere,
    UnknownPlace,
)
from fivered.services.property.storage import rooms as stored
from fivered.services.property.storage.rows import Row

log = logging.getLogger("fivered.property")

_BUILDING_PARTS = 3


class Called(NamedTuple):
    """What a room is called: its building, unit and number."""

    building: str
    unit: str
    number: str


def consume(tx: Tx, heard: list[Event]) -> None:
    """Keep steward's places; rooms at one that is called otherwise now are called so, too."""
    for event in heard:
        data: events.PlaceDefinedHeard = event.data
        row = records.find(tx.conn, stored.known_places, data.place_code, lock=True)
        if row is not None and row.sequence >= event.sequence:
            continue
        values = {
            "place_code": data.place_code,
            "kind": data.kind,
            "name": data.name,
            "community": data.community,
            "ended": data.ended,
            "sequence": event.sequence,
        }
        records.put(tx.conn, stored.known_places, [values])
        if row is not None and row.name != data.name:
            for room in stored.standing_in(tx.conn, data.place_code):
                _follow(tx, room)


def _follow(tx: Tx, room: Row) -> None:
    """Call a room as its places are called; where another room is called so, it stays as it was,
    and its history says it."""
    called = _called(tx, room.place_code, room.number)
    if called == (room.building, room.unit, room.number):
        return
    key = rules.place_key(*called)
    other = stored.room_at(tx.conn, room.project_id, key)
    if other is not None and other.room_id != room.room_id:
        note = {"now": called._asdict(), "room": other.room_id}
        records.note(tx, stored.rooms, room, step="NAME_TAKEN", note=note)
        log.warning("room_name_taken", extra={"room": room.room_id})
        return
    before = {name: getattr(room, name) for name in Called._fields}
    records.change(
        tx,
        stored.rooms,
        room,
        step="RENAMED",
        note={"before": before, "now": called._asdict()},
        place_key=key,
        **called._asdict(),
    )


def _called(tx: Tx, code: str, number: str) -> Called:
    """Return what a room at a place is called, by the names of the place and of those above it.

    Args:
        number: The room's own, where the place is no dwelling.
    """
    # Community, compound, building, unit, dwelling.
    parts = code.split("-")
    codes = ["-".join(parts[: end + 1]) for end in range(_BUILDING_PARTS - 1, len(parts))]
    known = stored.places_of(tx.conn, codes)
    names = [known[one].name if one in known else "" for one in codes]
    building, unit, dwelling = [*names, "", ""][:3]
    return Called(building, unit, dwelling or number)


def placed(
    tx: Tx, code: str | None, wanted: Called, *, use: str, community: str, room_id: str | None
) -> Called:
    """Return what a room is called: as it was said, or as the place is called that is named.

    Args:
        code: Steward's code of its place, or None.
        wanted: What was said; empty is what was left out.
        use: The room's.
        community: The project's.
        room_id: The room itself, where it is registered already.

    Raises:
        Invalid: Neither a place nor building and number are said.
        UnknownPlace: The place is not heard of, or has ended.
        PlaceElsewhere: It is another community's.
        PlaceNoDwelling: A home is at no dwelling.
        RoomNotThere: The place is called otherwise.
        PlaceTaken: Another room is there.
    """
    if code is None:
        for name in ("building", "number"):
            if not getattr(wanted, name):
                raise Invalid(
                    field=name,
                    reason=said(
                        "未给出地点编号的,须填写楼栋和房号"
                        " / without a place_code, building and number are needed"
                    ),
                )
        return wanted
    place = records.find(tx.conn, stored.known_places, code)
    if place is None or place.ended:
        raise UnknownPlace(field="place_code", place=code)
    if place.community != community:
        raise PlaceElsewhere(field="place_code", place=code, community=community)
    if place.kind == "COMPOUND" or (place.kind != "DWELLING" and use == "RESIDENTIAL"):
        raise PlaceNoDwelling(field="place_code", place=code, kind=place.kind)
    if place.kind == "DWELLING":
        there = stored.room_of_place(tx.conn, code)
        if there is not None and there.room_id != room_id:
            raise PlaceTaken(field="place_code", place=code, room=there.room_id)
    called = _called(tx, code, wanted.number)
    if not called.number:
        raise Invalid(
            field="number",
            reason=said("不在户的,须填写房号 / a room at no dwelling has a number of its own"),
        )
    for name, value in wanted._asdict().items():
        both = rules.place_key(value, "", ""), rules.place_key(getattr(called, name), "", "")
        if value and both[0] != both[1]:
            raise RoomNotThere(field=name, place=code, **called._asdict())
    return called
