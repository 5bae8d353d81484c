"""A volunteer activity from its call to the hours: places, the line, the code, cancelling."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.errors.activities import (
    NotSignedUp,
    NotYetOpen,
    WrongActivityCode,
)
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    LI,
    OTHER_CADRE,
    WANG,
    person_id,
)
from fivered.services.steward.tests.test_told import told

CHEN = person_id(71)
CALL = {
    "area": COMMUNITY, "title": "楼道清洁", "place": "红色驿站", "quota": 1,
    "start": "2025-03-08T09:00:00+08:00", "end": "2025-03-08T11:00:00+08:00",
}  # fmt: skip


@pytest.fixture
def called(ground):
    ground.bench.at("2025-03-03T09:00:00")
    ground.person(CHEN, "陈静", grid=GRID)
    return ground, ground.cadre().do("call_activity", CALL)["id"]


def me(ground, who):
    return ground.by(who, "R_RESIDENT", COMMUNITY)


def state(ground, who, activity):
    return me(ground, who).ask("activity", {"activity_id": activity}).get("mine")


@pytest.mark.covers("S16")
def test_places_go_in_turn_and_hours_follow_from_the_code(called):
    ground, activity = called
    one = {"activity_id": activity}
    made = [me(ground, who).do("sign_up", one)["state"] for who in (WANG, LI, CHEN, WANG)]
    assert made == ["PLACED", "IN_LINE", "IN_LINE", "PLACED"]
    said = told(ground.bench, activity)
    assert (said["ACTIVITY_PLACE"], said["ACTIVITY_WAITING"]) == ([WANG], [LI, CHEN])
    # A place that is given back goes to who waits longest; more places to the next.
    me(ground, WANG).do("withdraw", one)
    assert [state(ground, who, activity) for who in (WANG, LI, CHEN)] == [
        "GAVE_BACK", "PLACED", "IN_LINE",
    ]  # fmt: skip
    more = one | {"quota": 2, "reason": "增加名额"}
    ground.cadre().do("change_activity", more, version=1)
    assert state(ground, CHEN, activity) == "PLACED"
    said = told(ground.bench, activity)
    assert said["ACTIVITY_PLACE"] == [WANG, LI, CHEN]
    assert sorted(said["ACTIVITY_CHANGED"]) == [LI, CHEN]
    card = ground.cadre().ask("activity", one)
    assert (card["signed"], card["waiting"], card["full"]) == (2, 0, True)
    assert "signed" not in me(ground, WANG).ask("activity", one)
    listed = ground.cadre().ask("activity_signups", one)["items"]
    assert [(row["person_id"], row["state"]) for row in listed] == [
        (WANG, "GAVE_BACK"), (LI, "PLACED"), (CHEN, "PLACED"),
    ]  # fmt: skip
    # The code changes, and counts for twenty minutes.
    ground.bench.at("2025-03-08T08:20:00")
    old = ground.cadre().ask("activity_code", one)
    with pytest.raises(NotYetOpen):
        me(ground, LI).do("check_in", one | {"code": old["code"]})
    ground.bench.at("2025-03-08T08:50:00")
    code = ground.cadre().ask("activity_code", one)
    assert code["payload"] == f"fivered:activity:{activity}:{code['code']}"
    with pytest.raises(WrongActivityCode):
        me(ground, LI).do("check_in", one | {"code": old["code"]})
    ground.bench.at("2025-03-08T08:58:00")
    for who in (LI, CHEN):
        assert me(ground, who).do("check_in", one | {"code": code["code"]})["state"] == "CAME"
    with pytest.raises(NotSignedUp):
        me(ground, WANG).do("check_in", one | {"code": code["code"]})
    ground.bench.at("2025-03-08T10:30:00")
    code = ground.cadre().ask("activity_code", one)["code"]
    assert me(ground, LI).do("check_out", one | {"code": code})["state"] == "SERVED"
    with pytest.raises(StateConflict):
        ground.cadre().do("close_activity", one, version=2)
    ground.bench.at("2025-03-08T11:05:00")
    closed = ground.cadre(CADRE).do("close_activity", one, version=2)
    assert (closed["done"], closed["absent"], closed["without_hours"]) == (2, 0, [])
    hours = ground.cadre().ask("volunteer_hours", {"scope": COMMUNITY})["items"]
    assert {(row["person_id"], row["minutes"], row["source"]) for row in hours} == {
        (LI, 90, "QR"), (CHEN, 120, "QR"),
    }  # fmt: skip
    # Whoever closed it wrote Chen's hours down, and does not confirm them.
    (chen,) = [row for row in hours if row["person_id"] == CHEN]
    confirm = {"record_id": chen["id"], "minutes": 120}
    with pytest.raises(errors.RecorderConfirms):
        ground.cadre(CADRE).do("confirm_hours", confirm, version=1)
    assert ground.cadre().do("confirm_hours", confirm, version=1)["state"] == "CONFIRMED"


def test_who_signed_up_is_told_that_it_is_cancelled_and_others_reach_nothing(called):
    ground, activity = called
    one = {"activity_id": activity}
    me(ground, WANG).do("sign_up", one)
    me(ground, LI).do("sign_up", one)
    # An organiser signs up who has no account; a resident nobody else.
    assert ground.cadre().do("sign_up", one | {"person_id": CHEN})["state"] == "IN_LINE"
    with pytest.raises(RoleDenied):
        me(ground, WANG).do("sign_up", one | {"person_id": CHEN})
    far = ground.by(OTHER_CADRE, "R_CADRE", "370811015902")
    for ask in ("activity_signups", "activity_code"):
        with pytest.raises(NotFound):
            far.ask(ask, one)
    stop = one | {"reason": "暴雨预警"}
    with pytest.raises(NotFound):
        far.do("cancel_activity", stop, version=1)
    ground.cadre().do("cancel_activity", stop, version=1)
    assert sorted(told(ground.bench, activity)["ACTIVITY_CANCELLED"]) == sorted([WANG, LI, CHEN])
    with pytest.raises(StateConflict):
        me(ground, WANG).do("withdraw", one)

    def listed(**asked):
        bench = me(ground, WANG)
        return [row["id"] for row in bench.ask("activities", {"scope": GRID} | asked)["items"]]

    other = ground.cadre().do("call_activity", CALL | {"title": "义务植树", "area": GRID})["id"]
    assert (listed(state="CALLED"), listed(mine=True)) == ([other], [activity])
    assert (listed(when="AHEAD", state="CALLED"), listed(when="OVER")) == ([other], [])
    for wrong in ({"start": "2025-03-01T09:00:00+08:00"}, {"end": "2025-03-10T09:00:00+08:00"}):
        with pytest.raises(errors.BadSpan):
            ground.cadre().do("call_activity", CALL | wrong)
