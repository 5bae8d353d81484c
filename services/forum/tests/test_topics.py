"""Steps 1 and 2: collecting and analysing, and every way in which a topic ends there."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.forum import errors
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    COMMUNITY,
    GRID,
    LEADER,
    NEIGHBOURS,
    OTHER_GRID,
    STREET,
    TEAM,
)

pytestmark = pytest.mark.slow


@pytest.mark.covers("F2", "F1-flow")
def test_a_topic_has_a_number_a_way_and_stands_at_the_first_step(town):
    answer = town.resident().do("submit_topic", town.draft())
    assert answer["number"] == "YT-20250303-015901-00001"
    card = town.resident(BEN).ask("topic", {"topic_id": answer["id"]})
    assert (card["state"], card["step"], card["step_name"]) == ("COLLECTED", 1, "收集议题")
    assert [step["state"] for step in card["steps"]] == ["DONE", *["NOT_OPENED"] * 4]
    assert "proposer" not in card
    assert town.submit() != answer["id"]
    assert town.bench.rows("SELECT max(number) AS n FROM topics")[0]["n"].endswith("00002")


@pytest.mark.covers("F2")
def test_a_worker_enters_what_a_resident_said_at_the_door(town):
    worker = town.bench.as_("R_GRID", person="per_worker", scope=GRID)
    signed = NEIGHBOURS[:5]
    topic_id = worker.do(
        "submit_topic",
        town.draft(
            way="DOORSTEP", proposer_id=BEN, cosigners=signed, level="COMMUNITY", scope=[COMMUNITY]
        ),
    )["id"]
    row = town.row("topics", "topic_id", topic_id)
    assert (row["proposer"], row["entered_by"], row["way"]) == (BEN, "per_worker", "DOORSTEP")


def test_a_resident_speaks_for_nobody_else_and_signs_for_nobody_else(town):
    with pytest.raises(NotFound):
        town.submit(proposer_id=BEN)
    with pytest.raises(errors.CosignersNeeded):
        town.submit(level="COMMUNITY", scope=[COMMUNITY], cosigners=NEIGHBOURS[:5])
    # K14: for a matter of the grid the names were dropped without a word.
    with pytest.raises(Invalid) as refused:
        town.submit(cosigners=NEIGHBOURS[:2])
    assert refused.value.field == "cosigners"
    for wrong in ({"cosigners": ["prj_x"]}, {"source_request": "prj_x"}):
        with pytest.raises(Invalid):
            town.submit(**wrong)


@pytest.mark.parametrize("fact", ["request_submitted.v1", "request_resolved.v1"])
def test_the_request_that_a_topic_came_from_is_one_that_there_is(town, fact):
    """Only its form was looked at: any id was believed and shown."""
    with pytest.raises(errors.NotHeardOf) as refused:
        town.submit(source_request="req_7")
    assert (refused.value.field, refused.value.params["id"]) == ("source_request", "req_7")
    told = {"request_id": "req_7", "number": "SR-20250303-015901-00007"}
    town.bench.consume("steward", fact, told, subject="req_7")
    topic_id = town.submit(source_request="req_7")
    assert town.row("topics", "topic_id", topic_id)["source_request"] == "req_7"


@pytest.mark.covers("AppendixA")
def test_a_matter_of_the_community_needs_cosigners_or_a_sponsor(town):
    with pytest.raises(errors.CosignersNeeded):
        town.submit(level="COMMUNITY", scope=[COMMUNITY])
    deputy = town.bench.as_("R_DEPUTY", person="per_deputy", scope=STREET)
    assert deputy.do("submit_topic", town.draft(level="COMMUNITY", scope=[COMMUNITY]))


@pytest.mark.covers("AppendixA")
@pytest.mark.parametrize(
    ("level", "scope"),
    [
        ("GRID", [COMMUNITY]),
        ("GRID", [GRID, OTHER_GRID]),
        ("GRID", ["370811015901099"]),
        ("GRID", [OTHER_GRID]),
    ],
)
def test_areas_that_do_not_fit_are_refused(town, level, scope):
    with pytest.raises(errors.ScopeMismatch):
        town.submit(level=level, scope=scope)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "x" * 51},
        {"way": "PIGEON"},
        {"scope": []},
        {"category": "停车"},
        {"level": "CITY"},
    ],
)
def test_a_body_that_is_no_topic_is_refused(town, wrong):
    with pytest.raises(Invalid):
        town.submit(**wrong)


def test_signatures_count_once_and_do_not_make_a_decision_stale(town):
    topic_id = town.submit()
    version = town.version(topic_id)
    assert town.resident(BEN).do("cosign_topic", {"topic_id": topic_id})["cosigners"] == 1
    for person in (BEN, ANA):
        with pytest.raises(errors.AlreadySigned):
            town.resident(person).do("cosign_topic", {"topic_id": topic_id})
    assert town.version(topic_id) == version
    town.adopt(topic_id)
    with pytest.raises(StateConflict):
        town.resident("per_n01").do("cosign_topic", {"topic_id": topic_id})


def test_the_analysis_is_published_with_its_finding(town):
    topic_id = town.submit()
    town.adopt(topic_id, level="COMMUNITY", finding="涉及全社区停车，宜协商", urgency="URGENT")
    card = town.resident(BEN).ask("topic", {"topic_id": topic_id})
    assert card["analysis"]["finding"] == "涉及全社区停车，宜协商"
    assert (card["level"], card["scope"], card["step"]) == ("COMMUNITY", [COMMUNITY], 2)
    with pytest.raises(StateConflict):
        town.adopt(topic_id)


def test_only_the_secretary_of_the_community_adopts_what_he_has_seen(town):
    topic_id = town.submit()
    body = {"topic_id": topic_id, "owners_matter": False}
    with pytest.raises(RoleDenied):
        town.cadre().do("adopt_topic", body, version=1)
    with pytest.raises(RoleDenied):
        town.bench.as_("R_SECRETARY", person="x", scope=OTHER_GRID[:12]).do(
            "adopt_topic", body, version=1
        )
    with pytest.raises(VersionConflict):
        town.secretary().do("adopt_topic", body, version=9)


def test_a_rejection_may_be_brought_before_the_street_once(town):
    topic_id = town.submit()
    town.secretary()
    town.on_topic("reject_topic", topic_id, reason="NOT_PUBLIC", note="属个人纠纷")
    card = town.resident().ask("topic", {"topic_id": topic_id})
    assert (card["state"], card["reason"], card["note"]) == ("REJECTED", "NOT_PUBLIC", "属个人纠纷")
    assert card["steps"][1]["state"] == "ENDED"
    with pytest.raises(NotFound):
        town.resident(BEN).do("appeal_topic", {"topic_id": topic_id})
    town.resident().do("appeal_topic", {"topic_id": topic_id})
    with pytest.raises(errors.AppealUsed):
        town.resident().do("appeal_topic", {"topic_id": topic_id})
    town.street()
    answer = town.on_topic("review_topic", topic_id, outcome="OVERTURNED", reasons="涉及多户")
    assert answer["state"] == "COLLECTED"
    town.adopt(topic_id)


def test_a_rejection_that_the_street_upholds_stands(town):
    topic_id = town.submit()
    town.secretary()
    town.on_topic("reject_topic", topic_id, reason="ABUSIVE")
    town.street()
    with pytest.raises(StateConflict):
        town.on_topic("review_topic", topic_id, outcome="UPHELD", reasons="无人申请")
    town.resident().do("appeal_topic", {"topic_id": topic_id})
    town.street()
    town.on_topic("review_topic", topic_id, outcome="UPHELD", reasons="理由成立")
    assert town.state(topic_id) == "REJECTED"


def test_a_matter_of_one_household_goes_to_the_stewards(town):
    topic_id = town.submit()
    town.cadre()
    town.on_topic("redirect_topic", topic_id, reason="单户漏水", request_id="req_1")
    row = town.row("topics", "topic_id", topic_id)
    assert (row["state"], row["request_id"]) == ("REDIRECTED", "req_1")
    # The stewards look whether it is the proposer's; else they register one, and the proposer is told.
    (said,) = town.bench.published("topic_request_named.v1")
    assert said["data"]["request_id"] == "req_1"
    town.bench.consume(
        "steward",
        "request_submitted.v1",
        {"request_id": "req_9", "number": "SR-20250303-015901-00009", "topic_id": topic_id},
        subject="req_9",
    )
    assert town.row("topics", "topic_id", topic_id)["request_id"] == "req_9"
    told = town.resident().ask("my_messages")["items"][0]
    assert (told["code"], "SR-20250303-015901-00009" in told["text"]) == ("TOPIC_REQUEST", True)


def test_merged_topics_keep_their_people_and_tell_them(town):
    first, second = town.submit(), town.submit(BEN)
    town.resident("per_n01").do("cosign_topic", {"topic_id": second})
    town.cadre()
    with pytest.raises(errors.MergeTarget):
        town.on_topic("merge_topic", second, into=second)
    town.on_topic("merge_topic", second, into=first)
    card = town.cadre().ask("topic", {"topic_id": first})
    assert sorted(card["cosigner_ids"]) == ["per_ben", "per_n01"]
    told = town.resident("per_n01").ask("my_messages")["items"]
    assert told[0]["code"] == "TOPIC_MERGED"
    assert "YT-20250303-015901-00002" in told[0]["text"]


def test_nobody_merges_a_topic_into_one_of_the_own_household(town):
    """H5-12: the one that gains the signatures was not asked about."""
    town.live(CADRE)
    mine, other = town.submit(CADRE), town.submit(BEN)
    town.cadre()
    for merged, into in ((other, mine), (mine, other)):
        with pytest.raises(errors.OwnMatter):
            town.on_topic("merge_topic", merged, into=into)
    assert town.state(mine) == town.state(other) == "COLLECTED"


def test_a_topic_that_nobody_analyses_climbs_from_street_to_district(town):
    topic_id = town.submit()
    town.bench.fire("2025-03-20T00:00:00")
    climbed = town.bench.rows("SELECT level, person_id, tier FROM escalations ORDER BY level")
    assert [(e["level"], e["person_id"]) for e in climbed] == [(1, TEAM), (2, LEADER)]
    mine = town.bench.as_("R_STREET_LEAD", person=TEAM, scope=STREET).ask(
        "escalations", {"mine": True}
    )["items"]
    assert [e["deadline"] for e in mine] == ["topic_screen"]
    timeline = town.cadre().ask("topic_timeline", {"topic_id": topic_id})["items"]
    assert [item["action"] for item in timeline] == ["submit", "escalate", "escalate"]
    assert (
        "actor" not in town.resident(BEN).ask("topic_timeline", {"topic_id": topic_id})["items"][0]
    )
    # S28: a timeline came whole, however long it was.
    asked = {"topic_id": topic_id, "limit": 2}
    first = town.cadre().ask("topic_timeline", asked)
    rest = town.cadre().ask("topic_timeline", asked | {"cursor": first["next"]})
    assert first["items"] + rest["items"] == timeline
    assert (len(first["items"]), rest["next"]) == (2, None)


def test_an_escalation_with_nobody_above_is_recorded_as_an_alarm(empty):
    empty.ground()
    empty.submit()
    empty.bench.fire("2025-03-07T00:00:00")
    (alarm,) = empty.bench.rows("SELECT * FROM escalations")
    assert alarm["official_id"] is None


def test_a_failed_topic_rests_unless_there_are_new_facts(town):
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, "2025-03-07T19:00:00+08:00")
    town.bench.at("2025-03-07T19:00:00")
    town.open(session_id, ANA, BEN, *NEIGHBOURS[:6])
    town.on_session("close_vote", session_id, topic_id=topic_id)
    assert town.state(topic_id) == "FAILED"
    with pytest.raises(errors.ResubmitTooSoon):
        town.submit(resubmits=topic_id)
    assert town.submit(resubmits=topic_id, new_facts="物业同意出资")
    town.bench.at("2025-06-05T19:00:00")
    assert town.submit(resubmits=topic_id)


def test_the_wall_shows_a_grid_its_own_matters_and_those_of_its_community(town):
    mine = town.submit()
    found = town.resident().ask("topic_wall", {"scope": GRID})["items"]
    assert [t["id"] for t in found] == [mine]
    assert town.resident().ask("topic_wall", {"scope": OTHER_GRID})["items"] == []
    assert (
        len(town.resident().ask("topic_wall", {"mine": True, "state": "COLLECTED"})["items"]) == 1
    )
    assert town.resident(BEN).ask("topic_wall", {"mine": True})["items"] == []


@pytest.mark.covers("M-15")
def test_the_funnel_counts_the_cohort_and_divides_by_nothing(town):
    empty = town.bench.as_("R_ANONYMOUS", person="").ask("funnel", {"first": "2025-01"})
    assert (empty["collected"], empty["adoption_rate"], empty["closure_rate"]) == (0, None, None)
    town.submit()
    town.implementing()
    found = town.bench.ask("funnel", {"first": "2025-03"})
    assert (found["collected"], found["adopted"], found["resolved"]) == (2, 1, 1)
    assert (found["adoption_rate"], found["closure_rate"]) == ("50.00", "0.00")
    assert found["ways"]["ONLINE"] == 2
    assert found["median_hours"]["session"] == 106.0


def reviewed(town, outcome, reasons, reason="NOT_PUBLIC"):
    topic_id = town.submit()
    town.secretary()
    town.on_topic("reject_topic", topic_id, reason=reason)
    town.resident().do("appeal_topic", {"topic_id": topic_id})
    town.street()
    town.on_topic("review_topic", topic_id, outcome=outcome, reasons=reasons)
    return topic_id


@pytest.mark.parametrize("outcome", ["UPHELD", "OVERTURNED"])
def test_the_proposer_is_told_what_the_street_decided_and_why(town, outcome):
    """The proposer was told again to ask the street, or only the state; the reasons stood nowhere."""
    topic_id = reviewed(town, outcome, "涉及多户的公共通道")
    told = town.resident().ask("my_messages")["items"][0]
    assert told["code"] == f"TOPIC_REVIEW_{outcome}"
    assert "涉及多户的公共通道" in told["text"]
    assert town.resident().ask("topic", {"topic_id": topic_id})["appeal_reasons"] == (
        "涉及多户的公共通道"
    )


def test_the_community_does_not_undo_what_the_street_decided(town):
    """K13: it rejected again with the same reason, and the proposer could not ask again."""
    topic_id = reviewed(town, "OVERTURNED", "涉及多户的公共通道")
    town.secretary()
    with pytest.raises(errors.StreetDecided):
        town.on_topic("reject_topic", topic_id, reason="NOT_PUBLIC")
    town.on_topic("reject_topic", topic_id, reason="IN_LITIGATION")
    assert town.resident().do("appeal_topic", {"topic_id": topic_id})["appeal"] == "ASKED"


@pytest.mark.parametrize("way", ["HOTLINE", "DOORSTEP"])
def test_what_a_resident_raises_himself_comes_online(town, way):
    """K14: the way was believed, and counted in the funnel."""
    with pytest.raises(Invalid) as refused:
        town.submit(way=way)
    assert refused.value.field == "way"


def test_what_was_merged_into_a_topic_that_is_withdrawn_is_analysed_by_itself(town):
    """H5-11: one proposer took back the matter of everybody who was merged into it."""
    first, second = town.submit(ANA), town.submit(BEN, title="停车位不足")
    town.cadre()
    town.on_topic("merge_topic", second, into=first)
    town.resident(ANA)
    town.on_topic("withdraw_topic", first)
    assert (town.state(first), town.state(second)) == ("WITHDRAWN", "COLLECTED")
    assert town.resident(BEN).ask("my_messages")["items"][0]["code"] == "TOPIC_COLLECTED"
    town.adopt(second)
    assert town.state(second) == "ADOPTED"
