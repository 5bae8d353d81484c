"""The rota from a pattern to a swap, who serves a household, and what will be missing."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.errors import desk
from fivered.services.steward.rules.routing import DUTIES
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    GRID_2,
    LI,
    OTHER_CADRE,
    POLICE,
    STAFF,
    STAFF_2,
    STW_CADRE,
    STW_GRID,
    STW_POLICE,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    person_id,
    steward_id,
)

HEAD = steward_id(21)
UTC = "+00:00"


@pytest.fixture
def staffed(ground):
    return ground.staff()


def line(steward, days=(1, 2, 3, 4, 5), start="08:00", end="20:00"):
    return {"steward_id": steward, "weekdays": list(days), "start": start, "end": end,
            "place": "红色驿站"}  # fmt: skip


def planned(reply):
    return reply["planned"], reply["unchanged"], reply["refused"]


def test_a_month_is_planned_from_a_pattern_copied_moved_and_taken_back(staffed):
    bench = staffed.cadre()
    week = {"grid": GRID, "first": "2025-03-10", "last": "2025-03-16",
            "lines": [line(STW_STAFF), line(STW_STAFF_2, (1, 7), "20:00", "08:00")]}  # fmt: skip
    tried = bench.do("plan_shifts", week | {"preview": True})
    assert (tried["state"], planned(tried)) == ("PREVIEW", (7, 0, 0))
    assert {one["id"] for one in tried["items"]} == {None}
    span = {"scope": GRID, "start": "2025-03-09T00:00:00+08:00", "end": "2025-04-20T00:00:00+08:00"}
    assert bench.ask("shifts", span)["items"] == []
    assert planned(bench.do("plan_shifts", week)) == (7, 0, 0)
    assert planned(bench.do("plan_shifts", week)) == (0, 7, 0)
    night = bench.ask("shifts", span | {"steward_id": STW_STAFF_2})["items"][0]
    assert (night["start"], night["end"]) == (
        f"2025-03-10T12:00:00{UTC}",
        f"2025-03-11T00:00:00{UTC}",
    )
    # One that cannot be planned says why, and stops no other.
    over = week | {"lines": [line(STW_STAFF, (1, 6), "09:00", "10:00"), line(STW_POLICE, (6,))]}
    over["lines"].append(line("stw_nobody", (6,)))
    reply = bench.do("plan_shifts", over)
    assert planned(reply) == (2, 0, 2)
    told = {one["result"]: one for one in reply["items"]}
    assert {"SHIFT_OVERLAP", "planned", "NOT_FOUND"} == set(told)
    assert told["SHIFT_OVERLAP"]["message_zh"]
    with pytest.raises(errors.BadSpan):
        bench.do("plan_shifts", week | {"last": "2025-06-30"})
    with pytest.raises(Invalid):
        bench.do("plan_shifts", week | {"lines": [line(STW_STAFF, end="24:00")]})
    # April's week as March's; Tomb-sweeping day (a Friday) is left out where one says so.
    copy = {"scope": COMMUNITY, "first": "2025-03-10", "last": "2025-03-16",
            "to_first": "2025-03-31"}  # fmt: skip
    assert planned(bench.do("copy_shifts", copy | {"steward_id": STW_STAFF})) == (6, 0, 0)
    assert planned(bench.do("copy_shifts", copy))[1] == 6
    holiday = {"grid": GRID_2, "first": "2025-04-01", "last": "2025-04-07",
               "lines": [line(STW_CADRE)], "working_days_only": True}  # fmt: skip
    days = [one["start"][:10] for one in bench.do("plan_shifts", holiday)["items"]]
    assert days == ["2025-04-01", "2025-04-02", "2025-04-03", "2025-04-07"]
    # Moved, given to another one, and taken back, with a reason.
    first = bench.ask("shifts", span | {"steward_id": STW_STAFF})["items"][0]
    move = {"shift_id": first["id"], "reason": "调休", "steward_id": STW_STAFF_2,
            "start": "2025-03-10T10:00:00+08:00", "end": "2025-03-10T12:00:00+08:00"}  # fmt: skip
    moved = bench.do("move_shift", move, version=1)
    assert bench.ask("shift", {"shift_id": first["id"]})["state"] == "CANCELLED"
    assert bench.ask("shift", {"shift_id": moved["id"]})["steward_id"] == STW_STAFF_2
    cancel = {"shift_id": moved["id"], "reason": "站点关闭"}
    assert bench.do("cancel_shift", cancel, version=1)["state"] == "CANCELLED"
    with pytest.raises(StateConflict):
        bench.do("cancel_shift", cancel, version=2)
    bench.fire("2025-03-11T09:00:00")
    begun = bench.ask("shifts", span | {"steward_id": STW_STAFF})["items"]
    begun = next(one for one in begun if one["start"].startswith("2025-03-11"))
    with pytest.raises(StateConflict):
        staffed.cadre().do("cancel_shift", {"shift_id": begun["id"], "reason": "太晚了"}, version=1)


def test_two_stewards_swap_what_both_agree_to(staffed):
    mine = staffed.shift(STW_STAFF, "2025-03-10T08:00", "2025-03-10T20:00")
    theirs = staffed.shift(STW_STAFF_2, "2025-03-11T08:00", "2025-03-11T20:00")
    ask = {"shift_id": mine["id"], "to_steward": STW_STAFF_2, "for_shift": theirs["id"]}
    with pytest.raises(NotFound):
        staffed.by(STAFF_2).do("ask_swap", ask)
    elsewhere = {"shift_id": mine["id"], "to_steward": _other_grid(staffed)}
    with pytest.raises(errors.NotMyGrid):
        staffed.by(STAFF).do("ask_swap", elsewhere)
    swap = staffed.by(STAFF).do("ask_swap", ask)
    answer = {"swap_id": swap["id"], "agrees": True}
    with pytest.raises(NotFound):
        staffed.by(STAFF).do("answer_swap", answer, version=1)
    with pytest.raises(desk.SwapStands):
        staffed.by(STAFF).do("ask_swap", ask)
    other = {"shift_id": theirs["id"], "to_steward": STW_STAFF, "for_shift": mine["id"]}
    again = staffed.by(STAFF_2).do("ask_swap", other)
    assert staffed.by(STAFF_2).do("answer_swap", answer, version=1)["state"] == "AGREED"
    held = {one["id"]: one["steward_id"] for one in _march(staffed)}
    assert (held[mine["id"]], held[theirs["id"]]) == (STW_STAFF_2, STW_STAFF)
    # What else was asked of them has ended; nobody outside reads it.
    states = {one["id"]: one["state"] for one in staffed.by(STAFF).ask("shift_swaps", {})["items"]}
    assert states == {swap["id"]: "AGREED", again["id"]: "ENDED"}
    assert staffed.by(POLICE).ask("shift_swaps", {})["items"] == []
    back = staffed.by(STAFF_2).do("ask_swap", {"shift_id": mine["id"], "to_steward": STW_STAFF})
    refuse = {"swap_id": back["id"], "agrees": False}
    assert staffed.by(STAFF).do("answer_swap", refuse, version=1)["state"] == "REFUSED"
    with pytest.raises(StateConflict):
        staffed.by(STAFF).do("answer_swap", refuse | {"agrees": True}, version=2)


def _other_grid(ground):
    who, post = person_id(61), steward_id(61)
    ground.person(who, "邻工")
    ground.steward(post, who, "PROPERTY_STAFF", (GRID_2,))
    return post


def _march(ground):
    span = {"scope": GRID, "start": "2025-03-03T00:00:00Z", "end": "2025-04-01T00:00:00Z"}
    return ground.cadre().ask("shifts", span)["items"]


def test_a_household_reads_its_full_time_and_its_right_other_stewards(staffed):
    bench = staffed.bench
    home = {"grid": GRID, "building": "3号楼", "room": "502", "household_id": "hh_1"}
    staffed.person(person_id(51), "陈静", **home)
    staffed.person(person_id(52), "何平", **(home | {"building": "4号楼", "household_id": "hh_2"}))
    staffed.steward(HEAD, LI, "BUILDING_HEAD", buildings=["3栋"])
    staffed.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    asked = {"household_id": "hh_1"}
    told = staffed.by(person_id(51), "R_RESIDENT", COMMUNITY).ask("household_stewards", asked)
    full = {one["steward_id"]: one["on_shift"] for one in told["full_time"]}
    assert full == {STW_CADRE: False, STW_GRID: False, STW_STAFF: True, STW_STAFF_2: False}
    assert [one["duty"] for one in told["part_time"]] == ["POLICE", "BUILDING_HEAD"]
    assert {one["duty"] for one in told["missing"]} == set(DUTIES[5:])
    assert told["full_time"][0]["duty_zh"] == "社区两委"
    # Another building has no head of its own.
    other = staffed.cadre().ask("household_stewards", {"household_id": "hh_2"})
    assert [one["duty"] for one in other["part_time"]] == ["POLICE"]
    with pytest.raises(NotFound):
        staffed.by(person_id(51), "R_RESIDENT", COMMUNITY).ask(
            "household_stewards", {"household_id": "hh_2"}
        )
    # Later one has left and the family has moved; the day before is told as it was.
    bench.fire("2025-03-20T09:00:00")
    before = "2025-03-19T09:00:00+08:00"
    row = staffed.cadre().ask("steward", {"steward_id": STW_STAFF_2})
    leave = {"steward_id": STW_STAFF_2, "reason": "调离"}
    staffed.cadre().do("leave_steward", leave, version=row["version"])
    move = {"person_id": person_id(51), "to_grid": GRID_2, "household_id": "hh_1"}
    staffed.cadre().do("move_person", move, version=1)
    now = staffed.cadre().ask("household_stewards", asked)
    assert (now["grid"], {one["steward_id"] for one in now["full_time"]}) == (GRID_2, {STW_CADRE})
    then = staffed.cadre().ask("household_stewards", asked | {"at": before})
    assert (then["grid"], len(then["full_time"])) == (GRID, 4)


def test_what_will_be_missing_is_told_before_it_is(staffed):
    ahead = {"scope": COMMUNITY, "days": 2}
    staffed.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    staffed.shift(STW_STAFF_2, "2025-03-03T20:10", "2025-03-04T08:00")
    grid, other = staffed.cadre().ask("gaps_ahead", ahead)["items"]
    assert (grid["grid"], grid["first_gap"]) == (GRID, f"2025-03-04T00:00:00{UTC}")
    assert grid["uncovered_minutes"] == 25 * 60
    assert other["uncovered_minutes"] == 48 * 60
    assert {one["duty"] for one in grid["missing"]} == set(DUTIES[4:])
    bench = staffed.bench
    bench.fire("2025-03-20T09:00:00")
    row = staffed.cadre().ask("steward", {"steward_id": STW_POLICE})
    leave = {"steward_id": STW_POLICE, "reason": "调离"}
    staffed.cadre().do("leave_steward", leave, version=row["version"])
    (grid, _other) = staffed.cadre().ask("gaps_ahead", ahead)["items"]
    since = {one["duty"]: one["since"][:10] for one in grid["missing"]}
    assert (since["POLICE"], since["GAS"]) == ("2025-03-20", "2025-03-03")


def test_a_board_that_says_vacant_by_itself_waives_nothing(staffed):
    """T1-1: when the only one of a duty left, the gap report lost the gap."""
    reasons = dict.fromkeys(DUTIES[4:], "本网格无此岗位")
    staffed.cadre().do("publish_board", {"grid": GRID, "reasons": reasons})
    ahead = {"scope": COMMUNITY, "days": 1}

    def missing():
        (grid, _other) = staffed.cadre().ask("gaps_ahead", ahead)["items"]
        return {one["duty"] for one in grid["missing"]}

    assert missing() == set()
    row = staffed.cadre().ask("steward", {"steward_id": STW_POLICE})
    leave = {"steward_id": STW_POLICE, "reason": "调离"}
    staffed.cadre().do("leave_steward", leave, version=row["version"])
    assert missing() == {"POLICE"}
    found = staffed.cadre().ask("coverage", {"scope": COMMUNITY, "period": "2025-03"})
    (grid,) = [one for one in found["items"] if one["grid"] == GRID]
    assert (grid["duties"]["part"], grid["duties"]["whole"]) == (3, 4)


def test_a_backup_takes_over_when_a_post_is_suspended(staffed):
    row = staffed.cadre().ask("steward", {"steward_id": STW_STAFF})
    for backup in (STW_STAFF, "stw_nobody"):
        with pytest.raises(Invalid):
            staffed.cadre().do(
                "correct_steward",
                {"steward_id": STW_STAFF, "reason": "定备岗", "backup": backup},
                version=row["version"],
            )
    correct = {"steward_id": STW_STAFF, "reason": "定备岗", "backup": STW_STAFF_2}
    after = staffed.cadre().do(
        "correct_steward", correct | {"weekly_hours": 40}, version=row["version"]
    )
    card = staffed.cadre().ask("steward", {"steward_id": STW_STAFF})
    assert (card["weekly_hours"], card["backup"]) == (40, STW_STAFF_2)
    # Only the one who is on shift gets it; the backup takes it over though off duty.
    staffed.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    request = staffed.submit(who=WANG)
    assert request["handler"] == STW_STAFF
    # Without a backup it would go to this one, who is on shift.
    staffed.steward(HEAD, LI, "PROPERTY_STAFF")
    staffed.shift(HEAD, "2025-03-03T08:00", "2025-03-03T20:00")
    suspend = {"steward_id": STW_STAFF, "reason": "病假"}
    done = staffed.cadre(OTHER_CADRE).do("suspend_steward", suspend, version=after["version"])
    assert done["handed_over"] == 1
    card = staffed.cadre().ask("request", {"request_id": request["id"]})
    assert card["handler"] == STW_STAFF_2


def test_no_shift_is_offered_twice_to_oneself_or_planned_where_nobody_can_sit(staffed):
    """Each of these was taken: a swap with oneself, two for one shift, 24 h by a slip, 2035, the past."""
    staffed.shift(STW_STAFF, "2025-03-12T08:00", "2025-03-12T20:00")
    (row,) = staffed.bench.rows("SELECT shift_id FROM shifts")
    offer = {"shift_id": row["shift_id"]}

    def mine():
        return staffed.by(STAFF)

    with pytest.raises(desk.SwapWithSelf):
        mine().do("ask_swap", offer | {"to_steward": STW_STAFF})
    swap = mine().do("ask_swap", offer | {"to_steward": STW_STAFF_2})
    with pytest.raises(desk.SwapStands):
        mine().do("ask_swap", offer | {"to_steward": STW_STAFF_2})
    back = {"swap_id": swap["id"], "agrees": False}
    assert mine().do("answer_swap", back, version=1)["state"] == "WITHDRAWN"
    assert mine().do("ask_swap", offer | {"to_steward": STW_STAFF_2})["state"] == "ASKED"
    week = {"grid": GRID, "first": "2025-03-10", "last": "2025-03-16"}
    with pytest.raises(errors.BadSpan):
        staffed.cadre().do("plan_shifts", week | {"lines": [line(STW_STAFF, end="08:00")]})
    move = {"shift_id": row["shift_id"], "reason": "调休"}
    gone = move | {"start": "2025-03-02T08:00:00+08:00", "end": "2025-03-02T20:00:00+08:00"}
    with pytest.raises(desk.ShiftOver):
        staffed.cadre().do("move_shift", gone, version=1)
    with pytest.raises(desk.TooFarAhead):
        staffed.shift(STW_STAFF, "2035-03-05T08:00", "2035-03-05T20:00")
    assert staffed.shift(STW_STAFF, "2026-03-03T08:00", "2026-03-03T20:00")["state"] == "PLANNED"
