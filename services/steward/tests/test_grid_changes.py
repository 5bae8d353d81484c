"""Grids are split and merged on a day, and everything in them follows."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.steward import rules
from fivered.services.steward.errors import UnknownGrid
from fivered.services.steward.errors import grid_changes as errors
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    POLICE,
    STAFF,
    STAFF_2,
    STREET_SCOPE,
    STW_CADRE,
    STW_GRID,
    STW_STAFF,
    WANG,
    Ground,
    person_id,
)
from fivered.services.steward.tests.test_told import told
from testkit.waits import Waits

NEW = f"{COMMUNITY}003"
COMPOUND = f"{COMMUNITY}-001"
THREE, FIVE = f"{COMPOUND}-003", f"{COMPOUND}-005"
ONE, TWO = "per_one", "per_two"
DAY = "2025-03-10"
SPLIT = {
    "kind": "SPLIT", "grids": [GRID], "effective_on": DAY, "reason": "户数超过规定",
    "into": [{"code": GRID, "name": "第一网格"},
             {"code": NEW, "name": "第三网格", "place_codes": [FIVE]}],
}  # fmt: skip
MERGE = {
    "kind": "MERGE", "grids": [GRID, GRID_2], "effective_on": DAY, "reason": "户数不足",
    "into": [{"code": NEW, "name": "新网格"}],
}  # fmt: skip


def lived_in_stage(bench):
    ground = Ground(bench)
    ground.staff()
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    for body in (
        {"place_code": COMPOUND, "kind": "COMPOUND", "name": "春晖苑"},
        {"place_code": THREE, "kind": "BUILDING", "name": "3号楼", "grid": GRID},
        {"place_code": FIVE, "kind": "BUILDING", "name": "5号楼", "grid": GRID},
        {"place_code": f"{FIVE}-01", "kind": "UNIT", "name": "1单元"},
    ):
        bench.do("define_place", body)
    ground.person(
        CHEN, "陈静", grid=GRID, building="5栋", unit="1单元", room="101", household_id="hh_chen"
    )
    bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    reasons = dict.fromkeys(rules.routing.DUTIES, "本网格暂无")
    bench.do("publish_board", {"grid": GRID, "reasons": reasons})
    for day in ("03", "12"):
        ground.shift(STW_GRID, f"2025-03-{day}T08:00", f"2025-03-{day}T20:00")


@pytest.fixture
def lived_in(ground):
    return ground.staged(lived_in_stage)


def street(bench, person=ONE):
    return bench.as_("R_STREET", person=person, scope=STREET_SCOPE)


def approved(bench, body=SPLIT):
    made = street(bench).do("propose_grid_change", body)
    return street(bench, TWO).do("approve_grid_change", {"change_id": made["id"]}, version=1)


def parts(answer):
    return {part["code"]: part for part in answer["parts"]}


def area(bench, code, **more):
    return bench.as_("R_DISTRICT").ask("area", {"code": code, **more})


def grid_of(bench, person):
    return bench.rows("SELECT grid FROM persons WHERE person_id = :one", one=person)[0]["grid"]


def test_a_dry_look_says_what_each_grid_would_hold_and_keeps_nothing(lived_in):
    bench = lived_in.bench
    lived_in.submit(building="5号楼")
    lived_in.submit(building="3号楼")
    looked = street(bench).do("propose_grid_change", SPLIT | {"preview": True})
    old, new = parts(looked)[GRID], parts(looked)[NEW]
    assert (looked["state"], looked["id"]) == ("PREVIEW", "")
    assert (old["buildings"], new["buildings"]) == (["3号楼"], ["5号楼"])
    assert (old["persons"], new["persons"], new["households"]) == (1, 1, 1)
    assert (old["open_requests"], new["open_requests"]) == (1, 1)
    assert (new["stewards"], old["shifts"], new["shifts"]) == (5, 1, 0)
    assert (old["new"], new["new"]) == (False, True)
    assert street(bench).ask("grid_changes")["items"] == []


def test_at_midnight_of_its_day_a_split_takes_everything_along(lived_in):
    bench = lived_in.bench
    moved, stays = lived_in.submit(building="5号楼"), lived_in.submit(building="3号楼")
    approved(bench)
    bench.fire("2025-03-09T23:59")
    before = lived_in.cadre().ask("request", {"request_id": moved["id"]})
    assert (grid_of(bench, CHEN), bench.published("grids_changed.v1")) == (GRID, [])
    bench.fire("2025-03-10T00:00")

    (said,) = bench.published("grids_changed.v1")
    assert said["data"]["ended"] == []
    assert said["data"]["into"] == [GRID, NEW]
    assert said["data"]["buildings"] == {"3号楼": GRID, "5号楼": NEW}
    # Who lives in the building follows it, as with a move; who lives elsewhere stays.
    assert (grid_of(bench, CHEN), grid_of(bench, WANG), grid_of(bench, LI)) == (NEW, GRID, GRID_2)
    (move,) = bench.published("resident_moved.v1")
    assert (move["subject"], move["data"]["from_grid"], move["data"]["to_grid"]) == (
        CHEN, GRID, NEW,
    )  # fmt: skip
    # The unit stands where its building stands.
    place = bench.ask("place", {"place_code": f"{FIVE}-01"})
    assert place["grid"] == NEW
    # Requests keep number, clocks and handler.
    after = lived_in.cadre().ask("request", {"request_id": moved["id"]})
    assert after["grid"] == NEW
    for name in ("number", "due_resolve", "due_accept", "handler", "state"):
        assert after[name] == before[name]
    assert lived_in.cadre().ask("request", {"request_id": stays["id"]})["grid"] == GRID
    steps = lived_in.cadre().ask("timeline", {"request_id": moved["id"]})["items"]
    assert steps[-1]["action"] == "regrid"
    assert steps[-1]["detail"]["before"] == {"grid": GRID}
    # Who served there serves both parts, and the new grid has a board.
    cards = {
        row["id"]: row["grids"]
        for row in lived_in.cadre().ask("stewards", {"scope": COMMUNITY})["items"]
    }
    assert cards[STW_GRID] == cards[STW_STAFF] == [GRID, NEW]
    assert cards[STW_CADRE] == [GRID, GRID_2, NEW]
    enrolled = [e for e in bench.published("steward_enrolled.v1") if e["subject"] == STW_GRID]
    assert enrolled[-1]["data"]["grids"] == [GRID, NEW]
    board = bench.as_("R_RESIDENT", person=WANG, scope=COMMUNITY).ask(
        "contact_board", {"grid": NEW}
    )
    assert board["version"] == 1
    # The tree as it is, and as it was.
    codes = {
        row["code"] for row in bench.ask("areas", {"root": COMMUNITY, "kind": "GRID"})["items"]
    }
    assert codes == {GRID, GRID_2, NEW}
    then = {"root": COMMUNITY, "kind": "GRID", "at": "2025-03-09T12:00:00+08:00"}
    assert {row["code"] for row in bench.ask("areas", then)["items"]} == {GRID, GRID_2}
    assert street(bench).ask("grid_changes")["items"][0]["state"] == "EFFECTIVE"


def test_grids_that_are_merged_end_and_name_who_took_their_place(lived_in):
    bench = lived_in.bench
    case = lived_in.submit()
    approved(bench, MERGE)
    bench.fire("2025-03-10T00:00")
    assert {grid_of(bench, one) for one in (WANG, LI, CHEN)} == {NEW}
    ended = area(bench, GRID)
    assert ended["successors"] == [NEW]
    assert ended["ended_at"] == "2025-03-09T16:00:00+00:00"
    assert {*told(bench)["GRID_CHANGE_EFFECTIVE"]} >= {ONE, TWO, CADRE, GRID_WORKER}
    assert area(bench, NEW)["name"] == "新网格"
    # The code on the wall of the old grid says where to look now.
    with pytest.raises(errors.GridEnded):
        bench.ask("contact_board", {"grid": GRID})
    assert bench.ask("contact_board", {"grid": NEW})["version"] == 1
    with pytest.raises(NotFound):
        area(bench, NEW, at="2025-03-09T12:00:00+08:00")
    assert lived_in.cadre().ask("request", {"request_id": case["id"]})["grid"] == NEW
    # Whoever names a grid that is no more is told which one to name.
    with pytest.raises(errors.GridEnded) as refused:
        lived_in.submit()
    assert refused.value.params["successors"] == NEW
    with pytest.raises(errors.GridEnded):
        lived_in.person(person_id(77), "何新", grid=GRID)
    # Shifts that were planned there are in the new grid; one that is over stays.
    shifts = bench.rows("SELECT local_day, grid FROM shifts ORDER BY local_day")
    assert [(row["local_day"], row["grid"]) for row in shifts] == [
        ("2025-03-03", GRID), ("2025-03-12", NEW),
    ]  # fmt: skip
    assert lived_in.submit(grid=NEW)["state"] == "DISPATCHED"


def test_two_people_decide_and_everybody_concerned_is_told(lived_in):
    bench = lived_in.bench
    made = street(bench).do("propose_grid_change", SPLIT)
    which = {"change_id": made["id"]}
    with pytest.raises(errors.GridChangeSamePerson):
        street(bench).do("approve_grid_change", which, version=1)
    with pytest.raises(NotFound):
        bench.as_("R_STREET", person=TWO, scope="370811016").do(
            "approve_grid_change", which, version=1
        )
    with pytest.raises(RoleDenied):
        lived_in.cadre().do("approve_grid_change", which, version=1)
    Waits(bench).until(
        "GRID_CHANGE_TO_APPROVE",
        made["id"],
        lambda: street(bench, TWO).do("approve_grid_change", which, version=1),
        to=(TWO, "R_STREET", STREET_SCOPE),
        not_to=[(ONE, "R_STREET", STREET_SCOPE)],
    )
    with pytest.raises(StateConflict):
        street(bench, TWO).do("approve_grid_change", which, version=2)
    assert told(bench)["GRID_CHANGE_APPROVED"] == [ONE]
    assert {*told(bench)["GRID_CHANGE_COMES"]} == {CADRE, GRID_WORKER, STAFF, POLICE, STAFF_2}
    # It can be taken back until its day.
    off = which | {"reason": "方案重做"}
    street(bench, TWO).do("withdraw_grid_change", off, version=2)
    assert told(bench)["GRID_CHANGE_WITHDRAWN"] == [ONE]
    assert CADRE in told(bench)["GRID_CHANGE_OFF"]
    bench.fire("2025-03-11T00:00")
    assert grid_of(bench, CHEN) == GRID
    assert bench.published("grids_changed.v1") == []


def test_what_is_turned_down_is_told_with_its_reason(lived_in):
    bench = lived_in.bench
    made = street(bench).do("propose_grid_change", SPLIT)
    no = {"change_id": made["id"], "reason": "楼栋划分有误"}
    assert street(bench, TWO).do("reject_grid_change", no, version=1)["state"] == "REJECTED"
    assert told(bench)["GRID_CHANGE_REJECTED"] == [ONE]
    card = street(bench).ask("grid_change", {"change_id": made["id"]})
    assert (card["note"], card["state"]) == ("楼栋划分有误", "REJECTED")
    # The grid is free for another one, which shows what it would do until its day.
    again = street(bench).do("propose_grid_change", MERGE)
    shown = street(bench).ask("grid_change", {"change_id": again["id"]})
    assert parts(shown)[NEW]["persons"] == 3


def test_what_cannot_be_carried_out_any_more_is_told_and_nothing_is_done(lived_in):
    bench = lived_in.bench
    approved(bench)
    # The code of the new grid is given to another one meanwhile.
    bench.as_("R_DISTRICT").do("define_area", {"code": NEW, "name": "临时网格", "kind": "GRID"})
    bench.fire("2025-03-10T00:00")
    (row,) = street(bench).ask("grid_changes", {"state": "FAILED"})["items"]
    assert row["note"] == f"CODE_TAKEN {NEW}"
    assert sorted(told(bench)["GRID_CHANGE_FAILED"]) == [ONE, TWO]
    assert grid_of(bench, CHEN) == GRID


@pytest.mark.parametrize(
    ("changed", "error", "field"),
    [
        ({"grids": [GRID, GRID_2]}, Invalid, "grids"),
        ({"into": SPLIT["into"][:1]}, Invalid, "into"),
        ({"into": [SPLIT["into"][0], SPLIT["into"][0]]}, Invalid, "into"),
        ({"kind": "MERGE"}, Invalid, "grids"),
        ({"rest": GRID_2}, Invalid, "rest"),
        ({"grids": [f"{COMMUNITY}009"]}, UnknownGrid, "grids"),
        (
            {"into": [SPLIT["into"][0], {"code": GRID_2, "name": "第二网格"}]},
            errors.GridCodeTaken, "into",
        ),
        (
            {"into": [SPLIT["into"][0], SPLIT["into"][1] | {"place_codes": [f"{COMPOUND}-099"]}]},
            errors.BuildingElsewhere, "into",
        ),
        ({"effective_on": "2025-03-01"}, errors.GridChangeDay, "effective_on"),
        ({"effective_on": "2027-03-10"}, errors.GridChangeDay, "effective_on"),
    ],
)  # fmt: skip
def test_what_is_no_split_is_refused_and_says_where(lived_in, changed, error, field):
    with pytest.raises(error) as refused:
        street(lived_in.bench).do("propose_grid_change", SPLIT | changed)
    assert refused.value.field == field


def test_a_grid_is_part_of_one_change_at_a_time(lived_in):
    made = street(lived_in.bench).do("propose_grid_change", SPLIT)
    with pytest.raises(errors.GridInChange) as refused:
        street(lived_in.bench).do("propose_grid_change", MERGE)
    assert refused.value.params["change_id"] == made["id"]
