"""A person who records something does not confirm it; and what waits for somebody can be found."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    STAFF,
    STW_CADRE,
    STW_GRID,
    STW_STAFF,
    WANG,
    person_id,
)

STREET = "370811015"


def hours(ground, who, role="R_CADRE", scope=COMMUNITY, **more):
    body = {
        "person_id": WANG, "minutes": 60, "source": "QR", "date": "2025-03-01", "activity": "清雪",
    } | more  # fmt: skip
    return ground.by(who, role, scope).do("record_hours", body)


def confirm(ground, reply, who, role="R_CADRE", minutes=60):
    order = {"record_id": reply["id"], "minutes": minutes}
    return ground.by(who, role, COMMUNITY).do("confirm_hours", order, version=reply["version"])


@pytest.mark.parametrize("role", ["R_STEWARD", "R_GRID", "R_CADRE", "R_SECRETARY"])
def test_who_recorded_hours_does_not_confirm_them_nor_make_them_more(ground, role):
    """SEC-M4: one steward recorded and confirmed 14 x 480 minutes for a friend in a minute."""
    made = hours(ground, CADRE)
    with pytest.raises(errors.RecorderConfirms):
        confirm(ground, made, CADRE, role)
    done = confirm(ground, made, OTHER_CADRE)
    more = {"record_id": made["id"], "minutes": 480, "reason": "多算一些"}
    with pytest.raises(errors.RecorderConfirms):
        ground.cadre(CADRE).do("correct_hours", more, version=done["version"])
    less = more | {"minutes": 30}
    assert ground.cadre(CADRE).do("correct_hours", less, version=done["version"])["minutes"] == 30


def test_who_works_in_one_grid_confirms_the_hours_of_who_lives_there(ground):
    """The list of a grid was always empty, and what a grid worker of one had recorded was denied."""
    mine, other = hours(ground, CADRE), hours(ground, CADRE, person_id=LI)
    asked = {"scope": GRID}
    for who, role, scope in (
        (OTHER_CADRE, "R_CADRE", COMMUNITY),
        (GRID_WORKER, "R_GRID", GRID),
    ):
        (waiting,) = ground.by(who, role, scope).ask("volunteer_hours", asked)["items"]
        assert waiting["id"] == mine["id"]
    worker = lambda: ground.by(GRID_WORKER, "R_GRID", GRID)  # noqa: E731  acts when it is called
    assert worker().ask("volunteer_record", {"record_id": mine["id"]})["minutes"] == 60
    with pytest.raises(NotFound):
        worker().ask("volunteer_record", {"record_id": other["id"]})
    for record, refused in ((mine, False), (other, True)):
        order = {"record_id": record["id"], "minutes": 60}
        if refused:
            with pytest.raises(NotFound):
                worker().do("confirm_hours", order, version=1)
        else:
            assert worker().do("confirm_hours", order, version=1)["state"] == "CONFIRMED"


def test_hours_that_wait_are_listed_for_the_community_and_read_one_by_one(ground):
    """SP-D17: a person who had to confirm had to be told the id."""
    first, second = hours(ground, CADRE), hours(ground, CADRE, person_id=LI)
    confirm(ground, second, OTHER_CADRE)
    asked = {"scope": COMMUNITY}
    (waiting,) = ground.cadre().ask("volunteer_hours", asked)["items"]
    assert (waiting["id"], waiting["state"], waiting["version"]) == (first["id"], "RECORDED", 1)
    assert waiting["recorded_by"] == CADRE
    done = ground.cadre().ask("volunteer_hours", asked | {"state": "CONFIRMED"})["items"]
    assert [item["id"] for item in done] == [second["id"]]
    with pytest.raises(RoleDenied):
        ground.by(person_id(9), "R_PARTNER", COMMUNITY).ask("volunteer_hours", asked)
    with pytest.raises(RoleDenied):
        ground.by(CADRE, "R_CADRE", "370811015902").ask("volunteer_hours", asked)
    one = {"record_id": first["id"]}
    assert ground.by(WANG, "R_RESIDENT", COMMUNITY).ask("volunteer_record", one)["minutes"] == 60
    with pytest.raises(NotFound):
        ground.by(LI, "R_RESIDENT", COMMUNITY).ask("volunteer_record", one)


# --------------------------------------------------------------------------------------------------
# Hazards


def hazard(ground, who=WANG, role="R_RESIDENT", scope=COMMUNITY, **more):
    body = {"category": "FIRE_LANE", "grid": GRID, "place": "3 号楼东侧", "media": ["m1"]} | more
    return ground.by(who, role, scope).do("report_hazard", body)


def verify(ground, reply, who, *, verified=True, role="R_GRID", scope=GRID):
    order = {"hazard_id": reply["id"], "verified": verified}
    return ground.by(who, role, scope).do("verify_hazard", order, version=1)


def test_who_wrote_a_hazard_down_for_a_friend_does_not_verify_it(ground):
    """SEC-M4: ten points for a friend by one grid worker."""
    made = hazard(ground, GRID_WORKER, "R_GRID", GRID, reporter_id=WANG)
    with pytest.raises(errors.RecorderConfirms):
        verify(ground, made, GRID_WORKER)
    assert verify(ground, made, CADRE, role="R_CADRE", scope=COMMUNITY)["state"] == "TRUE"


def test_those_who_verify_find_and_read_hazards_and_a_reporter_his_own(ground):
    """SP-D17, OP-M2: GET /hazards 405, GET /hazards/{id} 404."""
    mine, other = hazard(ground), hazard(ground, LI, grid=GRID_2)

    def listed(who, role, where, **asked):
        found = ground.by(who, role, where).ask("hazards", asked)["items"]
        return [item["id"] for item in found]

    assert listed(GRID_WORKER, "R_GRID", GRID) == [mine["id"]]
    assert listed(CADRE, "R_CADRE", COMMUNITY) == [mine["id"], other["id"]]
    assert listed(CADRE, "R_CADRE", COMMUNITY, scope=GRID_2) == [other["id"]]
    assert listed(CADRE, "R_CADRE", "370811015902") == []
    assert listed(WANG, "R_RESIDENT", COMMUNITY) == [mine["id"]]
    verify(ground, mine, GRID_WORKER, verified=False)
    assert listed(CADRE, "R_STREET", STREET, state="PENDING") == [other["id"]]
    one = {"hazard_id": mine["id"]}
    seen = ground.by(GRID_WORKER, "R_GRID", GRID).ask("hazard", one)
    assert (seen["place"], seen["media"], seen["state"]) == ("3 号楼东侧", ["m1"], "FALSE")
    for who, role, scope in (
        (LI, "R_RESIDENT", COMMUNITY), (CADRE, "R_GRID", GRID_2), (CADRE, "R_MERCHANT", COMMUNITY),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ground.by(who, role, scope).ask("hazard", one)
    with pytest.raises(RoleDenied):
        ground.by(LI, "R_RESIDENT", COMMUNITY).ask("hazards", {"scope": COMMUNITY})


def test_a_danger_that_is_one_becomes_a_request_and_another_does_not(ground):
    """SP-D17: a verified hazard became no request, and nobody removed it."""
    ground.staff()
    ground.shift(STW_GRID, "2025-03-03T08:00", "2025-03-03T20:00")
    made, wrong = hazard(ground), hazard(ground)
    done = verify(ground, made, GRID_WORKER)
    verify(ground, wrong, GRID_WORKER, verified=False)
    (submitted,) = ground.bench.published("request_submitted.v1")
    assert submitted["data"]["request_id"] == done["request_id"]
    assert (submitted["data"]["kind"], submitted["data"]["category"]) == ("HAZARD", "FIRE_LANE")
    own = ground.by(WANG, "R_RESIDENT", COMMUNITY)
    card = own.ask("request", {"request_id": done["request_id"]})
    assert (card["number"], card["state"]) == (done["request_number"], "DISPATCHED")
    hazard_card = own.ask("hazard", {"hazard_id": made["id"]})
    assert hazard_card["request_id"] == done["request_id"]


# --------------------------------------------------------------------------------------------------
# Shifts


def plan(ground, who, steward, start, end):
    body = {
        "steward_id": steward, "grid": GRID, "place": "红色驿站",
        "start": f"{start}:00+08:00", "end": f"{end}:00+08:00",
    }  # fmt: skip
    return ground.cadre(who).do("plan_shift", body)


def attendance(ground, steward, period="2025-03"):
    asked = {"steward_id": steward, "period": period}
    return ground.bench.as_("R_DISTRICT").ask("steward_month", asked)["attendance_full"]


def test_a_steward_plans_no_shift_of_his_own_for_a_day_that_is_over(ground):
    """SP-D23: 201, and it counted as attendance."""
    ground.staff()
    past = ("2025-02-28T08:00", "2025-02-28T20:00")
    with pytest.raises(errors.PastShift):
        plan(ground, CADRE, STW_CADRE, *past)
    assert plan(ground, OTHER_CADRE, STW_CADRE, *past)["state"] == "PLANNED"


def working_days():
    """March 2025 from the 3rd on; the month began on a Saturday."""
    return [day for day in range(3, 32) if (day - 3) % 7 < 5]


@pytest.mark.parametrize(
    ("planner", "marked_by", "full"),
    [(OTHER_CADRE, None, True), (CADRE, None, False), (CADRE, CADRE, True),
     (CADRE, OTHER_CADRE, True)],
)  # fmt: skip
def test_a_shift_that_one_planned_for_oneself_counts_when_somebody_says_so(
    ground, planner, marked_by, full
):
    """SP-D23: attendance needs another's plan or mark, or a check-in at its time."""
    ground.bench.at("2025-02-20T09:00:00")
    ground.staff()
    made = {}
    for day in working_days():
        span = f"2025-03-{day:02d}T08:00", f"2025-03-{day:02d}T18:00"
        made[day] = plan(ground, planner, STW_CADRE, *span)
    for day in working_days() if marked_by else ():
        ground.bench.fire(f"2025-03-{day:02d}T08:05:00")
        order = {"shift_id": made[day]["id"]}
        ground.cadre(marked_by).do("attend_shift", order, version=1)
    ground.bench.fire("2025-04-01T00:30:00")
    assert attendance(ground, STW_CADRE) is full


