"""The room and owner register: entered, put right, transferred with a day, read by its owners."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.property import errors

OWNERS = ("per_o1", "per_o2", "per_o3")
PAPER = "鲁(2021)任城区不动产权第0001号"


def room(number="601", **changes):
    return {
        "project_id": "prj_a",
        "building": "3号楼",
        "unit": "1单元",
        "number": number,
        "area_m2": 89.52,
        "owners": ["per_o1"],
        "owned_since": "2021-06-01",
        "document_ref": PAPER,
    } | changes


@pytest.fixture
def place(town):
    town.found()
    town.settle(*OWNERS, "per_child", is_adult=True)
    return town


def test_a_room_is_entered_put_right_and_sold_and_its_owners_see_it(place):
    bench = place.bench
    made = place.cadre().do("register_room", room(owners=["per_o1", "per_o2"]))
    which = {"room_id": made["id"]}
    # Said again in another spelling it is the same room; with other content it is taken.
    again = room(owners=["per_o2", "per_o1"], building="3栋", unit="1", number="601室")
    assert bench.do("register_room", again)["id"] == made["id"]
    with pytest.raises(errors.RoomTaken):
        bench.do("register_room", room(area_m2=90))
    assert bench.rows("SELECT area_m2_hundredths AS a FROM rooms") == [{"a": 8952}]

    right = which | {"reason": "面积登记有误", "document_ref": PAPER, "area_m2": 89.5}
    with pytest.raises(errors.ReasonRequired):
        bench.do("correct_room", right | {"reason": "错"}, version=1)
    with pytest.raises(VersionConflict):
        bench.do("correct_room", right, version=3)
    # Nobody enters their own room's matters.
    with pytest.raises(errors.SamePerson):
        place.cadre("per_o1").do("correct_room", right, version=1)
    place.cadre().do("correct_room", right, version=1)
    with pytest.raises(errors.NothingChanges):
        bench.do("correct_room", right, version=2)

    sold = which | {
        "since": "2025-03-02", "owners": ["per_o3"], "reason": "房屋买卖过户", "document_ref": "过户第9号",
    }  # fmt: skip
    with pytest.raises(errors.DayToCome):
        bench.do("transfer_room", sold | {"since": "2025-03-04"}, version=2)
    with pytest.raises(errors.DayToCome):
        bench.do("transfer_room", sold | {"since": "2021-05-31"}, version=2)
    with pytest.raises(errors.OwnersMissing):
        bench.do("transfer_room", sold | {"owners": []}, version=2)
    bench.do("transfer_room", sold, version=2)
    card = bench.ask("room", which)
    assert card["area_m2"] == "89.50"
    assert [(one["person_id"], one["since"], one["until"]) for one in card["ownings"]] == [
        ("per_o1", "2021-06-01", "2025-03-02"),
        ("per_o2", "2021-06-01", "2025-03-02"),
        ("per_o3", "2025-03-02", None),
    ]
    assert [one["what"] for one in card["history"]] == ["REGISTERED", "CORRECTED", "TRANSFERRED"]
    assert card["history"][1]["detail"]["before"]["area_m2_hundredths"] == 8952
    for day, owner in (("2025-03-01", 1), ("2025-03-02", 0)):
        found = bench.ask("rooms", {"person_id": "per_o1", "at": day})
        assert found["total"] == owner

    # Who owned it sees it no more; who owns it sees it, and nobody else's.
    bench.as_("R_RESIDENT", person="per_o1", scope=place.grid)
    assert bench.ask("rooms", {})["total"] == 0
    with pytest.raises(NotFound):
        bench.ask("room", which)
    bench.as_("R_RESIDENT", person="per_o3", scope=place.grid)
    (mine,) = bench.ask("rooms", {})["items"]
    assert [one["person_id"] for one in mine["owners"]] == ["per_o3"]
    assert not {"history", "ownings"} & set(bench.ask("room", which))
    # The project's side sees its rooms, not their owners.
    place.manager()
    (seen,) = bench.ask("rooms", {})["items"]
    assert "owners" not in seen
    assert bench.ask("rooms", {"person_id": "per_o3"})["total"] == 1
    place.manager("per_rival")
    assert bench.ask("rooms", {})["total"] == 0


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"area_m2": 89.525}, errors.AreaTooFine),
        ({"area_m2": 0}, Invalid),
        ({"owners": []}, errors.OwnersMissing),
        ({"holding": "UNSOLD"}, errors.OwnersMissing),
        ({"owners": ["per_nobody"]}, errors.NotHeardOf),
        ({"owners": ["per_o1", "per_o1"]}, Invalid),
        (
            {"owners": [], "organisation": "信用社", "uscc": "91370899MA0000000F"},
            errors.UsccWrong,
        ),
        ({"owned_since": "2025-03-04"}, errors.DayToCome),
        ({"project_id": "prj_none"}, NotFound),
        ({"use": "GARDEN"}, Invalid),
    ],
)
def test_what_is_no_room_is_refused(place, changes, refusal):
    with pytest.raises(refusal):
        place.cadre().do("register_room", room(**changes))
    assert place.bench.rows("SELECT room_id FROM rooms") == []


def test_who_may_not_enter_rooms_does_not(place):
    with pytest.raises(RoleDenied):
        place.bench.as_("R_CADRE", person="per_f", scope="370811015902").do("register_room", room())
    with pytest.raises(errors.ConflictOfInterest):
        place.cadre("per_wu").do("register_room", room())


def test_the_registers_sum_leaves_out_what_has_no_voice(place):
    bench = place.bench
    place.cadre()
    for number, changes in (
        ("101", {}),
        ("102", {}),
        ("103", {"owners": ["per_o1", "per_o2"], "area_m2": 60.25}),
        ("104", {"owners": [], "organisation": "任城信用社", "use": "COMMERCIAL"}),
        ("105", {"owners": [], "holding": "UNSOLD"}),
        ("B1", {"use": "PARKING", "area_m2": 13.2}),
    ):
        bench.do("register_room", room(number, **changes))
    found = bench.ask("owner_register", {"project_id": "prj_a"})
    # One owner of two rooms is one voice, a couple another one, an organisation the third, and the
    # developer the fourth.
    assert (found["rooms"], found["voices"], found["area_m2"]) == (5, 4, "418.33")
    assert {(p["use"], p["holding"]): p["counted"] for p in found["parts"]} == {
        ("COMMERCIAL", "SOLD"): True,
        ("PARKING", "SOLD"): False,
        ("RESIDENTIAL", "SOLD"): True,
        ("RESIDENTIAL", "UNSOLD"): True,
    }


def test_rooms_stay_with_their_compound_when_a_company_goes(place):
    place.cadre().do("register_room", room())
    place.hand_over()
    assert place.cadre().ask("rooms", {"project_id": "prj_b"})["total"] == 1
    with pytest.raises(StateConflict):
        place.cadre().do("register_room", room("602"))


def test_rooms_come_as_a_file(files):
    from fivered.services.property.tests.conftest import registered

    for person in ("per_m", "per_1", "per_2"):
        registered(files, person)
    files.load("companies", "company_id,name,uscc\npco_1,春晖物业,91370899MA0000000E\n")
    files.load(
        "projects",
        "project_id,company_id,name,community,grids,households,manager_person_id\n"
        "prj_1,pco_1,春晖苑,370811015901,370811015901001,800,per_m\n",
    )
    head = "room_id,project_id,building,unit,number,area_m2,use,holding,owners,document_ref\n"
    good = f"rom_1,prj_1,3号楼,1单元,601,89.52,RESIDENTIAL,SOLD,per_1|per_2,{PAPER}\n"
    bad = good.replace("rom_1", "rom_2") + good.replace("rom_1", "rom_3").replace(
        "601,89.52", "602,89.525"
    )
    for created, unchanged in ((1, 0), (0, 1)):
        result = files.load("rooms", head + good + bad)
        counts = (result["created"], result["unchanged"], result["refused"])
        assert counts == (created, unchanged, 2)
    assert [(one["line"], one["column"], one["code"]) for one in result["errors"]] == [
        (3, "number", "ROOM_TAKEN"),
        (4, "area_m2", "AREA_TOO_FINE"),
    ]


def test_a_room_that_was_entered_twice_is_taken_off_the_register(place):
    bench = place.bench
    place.elect(officers := ("per_o1", "per_o2", "per_o3", "per_child", "per_rival"))
    kept = place.cadre().do("register_room", room())
    double = bench.do("register_room", room("610"))
    off = {"room_id": double["id"], "reason": "与 601 重复登记"}
    with pytest.raises(errors.ReasonRequired):
        bench.do("remove_room", off | {"reason": "错"}, version=1)
    with pytest.raises(errors.SamePerson):
        place.cadre("per_o1").do("remove_room", off, version=1)
    assert place.cadre().do("remove_room", off, version=1)["state"] == "REMOVED"
    for again in ("remove_room", "correct_room"):
        with pytest.raises(StateConflict):
            bench.do(again, off | ({"document_ref": PAPER} if "corr" in again else {}), version=2)
    assert [one["id"] for one in bench.ask("rooms", {"building": "3"})["items"]] == [kept["id"]]
    for asked, count in (
        ({"building": "3栋", "unit": "1", "number": "601室"}, 1),
        ({"building": "33"}, 0),
        ({"unit": "2"}, 0),
        ({"number": "01"}, 0),
        ({"building": "3号楼", "removed": True}, 1),
    ):
        assert bench.ask("rooms", asked)["total"] == count, asked
    assert [one["id"] for one in bench.ask("rooms", {"removed": True})["items"]] == [double["id"]]
    assert bench.ask("room", {"room_id": double["id"]})["removed_reason"] == off["reason"]
    assert bench.ask("owner_register", {"project_id": "prj_a"})["rooms"] == 1
    # Its place is free.
    assert bench.do("register_room", room("610", area_m2=60))["id"] != double["id"]

    # Who sits for the owners reads the rooms of the own compound, without who owns them.
    bench.as_("R_OWNERS", person=officers[3], scope=place.community)
    assert bench.ask("owner_register", {"project_id": "prj_a"})["rooms"] == 2
    assert {"owners" in one for one in bench.ask("rooms", {})["items"]} == {False}
    assert bench.ask("meetings", {})["total"] == 0
    bench.as_("R_OWNERS", person="per_stranger", scope=place.community)
    assert bench.ask("rooms", {})["total"] == 0
    with pytest.raises(NotFound):
        bench.ask("owner_register", {"project_id": "prj_a"})
