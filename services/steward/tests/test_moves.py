"""Residents and stewards who move to another street in the middle of a month."""

import pytest

from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    OTHER_CADRE,
    STAFF,
    STW_GRID,
    STW_STAFF,
    WANG,
    Ground,
    person_id,
)
from fivered.services.steward.tests.test_reveals import reveal

FAR = "370811016901"
FAR_GRID = FAR + "001"
PHONE = "12812345678"


def two_streets_stage(bench):
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    bench = ground.bench.as_("R_DISTRICT")
    for code, kind in ((FAR, "COMMUNITY"), (FAR_GRID, "GRID")):
        bench.do("define_area", {"code": code, "name": "远处", "kind": kind})


@pytest.fixture
def two_streets(ground):
    return ground.staged(two_streets_stage)


def move(ground, who=WANG, grid=FAR_GRID, version=1):
    order = {"person_id": who, "to_grid": grid}
    return ground.bench.as_("R_DISTRICT").do("move_person", order, version=version)


def months(ground, period="2025-03"):
    said = [e for e in ground.bench.published("month_measured.v1") if e["period"] == period]
    return {
        name: [row for marker in said for row in marker["data"][name]]
        for name in ("communities", "stewards")
    }


def test_a_resident_s_open_request_and_hours_stay_where_they_are_and_stay_his(two_streets):
    ground = two_streets
    reply = ground.submit()
    hours = {"person_id": WANG, "minutes": 60, "source": "QR", "date": "2025-03-02",
             "activity": "清雪"}  # fmt: skip
    made = ground.cadre(CADRE).do("record_hours", hours)
    move(ground)
    done = ground.resolved(reply)
    assert ground.by(WANG, "R_RESIDENT", FAR).do(
        "rate_request", {"request_id": done["id"], "stars": 5, "solved": True}
    )["state"] == "RATED"  # fmt: skip
    order = {"record_id": made["id"], "minutes": 60}
    ground.cadre(OTHER_CADRE).do("confirm_hours", order, version=1)
    new = ground.by(CHEN, "R_CADRE", FAR).do("record_hours", hours | {"date": "2025-03-03"})
    order = {"record_id": new["id"], "minutes": 60}
    ground.by(CADRE, "R_CADRE", FAR).do("confirm_hours", order, version=1)
    ground.bench.fire("2025-04-03T00:00:00")
    rows = {row["community"]: row for row in months(ground)["communities"]}
    assert (rows[COMMUNITY]["requests"], rows[COMMUNITY]["hours_minutes"]) == (1, 60)
    assert (rows[FAR]["requests"], rows[FAR]["hours_minutes"]) == (0, 60)


def test_who_was_written_for_and_then_moved_is_still_called_back(two_streets):
    """His handler saw a masked name from the day of the move on, and could not call."""
    ground = two_streets
    body = {
        "channel": "PHONE", "kind": "REPAIR", "category": "REPAIR_COMMON", "grid": GRID,
        "text": "楼道灯不亮", "reporter_id": WANG,
    }  # fmt: skip
    ground.cadre().do("submit_request", body)
    move(ground)
    assert reveal(ground, STAFF)["value"] == PHONE
    assert ground.by(STAFF).ask("people_cards", {"ids": [WANG]})["items"][0]["name"] == "王小丽"


def regrid(ground, steward, *grids, version=1, **more):
    order = {"steward_id": steward, "grids": list(grids), "reason": "调往他处"} | more
    return ground.bench.as_("R_DISTRICT").do("correct_steward", order, version=version)


def test_a_steward_who_is_moved_leaves_his_cases_and_shifts_behind(two_streets):
    """His cases stayed with him two streets away, and boards showed him on shift there."""
    ground = two_streets
    first, second = ground.submit(), ground.submit()
    ground.step("accept_request", first, STAFF)
    assert {first["handler"], second["handler"]} == {STW_STAFF}
    ground.shift(STW_STAFF, "2025-03-04T08:00", "2025-03-04T20:00")
    moved = regrid(ground, STW_STAFF, FAR_GRID)
    assert moved["handed_over"] == 2
    for reply in (first, second):
        now = ground.cadre().ask("request", {"request_id": reply["id"]})
        assert (now["state"], now["handler"] == STW_STAFF) == ("DISPATCHED", False)
        assert now["due_resolve"] == reply["due_resolve"]
    assert ground.bench.ask("duty_board", {"grid": GRID})["covered"] is False
    left = ground.by(STAFF).ask("shifts", {"steward_id": STW_STAFF})["items"]
    assert [shift["end"] for shift in left] == ["2025-03-03T01:00:00+00:00"]
    # Within his community they stay with him.
    third = ground.submit(category="NOISE")
    assert third["handler"] == STW_GRID
    assert regrid(ground, STW_GRID, GRID_2)["handed_over"] == 0
    assert ground.cadre().ask("request", {"request_id": third["id"]})["handler"] == STW_GRID


def test_a_moved_steward_s_month_is_one_and_lies_where_he_ends(two_streets):
    ground = two_streets
    reply = ground.submit()
    ground.step("accept_request", reply, STAFF)
    regrid(ground, STW_STAFF, FAR_GRID)
    ground.bench.fire("2025-04-03T00:00:00")
    (row,) = [row for row in months(ground)["stewards"] if row["steward_id"] == STW_STAFF]
    assert (row["community"], row["orders"], row["accepted_on_time"]) == (FAR, 1, 1)


