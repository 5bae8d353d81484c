"""Each reporter of a matter that was reported before is called back like the first."""

import pytest

from fivered.chassis import jobs
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.actions import retention
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    STAFF,
    STAFF_2,
    STW_CADRE,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
)
from fivered.services.steward.tests.test_reveals import reveal, shown
from fivered.services.steward.tests.test_voices import card, merge


@pytest.fixture
def two(ground):
    """A case in the hand of STAFF, and one that was merged into it."""
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    stays = ground.submit(who=WANG)
    other = ground.submit(who=LI, text="我家门口也不亮,请回电")
    merge(ground, other, stays)
    ground.step("accept_request", card(ground, stays), STAFF)
    return ground, stays, other


def followers(ground, stays):
    return ground.by(STAFF).ask("request", {"request_id": stays["id"]})["followers"]


def test_the_handler_finds_calls_and_notes_who_was_merged(two):
    """The second reporter was called back by nobody: his request was closed to the handler."""
    ground, stays, other = two
    (found,) = followers(ground, stays)
    assert (found["id"], found["number"], found["reporter_id"]) == (
        other["id"], other["number"], LI,
    )  # fmt: skip
    assert found["contacted_at"] is None
    read = ground.by(STAFF).ask("request", {"request_id": other["id"]})
    assert read["text"] == "我家门口也不亮,请回电"
    people = ground.by(STAFF).ask("people_cards", {"ids": [LI]})["items"]
    assert people[0]["name"] == "李明"
    for more in ({}, {"case_ref": other["id"]}, {"case_ref": other["number"]}):
        assert reveal(ground, STAFF, subject=LI, **more)["value"] == "12800000002"
    assert [row["request_id"] for row in shown(ground, LI)] == [other["id"]] * 3
    done = ground.by(STAFF).do(
        "contact_request",
        {"request_id": other["id"], "note": "已电话说明"},
        version=found["version"],
    )
    assert (done["state"], done["merged_into"]) == ("MERGED", stays["id"])
    assert followers(ground, stays)[0]["contacted_at"] == "2025-03-03T01:00:00+00:00"
    mine = ground.by(LI, "R_RESIDENT", COMMUNITY)
    lines = mine.ask("timeline", {"request_id": other["id"]})["items"]
    assert ("contact", "已电话说明") in [
        (line["action"], line["detail"].get("note")) for line in lines
    ]
    # The case's own clock waits for its own reporter.
    assert card(ground, stays)["state"] == "ACCEPTED"
    assert card(ground, stays)["contacted_at"] is None


def test_nobody_else_calls_them_and_reporters_do_not_learn_of_each_other(two):
    ground, stays, other = two
    found = followers(ground, stays)[0]
    order = {"request_id": other["id"]}
    with pytest.raises(NotFound):
        ground.by(STAFF_2).do("contact_request", order, version=found["version"])
    with pytest.raises(errors.NotHandler):
        ground.by(GRID_WORKER, "R_GRID", GRID).do(
            "contact_request", order, version=found["version"]
        )
    for who in (STAFF_2, GRID_WORKER):
        with pytest.raises(errors.NoOpenCase):
            reveal(ground, who, subject=LI)
    for who in (WANG, LI):
        assert "followers" not in card(ground, stays, who)
    assert card(ground, stays)["followers"][0]["reporter_id"] == LI


def test_when_the_case_is_done_the_number_is_shown_no_more(two):
    ground, stays, other = two
    reply = ground.step("contact_request", card(ground, stays), STAFF, note="已电话联系")
    body = {"outcome": "SOLVED", "note": "已更换灯泡", "media": ["sha256:1"]}
    ground.step("resolve_request", reply, STAFF, **body)
    with pytest.raises(errors.NoOpenCase):
        reveal(ground, STAFF, subject=LI)
    with pytest.raises(StateConflict):
        ground.by(STAFF).do("contact_request", {"request_id": other["id"]}, version=3)
    # How the second one rated it, the handler learns when the case is closed.
    ground.rate(stays, stars=2, solved=False, who=LI)
    assert "stars" not in ground.by(STAFF).ask("request", {"request_id": other["id"]})


def sweep(ground, until):
    ground.bench.fire(until)
    while jobs.run_next(ground.bench.runtime):
        pass


def test_who_read_what_is_kept_for_three_years_and_shown_numbers_for_a_month(ground, monkeypatch):
    """REQ-L08: both tables grew for ever."""
    monkeypatch.setattr(retention, "ROWS", 2)
    for _ in range(5):
        reveal(ground, OTHER_CADRE, "R_CADRE", COMMUNITY)
    assert len(shown(ground)) == 5
    sweep(ground, "2025-05-10T00:00:00")
    assert ground.bench.rows("select * from reveal_counts") == []
    assert len(shown(ground)) == 5
    ground.bench.at("2028-03-20T09:00:00")
    reveal(ground, OTHER_CADRE, "R_CADRE", COMMUNITY)
    sweep(ground, "2028-04-20T00:00:00")
    assert len(shown(ground)) == 1
    assert len(ground.bench.rows("select * from reveal_counts")) == 1


