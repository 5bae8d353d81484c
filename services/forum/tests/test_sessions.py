"""Step 3: who is invited, by which link and which draw; attendance and votes."""

import random

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.forum import errors, rules
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    CAI,
    COMMUNITY,
    GRID,
    LEADER,
    MANAGER,
    NEIGHBOURS,
    NEXT_GRID,
    STREET,
    TEAM,
    WORKER,
)

pytestmark = pytest.mark.slow

START = "2025-03-07T19:00:00+08:00"


def invited(town, session_id, capacity=None):
    rows = town.bench.rows("SELECT * FROM invitations WHERE session_id = :s", s=session_id)
    return {r["person_id"]: r for r in rows if capacity in {None, r["capacity"]}}


@pytest.mark.covers("F5", "N16", "N16")
def test_a_session_without_a_published_analysis_cannot_be_opened(town):
    topic_id = town.submit()
    with pytest.raises(errors.StepLocked) as refused:
        town.schedule(topic_id, START)
    assert refused.value.params["missing_name"] == "分析研判"
    assert (refused.value.code, refused.value.guard) == ("GUARD_FAILED", "STEP_LOCKED")


@pytest.mark.covers("F11-flow")
def test_a_grids_session_invites_worker_cadre_and_a_deputy(town):
    session_id = town.schedule(town.adopted(), START)
    officials = invited(town, session_id, "OFFICIAL")
    assert {p: r["tier"] for p, r in officials.items()} == {
        WORKER: "GRID_WORKER",
        CADRE: "COMMUNITY_CADRE",
    }
    assert list(invited(town, session_id, "DEPUTY")) == ["per_deputy"]
    assert not any(r["voting"] for r in officials.values())


@pytest.mark.covers("F11-flow")
def test_a_higher_level_adds_the_tier_above(town):
    topic_id = town.submit()
    town.adopt(topic_id, level="COMMUNITY")
    assert TEAM in invited(town, town.schedule(topic_id, START), "OFFICIAL")
    town.deputy("per_congress", "PEOPLES_CONGRESS", "dep_2")
    topic_id = town.submit(BEN)
    town.adopt(topic_id, level="STREET")
    session_id = town.schedule(topic_id, START)
    assert {TEAM, LEADER} <= set(invited(town, session_id, "OFFICIAL"))
    assert set(invited(town, session_id, "DEPUTY")) == {"per_deputy", "per_congress"}


@pytest.mark.covers("F11-flow", "AppendixA")
def test_a_grid_without_a_cadre_cannot_invite(town):
    town.live("per_far", grid=NEXT_GRID)
    topic_id = town.adopted("per_far", scope=[NEXT_GRID])
    town.official("per_w2", "GRID_WORKER", NEXT_GRID, "off_w2")
    with pytest.raises(errors.LiaisonMissing) as refused:
        town.schedule(topic_id, START)
    assert refused.value.params == {"tier": "COMMUNITY_CADRE", "target": NEXT_GRID}


@pytest.mark.covers("F11-flow", "AppendixA")
def test_a_community_without_deputies_cannot_deliberate_on_its_level(empty):
    empty.ground()
    empty.officials()
    topic_id = empty.submit()
    empty.adopt(topic_id, level="COMMUNITY")
    with pytest.raises(errors.DeputyRequired):
        empty.schedule(topic_id, START)


@pytest.mark.covers("F12-flow")
def test_a_street_needs_deputies_of_two_kinds(town):
    town.deputy("per_same", "PARTY_DELEGATE", "dep_2")
    topic_id = town.submit()
    town.adopt(topic_id, level="STREET")
    with pytest.raises(errors.DeputyRequired):
        town.schedule(topic_id, START)
    town.deputy("per_cppcc", "CPPCC_MEMBER", "dep_3")
    chosen = invited(town, town.schedule(topic_id, START), "DEPUTY")
    assert set(chosen) == {"per_deputy", "per_cppcc"}


@pytest.mark.covers("F12-flow")
def test_deputies_take_turns(town):
    town.deputy("per_second", "CPPCC_MEMBER", "dep_2")
    turns = []
    for person in (ANA, BEN, CAI):
        session_id = town.schedule(town.adopted(person), START)
        turns += list(invited(town, session_id, "DEPUTY"))
    assert turns == ["per_deputy", "per_second", "per_deputy"]


@pytest.mark.covers("F11-flow")
def test_residents_are_the_proposer_two_cosigners_and_a_draw_that_anybody_can_repeat(town):
    topic_id = town.submit()
    for person in (BEN, CAI, NEIGHBOURS[0]):
        town.resident(person).do("cosign_topic", {"topic_id": topic_id})
    town.live("per_child", adult=False)
    town.live("per_far", grid=NEXT_GRID)
    for person in [*NEIGHBOURS[1:], "per_far"]:
        town.resident(person).do("opt_in", {})
    town.adopt(topic_id)
    session_id = town.schedule(topic_id, START, auto=True, invitees=[], resident_seats=7)
    people = invited(town, session_id, "RESIDENT_REP")
    assert {p: r["via"] for p, r in people.items() if r["via"] != "DRAW"} == {
        ANA: "PROPOSER",
        BEN: "COSIGNER",
        CAI: "COSIGNER",
    }
    drawn = {p for p, r in people.items() if r["via"] == "DRAW"}
    seed = rules.seed_of(session_id)
    assert drawn == set(rules.draw(seed, NEIGHBOURS[1:], 4))
    assert town.secretary().ask("session", {"session_id": session_id})["draw"] == {
        "seed": seed,
        "pool": 11,
    }
    assert invited(town, session_id, "PROPERTY")[MANAGER]["voting"]


