"""Visits to a household or person, what is asked for on them, a community's month; old boards."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.services.steward.rules.routing import DUTIES
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    OTHER_CADRE,
    STAFF,
    STW_CADRE,
    STW_GRID,
    WANG,
    person_id,
)

VISIT = {"grid": GRID, "purpose": "ELDERLY_CARE", "occurred_at": "2025-03-03T08:00:00+08:00"}


@pytest.fixture
def staffed(ground):
    return ground.staff()


@pytest.mark.covers("S16")
def test_what_is_asked_for_on_a_visit_becomes_a_case_and_the_month_is_read(staffed):
    home = {"grid": GRID, "household_id": "hh_1"}
    staffed.person(person_id(51), "陈静", **home)
    concern = {"category": "ELDERLY_CARE", "text": "希望申请助餐,电话12812340000"}
    items = [
        VISIT | {"client_id": "a", "household_id": "hh_1", "person_id": person_id(51),
                 "concern": concern},
        VISIT | {"client_id": "b", "household_id": "hh_none"},
        VISIT | {"client_id": "c", "person_id": "per_nobody", "concern": concern},
        VISIT | {"client_id": "d", "building": "3号楼"},
    ]  # fmt: skip
    reply = staffed.by(GRID_WORKER).do("record_visits", {"items": items})["items"]
    assert [one["result"] for one in reply] == ["stored", "VALIDATION", "UNKNOWN_PERSON", "stored"]
    case = staffed.cadre().ask("request", {"request_id": reply[0]["request_id"]})
    assert (case["number"], case["channel"]) == (reply[0]["request_number"], "DOORSTEP")
    assert (case["kind"], case["reporter_id"], case["grid"]) == ("HELP", person_id(51), GRID)
    # The device brings it again: one case.
    again = staffed.by(GRID_WORKER).do("record_visits", {"items": items[:1]})["items"]
    assert again[0]["result"] == "duplicate"
    assert "request_id" not in again[0]
    assert len(staffed.bench.rows("select request_id from requests")) == 1
    # The other grid of the community is visited by its own steward.
    other = [VISIT | {"client_id": "e", "grid": GRID_2}]
    who = staffed.bench.rows("select person_id from stewards where steward_id = :id", id=STW_CADRE)
    staffed.by(who[0]["person_id"]).do("record_visits", {"items": other})

    def month(**asked):
        return [
            one["client_id"] for one in bench.ask("visits", {"period": "2025-03"} | asked)["items"]
        ]

    bench = staffed.cadre()
    assert sorted(month()) == ["a", "d", "e"]
    assert month(scope=GRID_2) == ["e"]
    assert sorted(month(steward_id=STW_GRID)) == ["a", "d"]
    (first, *_rest) = bench.ask("visits", {"period": "2025-03", "scope": GRID})["items"]
    assert (first["household_id"], first["steward_id"]) == ("hh_1", STW_GRID)
    assert first["request_id"] == reply[0]["request_id"]
    bench = staffed.by(OTHER_CADRE, "R_STREET", "370811015")
    with pytest.raises(RoleDenied):
        month()
    bench = staffed.by(WANG, "R_RESIDENT", COMMUNITY)
    with pytest.raises(RoleDenied):
        month()


@pytest.mark.covers("S3")
def test_a_board_of_before_is_read_as_it_was_published(staffed):
    reasons = dict.fromkeys(DUTIES, "本网格不设")
    staffed.cadre().do("publish_board", {"grid": GRID, "reasons": reasons})
    row = staffed.cadre().ask("steward", {"steward_id": STW_GRID})
    leave = {"steward_id": STW_GRID, "reason": "调离"}
    staffed.cadre().do("leave_steward", leave, version=row["version"])
    listed = staffed.cadre().ask("contact_boards", {"grid": GRID})["items"]
    assert [(one["version"], one["entries"]) for one in listed] == [(2, 4), (1, 5)]
    first = staffed.cadre().ask("contact_board_version", {"grid": GRID, "version": 1})
    (left,) = [one for one in first["entries"] if one["steward_id"] == STW_GRID]
    assert (left["duty_zh"], left["name"]) == ("网格员", "欧阳明德")
    # Who takes the consent back is named no more, on no version.
    consent = {"steward_id": "stw_00000000-0000-7000-8000-000000000013", "agrees": False}
    staffed.by(STAFF).do("agree_to_board", consent, version=1)
    first = staffed.cadre().ask("contact_board_version", {"grid": GRID, "version": 1})
    names = {one["steward_id"]: one["name"] for one in first["entries"]}
    assert names[consent["steward_id"]] is None
    with pytest.raises(NotFound):
        staffed.cadre().ask("contact_board_version", {"grid": GRID, "version": 9})
    with pytest.raises(NotFound):
        staffed.by(WANG, "R_CADRE", "370811015902").ask(
            "contact_board_version", {"grid": GRID, "version": 1}
        )