def test_one_checks_in_while_the_shift_runs_and_nobody_else_s_steward_does(ground):
    """SP-D23."""
    ground.staff()
    made = plan(ground, OTHER_CADRE, STW_STAFF, "2025-03-03T10:00", "2025-03-03T18:00")
    order = {"shift_id": made["id"]}
    own = lambda: ground.by(STAFF, "R_STEWARD", GRID)  # noqa: E731  the actor is set when it acts
    with pytest.raises(errors.NotNow):
        own().do("attend_shift", order, version=1)
    with pytest.raises(NotFound):
        ground.by(GRID_WORKER, "R_STEWARD", GRID).do("attend_shift", order, version=1)
    ground.bench.at("2025-03-03T18:00:00")
    with pytest.raises(errors.NotNow):
        own().do("attend_shift", order, version=1)
    ground.bench.at("2025-03-03T17:59:00")
    done = own().do("attend_shift", order, version=1)
    assert done["state"] == "ATTENDED"
    with pytest.raises(StateConflict):
        own().do("attend_shift", order, version=2)
    # A person who looked and found nobody there has the last word.
    assert ground.cadre().do("miss_shift", order, version=2)["state"] == "MISSED"


def test_shifts_are_listed_for_those_who_plan_and_a_steward_his_own(ground):
    """OP-M2: an id was needed to mark one as missed, and no list gave it."""
    ground.staff()
    first = ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    second = ground.shift(STW_GRID, "2025-03-04T08:00", "2025-03-04T20:00")

    def listed(who, role, where, **asked):
        found = ground.by(who, role, where).ask("shifts", asked)
        return [item["id"] for item in found["items"]]

    assert listed(OTHER_CADRE, "R_CADRE", COMMUNITY) == [first["id"], second["id"]]
    assert listed(OTHER_CADRE, "R_CADRE", COMMUNITY, steward_id=STW_GRID) == [second["id"]]
    assert listed(OTHER_CADRE, "R_GRID", GRID_2) == []
    assert listed(STAFF, "R_STEWARD", GRID, steward_id=STW_STAFF) == [first["id"]]
    for asked in ({}, {"steward_id": STW_GRID}, {"scope": GRID}):
        with pytest.raises(RoleDenied):
            ground.by(STAFF, "R_STEWARD", GRID).ask("shifts", asked)
    page = ground.cadre().ask("shifts", {"limit": 1})
    rest = ground.cadre().ask("shifts", {"limit": 1, "cursor": page["next"]})
    assert [item["id"] for item in page["items"] + rest["items"]] == [first["id"], second["id"]]
    one = {"shift_id": first["id"]}
    assert ground.by(STAFF, "R_STEWARD", GRID).ask("shift", one)["state"] == "PLANNED"
    with pytest.raises(NotFound):
        ground.by(WANG, "R_RESIDENT", COMMUNITY).ask("shift", one)


