"""What nobody has in hand is looked for again, by whichever way it came to wait."""

import pytest

from services.steward.tests.ground import (
    COMMUNITY,
    LI,
    STAFF,
    STAFF_2,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
)
from services.steward.tests.test_voices import card, merge

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
