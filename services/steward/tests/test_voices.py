"""Whose voice it is: merged requests, and reporters who have no account."""

import pytest

from fivered.chassis.refusal import NotFound, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.errors import desk
from fivered.services.steward.tests.ground import (
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    STAFF,
    STW_STAFF,
    WANG,
    Ground,
)

SECRET = "我家孩子半夜被吵醒"


def staffed_stage(bench):
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    ground.person(CHEN, "陈大文", grid=GRID_2)


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def resident(ground, who):
    return ground.by(who, "R_RESIDENT", COMMUNITY)


def card(ground, reply, who=None):
    bench = resident(ground, who) if who else ground.cadre()
    return bench.ask("request", {"request_id": reply["id"]})


def merge(ground, reply, into):
    found = card(ground, reply)
    return ground.step("merge_request", found, OTHER_CADRE, "R_CADRE", COMMUNITY, into=into["id"])


def resolved(ground, reply):
    return ground.resolved(card(ground, reply))


def test_all_of_a_chain_see_the_case_and_what_came_of_it_and_nobody_s_words(staffed):
    """IN-A4 (a), SP-D14: the first of a chain got 404, and another one read text and reporter."""
    first = staffed.submit(who=LI)
    second = staffed.submit(who=WANG)
    last = staffed.submit(who=CHEN, text=SECRET)
    merge(staffed, first, second)
    merge(staffed, second, last)
    resolved(staffed, last)
    for who, own in ((LI, first), (WANG, second)):
        followed = card(staffed, last, who)
        assert (followed["state"], followed["outcome"]) == ("RESOLVED", "SOLVED")
        assert followed["note"] == "已更换灯泡"
        for hidden in ("text", "reporter_id", "media", "external_ref", "channel"):
            assert hidden not in followed
        mine = card(staffed, own, who)
        assert (mine["state"], mine["text"], mine["reporter_id"]) == ("MERGED", "楼道灯不亮", who)
        assert (mine["case"]["id"], mine["case"]["state"]) == (last["id"], "RESOLVED")
        for reply in (own, last):
            told = resident(staffed, who).ask("timeline", {"request_id": reply["id"]})["items"]
            assert told[-1]["action"] == "resolve"
            assert SECRET not in str(told)
            assert CHEN not in str(told)
    with pytest.raises(NotFound):
        card(staffed, first, CHEN)


def test_who_was_merged_never_cancels_reopens_or_spends_the_other_s_rating(staffed):
    """SP-D14, IN-A4 (b) and (c)."""
    stays = staffed.submit()
    other = staffed.submit(who=LI)
    merge(staffed, other, stays)
    found = card(staffed, stays, LI)
    with pytest.raises(errors.NotReporter):
        staffed.step("cancel_request", found, LI, "R_RESIDENT", COMMUNITY)
    with pytest.raises(StateConflict):
        staffed.step("cancel_request", card(staffed, other, LI), LI, "R_RESIDENT", COMMUNITY)
    done = resolved(staffed, stays)
    with pytest.raises(errors.NotReporter):
        staffed.step("reopen_request", done, LI, "R_RESIDENT", COMMUNITY, reason="又坏了")
    assert staffed.rate(stays, stars=1, solved=False, who=LI)["id"] == other["id"]
    with pytest.raises(errors.AlreadyRated):
        staffed.rate(other, who=LI)
    assert staffed.bench.published("request_rated.v1") == []
    assert card(staffed, stays)["stars"] is None
    assert staffed.rate(stays, stars=5)["state"] == "RATED"
    rated = staffed.bench.published("request_rated.v1")
    assert [(e["data"]["rater"], e["data"]["stars"]) for e in rated] == [(WANG, 5)]
    assert (card(staffed, other, LI)["stars"], card(staffed, stays, LI)["stars"]) == (1, 1)
    assert card(staffed, stays, WANG)["stars"] == 5
    # His own word counts for him, and no case is counted twice.
    rates = staffed.cadre().ask("three_rates", {"scope": COMMUNITY, "period": "2025-03"})
    assert (rates["counts"]["rated"], rates["counts"]["satisfied"]) == (1, 1)


