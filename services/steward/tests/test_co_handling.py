"""Stewards who help with a case, and the first receiver, who stays answerable for it."""

import pytest

from fivered.chassis.refusal import NotFound, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.errors import co_handling as refusals
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    GRID_WORKER,
    OTHER_CADRE,
    POLICE,
    STAFF,
    STAFF_2,
    STW_GRID,
    STW_POLICE,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
)
from fivered.services.steward.tests.test_desk import Someone, staffed  # noqa: F401
from fivered.services.steward.tests.test_told import texts, told


def ask(ground, row, steward=STW_POLICE, *, who=STAFF, role="R_STEWARD", scope=GRID):
    order = {"request_id": row["id"], "steward_id": steward, "reason": "请一同到场"}
    return ground.by(who, role, scope).do("ask_co_handler", order)


def answer(ground, made, who=POLICE, accepts=True, **more):
    order = {"co_handling_id": made["id"], "accepts": accepts, **more}
    return ground.by(who).do("answer_co_handling", order, version=made["version"])


def seen(ground, row, who):
    return ground.by(who).ask("request", {"request_id": row["id"]})


@pytest.mark.covers("S8")
def test_who_is_asked_sees_the_case_helps_and_moves_no_clock(staffed):  # noqa: F811
    row = staffed.submit()
    police = Someone(staffed, POLICE)
    with pytest.raises(NotFound):
        seen(staffed, row, POLICE)
    made = ask(staffed, row)
    assert "请一同到场" in texts(staffed.bench, POLICE)["CO_ASKED"]
    (mine,) = police.ask("co_handlings", {"state": "ASKED"})["items"]
    assert (mine["number"], mine["duty"], mine["asked_by"]) == (row["number"], "POLICE", STAFF)
    assert seen(staffed, row, POLICE)["due_resolve"] == row["due_resolve"]
    made = answer(staffed, made)
    assert made["state"] == "ACCEPTED"
    with pytest.raises(StateConflict):
        answer(staffed, made)
    note = {"request_id": row["id"], "text": "已到场,协调双方"}
    assert police.do("add_note", note | {"visibility": "INTERNAL"})["kind"] == "NOTE"
    assert row["number"] in texts(staffed.bench, STAFF)["CO_NOTED"]
    assert "CO_NOTED" not in texts(staffed.bench, POLICE)
    staffed.by(STAFF).do("add_note", note | {"text": "明日更换", "visibility": "PUBLIC"})
    assert row["number"] in texts(staffed.bench, POLICE)["CO_NOTED"]
    assert "CO_NOTED" not in texts(staffed.bench, WANG)
    # What moves the case stays with its handler.
    for step, more in (
        ("accept_request", {}),
        ("contact_request", {"note": "已联系"}),
        ("resolve_request", {"outcome": "SOLVED", "note": "好了", "media": ["sha256:1"]}),
    ):
        with pytest.raises(errors.NotHandler):
            staffed.step(step, row, POLICE, **more)
    shown = seen(staffed, row, STAFF)
    assert (shown["version"], shown["handler"]) == (row["version"], STW_STAFF)
    assert [shown[name] for name in ("due_accept", "due_contact", "due_resolve")] == [
        row[name] for name in ("due_accept", "due_contact", "due_resolve")
    ]
    (helper,) = staffed.by(STAFF).ask("co_handlers", {"request_id": row["id"]})["items"]
    assert (helper["state"], helper["person_id"]) == ("ACCEPTED", POLICE)
    # The reporter reads that somebody helps, and no list of the staff.
    resident = Someone(staffed, WANG, "R_RESIDENT", COMMUNITY)
    steps = resident.ask("timeline", {"request_id": row["id"]})["items"]
    assert [one["action"] for one in steps if one["action"].startswith("co_")] == ["co_accepted"]
    # Who helped does not judge how it was rated.
    done = staffed.resolved(row)
    assert "办结" in texts(staffed.bench, POLICE)["CO_CASE_STATE"]
    bad = staffed.rate(done, stars=1, solved=False)
    with pytest.raises(errors.InChain):
        staffed.by(POLICE, "R_CADRE", COMMUNITY).do(
            "review_request",
            {"request_id": row["id"], "upheld": True, "reason": "属实"},
            version=bad["version"],
        )
    assert police.ask("co_handlings", {})["items"] == []


