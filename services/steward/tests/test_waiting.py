"""What nobody has in hand is looked for again, by whichever way it came to wait."""

import pytest

from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    STAFF,
    STAFF_2,
    STW_CADRE,
    STW_GRID,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
)
from fivered.services.steward.tests.test_voices import card, merge

pytestmark = pytest.mark.slow


def test_what_carries_a_case_on_without_a_handler_is_looked_for_again(ground):
    """H4-3: the steward who came later got the requests beside it, and never this one."""
    stays, follows = ground.submit(who=WANG), ground.submit(who=LI)
    merge(ground, follows, stays)
    waits = card(ground, stays)
    ground.step("cancel_request", waits, WANG, "R_RESIDENT", COMMUNITY)
    assert card(ground, follows)["state"] == "SUBMITTED"
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    ground.bench.fire("2025-03-03T13:30:00")
    found = card(ground, follows)
    assert (found["state"], found["handler"]) == ("DISPATCHED", STW_STAFF)


def test_what_nobody_has_is_looked_for_after_its_time_too(ground):
    """H2-22: once it was overdue, who came to serve got what came after it, and never this one."""
    waits = ground.submit()
    ground.bench.fire("2025-03-12T10:00:00")
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    ground.bench.fire("2025-03-14T10:00:00")
    found = card(ground, waits)
    assert (found["state"], found["handler"], found["late"]) == ("DISPATCHED", STW_STAFF, True)
    ground.step("accept_request", found, STAFF)
    ground.step("cancel_request", card(ground, waits), WANG, "R_RESIDENT", COMMUNITY)
    ground.bench.fire("2025-03-20T10:00:00")
    assert card(ground, waits)["state"] == "CANCELLED"


def test_what_becomes_an_emergency_is_looked_for_by_its_clock(ground):
    """A cadre made it one, and who answers for the place was told two hours later."""
    waits = ground.submit(category="LIFT")
    cadre = ground.cadre()
    urgent = {"request_id": waits["id"], "priority": "P1", "reason": "有人被困"}
    cadre.do("correct_request", urgent, version=1)
    ground.bench.fire("2025-03-03T09:06:00")
    steps = ground.cadre().ask("timeline", {"request_id": waits["id"]})["items"]
    assert steps[-1]["action"] == "escalate"
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    ground.bench.fire("2025-03-03T09:11:00")
    assert card(ground, waits)["handler"] == STW_STAFF


def test_a_cadre_gives_what_nobody_of_the_community_takes_to_who_stands_in(ground):
    """H2-21: after the only grid worker had left, a cadre could only reject what was about noise."""
    ground.steward(STW_CADRE, CADRE, "COMMUNITY_CADRE", (GRID, GRID_2))
    waits = ground.submit(category="NOISE")
    assert (waits["state"], waits["handler"]) == ("SUBMITTED", None)
    named = {"request_id": waits["id"], "handler": STW_CADRE}
    with pytest.raises(errors.HandlerNotOnDuty):
        ground.cadre().do("dispatch_request", named, version=1)
    ground.shift(STW_CADRE, "2025-03-03T08:00", "2025-03-03T22:00")
    given = ground.cadre().do("dispatch_request", named, version=1)
    assert (given["state"], given["handler"]) == ("DISPATCHED", STW_CADRE)
    asked = {"request_id": ground.submit(LI, category="NOISE")["id"]}
    assert ground.cadre().do("dispatch_request", asked, version=1)["handler"] == STW_CADRE
    assert ground.cadre().do("dispatch_request", asked, version=2)["version"] == 2
    # Where somebody has the duty, a cadre does not.
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    named["request_id"] = ground.submit(category="NOISE")["id"]
    with pytest.raises(errors.WrongDuty):
        ground.cadre().do("dispatch_request", named, version=2)


def test_who_can_carry_a_case_on_gets_it_at_once(ground):
    """H4-3: nobody was there when it came, somebody is when its first reporter takes it back."""
    stays, follows = ground.submit(who=WANG), ground.submit(who=LI)
    merge(ground, follows, stays)
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    ground.step("cancel_request", card(ground, stays), WANG, "R_RESIDENT", COMMUNITY)
    assert card(ground, follows)["handler"] == STW_STAFF


def test_what_is_reopened_when_nobody_is_there_is_looked_for_again(ground):
    """H4-3: who had it has left; the one who came in that post never got it."""
    ground.steward(STW_STAFF, STAFF, "PROPERTY_STAFF")
    done = ground.resolved()
    gone = {"steward_id": STW_STAFF, "reason": "调离岗位"}
    ground.cadre().do("leave_steward", gone, version=1)
    again = ground.step("reopen_request", done, WANG, "R_RESIDENT", COMMUNITY, reason="又坏了")
    assert again["state"] == "SUBMITTED"
    ground.steward(STW_STAFF_2, STAFF_2, "PROPERTY_STAFF")
    ground.bench.fire("2025-03-03T13:30:00")
    found = card(ground, done)
    assert (found["state"], found["handler"]) == ("DISPATCHED", STW_STAFF_2)