# --------------------------------------------------------------------------------------------------
# Visits


def test_a_device_s_number_that_stands_for_another_visit_is_a_conflict(ground):
    """IN-A16: after a reinstall the device counts from 1 again, and the visit was dropped unsaid."""
    ground.staff()
    visit = {
        "client_id": "1", "grid": GRID, "purpose": "ELDERLY_CARE", "findings": ["LIVES_ALONE"],
        "occurred_at": "2025-03-03T08:00:00+08:00",
    }  # fmt: skip
    other = visit | {"occurred_at": "2025-03-03T08:30:00+08:00"}

    def upload(*items):
        found = ground.by(GRID_WORKER).do("record_visits", {"items": list(items)})["items"]
        return [item["result"] for item in found]

    assert upload(visit, visit, other) == ["stored", "duplicate", "conflict"]
    assert upload(visit | {"findings": []}, visit) == ["conflict", "duplicate"]
    assert upload(other | {"client_id": "2"}) == ["stored"]
    asked = {"steward_id": STW_GRID, "period": "2025-03"}
    kept = ground.by(GRID_WORKER).ask("visits", asked)["items"]
    assert [(item["client_id"], item["findings"]) for item in kept] == [
        ("1", ["LIVES_ALONE"]), ("2", ["LIVES_ALONE"]),
    ]  # fmt: skip


