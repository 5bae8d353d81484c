"""A danger from its report until somebody sees that it is gone: looked at in time or told upwards."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    SECOND,
    STREET_SCOPE,
    WANG,
)
from fivered.services.steward.tests.test_told import told

DANGER = {"category": "REPAIR_COMMON", "grid": GRID, "place": "3 号楼北侧窨井盖破损"}
LEVELS = (
    ("GRID", GRID, CADRE),
    ("COMMUNITY", COMMUNITY, OTHER_CADRE),
    ("STREET", STREET_SCOPE, LI),
)


@pytest.fixture
def staffed(ground):
    ground.bench.at("2025-03-03T09:00:00")
    ground.staff()
    for number, (kind, target, who) in enumerate(LEVELS):
        data = {"link_id": f"lnk_{number}", "official_id": f"off_{number}", "person_id": who,
                "target_kind": kind, "target": target, "since": "2025-01-01"}  # fmt: skip
        ground.bench.consume("forum", "liaison_assigned.v1", data, subject=f"lnk_{number}")
    return ground


def cadre(ground, step, version, **more):
    return ground.by(OTHER_CADRE, "R_CADRE", COMMUNITY).do(step, more, version=version)


def request_of(ground, reply):
    rows = ground.bench.rows(
        "select request_id as id, version from requests where request_id = :i",
        i=reply["request_id"],
    )
    return dict(rows[0])


@pytest.mark.covers("S16")
def test_who_looks_at_dangers_is_told_and_the_next_level_when_nobody_looks(staffed):
    made = staffed.by(WANG, "R_RESIDENT", COMMUNITY).do("report_hazard", DANGER)
    one = {"hazard_id": made["id"]}

    def card():
        return staffed.by(OTHER_CADRE, "R_CADRE", COMMUNITY).ask("hazard", one)

    assert told(staffed.bench, made["id"]) == {"HAZARD_REPORTED": [CADRE, GRID_WORKER]}
    assert (card()["look_due"], card()["level"]) == ("2025-03-04T01:00:00+00:00", 0)
    for day, (_, _, who) in enumerate(LEVELS, 4):
        staffed.bench.fire(f"2025-03-0{day}T09:00:01")
        assert told(staffed.bench, made["id"])["HAZARD_OVERDUE"][-1] == who
        assert card()["level"] == day - 3
    staffed.bench.fire("2025-03-09T09:00:01")
    assert len(told(staffed.bench, made["id"])["HAZARD_OVERDUE"]) == 3
    # One that is looked at in time goes no further.
    staffed.bench.at("2025-03-10T09:00:00")
    other = staffed.by(WANG, "R_RESIDENT", COMMUNITY).do("report_hazard", DANGER)
    cadre(staffed, "verify_hazard", 1, hazard_id=other["id"], verified=False)
    staffed.bench.fire("2025-03-12T09:00:00")
    assert "HAZARD_OVERDUE" not in told(staffed.bench, other["id"])


@pytest.mark.covers("S16")
def test_a_mended_danger_is_looked_at_by_somebody_else_and_done_again_where_it_is_not_gone(staffed):
    made = staffed.by(WANG, "R_RESIDENT", COMMUNITY).do("report_hazard", DANGER)
    found = cadre(staffed, "verify_hazard", 1, hazard_id=made["id"], verified=True)
    one = {"hazard_id": made["id"]}
    look = {"mended": True, "note": "现场查看"} | one

    def listed(mending):
        asked = {"mending": mending}
        bench = staffed.by(OTHER_CADRE, "R_CADRE", COMMUNITY)
        return [row["id"] for row in bench.ask("hazards", asked)["items"]]

    card = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask("hazard", one)
    assert (card["mending"]["state"], card["mending"]["state_zh"]) == ("DISPATCHED", "已派单待接单")
    assert (listed("UNDER_WAY"), listed("TO_CHECK"), listed("LATE")) == ([made["id"]], [], [])
    with pytest.raises(StateConflict):
        cadre(staffed, "check_mended", 2, **look)
    request = request_of(staffed, found)
    handler = staffed.handler_of(request)
    staffed.resolved(request)
    assert (listed("UNDER_WAY"), listed("TO_CHECK")) == ([], [made["id"]])
    with pytest.raises(errors.RecorderConfirms):
        staffed.by(handler, "R_GRID", GRID).do("check_mended", look, version=2)
    with pytest.raises(errors.SelfConfirm):
        staffed.by(WANG, "R_CADRE", COMMUNITY).do("check_mended", look, version=2)
    # It is not gone: done again, under the same number.
    again = cadre(staffed, "check_mended", 2, **look | {"mended": False})
    assert again["request_id"] == found["request_id"]
    assert listed("UNDER_WAY") == [made["id"]]
    assert told(staffed.bench)["REQ_REOPENED"] == [WANG]
    staffed.resolved(request_of(staffed, found))
    done = staffed.by(SECOND, "R_STREET", STREET_SCOPE).do("check_mended", look, version=3)
    assert done["state"] == "MENDED"
    assert told(staffed.bench, made["id"])["HAZARD_MENDED"] == [WANG]
    card = staffed.by(WANG, "R_RESIDENT", COMMUNITY).ask("hazard", one)
    assert (card["state"], card["mended_by"]) == ("MENDED", SECOND)
    assert listed("TO_CHECK") == []
    with pytest.raises(StateConflict):
        cadre(staffed, "check_mended", 4, **look)