def test_the_draw_does_not_depend_on_the_order_of_the_candidates():
    people = [f"per_{n}" for n in range(50)]
    expected = rules.draw("seed", people, 9)
    for n in range(20):
        random.Random(n).shuffle(people)
        assert rules.draw("seed", people, 9) == expected


def test_nobody_is_invited_twice(town):
    topic_id = town.adopted()
    twice = [*town.named(), {"person_id": ANA, "capacity": "EXPERT"}]
    with pytest.raises(errors.PersonTwice):
        town.schedule(topic_id, START, invitees=twice)
    with pytest.raises(errors.SeatsOutOfRange):
        town.schedule(topic_id, START, resident_seats=2)


@pytest.mark.covers("F11-flow")
def test_an_official_who_declines_names_a_delegate_of_his_tier(town):
    town.official("per_cadre2", "COMMUNITY_CADRE", COMMUNITY, "off_cadre2")
    session_id = town.schedule(town.adopted(), START)
    mine = invited(town, session_id)[CADRE]["invitation_id"]
    town.cadre()
    with pytest.raises(errors.DelegateRequired):
        town.bench.do("answer_invitation", {"invitation_id": mine, "answer": "NO"})
    body = {"invitation_id": mine, "answer": "DELEGATE"}
    with pytest.raises(errors.DelegateTier):
        town.bench.do("answer_invitation", body | {"delegate_person_id": TEAM})
    town.bench.do("answer_invitation", body | {"delegate_person_id": "per_cadre2"})
    assert invited(town, session_id)["per_cadre2"]["via"] == "DELEGATE"
    with pytest.raises(NotFound):
        town.resident(BEN).do("answer_invitation", {"invitation_id": mine, "answer": "YES"})


def test_a_day_before_the_host_is_asked_to_telephone_those_who_are_silent(town):
    session_id = town.schedule(town.adopted(), START)
    ana = invited(town, session_id)[ANA]["invitation_id"]
    town.resident().do("answer_invitation", {"invitation_id": ana, "answer": "YES"})
    listed = town.resident().ask("my_invitations")["items"]
    assert (listed[0]["answer"], listed[0]["topics"][0]["title"]) == ("YES", "小院停车")
    town.bench.fire("2025-03-06T19:00:00")
    told = town.secretary().ask("my_messages")["items"]
    assert told[0]["code"] == "ANSWERS_MISSING"
    town.bench.at(START)
    town.open(session_id)
    with pytest.raises(errors.AnswerTooLate):
        town.resident().do("answer_invitation", {"invitation_id": ana, "answer": "NO"})


def test_a_session_opens_fifteen_minutes_before_its_start_by_its_host(town):
    session_id = town.schedule(town.adopted(), START)
    town.bench.at("2025-03-07T18:44:59")
    with pytest.raises(errors.TooEarly):
        town.open(session_id)
    town.bench.at("2025-03-07T18:45:00")
    town.cadre()
    with pytest.raises(errors.NotHost):
        town.on_session("open_session", session_id)
    town.open(session_id)
    with pytest.raises(StateConflict):
        town.on_session("open_session", session_id)


@pytest.mark.covers("AppendixA")
def test_one_present_voter_one_vote_and_nobody_else_votes(town):
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, START)
    town.bench.at(START)
    with pytest.raises(StateConflict):
        town.vote(session_id, topic_id, ANA, "FOR")
    town.open(session_id, ANA, "per_deputy")
    with pytest.raises(errors.NotInvited):
        town.secretary().do("record_attendance", {"session_id": session_id, "person_ids": [CAI]})
    town.vote(session_id, topic_id, ANA, "FOR")
    for person, refusal in (
        (ANA, errors.AlreadyVoted),
        (BEN, errors.NotPresent),
        (CAI, errors.NotPresent),
        ("per_deputy", errors.NotVoting),
    ):
        with pytest.raises(refusal):
            town.vote(session_id, topic_id, person, "AGAINST")


@pytest.mark.covers("F17", "N5")
def test_votes_are_shown_as_totals_after_the_close_and_never_said(town):
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, START)
    town.bench.at(START)
    town.open(session_id, ANA, BEN, *NEIGHBOURS[:6])
    town.vote(session_id, topic_id, ANA, "AGAINST")
    before = town.secretary().ask("session", {"session_id": session_id})
    assert before["agenda"][0]["ballots"] == 1
    assert before["agenda"][0]["tally"] is None
    assert before["quorum"]["holds"] is True
    for person in (BEN, *NEIGHBOURS[:4]):
        town.vote(session_id, topic_id, person, "FOR")
    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=topic_id)
    # Two were present and cast nothing: they count as present, as an abstention does.
    assert (tally["for"], tally["not_cast"], tally["passed"]) == (5, 2, True)
    assert "AGAINST" not in str(town.bench.published())
    assert "AGAINST" not in str(town.bench.rows("SELECT * FROM history"))
    with pytest.raises(StateConflict):
        town.vote(session_id, topic_id, "per_n05", "FOR")