def test_nobody_alone_says_that_somebody_died(ground):
    """S11: one cadre's slip ended a resident's rights in every service."""
    order = {"person_id": WANG, "reason": "DECEASED"}
    decide = {"person_id": WANG, "confirmed": True}
    with pytest.raises(NotFound):
        ground.cadre(CADRE).do("decide_death", decide, version=1)
    first = ground.cadre(CADRE).do("deactivate_person", order, version=1)
    assert (first["state"], first["version"]) == ("ACTIVE", 1)
    assert ground.bench.published("resident_deactivated.v1") == []
    assert ground.submit()["id"]
    # Asked once more it is the same proposal; nobody else is answered another's.
    assert ground.cadre(CADRE).do("deactivate_person", order, version=1) == first
    with pytest.raises(StateConflict):
        ground.cadre(OTHER_CADRE).do("deactivate_person", order, version=1)
    with pytest.raises(errors.RecorderConfirms):
        ground.by(CADRE, "R_STREET", STREET).do("decide_death", decide, version=1)
    (waits,) = ground.cadre(OTHER_CADRE).ask("person_deaths", {})["items"]
    assert (waits["id"], waits["person_id"], waits["state"]) == (
        first["death_id"], WANG, "PROPOSED",
    )  # fmt: skip
    gone = ground.by(OTHER_CADRE, "R_STREET", STREET).do("decide_death", decide, version=1)
    assert (gone["state"], gone["version"]) == ("DECEASED", 2)
    (said,) = ground.bench.published("resident_deactivated.v1")
    assert said["data"] == {"person_id": WANG, "reason": "DECEASED"}
    assert ground.cadre().ask("person_deaths", {})["items"] == []


def test_a_death_that_is_none_is_rejected_and_may_be_proposed_again(ground):
    order = {"person_id": WANG, "reason": "DECEASED"}
    ground.cadre(CADRE).do("deactivate_person", order, version=1)
    no = {"person_id": WANG, "confirmed": False}
    assert ground.cadre(OTHER_CADRE).do("decide_death", no, version=1)["state"] == "ACTIVE"
    again = ground.cadre(OTHER_CADRE).do("deactivate_person", order, version=1)
    # Moved out meanwhile, he is not dead here.
    away = {"person_id": WANG, "reason": "MOVED_OUT"}
    ground.cadre(CADRE).do("deactivate_person", away, version=1)
    with pytest.raises(StateConflict):
        ground.cadre(CADRE).do("decide_death", no | {"confirmed": True}, version=2)
    assert ground.cadre(CADRE).do("decide_death", no, version=2)["state"] == "MOVED_OUT"
    listed = ground.cadre().ask("person_deaths", {"state": "REJECTED"})["items"]
    assert again["death_id"] in {one["id"] for one in listed}