def test_who_takes_his_request_back_takes_nothing_from_those_who_follow_it(staffed):
    """IN-A4 (b): both matters were gone."""
    stays = staffed.submit()
    second, third = staffed.submit(who=LI), staffed.submit(who=CHEN)
    merge(staffed, second, stays)
    merge(staffed, third, stays)
    found = staffed.step("accept_request", card(staffed, stays), STAFF)
    staffed.step("cancel_request", found, WANG, "R_RESIDENT", COMMUNITY)
    assert card(staffed, stays)["state"] == "CANCELLED"
    heir = card(staffed, second)
    assert (heir["state"], heir["handler"], heir["merged_into"]) == ("ACCEPTED", STW_STAFF, None)
    assert heir["due_resolve"] == stays["due_resolve"]
    assert card(staffed, third, CHEN)["case"]["id"] == second["id"]
    staffed.bench.fire("2025-03-07T00:00:00")
    missed = [
        e["data"]["request_id"] for e in staffed.bench.published("request_deadline_missed.v1")
    ]
    assert set(missed) == {second["id"]}


def test_who_was_merged_reopens_his_own(staffed):
    stays = staffed.submit()
    other = staffed.submit(who=LI)
    merge(staffed, other, stays)
    done = resolved(staffed, stays)
    again = staffed.step(
        "reopen_request", card(staffed, other), LI, "R_RESIDENT", COMMUNITY, reason="我家还是不亮"
    )
    assert (again["id"], again["state"], again["handler"]) == (other["id"], "DISPATCHED", STW_STAFF)
    assert card(staffed, stays)["version"] == done["version"]


def test_urging_is_limited_for_each_reporter_by_himself(staffed):
    """IN-B9: 60 times in three seconds."""
    stays = staffed.submit()
    other = staffed.submit(who=LI)
    merge(staffed, other, stays)
    body = {"request_id": stays["id"]}
    resident(staffed, LI).do("urge_request", body)
    with pytest.raises(errors.UrgedJustNow):
        resident(staffed, LI).do("urge_request", {"request_id": other["id"]})
    # Another's urging takes nothing from the person who raised it.
    resident(staffed, WANG).do("urge_request", body)
    with pytest.raises(errors.UrgedJustNow):
        resident(staffed, WANG).do("urge_request", body)
    assert card(staffed, stays)["urged"] == 2
    staffed.bench.at("2025-03-03T10:00:00")
    resident(staffed, WANG).do("urge_request", body)


def test_merged_requests_climb_nowhere(staffed):
    stays = staffed.submit()
    other = staffed.submit(who=LI)
    merge(staffed, other, stays)
    staffed.bench.fire("2025-03-20T00:00:00")
    climbed = {e["data"]["request_id"] for e in staffed.bench.published("request_escalated.v1")}
    assert climbed == {stays["id"]}


def by_grid_worker(ground, method, reply, **more):
    return ground.step(method, reply, GRID_WORKER, "R_GRID", GRID, **more)


def test_staff_speak_for_an_elder_against_a_receipt(staffed):
    """SP-D24: a person who has no account could not urge, take back, reopen or rate, ever."""
    reply = staffed.written_for()
    body = {"request_id": reply["id"]}
    grid = staffed.by(GRID_WORKER, "R_GRID", GRID)
    with pytest.raises(errors.NotReporter):
        grid.do("urge_request", body)
    receipt = staffed.receipt(reply)
    urged = grid.do("urge_request", body | receipt)
    done = resolved(staffed, urged)
    again = by_grid_worker(staffed, "reopen_request", done, reason="还是不亮", **receipt)
    done = resolved(staffed, again)
    with pytest.raises(errors.InChain):
        # A person who has it in hand does not praise himself in another's name.
        staffed.by(STAFF, "R_CADRE", COMMUNITY).do(
            "rate_request", body | {"stars": 5, "solved": True} | receipt
        )
    rated = staffed.by(GRID_WORKER, "R_GRID", GRID).do(
        "rate_request", body | {"stars": 4, "solved": True} | receipt
    )
    assert rated["state"] == "RATED"
    assert staffed.bench.published("request_rated.v1")[0]["data"]["rater"] == WANG
    steps = card(staffed, reply, WANG)
    assert steps["stars"] == 4
    steps = resident(staffed, WANG).ask("timeline", body)["items"]
    assert steps[-1]["detail"]["receipt"] == receipt["receipt"]
    assert steps[-1]["by_role"] == "R_GRID"
    with pytest.raises(NotFound):
        staffed.by(GRID_WORKER, "R_GRID", GRID_2).do("urge_request", body | receipt)