def test_help_is_declined_ended_and_bounded(staffed):  # noqa: F811
    row = staffed.submit()
    for steward in (STW_STAFF, STW_POLICE):
        if steward == STW_POLICE:
            ask(staffed, row)
        with pytest.raises(refusals.HelpsAlready):
            ask(staffed, row, steward)
    with pytest.raises(NotFound):
        ask(staffed, row, "stw_none")
    with pytest.raises(NotFound):
        ask(staffed, row, STW_GRID, who=STAFF_2)
    (mine,) = staffed.by(POLICE).ask("co_handlings", {})["items"]
    with pytest.raises(NotFound):
        answer(staffed, mine, who=STAFF_2)
    with pytest.raises(errors.ReasonRequired):
        answer(staffed, mine, accepts=False)
    declined = answer(staffed, mine, accepts=False, reason="不属治安事项")
    assert declined["state"] == "DECLINED"
    assert "不属治安事项" in texts(staffed.bench, STAFF)["CO_DECLINED"]
    with pytest.raises(NotFound):
        seen(staffed, row, POLICE)
    # Who oversees the place asks and ends it too, and so does who helps.
    again = answer(staffed, ask(staffed, row, who=OTHER_CADRE, role="R_CADRE", scope=COMMUNITY))
    over = {"co_handling_id": again["id"], "reason": "已不需要"}
    with pytest.raises(errors.NotHandler):
        staffed.by(STAFF_2).do("end_co_handling", over, version=again["version"])
    ended = staffed.cadre().do("end_co_handling", over, version=again["version"])
    assert ended["state"] == "ENDED"
    assert set(told(staffed.bench, again["id"])["CO_ENDED"]) == {POLICE, STAFF}
    with pytest.raises(StateConflict):
        staffed.cadre().do("end_co_handling", over, version=ended["version"])
    staffed.bench.as_("R_DISTRICT").do(
        "suspend_steward", {"steward_id": STW_STAFF_2, "reason": "病假"}, version=1
    )
    with pytest.raises(refusals.NotServing):
        ask(staffed, row, STW_STAFF_2)
    staffed.resolved(row)
    with pytest.raises(StateConflict):
        ask(staffed, row, STW_GRID)


@pytest.mark.covers("S8")
def test_what_the_first_receiver_handed_on_stays_on_the_list_until_it_is_closed(staffed):  # noqa: F811
    row = staffed.submit()
    first = Someone(staffed, STAFF)
    assert first.ask("handed_on", {})["items"] == []
    row = staffed.step("accept_request", row, STAFF)
    order = {"request_id": row["id"], "duty": "GRID_WORKER", "reason": "属网格事务"}
    row = first.do("transfer_request", order, version=row["version"])
    assert staffed.handler_of(row) == GRID_WORKER
    (kept,) = first.ask("handed_on", {"total": True})["items"]
    assert (kept["id"], kept["handler"]) == (row["id"], STW_GRID)
    assert Someone(staffed, GRID_WORKER).ask("handed_on", {})["items"] == []
    row = staffed.resolved(row)
    assert [one["state"] for one in first.ask("handed_on", {})["items"]] == ["RESOLVED"]
    staffed.rate(row, stars=5)
    staffed.bench.fire("2025-03-10T09:00")
    assert seen(staffed, row, STAFF)["state"] == "CLOSED"
    assert first.ask("handed_on", {})["items"] == []
    assert set(told(staffed.bench, row["id"])["REQ_FIRST_ENDED"]) == {STAFF}