def test_who_serves_in_two_communities_is_on_the_roster_of_each(two_streets):
    """The second community's roster lacked its police, and a grid's was always empty."""
    ground = two_streets

    def listed(who, role, scope, **asked):
        found = ground.by(who, role, scope).ask("stewards", {"scope": scope} | asked)["items"]
        return {item["id"]: item["person_id"] for item in found}

    assert STW_GRID in listed(GRID_WORKER, "R_GRID", GRID)
    regrid(ground, STW_GRID, GRID, FAR_GRID)
    cadres = ((OTHER_CADRE, COMMUNITY), (CHEN, FAR))
    for who, scope in cadres:
        assert listed(who, "R_CADRE", scope, duty="GRID_WORKER") == {STW_GRID: GRID_WORKER}
        card = ground.by(who, "R_CADRE", scope).ask("steward", {"steward_id": STW_GRID})
        assert card["person_id"] == GRID_WORKER
    assert STW_GRID not in listed(OTHER_CADRE, "R_CADRE", GRID_2)


def test_a_device_brings_what_it_noted_before_the_move(two_streets):
    """F16: NOT_MY_GRID, and the visits of half a month were lost."""
    ground = two_streets
    ground.bench.at("2025-03-15T09:00:00")
    regrid(ground, STW_GRID, FAR_GRID)
    ground.bench.at("2025-03-16T09:00:00")
    items = [
        {"client_id": name, "grid": grid, "purpose": "ELDERLY_CARE", "occurred_at": f"{at}+08:00"}
        for name, grid, at in (
            ("a", GRID, "2025-03-14T09:00:00"),
            ("b", GRID, "2025-03-15T10:00:00"),
            ("c", FAR_GRID, "2025-03-15T11:00:00"),
        )
    ]
    found = ground.by(GRID_WORKER).do("record_visits", {"items": items})["items"]
    assert [item["result"] for item in found] == ["stored", "NOT_MY_GRID", "stored"]


def test_nobody_moves_a_household_member_where_nobody_of_it_lives(two_streets):
    ground = two_streets
    ground.person(CHEN, "陈静", grid=GRID, household_id="hh_c")
    order = {"person_id": WANG, "to_grid": FAR_GRID, "household_id": "hh_c"}
    with pytest.raises(errors.HouseholdElsewhere):
        ground.bench.as_("R_DISTRICT").do("move_person", order, version=1)


def test_a_move_to_where_one_lives_changes_nothing(two_streets):
    """H6-10: it made a version, an event and a line of history."""
    ground = two_streets
    answer = move(ground, grid=GRID)
    assert (answer["version"], ground.bench.published("resident_moved.v1")) == (1, [])
    assert ground.cadre().ask("person_history", {"person_id": WANG})["items"] == []
    assert move(ground)["version"] == 2


@pytest.mark.parametrize("way", ["move", "correct"])
def test_a_shared_phone_stays_with_the_household_that_is_left(two_streets, way):
    """H6-9: two households had one number, which registering and correcting refuse."""
    ground = two_streets
    both = [person_id(61), person_id(62)]
    for who, name in zip(both, ("陈静", "陈明"), strict=True):
        ground.person(who, name, grid=GRID, household_id="hh_c", phone="12800000061")
    order = {"person_id": both[0]}

    def leave(version, household=None):
        if way == "move":
            more = {"to_grid": GRID_2} | ({"household_id": household} if household else {})
            return ground.bench.as_("R_DISTRICT").do("move_person", order | more, version=version)
        more = {"household_id": household} if household else {"clear": ["household_id"]}
        more["reason"] = "分户"
        return ground.bench.as_("R_DISTRICT").do("correct_person", order | more, version=version)

    for household in (None, "hh_d"):
        with pytest.raises(errors.PhoneTaken) as refused:
            leave(1, household)
        assert refused.value.field == "household_id"
    gives = order | {"clear": ["phone"], "reason": "号码留给原住户"}
    ground.bench.as_("R_DISTRICT").do("correct_person", gives, version=1)
    assert leave(2, "hh_d")["version"] == 3


def test_a_household_with_one_phone_moves_one_after_the_other(two_streets):
    ground = two_streets
    for number, name in ((61, "陈静"), (62, "陈明")):
        ground.person(person_id(number), name, grid=GRID, household_id="hh_c", phone="12800000061")
    for number in (61, 62):
        order = {"person_id": person_id(number), "to_grid": FAR_GRID, "household_id": "hh_c"}
        done = ground.bench.as_("R_DISTRICT").do("move_person", order, version=1)
        assert done["version"] == 2


def coverage(ground, scope, period):
    asked = {"scope": scope, "period": period}
    found = ground.bench.as_("R_DISTRICT").ask("coverage", asked)["items"]
    return {row["grid"]: row["full_time_stewards"] for row in found}


def test_a_month_before_the_move_is_shown_as_it_was(two_streets):
    """M-20: the grid that he left had never had him, and the other one always."""
    ground = two_streets
    ground.bench.at("2025-04-10T09:00:00")
    assert coverage(ground, COMMUNITY, "2025-03") == {GRID: 4, GRID_2: 1}
    regrid(ground, STW_GRID, GRID_2)
    regrid(ground, STW_GRID, FAR_GRID, version=2)
    regrid(ground, STW_STAFF, FAR_GRID)
    assert coverage(ground, COMMUNITY, "2025-03") == {GRID: 4, GRID_2: 1}
    assert coverage(ground, FAR, "2025-03") == {FAR_GRID: 0}
    assert coverage(ground, COMMUNITY, "2025-04") == {GRID: 2, GRID_2: 1}
    assert coverage(ground, FAR, "2025-04") == {FAR_GRID: 2}