def test_two_topics_in_one_session_count_a_person_once(town):
    first, second = town.adopted(), town.adopted(BEN)
    session_id = town.schedule(first, START, topic_ids=[first, second])
    town.bench.at(START)
    present = [ANA, BEN, *NEIGHBOURS[:5]]
    town.open(session_id, *present)
    for person in present:
        town.vote(session_id, first, person, "FOR")
    town.secretary()
    answer = town.on_session("close_vote", session_id, topic_id=first)
    assert answer["session_state"] == "OPEN"
    # One who comes later is counted at the next close.
    town.bench.do("record_attendance", {"session_id": session_id, "person_ids": ["per_n06"]})
    answer = town.on_session("close_vote", session_id, topic_id=second)
    assert (answer["session_state"], answer["passed"]) == ("ENDED", False)
    said = [e["data"]["person_id"] for e in town.bench.published("attendance_recorded.v1")]
    assert sorted(said) == sorted([*present, "per_n06"])


def test_after_two_adjournments_a_vote_without_quorum_ends_the_topic(town):
    topic_id = town.adopted()
    for start in ("2025-03-07T19:00:00+08:00", "2025-03-11T19:00:00+08:00"):
        session_id = town.schedule(topic_id, start)
        town.bench.at(start)
        town.open(session_id, ANA)
        town.on_session("adjourn_session", session_id, reason="NO_QUORUM")
    start = "2025-03-15T19:00:00+08:00"
    session_id = town.schedule(topic_id, start)
    town.bench.at(start)
    town.open(session_id, ANA)
    with pytest.raises(errors.AdjournLimit):
        town.on_session("adjourn_session", session_id)
    answer = town.on_session("close_vote", session_id, topic_id=topic_id)
    assert (answer["passed"], answer["topic_state"]) == (False, "FAILED")


def test_a_topic_whose_term_was_missed_climbs_and_can_still_be_held(town):
    topic_id = town.adopted()
    town.bench.fire("2025-03-18T00:00:00")
    (missed,) = town.bench.rows("SELECT * FROM escalations")
    assert (missed["deadline"], missed["tier"]) == ("topic_session", "STREET_TEAM")
    town.bench.at("2025-03-18T09:00:00")
    town.schedule(topic_id, "2025-03-24T19:00:00+08:00")


@pytest.mark.covers("N17")
def test_the_session_shows_which_grid_nobody_speaks_for(town):
    town.live("per_far", grid=NEXT_GRID)
    topic_id = town.submit()
    town.adopt(topic_id, level="COMMUNITY")
    session_id = town.schedule(topic_id, START)
    town.bench.at(START)
    town.open(session_id, ANA, BEN, *NEIGHBOURS[:6])
    room = town.resident(ANA).ask("session", {"session_id": session_id})
    assert "few" not in str(room)
    outside = town.resident("per_far").ask("session", {"session_id": session_id})
    assert outside["representation"][1] == {
        "grid": NEXT_GRID,
        "adults": 0,
        "invited": 0,
        "present": 0,
        "warning": "GRID_NOT_PRESENT",
        "few": ["adults"],
    }
    assert outside["capacities"]["RESIDENT_REP"] == room["capacities"]["RESIDENT_REP"]
    few = {"attended", "invited", "yes"}
    official = outside["capacities"]["OFFICIAL"]
    assert official == dict.fromkeys(few, 0) | {"few": sorted(few)}
    assert room["capacities"]["OFFICIAL"]["invited"] > 0
    shown = town.secretary().ask("session", {"session_id": session_id})["representation"]
    by_grid = {item["grid"]: item for item in shown}
    assert by_grid[GRID]["warning"] is None
    assert by_grid[NEXT_GRID] == {
        "grid": NEXT_GRID,
        "adults": 1,
        "invited": 0,
        "present": 0,
        "warning": "GRID_NOT_PRESENT",
    }


def test_a_session_is_an_icalendar_event_and_hides_others_from_a_resident(town):
    session_id = town.schedule(town.adopted(title="停车，充电；与绿化" + "长" * 30), START)
    card = town.resident().ask("session", {"session_id": session_id})
    lines = card["ical"].split("\r\n")
    assert "DTSTART:20250307T110000Z" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    assert [i["person_id"] for i in card["invitations"]] == [ANA]
    assert "host_id" not in card
    with pytest.raises(NotFound):
        town.resident().ask("session", {"session_id": "ses_none"})


def test_a_host_of_another_community_may_not_schedule(town):
    topic_id = town.adopted()
    with pytest.raises(RoleDenied):
        town.bench.as_("R_SECRETARY", person="x", scope=STREET + "902").do(
            "schedule_session",
            {"topic_ids": [topic_id], "start": START, "place": "x", "invitees": town.named()},
        )