def test_what_people_wrote_is_erased_three_years_after_the_last_step(ground, monkeypatch):
    """REQ-L08: the number of a caller whom nobody knows stood in the text for ever."""
    monkeypatch.setattr(retention, "TEXTS", 1)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    number = "来电人 12800000099,楼道灯不亮"
    call = ground.resolved(ground.submit(who=None, text=number, external_ref="CALL-7"))
    gone = ground.submit(text=number)
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do(
        "cancel_request", {"request_id": gone["id"]}, version=gone["version"]
    )
    rated = ground.resolved()
    ground.rate(rated)
    open_ = ground.submit(text=number)
    ids = [reply["id"] for reply in (call, gone, rated, open_)]

    def texts():
        found = [ground.cadre().ask("request", {"request_id": one}) for one in ids]
        return [bool(row["text"]) for row in found]

    sweep(ground, "2028-03-05T00:00:00")
    assert texts() == [True] * 4
    sweep(ground, "2028-04-20T00:00:00")
    assert texts() == [False, False, False, True]
    card = ground.cadre().ask("request", {"request_id": call["id"]})
    assert (card["note"], card["media"], card["evidence"]) == (None, [], None)
    assert "external_ref" not in card or card["external_ref"] is None
    assert (card["state"], card["outcome"], card["category"]) == (
        "CLOSED",
        "SOLVED",
        "REPAIR_COMMON",
    )
    assert card["erased_at"] is not None
    steps = ground.cadre().ask("timeline", {"request_id": call["id"]})["items"]
    assert [step["action"] for step in steps][:3] == ["submit", "dispatch", "accept"]
    assert not any("note" in step["detail"] for step in steps)
    assert ground.bench.rows("select * from request_references") == []
    # Once is enough.
    erased = ground.bench.rows("select erased_at from requests order by request_id")
    sweep(ground, "2028-05-20T00:00:00")
    assert ground.bench.rows("select erased_at from requests order by request_id") == erased


def test_a_bad_rating_of_what_was_carried_on_is_his_who_resolved_it(ground):
    """H4-8: who had the second request before it was merged was charged for the first one's end."""
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    stays = ground.submit(who=WANG)
    assert ground.handler_of(stays) == STAFF
    ground.shift(STW_STAFF_2, "2025-03-03T08:00", "2025-03-03T22:00")
    other = ground.submit(who=LI)
    assert ground.handler_of(other) == STAFF_2
    merge(ground, other, stays)
    ground.step("accept_request", card(ground, stays), STAFF)
    ground.step("cancel_request", card(ground, stays), WANG, "R_RESIDENT", COMMUNITY)
    (gone,) = ground.bench.published("request_cancelled.v1")
    assert gone["data"] == {"request_id": stays["id"], "carried_on_by": other["id"]}
    went_on = ground.step("contact_request", card(ground, other), STAFF, note="已电话联系")
    body = {"outcome": "SOLVED", "note": "已更换灯泡", "media": ["sha256:1"]}
    ground.step("resolve_request", went_on, STAFF, **body)
    ground.rate(other, stars=1, solved=False, who=LI)
    ground.step(
        "review_request",
        card(ground, other),
        OTHER_CADRE,
        "R_CADRE",
        COMMUNITY,
        upheld=True,
        reason="现场核实属实",
    )
    (upheld,) = ground.bench.published("bad_rating_upheld.v1")
    assert upheld["data"]["handler"] == STW_STAFF


def test_who_had_the_case_before_it_was_carried_on_does_not_judge_its_rating(ground):
    """H4-9: the chain of the follower began with itself."""
    ground.staff()
    for steward in (STW_STAFF, STW_CADRE):
        ground.shift(steward, "2025-03-03T08:00", "2025-03-03T22:00")
    stays = ground.submit(who=WANG)
    other = ground.submit(who=LI)
    merge(ground, other, stays)
    ground.step("accept_request", card(ground, stays), STAFF)
    for giver, taker, person in ((OTHER_CADRE, STW_CADRE, CADRE), (CADRE, STW_STAFF, STAFF)):
        given = {"handler": taker, "reason": "转交主管人员"}
        ground.step("transfer_request", card(ground, stays), giver, "R_CADRE", COMMUNITY, **given)
        ground.step("accept_request", card(ground, stays), person)
    ground.step("cancel_request", card(ground, stays), WANG, "R_RESIDENT", COMMUNITY)
    went_on = ground.step("contact_request", card(ground, other), STAFF, note="已电话联系")
    body = {"outcome": "SOLVED", "note": "已更换灯泡", "media": ["sha256:1"]}
    ground.step("resolve_request", went_on, STAFF, **body)
    ground.rate(other, stars=1, solved=False, who=LI)
    judged = {"upheld": False, "reason": "现场核实不属实"}
    with pytest.raises(errors.InChain):
        ground.step("review_request", card(ground, other), CADRE, "R_CADRE", COMMUNITY, **judged)
    ground.step("review_request", card(ground, other), OTHER_CADRE, "R_CADRE", COMMUNITY, **judged)
