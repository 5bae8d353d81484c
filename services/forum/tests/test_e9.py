"""Worked example E9: the dates, the quorum and the vote of a deliberation, to the day."""

import pytest

from fivered.services.forum import errors
from fivered.services.forum.tests.conftest import ANA, BEN, GRID, NEIGHBOURS
from testkit.bench import instant

VOTERS = [ANA, BEN, *NEIGHBOURS][:8]
OTHERS = [
    ("per_property", "PROPERTY"),
    *((f"per_m{n}", "MERCHANT") for n in range(3)),
    *((f"per_u{n}", "UNIT") for n in range(3)),
]


def due(row, column):
    return instant(str(row[column]).replace(" ", "T").split("+")[0] + "+00:00")


def submitted(town):
    town.bench.at("2025-04-28T10:00:00")
    return town.submit()


def scheduled(town, at="2025-05-06T10:00:00", adopt=None):
    """The topic is adopted on 6 May and its session stands on 12 May, 19:00."""
    topic_id = submitted(town)
    town.bench.at(at)
    town.adopt(topic_id, **(adopt or {}))
    session_id = town.schedule(
        topic_id, "2025-05-12T19:00:00+08:00", invitees=town.named(8, OTHERS)
    )
    return topic_id, session_id


def held(town, *, residents=6, others=5, adopt=None):
    topic_id, session_id = scheduled(town, adopt=adopt)
    town.bench.fire("2025-05-12T19:00:00")
    present = VOTERS[:residents] + [person for person, _capacity in OTHERS[:others]]
    town.open(session_id, *present)
    return topic_id, session_id, present


def cast(town, session_id, topic_id, present, choices):
    for person, choice in zip(present, choices, strict=False):
        town.vote(session_id, topic_id, person, choice)
    town.secretary()
    return town.on_session("close_vote", session_id, topic_id=topic_id)


@pytest.mark.covers("E9")
def test_a_topic_of_28_april_is_analysed_before_7_may(town):
    topic_id = submitted(town)
    assert due(town.row("topics", "topic_id", topic_id), "screen_due") == instant(
        "2025-05-07T00:00"
    )
    assert town.bench.fire("2025-05-06T23:59:59") >= 0
    assert town.bench.rows("SELECT * FROM escalations") == []
    town.bench.fire("2025-05-07T00:00:00")
    missed = town.bench.rows("SELECT * FROM escalations")
    assert [(m["deadline"], m["tier"], m["person_id"]) for m in missed] == [
        ("topic_screen", "STREET_TEAM", "per_team")
    ]
    assert town.state(topic_id) == "COLLECTED"


@pytest.mark.covers("E9")
def test_adopted_on_6_may_the_session_is_held_before_21_may(town):
    topic_id = submitted(town)
    town.bench.at("2025-05-06T10:00:00")
    answer = town.adopt(topic_id)
    assert instant(answer["due"]) == instant("2025-05-21T00:00")
    with pytest.raises(errors.OverTenWorkingDays):
        town.schedule(topic_id, "2025-05-21T00:00:00+08:00")
    town.schedule(topic_id, "2025-05-20T23:59:00+08:00")


@pytest.mark.covers("E9")
def test_invitations_go_out_72_hours_before_and_not_a_minute_later(town):
    topic_id = submitted(town)
    town.bench.at("2025-05-06T10:00:00")
    town.adopt(topic_id)
    start = "2025-05-12T19:00:00+08:00"
    town.bench.at("2025-05-09T19:00:01")
    with pytest.raises(errors.NoticeTooShort):
        town.schedule(topic_id, start)
    town.bench.at("2025-05-09T19:00:00")
    town.schedule(topic_id, start, invitees=town.named(8, OTHERS))


@pytest.mark.covers("E9")
def test_eight_residents_of_fifteen_are_a_majority_and_seven_are_not(town):
    topic_id = submitted(town)
    town.bench.at("2025-05-06T10:00:00")
    town.adopt(topic_id)
    start = "2025-05-12T19:00:00+08:00"
    with pytest.raises(errors.ResidentMajority):
        town.schedule(topic_id, start, invitees=town.named(7, OTHERS))
    session_id = town.schedule(topic_id, start, invitees=town.named(8, OTHERS))
    voting = town.bench.rows(
        "SELECT count(*) AS n FROM invitations WHERE session_id = :s AND voting", s=session_id
    )
    assert voting[0]["n"] == 15


