"""Plans of visits: whom, who is due, what stewards of an area have done, who was not visited."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    OTHER_CADRE,
    STAFF,
    STW_GRID,
    STW_STAFF,
    WANG,
    person_id,
)
from fivered.services.steward.tests.test_told import told

OLD, NEAR, FAR = person_id(61), person_id(62), person_id(63)
MONTH = {"period": "2025-03"}


@pytest.fixture
def staffed(ground):
    ground.staff()
    ground.person(OLD, "陈奶奶", birth_year=1940, grid=GRID, building="3号楼", room="502")
    ground.person(NEAR, "何小平", birth_year=1990, grid=GRID, household_id="hh_1")
    ground.person(FAR, "周小远", birth_year=1990, grid=GRID_2, household_id="hh_2")
    return ground


def plan(lines, steward=STW_GRID, **more):
    return {"steward_id": steward, "lines": lines} | MONTH | more


def visit(number, **more):
    return {"client_id": number, "grid": GRID, "purpose": "ROUTINE",
            "occurred_at": "2025-03-03T08:00:00+08:00"} | more  # fmt: skip


@pytest.mark.covers("S16")
def test_a_month_is_planned_shows_who_is_due_and_what_was_done(staffed):
    worker, cadre = (GRID_WORKER, "R_STEWARD", GRID), (OTHER_CADRE, "R_CADRE", COMMUNITY)
    lines = [
        {"person_id": OLD, "care": "ELDERLY", "times": 2}, {"household_id": "hh_1"},
        {"household_id": "hh_2"}, {"person_id": "per_nobody"}, {}, {"household_id": "hh_none"},
    ]  # fmt: skip
    made = staffed.by(*cadre).do("plan_visits", plan(lines))
    assert [one["result"] for one in made["items"]] == [
        "planned", "planned", "NOT_MY_GRID", "UNKNOWN_PERSON", "VALIDATION", "VALIDATION",
    ]  # fmt: skip
    assert (made["planned"], made["refused"]) == (2, 4)
    assert made["items"][2]["message_zh"]
    assert told(staffed.bench, STW_GRID) == {"VISITS_PLANNED": [GRID_WORKER]}
    # The steward's own call changes nothing, and tells nobody.
    again = staffed.by(*worker).do("plan_visits", plan(lines[:2]))
    assert (again["planned"], again["unchanged"]) == (0, 2)
    assert told(staffed.bench, STW_GRID) == {"VISITS_PLANNED": [GRID_WORKER]}

    def lines_of(who=worker, **asked):
        return staffed.by(*who).ask("visit_plans", asked)["items"]

    due = lines_of(state="DUE")
    assert [(one["person_id"], one["household_id"], one["visited"]) for one in due] == [
        (OLD, None, 0), (None, "hh_1", 0),
    ]  # fmt: skip
    assert (due[0]["care_zh"], due[0]["due_at"]) == ("老年人", "2025-03-31T16:00:00+00:00")
    staffed.by(*worker).do("record_visits", {"items": [
        visit("a", person_id=OLD), visit("b", household_id="hh_1", person_id=NEAR),
    ]})  # fmt: skip
    assert [one["person_id"] for one in lines_of(state="DUE")] == [OLD]
    assert [one["household_id"] for one in lines_of(state="DONE")] == ["hh_1"]
    staffed.by(*worker).do("record_visits", {"items": [visit("c", person_id=OLD, concern={
        "category": "ELDERLY_CARE", "text": "希望申请助餐"})]})  # fmt: skip
    assert lines_of(state="DUE") == []
    (old, _) = lines_of(cadre, scope=COMMUNITY, **MONTH)
    assert (old["visited"], old["state"]) == (2, "DONE")
    # A cadre sees every steward's month.
    months = staffed.by(*cadre).ask("visit_months", {"scope": COMMUNITY} | MONTH)["items"]
    mine = next(one for one in months if one["steward_id"] == STW_GRID)
    assert [mine[n] for n in ("planned", "done", "visits", "visit_quota", "concerns")] == [
        2, 2, 3, 60, 1,
    ]  # fmt: skip
    assert len(months) == 5
    # One line is taken out, the rest is planned again for the next month.
    gone = {"plan_id": due[1]["id"], "reason": "已搬离"}
    assert staffed.by(*worker).do("remove_visit", gone, version=1)["state"] == "REMOVED"
    with pytest.raises(StateConflict):
        staffed.by(*worker).do("remove_visit", gone, version=2)
    months = {"steward_id": STW_GRID, "from_period": "2025-03", "to_period": "2025-04"}
    assert staffed.by(*worker).do("copy_visits", months)["planned"] == 1
    assert [one["person_id"] for one in lines_of(period="2025-04")] == [OLD]
    assert [one["state"] for one in lines_of(state="REMOVED")] == ["REMOVED"]
    for period in ("2025-02", "2026-04"):
        with pytest.raises(Invalid):
            staffed.by(*worker).do("plan_visits", plan(lines[:1], period=period))
    with pytest.raises(NotFound):
        staffed.by(*worker).do("copy_visits", months | {"from_period": "2025-01"})


def test_a_plan_is_nobody_elses_business(staffed):
    staffed.by(GRID_WORKER).do("plan_visits", plan([{"person_id": OLD}]))
    (line,) = staffed.by(GRID_WORKER).ask("visit_plans", {})["items"]
    # Another steward, a cadre of elsewhere.
    others = [(STAFF, "R_STEWARD", GRID), (WANG, "R_CADRE", "370811015902")]
    for who in others:
        bench = staffed.by(*who)
        assert bench.ask("visit_plans", {})["items"] == []
        for asked in ({"steward_id": STW_GRID}, {"scope": GRID}):
            with pytest.raises((NotFound, RoleDenied)):
                bench.ask("visit_plans", asked)
        with pytest.raises(NotFound):
            bench.ask("visit_plan", {"plan_id": line["id"]})
        with pytest.raises(NotFound):
            bench.do("remove_visit", {"plan_id": line["id"], "reason": "不相关"}, version=1)
        with pytest.raises(NotFound):
            bench.do("plan_visits", plan([{"person_id": OLD}]))
    assert staffed.by(STAFF).do("plan_visits", plan([{"person_id": OLD}], STW_STAFF))["planned"]
    with pytest.raises(RoleDenied):
        staffed.by(WANG, "R_CADRE", "370811015902").ask("visit_months", {"scope": GRID} | MONTH)


def test_who_was_not_visited_is_found_by_age_and_by_being_new(staffed):
    def names(**asked):
        bench = staffed.by(OTHER_CADRE, "R_CADRE", COMMUNITY)
        return {one["name"] for one in bench.ask("not_visited", {"grid": GRID} | asked)["items"]}

    assert names(care="ELDERLY") == {"陈奶奶"}
    assert names() == {"王小丽", "陈奶奶", "何小平"}
    (old,) = staffed.cadre().ask("not_visited", {"grid": GRID, "care": "ELDERLY"})["items"]
    assert (old["building"], old["room"], old["last_visit"]) == ("3号楼", "502", None)
    items = [visit("a", person_id=OLD), visit("b", household_id="hh_1")]
    staffed.by(GRID_WORKER).do("record_visits", {"items": items})
    assert names() == {"王小丽"}
    assert names(since="2025-03-04") == {"王小丽", "陈奶奶", "何小平"}
    staffed.bench.at("2025-07-03T09:00:00")
    assert names(care="NEWCOMER") == set()
    # Whom an official found so is noted.
    reads = staffed.bench.rows("select person_id from person_reads where door = 'not_visited'")
    assert OLD in {row["person_id"] for row in reads}
    with pytest.raises(RoleDenied):
        staffed.by(WANG, "R_CADRE", "370811015902").ask("not_visited", {"grid": GRID})
