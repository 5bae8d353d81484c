"""A token outlives its bearer's registration; the bearer's voice does not."""

import pytest

from fivered.chassis.i18n import problem_of
from fivered.services.forum import errors
from fivered.services.forum.service import Forum
from fivered.services.forum.tests.conftest import ANA, BEN, COMMUNITY, NEIGHBOURS
from testkit.callers import admitted, commands_of

pytestmark = pytest.mark.slow

START = "2025-03-07T19:00:00+08:00"
DEAD, AWAY, TWIN = NEIGHBOURS[9:12]


def ends(town, person, reason="DECEASED"):
    told = {"person_id": person, "reason": reason}
    town.bench.consume("steward", "resident_deactivated.v1", told, subject=person, sequence=5)


def merges(town, person, into=ANA):
    told = {"person_id": person, "into": into}
    town.bench.consume("steward", "person_merged.v1", told, subject=person, sequence=5)


@pytest.fixture
def gone(town):
    """A dead person, one who has moved out, and a registration that was given up."""
    ends(town, DEAD)
    ends(town, AWAY, "MOVED_OUT")
    merges(town, TWIN)
    return town


@pytest.mark.parametrize("who", [DEAD, AWAY, TWIN])
def test_no_command_is_taken_from_who_is_registered_no_longer(gone, who):
    def look(refused):
        told = problem_of(refused, "fivered.services.forum")
        assert (told["guard"], told["params"]) == ("NOT_REGISTERED", {})

    # An official may live in another district.
    only = {"look": look, "as_resident": who == AWAY}
    assert admitted(gone.bench, who, COMMUNITY, errors.CallerGone, **only) == []
    assert {"withdraw_topic", "vote", "rate_topic", "record_supervision"} <= set(commands_of(Forum))


def test_a_dead_person_s_token_withdraws_no_topic(town):
    """It did: nothing looked at who acts, and the topic was gone."""
    topic_id = town.submit(ANA)
    ends(town, ANA)
    with pytest.raises(errors.CallerGone):
        town.resident(ANA)
        town.on_topic("withdraw_topic", topic_id)
    assert town.state(topic_id) == "COLLECTED"


def test_a_dead_person_s_token_casts_no_ballot(town):
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, START)
    town.bench.at(START)
    town.open(session_id, ANA, BEN, *NEIGHBOURS[:6])
    ends(town, BEN)
    with pytest.raises(errors.CallerGone):
        town.vote(session_id, topic_id, BEN, "FOR")
    assert town.bench.rows("SELECT * FROM sealed_votes") == []


def test_a_dead_person_s_token_says_nothing_of_an_opinion_and_its_twin_s_says_who_stays(town):
    topic_id = town.publicised()
    body = {"topic_id": topic_id, "text": "车位离窗太近,夜里太吵。"}
    ends(town, DEAD)
    merges(town, TWIN)
    with pytest.raises(errors.CallerGone):
        town.resident(DEAD).do("object_to_opinion", body)
    with pytest.raises(errors.CallerMerged):
        town.resident(TWIN).do("object_to_opinion", body)
    assert town.bench.rows("SELECT * FROM objections") == []


def test_who_moved_away_works_here_all_the_same_and_who_comes_back_is_a_resident_again(gone):
    topic_id = gone.submit(ANA)
    gone.bench.as_("R_CADRE", person=AWAY, scope=COMMUNITY)
    order = {"hidden": True, "reason": "含他人电话"}
    assert gone.on_topic("hide_topic", topic_id, **order)["state"] == "COLLECTED"
    gone.bench.consume(
        "steward",
        "resident_returned.v1",
        {"person_id": AWAY, "community": COMMUNITY, "grid": f"{COMMUNITY}001", "is_adult": True},
        subject=AWAY,
        sequence=6,
    )
    assert gone.state(gone.submit(AWAY, title="楼道照明")) == "COLLECTED"
