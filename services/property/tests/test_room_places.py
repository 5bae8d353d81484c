"""Rooms are known by steward's places: checked by the code, found by building, renamed with it."""

import pytest

from fivered.chassis.refusal import Invalid
from fivered.services.property import errors
from fivered.services.property.errors.places import (
    PlaceElsewhere,
    PlaceNoDwelling,
    PlaceTaken,
    RoomNotThere,
    UnknownPlace,
)
from fivered.services.property.tests.test_rooms import PAPER, room

COMPOUND = "370811015901-001"
BUILDING = f"{COMPOUND}-003"
UNIT = f"{BUILDING}-01"
HOME = f"{UNIT}-0601"


def said(town, code, name, *, kind="DWELLING", sequence=1, ended=False):
    """Steward says how a place stands."""
    data = {
        "place_code": code, "kind": kind, "name": name, "community": code[:12], "ended": ended,
        "parent": code.rpartition("-")[0],
    }  # fmt: skip
    town.bench.consume("steward", "place_defined.v1", data, subject=code, sequence=sequence)


@pytest.fixture
def place(town):
    town.found()
    town.settle("per_o1", "per_o2")
    said(town, COMPOUND, "宏河苑", kind="COMPOUND")
    said(town, BUILDING, "3号楼", kind="BUILDING")
    said(town, UNIT, "1单元", kind="UNIT")
    said(town, HOME, "601")
    said(town, f"{UNIT}-0602", "602")
    return town


def by_code(code=HOME, **changes):
    body = room(place_code=code, **changes)
    return {name: body[name] for name in body if name in changes or name not in PARTS}


PARTS = ("building", "unit", "number")


def card(place, room_id):
    found = place.cadre().ask("room", {"room_id": room_id})
    return {name: found.get(name) for name in (*PARTS, "place_code")}


def test_a_room_is_registered_by_the_code_of_its_place_alone(place):
    made = place.cadre().do("register_room", by_code())["id"]
    named = {"building": "3号楼", "unit": "1单元", "number": "601", "place_code": HOME}
    assert card(place, made) == named
    # Said again, by its code or by its names, it is the same room.
    assert place.cadre().do("register_room", by_code())["id"] == made
    assert place.cadre().do("register_room", room())["id"] == made
    parking = by_code(BUILDING, number="B1-07", use="PARKING")
    space = place.cadre().do("register_room", parking)["id"]
    assert card(place, space) == {
        "building": "3号楼", "unit": "", "number": "B1-07", "place_code": BUILDING,
    }  # fmt: skip
    other = place.cadre().do("register_room", room("701", building="4号楼"))["id"]
    for code, found in ((BUILDING, {made, space}), (UNIT, {made}), (HOME, {made})):
        items = place.cadre().ask("rooms", {"place_code": code})["items"]
        assert {one["id"] for one in items} == found
    assert other not in found


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"code": f"{UNIT}-0609"}, UnknownPlace),
        ({"code": BUILDING}, PlaceNoDwelling),
        ({"code": COMPOUND + "-004", "use": "OFFICE"}, PlaceElsewhere),
        ({"code": BUILDING, "use": "PARKING"}, Invalid),
        ({"number": "602"}, RoomNotThere),
        ({"code": None}, Invalid),
    ],
)
def test_a_place_that_cannot_be_the_rooms_is_refused(place, changes, refusal):
    said(place, COMPOUND + "-004", "4号楼", kind="BUILDING")
    if refusal is PlaceElsewhere:
        changes |= {"code": "370811015902-001-004"}
        said(place, changes["code"], "4号楼", kind="BUILDING")
    with pytest.raises(refusal):
        place.cadre().do("register_room", by_code(**changes))
    assert place.bench.rows("SELECT room_id FROM rooms") == []


def test_one_dwelling_is_one_room_and_what_has_ended_takes_none(place):
    first = place.cadre().do("register_room", room("605", building="9号楼"))["id"]
    taken = place.cadre().do("register_room", by_code())["id"]
    right = {"room_id": first, "reason": "对应社区登记", "document_ref": PAPER}
    with pytest.raises(PlaceTaken):
        place.cadre().do("correct_room", right | {"place_code": HOME}, version=1)
    # A place that is named says what the room is called.
    place.cadre().do("correct_room", right | {"place_code": f"{UNIT}-0602"}, version=1)
    assert card(place, first)["number"] == "602"
    with pytest.raises(RoomNotThere):
        place.cadre().do("correct_room", right | {"number": "609"}, version=2)
    said(place, HOME, "601", ended=True, sequence=2)
    place.cadre().do("remove_room", {"room_id": taken, "reason": "该户已拆除"}, version=1)
    with pytest.raises(UnknownPlace):
        place.cadre().do("register_room", by_code())


def test_rooms_are_called_as_their_places_are_called_now(place):
    made = place.cadre().do("register_room", by_code())["id"]
    said(place, BUILDING, "紫荆楼", kind="BUILDING", sequence=3)
    assert card(place, made)["building"] == "紫荆楼"
    # What comes late says nothing.
    said(place, BUILDING, "3号楼", kind="BUILDING", sequence=2)
    assert card(place, made)["building"] == "紫荆楼"
    assert place.cadre().ask("rooms", {"building": "紫荆楼"})["total"] == 1
    # Where another room is called so already, both stay as they are.
    place.cadre().do("register_room", room("699", building="紫荆楼"))
    said(place, HOME, "699", sequence=2)
    assert card(place, made)["number"] == "601"
    history = place.cadre().ask("room", {"room_id": made})["history"]
    assert [one["what"] for one in history] == ["REGISTERED", "RENAMED", "NAME_TAKEN"]
    with pytest.raises(errors.RoomTaken):
        place.cadre().do("register_room", room("699", building="紫荆楼", area_m2=12))