def test_staff_speak_for_nobody_with_an_account_and_by_no_other_receipt(staffed):
    """Any text was a receipt: a cadre rated and took back what a resident had filed by the app."""
    own, other = staffed.submit(), staffed.written_for(LI, grid=GRID)
    third = staffed.written_for(WANG, category="NOISE")

    def grid_worker(**body):
        staffed.by(GRID_WORKER, "R_GRID", GRID).do("urge_request", body)

    done = resolved(staffed, own)
    rating = {"request_id": done["id"], "stars": 5, "solved": True}
    for method, row, more in (
        ("rate_request", done, rating),
        ("reopen_request", done, {"reason": "还是不亮"}),
        ("urge_request", third, {}),
        ("cancel_request", third, {}),
        ("add_note", third, {"text": "单元门也坏了"}),
    ):
        body = {"request_id": row["id"]} | more | staffed.receipt(row)
        with pytest.raises(desk.ReporterActs):
            staffed.cadre().do(method, body, version=row["version"])
    assert resident(staffed, WANG).do("rate_request", rating)["state"] == "RATED"
    body = {"request_id": other["id"]}
    called = body | {"direction": "IN", "record_ref": "来电录音 0303-07"}
    for shown in ("xx", staffed.receipt(own)["receipt"], other["number"], "来电录音 0303-07"):
        with pytest.raises(desk.ReceiptUnknown):
            grid_worker(**body, receipt=shown)
    # Of a call, who noted it does not speak by that note.
    staffed.cadre().do("record_call", called)
    with pytest.raises(desk.ReceiptUnknown):
        staffed.cadre().do("urge_request", body | {"receipt": "来电录音 0303-07"})
    grid_worker(**body, receipt="来电录音０303-07")
    said = staffed.bench.rows("select * from told where kind = 'REQ_SPOKEN_FOR'")
    assert [(one["person_id"], one["about_id"]) for one in said] == [(LI, other["id"])]


def test_staff_take_back_what_came_without_a_name(staffed):
    reply = staffed.submit(who=None)
    taken = by_grid_worker(staffed, "cancel_request", reply, **staffed.receipt(reply))
    assert taken["state"] == "CANCELLED"


def test_a_reporter_is_attached_later_and_has_all_his_rights(staffed):
    """SP-D24."""
    reply = staffed.submit(who=None)
    assert reply["state"] == "DISPATCHED"
    with pytest.raises(errors.InChain):
        by_grid_worker(staffed, "attach_reporter", reply, person_id=STAFF, reason="本人来电")
    with pytest.raises(errors.UnknownPerson):
        by_grid_worker(staffed, "attach_reporter", reply, person_id=LI, reason="本人来电")
    known = by_grid_worker(staffed, "attach_reporter", reply, person_id=WANG, reason="本人来电")
    with pytest.raises(errors.ReporterKnown):
        by_grid_worker(staffed, "attach_reporter", known, person_id=WANG, reason="再登记")
    filed = staffed.bench.published("request_submitted.v1")[0]
    assert staffed.bench.published("request_corrected.v1")[0]["data"] == {
        "request_id": reply["id"],
        "number": reply["number"],
        "filed_at": filed["time"],
        "kind": "REPAIR",
        "category": "REPAIR_COMMON",
        "grid": GRID,
        "project_id": None,
        "building": None,
        "reporter_id": WANG,
        "parted_from": None,
    }
    resolved(staffed, known)
    assert staffed.rate(known)["state"] == "RATED"


def test_who_raised_or_rated_a_case_does_not_judge_the_rating(staffed):
    """K12: one person in two roles of one check."""
    reply = staffed.cadre().do(
        "submit_request",
        {
            "channel": "APP",
            "kind": "REPAIR",
            "category": "REPAIR_COMMON",
            "grid": GRID,
            "text": "楼道灯不亮",
            "reporter_id": OTHER_CADRE,
        },
    )
    done = resolved(staffed, reply)
    bad = {"request_id": done["id"], "stars": 1, "solved": False}
    rated = staffed.cadre().do("rate_request", bad)
    verdict = {"upheld": True, "reason": "情况属实"}
    with pytest.raises(errors.InChain):
        staffed.step("review_request", rated, OTHER_CADRE, "R_CADRE", COMMUNITY, **verdict)
    done = resolved(staffed, staffed.written_for())
    bad = {"request_id": done["id"], "stars": 1, "solved": False} | staffed.receipt(done)
    rated = staffed.by(GRID_WORKER, "R_GRID", GRID).do("rate_request", bad)
    with pytest.raises(errors.InChain):
        staffed.step("review_request", rated, GRID_WORKER, "R_CADRE", COMMUNITY, **verdict)
    staffed.step("review_request", rated, OTHER_CADRE, "R_CADRE", COMMUNITY, **verdict)