@pytest.mark.covers("E9", "F1-flow")
def test_six_of_eleven_pass_and_the_resolution_stands_on_20_may(town):
    topic_id, session_id, present = held(town)
    tally = cast(
        town,
        session_id,
        topic_id,
        present,
        ["FOR"] * 6 + ["AGAINST"] * 3 + ["ABSTAIN"] * 2,
    )
    assert (tally["for"], tally["against"], tally["abstain"]) == (6, 3, 2)
    assert (tally["voting_invited"], tally["voting_present"]) == (15, 11)
    assert tally["passed"] is True
    assert tally["session_state"] == "ENDED"
    topic = town.row("topics", "topic_id", topic_id)
    assert due(topic, "opinion_due") == instant("2025-05-15T00:00")

    town.bench.at("2025-05-14T10:00:00")
    town.opinion(topic_id)
    town.secretary()
    notice = town.on_topic("publicise_opinion", topic_id)
    assert instant(notice["ends_at"]) == instant("2025-05-20T00:00")

    town.bench.fire("2025-05-19T23:59:59")
    assert town.state(topic_id) == "PUBLICISED"
    town.bench.fire("2025-05-20T00:00:00")
    topic = town.row("topics", "topic_id", topic_id)
    assert topic["state"] == "RESOLVED"
    assert due(topic, "tasks_due") == instant("2025-05-23T00:00")
    (effective,) = town.bench.published("resolution_effective.v1")
    assert effective["data"]["binding"] is True
    assert effective["time"] == "2025-05-19T16:00:00Z"


@pytest.mark.covers("E9", "F17")
def test_the_proposer_and_everyone_present_are_named_for_may(town):
    topic_id, session_id, present = held(town)
    cast(town, session_id, topic_id, present, ["FOR"] * 11)
    (adopted,) = town.bench.published("topic_adopted.v1")
    assert adopted["period"] == "2025-05"
    assert adopted["data"] == {
        "topic_id": topic_id,
        "community": GRID[:12],
        "proposer": ANA,
        "level": "GRID",
        "owners_matter": False,
    }
    attended = town.bench.published("attendance_recorded.v1")
    assert sorted(event["data"]["person_id"] for event in attended) == sorted(present)
    assert {event["period"] for event in attended} == {"2025-05"}


@pytest.mark.covers("E9")
def test_five_residents_of_eleven_are_no_quorum_and_the_session_is_adjourned(town):
    topic_id, session_id, _present = held(town, residents=5, others=6)
    with pytest.raises(errors.ResidentShare):
        town.on_session("close_vote", session_id, topic_id=topic_id)
    assert town.bench.published("attendance_recorded.v1") == []
    answer = town.on_session("adjourn_session", session_id, reason="NO_QUORUM")
    assert answer["state"] == "ADJOURNED"
    topic = town.row("topics", "topic_id", topic_id)
    assert (topic["state"], topic["adjournments"]) == ("ADOPTED", 1)
    assert due(topic, "session_due") == instant("2025-05-27T00:00")


@pytest.mark.covers("E9")
def test_nine_of_fifteen_are_no_quorum(town):
    topic_id, session_id, _present = held(town, residents=5, others=4)
    with pytest.raises(errors.NoQuorum):
        town.on_session("close_vote", session_id, topic_id=topic_id)


@pytest.mark.covers("E9")
def test_five_of_ten_are_no_majority_and_the_topic_fails(town):
    topic_id, session_id, present = held(town, residents=6, others=4)
    tally = cast(
        town, session_id, topic_id, present, ["FOR"] * 5 + ["AGAINST"] * 3 + ["ABSTAIN"] * 2
    )
    assert tally["passed"] is False
    assert town.state(topic_id) == "FAILED"


@pytest.mark.covers("E9")
def test_an_owners_matter_resolves_without_binding(town):
    topic_id, session_id, present = held(town, adopt={"owners_matter": True})
    cast(town, session_id, topic_id, present, ["FOR"] * 11)
    town.bench.at("2025-05-14T10:00:00")
    town.opinion(topic_id)
    town.secretary()
    town.on_topic("publicise_opinion", topic_id)
    town.bench.fire("2025-05-20T00:00:00")
    assert town.state(topic_id) == "RESOLVED"
    (effective,) = town.bench.published("resolution_effective.v1")
    assert effective["data"]["binding"] is False
    with pytest.raises(errors.OwnersVoteRequired):
        town.on_topic("assign_tasks", topic_id, tasks=[town.task()])
