"""A person who was registered twice is one person, whatever is heard first."""

import pytest

from fivered.services.forum import errors
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    COMMUNITY,
    MANAGER,
    NEIGHBOURS,
    PROJECT,
    TEAM,
)
from fivered.services.forum.tests.test_escalations import late_request, listed, of_another, refused
from fivered.services.forum.tests.test_ways_out import community_task

pytestmark = pytest.mark.slow

OLD, MID = "per_old", "per_mid"
START = "2025-03-07T19:00:00+08:00"


def merge(town, old, into):
    told = {"person_id": old, "into": into, "community": COMMUNITY}
    town.bench.consume("steward", "person_merged.v1", told, subject=old, sequence=7)


def test_two_merges_of_one_person_come_in_any_order(town):
    topic_id = town.submit(ANA)
    merge(town, MID, BEN)
    merge(town, ANA, MID)
    assert town.row("topics", "topic_id", topic_id)["proposer"] == BEN


def test_what_is_told_after_a_merge_is_the_kept_ids(town):
    """A post of the given-up id was nobody's, and its holder no party of the project."""
    merge(town, OLD, MANAGER)
    town.project(OLD)
    town.company(OLD)
    assert town.row("projects", "project_id", PROJECT)["manager"] == MANAGER
    assert town.row("org_people", "org_id", "pco_1")["person_id"] == MANAGER
    merge(town, "per_twin", CADRE)
    late_request(town, reporter_id="per_twin")
    assert [item["person_id"] for item in listed(town.street())] == [TEAM]
    refused(town, town.cadre)


@pytest.mark.parametrize("part", ["reporter_id", "barred", "concerned"])
def test_a_matter_leaves_the_official_who_is_found_to_be_its_party(town, part):
    """K12: the cadre saw to what his other registration had reported."""
    if part == "concerned":
        of_another(
            town, "credit", "repair_escalated", "req_1",
            repair_id="req_1", number="XF-1", level=1, concerned=["per_other", "per_twin"],
        )  # fmt: skip
    else:
        late_request(town, **{part: "per_twin" if part == "reporter_id" else ["per_twin"]})
    (before,) = listed(town.street())
    merge(town, "per_twin", before["person_id"])
    (item,) = listed(town.street())
    assert item["person_id"] != before["person_id"]
    role = {CADRE: "R_CADRE", TEAM: "R_STREET"}[before["person_id"]]
    town.bench.as_(role, person=before["person_id"], scope=item["area"])
    with pytest.raises(errors.OwnMatter):
        town.bench.do(
            "acknowledge_escalation", {"escalation_id": item["id"]}, version=item["version"]
        )


def test_a_registration_that_was_given_up_does_not_come_back(town):
    """A fact of it that had been parked was taken in after the merge."""
    merge(town, OLD, BEN)
    town.live(OLD)
    row = town.row("residents", "person_id", OLD)
    assert (bool(row["active"]), row["ended"]) == (False, "MERGED")
    with pytest.raises(errors.NotRegistered):
        town.submit(OLD)


def test_who_left_the_draw_himself_is_not_entered_by_staff_after_a_merge(town):
    town.resident(ANA).do("opt_in", {})
    town.resident(ANA).do("opt_out", {})
    town.live("per_kept")
    merge(town, ANA, "per_kept")
    on_paper = {"person_id": "per_kept", "receipt": "同意书 2025-03"}
    with pytest.raises(errors.LeftHimself):
        town.cadre().do("opt_in", on_paper)


def test_who_did_the_work_under_another_id_does_not_accept_it(town):
    _topic, (task_id,) = town.implementing(community_task(town, supervisors=[BEN]))
    town.cadre("per_twin")
    town.on_task("start_task", task_id)
    town.on_task("deliver_task", task_id, evidence=["sha256:cc"])
    merge(town, "per_twin", CADRE)
    town.cadre()
    with pytest.raises(errors.OwnWork):
        town.on_task("accept_task", task_id, finding="合格")


def test_who_is_there_under_one_of_two_ids_votes_once(town):
    """The other invitation stood, which says that nobody came: the voter was not present."""
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, START, invitees=town.named(9))
    town.bench.at(START)
    present = [ANA, *NEIGHBOURS[:7]]
    town.open(session_id, *present)
    town.vote(session_id, topic_id, ANA, "FOR")
    merge(town, ANA, BEN)
    with pytest.raises(errors.AlreadyVoted):
        town.vote(session_id, topic_id, BEN, "FOR")
    for person in NEIGHBOURS[:7]:
        town.vote(session_id, topic_id, person, "FOR")
    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=topic_id)
    assert (tally["for"], tally["not_cast"]) == (len(present), 0)
