"""The ground down to dwellings, and where it lies on the map: through the doors, over time."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied
from fivered.services.steward import errors
from fivered.services.steward.errors.desk import PeopleLiveThere
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    GRID_2,
    OTHER_CADRE,
    WANG,
    Ground,
    person_id,
)

COMPOUND = f"{COMMUNITY}-001"
BUILDING = f"{COMPOUND}-003"
UNIT = f"{BUILDING}-02"
DWELLING = f"{UNIT}-0502"


def square(west, south, side=0.01):
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def built(bench):
    """A compound with a building, a unit and a dwelling."""
    Ground(bench).begin()
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    for body in (
        {"place_code": COMPOUND, "kind": "COMPOUND", "name": "春晖苑", "mode": "MARKET"},
        {"place_code": BUILDING, "kind": "BUILDING", "name": "3号楼", "grid": GRID},
        {"place_code": UNIT, "kind": "UNIT", "name": "2单元"},
        {"place_code": DWELLING, "kind": "DWELLING", "name": "502", "area_m2": "89.50"},
    ):
        assert bench.do("define_place", body)["state"] == "REGISTERED"
    return bench


def codes(answer):
    return [row["id"] for row in answer["items"]]


def test_a_dwelling_stands_in_a_unit_of_a_building_of_a_compound(built):
    bench = built
    found = bench.ask("places", {"scope": COMMUNITY})
    assert codes(found) == [COMPOUND, BUILDING, UNIT, DWELLING]
    assert codes(bench.ask("places", {"scope": GRID})) == [BUILDING, UNIT, DWELLING]
    assert codes(bench.ask("places", {"scope": COMMUNITY, "parent": UNIT})) == [DWELLING]
    assert bench.ask("place", {"place_code": DWELLING})["grid"] == GRID
    again = {"place_code": DWELLING, "kind": "DWELLING", "name": "502", "area_m2": "89.50"}
    assert bench.do("define_place", again)["version"] == 1
    for body, refusal in (
        (again | {"area_m2": "90"}, errors.PlaceDiffers),
        (again | {"kind": "UNIT"}, errors.BadPlaceCode),
        (again | {"built_year": 2001}, errors.MemberOfKind),
        (again | {"place_code": f"{BUILDING}-03-0101"}, errors.UnknownPlace),
        ({"place_code": f"{COMPOUND}-004", "kind": "BUILDING", "name": "4号楼"},
         Invalid),
        ({"place_code": "370811015902-001", "kind": "COMPOUND", "name": "别处"}, RoleDenied),
    ):  # fmt: skip
        with pytest.raises(refusal):
            bench.do("define_place", body)
    # Nobody outside reads of homes.
    bench.as_("PUBLIC", person="", scope="")
    assert codes(bench.ask("places", {"scope": COMMUNITY})) == [COMPOUND, BUILDING]
    with pytest.raises(NotFound):
        bench.ask("place", {"place_code": DWELLING})


def test_places_and_areas_are_read_as_they_stood(built):
    bench = built
    before = bench.now.isoformat()
    bench.fire("2025-04-01T09:00:00")
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    correct = {"place_code": BUILDING, "name": "三号楼", "grid": GRID_2, "reason": "划归二网格"}
    moved = bench.do("correct_place", correct, version=1)
    assert bench.ask("place", {"place_code": DWELLING})["grid"] == GRID_2
    then = bench.ask("place", {"place_code": BUILDING, "at": before})
    assert (then["name"], then["grid"]) == ("3号楼", GRID)
    grids = {r["grid"] for r in bench.ask("places", {"scope": COMMUNITY, "at": before})["items"]}
    assert grids == {None, GRID}
    with pytest.raises(Invalid):
        bench.ask("places", {"scope": GRID, "at": before})
    told = bench.ask("place_history", {"place_code": BUILDING})["items"][0]
    assert (told["before"]["name"], told["reason"]) == ("3号楼", "划归二网格")
    bench.fire("2025-05-01T09:00:00")
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    end = {"place_code": BUILDING, "reason": "拆除"}
    assert bench.do("end_place", end, version=moved["version"])["state"] == "ENDED"
    assert codes(bench.ask("places", {"scope": COMMUNITY})) == [COMPOUND]
    in_april = bench.ask("places", {"scope": COMMUNITY, "at": "2025-04-20T00:00:00Z"})
    assert codes(in_april) == [COMPOUND, BUILDING, UNIT, DWELLING]
    # An area that was called otherwise.
    bench.as_("R_STREET", scope="370811015")
    bench.do("correct_area", {"code": GRID, "name": "东网格", "reason": "更名"}, version=1)
    assert bench.ask("area", {"code": GRID})["name"] == "东网格"
    assert bench.ask("area", {"code": GRID, "at": before})["name"] == "第一网格"
    listed = {
        r["code"]: r["name"] for r in bench.ask("areas", {"root": GRID, "at": before})["items"]
    }
    assert listed == {GRID: "第一网格"}
    with pytest.raises(NotFound):
        bench.ask("area", {"code": GRID, "at": "2024-01-01T00:00:00Z"})


def test_a_point_or_an_address_tells_the_grid(built):
    bench = built
    bench.as_("R_STREET", scope="370811015")
    draws = {GRID: square(116.58, 35.40), GRID_2: square(116.59, 35.40)}
    for code, shape in draws.items():
        drawn = bench.do("draw_shape", {"shape_code": code, "geometry": shape})
        assert (drawn["version"], drawn["warnings"]) == (1, [])
    house = square(116.582, 35.402, 0.001)
    bench.do("draw_shape", {"shape_code": BUILDING, "geometry": house})
    two = {"type": "MultiPolygon", "coordinates": [square(116.598, 35.40)["coordinates"]]}
    wide = bench.do("draw_shape", {"shape_code": GRID_2, "geometry": two})
    assert wide["version"] == 2
    over = {"shape_code": GRID_2, "geometry": square(116.585, 35.40)}
    assert bench.do("draw_shape", over)["warnings"] == [f"OVERLAPS {GRID}"]
    bow = square(116.58, 35.40)
    bow["coordinates"][0][1], bow["coordinates"][0][2] = (
        bow["coordinates"][0][2],
        bow["coordinates"][0][1],
    )
    open_ring = square(116.58, 35.40)
    open_ring["coordinates"][0].pop()
    for shape, why in (
        (bow, "CROSSES_ITSELF"),
        (open_ring, "RING_OPEN"),
        (square(179.5, 35.4, 0.9), "NOT_ON_EARTH"),
        (square(115.0, 35.4, 1.5), "TOO_WIDE"),
        ({"type": "MultiPolygon", "coordinates": square(1, 1)["coordinates"]}, "NOT_NESTED"),
    ):
        with pytest.raises(errors.BadShape) as refused:
            bench.do("draw_shape", {"shape_code": GRID, "geometry": shape})
        assert refused.value.params["why"] == why
    with pytest.raises(errors.UnknownPlace):
        bench.do("draw_shape", {"shape_code": DWELLING, "geometry": house})
    bench.as_("PUBLIC", person="", scope="")
    for (lon, lat), grid, building in (
        ((116.5825, 35.4025), GRID, BUILDING),
        ((116.581, 35.408), GRID, None),
        ((116.594, 35.401), GRID_2, None),
    ):
        (spot,) = bench.ask("locate", {"lon": lon, "lat": lat})["items"]
        assert (spot["grid"], spot["building"]) == (grid, building)
    assert bench.ask("locate", {"lon": 100, "lat": 35.4})["items"] == []
    for building in ("3栋", "3"):
        asked = {"community": COMMUNITY, "building": building, "compound": "春晖苑"}
        assert bench.ask("locate", asked)["items"][0]["grid"] == GRID
    asked = {"community": COMMUNITY, "building": "3", "compound": "别苑"}
    assert bench.ask("locate", asked)["items"] == []
    with pytest.raises(Invalid):
        bench.ask("locate", {"community": COMMUNITY})
    kinds = [row["kind"] for row in bench.ask("shapes", {"scope": COMMUNITY})["items"]]
    assert sorted(kinds) == ["BUILDING", "GRID", "GRID"]
    bench.as_("R_STREET", scope="370811015")
    assert bench.do("remove_shape", {"shape_code": GRID}, version=1)["state"] == "REMOVED"
    assert bench.ask("locate", {"lon": 116.581, "lat": 35.408})["items"] == []


def test_the_households_of_a_dwelling_are_told_to_who_knows_their_names(built):
    bench = built
    ground = Ground(bench)
    home = {"grid": GRID, "building": "3栋", "unit": "2", "room": "502室", "household_id": "hh_1"}
    ground.person(person_id(51), "陈静", **home)
    ground.person(person_id(52), "陈小", **home)
    ground.person(person_id(53), "何平", **(home | {"room": "501"}))
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    asked = {"place_code": DWELLING}
    found = bench.ask("households_at", asked)["items"]
    assert found == [{"household_id": "hh_1", "members": 2}]
    assert bench.ask("households_at", {"place_code": BUILDING})["items"][0]["members"] == 3
    reads = bench.rows("select person_id from person_reads where door = 'households_at'")
    assert {row["person_id"] for row in reads} == {person_id(n) for n in (51, 52, 53)}
    bench.as_("R_CADRE", person=WANG, scope="370811015902")
    with pytest.raises(NotFound):
        bench.ask("households_at", asked)


def test_where_people_live_nothing_ends_unasked_and_what_ended_by_mistake_comes_back(built):
    """A compound was ended over its people's heads, and its code was taken for good."""
    bench = built
    home = {"building": "3栋", "unit": "2单元", "room": "502"}
    bench.as_("R_DISTRICT").do(
        "register_person",
        {"person_id": person_id(71), "name": "何平", "grid": GRID, "synthetic": True} | home,
    )

    def cadre():
        return bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)

    for code in (COMPOUND, BUILDING, UNIT, DWELLING):
        with pytest.raises(PeopleLiveThere):
            cadre().do("end_place", {"place_code": code, "reason": "误操作"}, version=1)
    other = f"{COMPOUND}-004"
    spare = {"place_code": other, "kind": "BUILDING", "name": "4号楼", "grid": GRID}
    cadre().do("define_place", spare)
    assert cadre().do("end_place", {"place_code": other, "reason": "拆除"}, version=1)
    bench.fire("2025-03-04T09:00:00")
    order = {"place_code": COMPOUND, "reason": "误操作", "insist": True}
    cadre().do("end_place", order, version=1)
    assert codes(cadre().ask("places", {"scope": COMMUNITY})) == []
    as_it_was = {"place_code": COMPOUND, "kind": "COMPOUND", "name": "春晖苑", "mode": "MARKET"}
    with pytest.raises(errors.PlaceDiffers):
        cadre().do("define_place", as_it_was | {"name": "别的小区"})
    back = cadre().do("define_place", as_it_was)
    assert (back["state"], back["version"]) == ("REGISTERED", 3)
    # What had ended before stays so.
    assert codes(cadre().ask("places", {"scope": COMMUNITY})) == [
        COMPOUND, BUILDING, UNIT, DWELLING
    ]  # fmt: skip
    assert [one["action"] for one in cadre().ask("place_history", {"place_code": UNIT})["items"]][
        :2
    ] == ["restore", "end"]
    with pytest.raises(Invalid):
        cadre().do(
            "correct_place",
            {"place_code": DWELLING, "area_m2": "0.00", "reason": "量错"},
            version=3,
        )
    with pytest.raises(errors.NothingCorrected):
        cadre().do(
            "correct_place", {"place_code": DWELLING, "name": "502", "reason": "同名"}, version=3
        )


def test_others_hear_of_places_by_code_and_name(built):
    bench = built

    def told():
        return [
            (one["subject"], one["data"]["name"], one["data"]["ended"])
            for one in bench.published("place_defined.v1")
        ]

    assert told() == [
        (COMPOUND, "春晖苑", False),
        (BUILDING, "3号楼", False),
        (UNIT, "2单元", False),
        (DWELLING, "502", False),
    ]
    right = {"place_code": BUILDING, "reason": "门牌更新"}
    bench.do("correct_place", right | {"name": "三号楼"}, version=1)
    # What nobody else goes by is not said.
    bench.do("correct_place", right | {"built_year": 1998}, version=2)
    bench.do("end_place", {"place_code": UNIT, "reason": "拆除重建"}, version=1)
    assert told()[4:] == [
        (BUILDING, "三号楼", False),
        (DWELLING, "502", True),
        (UNIT, "2单元", True),
    ]
    # Those of before it was said are said once.
    with bench.transaction() as tx:
        tx.arm("TELL_PLACES", "ALL", tx.now)
    bench.fire("2025-04-01T00:00:00")
    assert [one[0] for one in told()[7:]] == [COMPOUND, BUILDING, UNIT, DWELLING]
