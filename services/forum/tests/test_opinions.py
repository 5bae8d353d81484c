"""Step 4: the opinion, its notice, objections, and what only owners decide."""

import pytest

from fivered.chassis.refusal import NotFound, NumberOfAPerson, StateConflict
from fivered.services.forum import errors, rules
from fivered.services.forum.tests.conftest import (
    BEN,
    CADRE,
    MANAGER,
    NEIGHBOURS,
    NEXT_GRID,
    PROJECT,
)

pytestmark = pytest.mark.slow

REASONS = "异议涉及通行权,理由成立,应当重新协商"


@pytest.mark.covers("F5", "N16")
def test_an_opinion_without_a_vote_cannot_be_drafted(town):
    topic_id = town.adopted()
    with pytest.raises(errors.StepLocked) as refused:
        town.opinion(topic_id)
    assert refused.value.params["missing"] == 3


@pytest.mark.covers("AppendixA")
@pytest.mark.parametrize(
    "text",
    [
        "联系 13812345678",
        "电话１３８１２３４５６７８",
        "请拨 138 1234 5678",
        "身份证 370899198001010012",
        "37089919900101005X",
    ],
)
def test_a_text_with_a_telephone_or_identity_number_is_not_published(town, text):
    topic_id, _session = town.voted()
    with pytest.raises(NumberOfAPerson) as refused:
        town.opinion(topic_id, text=text)
    assert refused.value.field == "text"
    # The draft is written anew and goes out.
    town.opinion(topic_id)
    town.secretary()
    assert town.on_topic("publicise_opinion", topic_id)["state"] == "PUBLICISED"


def test_codes_amounts_and_an_office_are_no_numbers_of_persons(town):
    topic_id, _session = town.voted()
    town.opinion(
        topic_id,
        text="网格370811015901001,预算12000000元,2025-03-07,编号YT-20250303-015901-00001,"
        "办公室 0537-2345678",
    )
    town.secretary()
    assert town.on_topic("publicise_opinion", topic_id)["state"] == "PUBLICISED"


@pytest.mark.covers("N19")
def test_a_notice_is_open_to_everyone_and_names_nobody(town):
    topic_id = town.publicised()
    anybody = town.bench.as_("R_ANONYMOUS", person="", scope="")
    (notice,) = anybody.ask("notices", {"scope": "370811015", "period": "2025-03"})["items"]
    assert notice["number"] == "GS-Y-20250307-015901-00001"
    assert (notice["title"], notice["tally"]["for"]) == ("小院停车", 8)
    assert "per_" not in str(notice)
    assert anybody.ask("notice", {"notice_id": notice["id"]})["topic_id"] == topic_id
    assert anybody.ask("notices", {"period": "2025-02"})["items"] == []
    with pytest.raises(NotFound):
        anybody.ask("notice", {"notice_id": "opn_none"})


def test_a_draft_is_seen_by_those_who_work_on_it_only(town):
    topic_id, _session = town.voted()
    town.opinion(topic_id)
    assert town.resident().ask("topic", {"topic_id": topic_id})["opinion"] is None
    assert town.cadre().ask("topic", {"topic_id": topic_id})["opinion"]["state"] == "DRAFTED"
    town.secretary()
    with pytest.raises(NotFound):
        town.bench.ask(
            "notice", {"notice_id": town.row("topics", "topic_id", topic_id)["opinion_id"]}
        )


@pytest.mark.covers("N17")
def test_an_opinion_carries_a_warning_for_the_grid_that_was_not_there(town):
    town.live("per_far", grid=NEXT_GRID)
    topic_id, _session = town.voted(adopt={"level": "COMMUNITY"})
    town.opinion(topic_id)
    opinion = town.cadre().ask("topic", {"topic_id": topic_id})["opinion"]
    unheard = {"warning": "GRID_NOT_PRESENT", "grid": NEXT_GRID}
    assert opinion["warnings"] == [unheard | {"adults": 1}]
    town.secretary()
    town.on_topic("publicise_opinion", topic_id)
    (notice,) = town.bench.as_("PUBLIC", person="").ask("notices")["items"]
    assert notice["warnings"] == [unheard | {"adults": 0, "few": ["adults"]}]
    shown = town.resident().ask("topic", {"topic_id": topic_id})["opinion"]
    assert shown["warnings"] == notice["warnings"]
    for number in range(4):
        town.live(f"per_far{number}", grid=NEXT_GRID)


def test_an_opinion_that_is_late_climbs(town):
    town.voted()
    town.bench.fire("2025-03-12T00:00:00")
    assert [e["deadline"] for e in town.bench.rows("SELECT * FROM escalations")] == [
        "opinion_draft"
    ]


@pytest.mark.covers("N5")
def test_four_objections_are_noted_and_the_fifth_stops_the_resolution(town):
    topic_id = town.publicised()
    for person in NEIGHBOURS[:4]:
        town.resident(person)
        answer = town.bench.do("object_to_opinion", {"topic_id": topic_id, "text": "影响绿地"})
        assert answer["state"] == "NOTED"
    with pytest.raises(errors.AlreadyObjected):
        town.bench.do("object_to_opinion", {"topic_id": topic_id, "text": "影响绿地"})
    town.resident(NEIGHBOURS[4])
    answer = town.bench.do("object_to_opinion", {"topic_id": topic_id, "text": "影响绿地"})
    assert (answer["state"], answer["objectors"]) == ("OPEN", 5)
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "PUBLICISED"
    assert "影响绿地" not in str(town.bench.published())
    assert NEIGHBOURS[4] not in str([e["data"] for e in town.bench.published("topic_adopted.v1")])


def test_an_answer_takes_no_objection_out_of_the_five(town):
    """H5-7: a cadre who answered each at once could not be stopped by any number of residents."""
    topic_id = town.publicised()
    for count, person in enumerate(NEIGHBOURS[:5], start=1):
        town.resident(person)
        made = town.bench.do("object_to_opinion", {"topic_id": topic_id, "text": "影响绿地"})
        assert made["objectors"] == count
        if count < 5:
            body = {"outcome": "NOT_TAKEN_UP", "reasons": "绿地面积不变,车位避开花坛"}
            town.secretary().do("answer_objection", {"objection_id": made["id"]} | body)
    assert made["state"] == "OPEN"
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "PUBLICISED"
    for who in (town.secretary, town.street):
        who()
        body = {"outcome": "DISMISSED", "reasons": "绿地面积不变,噪声限值已写入决议"}
        town.on_topic("resolve_objection", topic_id, **body)
    assert town.state(topic_id) == "RESOLVED"
    states = town.bench.rows("SELECT DISTINCT state FROM objections")
    assert states == [{"state": "DISMISSED"}]


def test_four_objections_from_people_not_affected_do_not_stop_it(town):
    topic_id = town.publicised()
    for person in NEIGHBOURS[:4]:
        town.resident(person)
        town.bench.do("object_to_opinion", {"topic_id": topic_id, "text": "不赞成"})
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "RESOLVED"
    with pytest.raises(StateConflict):
        town.bench.do("object_to_opinion", {"topic_id": topic_id, "text": "迟到"})


def objected(town):
    topic_id = town.publicised()
    town.resident(NEIGHBOURS[0])
    town.bench.do(
        "object_to_opinion",
        {"topic_id": topic_id, "text": "堵住我家门口", "directly_affected": True},
    )
    return topic_id


def test_community_and_street_together_sustain_an_objection(town):
    topic_id = objected(town)
    town.secretary()
    with pytest.raises(errors.ReasonsRequired):
        town.on_topic("resolve_objection", topic_id, outcome="SUSTAINED", reasons="是")
    answer = town.on_topic("resolve_objection", topic_id, outcome="SUSTAINED", reasons=REASONS)
    assert answer["objection"] == "UNDECIDED"
    town.street("per_secretary")
    with pytest.raises(errors.SamePerson):
        town.on_topic("resolve_objection", topic_id, outcome="SUSTAINED", reasons=REASONS)
    town.street()
    answer = town.on_topic("resolve_objection", topic_id, outcome="SUSTAINED", reasons=REASONS)
    assert (answer["state"], answer["objection"]) == ("ADOPTED", "SUSTAINED")
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "ADOPTED"
    assert town.bench.ask("notices", {})["items"] == []
    # The topic is talked about again.
    town.schedule(topic_id, "2025-03-18T19:00:00+08:00")


def test_a_dismissed_objection_lets_the_resolution_stand_after_the_notice(town):
    topic_id = objected(town)
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "PUBLICISED"
    town.secretary()
    town.on_topic("resolve_objection", topic_id, outcome="DISMISSED", reasons=REASONS)
    town.street()
    answer = town.on_topic("resolve_objection", topic_id, outcome="SUSTAINED", reasons=REASONS)
    assert answer["objection"] == "UNDECIDED"
    answer = town.on_topic("resolve_objection", topic_id, outcome="DISMISSED", reasons=REASONS)
    assert (answer["state"], answer["objection"]) == ("RESOLVED", "DISMISSED")
    with pytest.raises(StateConflict):
        town.on_topic("resolve_objection", topic_id, outcome="DISMISSED", reasons=REASONS)


def test_without_objection_there_is_nothing_to_decide(town):
    topic_id = town.publicised()
    town.secretary()
    with pytest.raises(errors.NoOpenObjection):
        town.on_topic("resolve_objection", topic_id, outcome="DISMISSED", reasons=REASONS)


COUNT = {
    "area_eligible": 900,
    "area_participating": 600,
    "area_assenting": 301,
    "heads_eligible": 90,
    "heads_participating": 60,
    "heads_assenting": 31,
}


@pytest.mark.covers("N18", "N18")
@pytest.mark.parametrize(
    ("change", "special", "passed"),
    [
        ({}, False, True),
        ({"area_assenting": 300}, False, False),
        ({"heads_assenting": 30}, False, False),
        ({"area_participating": 599}, False, False),
        ({"heads_participating": 59}, False, False),
        ({"area_assenting": 450, "heads_assenting": 45}, True, True),
        ({"area_assenting": 449, "heads_assenting": 45}, True, False),
        ({"area_assenting": 450, "heads_assenting": 44}, True, False),
    ],
)
def test_owners_decide_by_area_and_by_heads_at_the_exact_threshold(change, special, passed):
    counts = COUNT | change
    area, heads = (
        rules.OwnersCount(
            *(counts[f"{side}_{name}"] for name in ("eligible", "participating", "assenting"))
        )
        for side in ("area", "heads")
    )
    assert rules.owners_passed(area, heads, special=special) is passed


@pytest.mark.covers("E9", "N18")
def test_a_recommendation_becomes_binding_by_the_owners_vote(town):
    topic_id = town.resolved(adopt={"owners_matter": True})
    town.secretary()
    with pytest.raises(errors.NoOwnersVote):
        town.on_topic("record_owners_vote", topic_id, **(COUNT | {"area_assenting": 601}))
    answer = town.on_topic("record_owners_vote", topic_id, **COUNT)
    assert (answer["binding"], answer["passed"]) == (True, True)
    assert [e["data"]["binding"] for e in town.bench.published("resolution_effective.v1")] == [
        False,
        True,
    ]
    with pytest.raises(StateConflict):
        town.on_topic("record_owners_vote", topic_id, **COUNT)
    assert town.on_topic("assign_tasks", topic_id, tasks=[town.task()])["state"] == "IMPLEMENTING"


def test_what_the_owners_decline_has_failed(town):
    topic_id = town.resolved(adopt={"owners_matter": True})
    town.secretary()
    town.on_topic("record_owners_vote", topic_id, **(COUNT | {"area_assenting": 300}))
    assert town.state(topic_id) == "FAILED"


def heard(town, topic_id, *, passed, vote="owv_1"):
    told = {
        "vote_id": vote, "project_id": "prj_a", "community": "370811015901", "special": False,
        "matter": "CHOOSE_MANAGER", "passed": passed, "topic_id": topic_id,
        "area_eligible": 900, "area_participating": 600, "area_assenting": 301 if passed else 300,
        "heads_eligible": 9, "heads_participating": 6, "heads_assenting": 4,
        "roll_sha256": "a" * 64, "document_sha256": "b" * 64,
    }  # fmt: skip
    town.bench.consume("property", "owners_vote_closed.v1", told, subject=vote)


def test_the_owners_vote_of_property_binds_the_topic_that_it_names(town):
    topic_id = town.resolved(adopt={"owners_matter": True})
    # One that fails may be repeated: the topic goes on to wait.
    heard(town, topic_id, passed=False)
    assert town.state(topic_id) == "RESOLVED"
    heard(town, "top_unknown", passed=True, vote="owv_2")
    heard(town, topic_id, passed=True, vote="owv_3")
    heard(town, topic_id, passed=True, vote="owv_3")
    said = [e["data"]["binding"] for e in town.bench.published("resolution_effective.v1")]
    assert said == [False, True]
    # Everybody who reads the topic sees what came of it, and which vote shows the figures.
    found = town.resident("per_lisi").ask("topic", {"topic_id": topic_id})["owners_decisions"]
    assert [(one["vote_id"], one["passed"]) for one in found] == [("owv_1", False), ("owv_3", True)]
    town.secretary()
    with pytest.raises(StateConflict):
        town.on_topic("record_owners_vote", topic_id, **COUNT)
    assert town.on_topic("assign_tasks", topic_id, tasks=[town.task()])["state"] == "IMPLEMENTING"


def test_an_ordinary_matter_needs_no_owners_vote(town):
    topic_id = town.resolved()
    town.secretary()
    with pytest.raises(errors.NoOwnersVote):
        town.on_topic("record_owners_vote", topic_id, **COUNT)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"due_date": "2025-03-07"}, errors.DueOutOfRange),
        ({"due_date": "2026-06-10"}, errors.DueOutOfRange),
        ({"responsible_id": "prj_x"}, errors.ResponsibleUnknown),
        ({"responsible_kind": "COMMUNITY", "responsible_id": "xx"}, errors.ResponsibleUnknown),
        ({"supervisors": [MANAGER]}, errors.SupervisorRequired),
        ({"supervisors": [BEN, MANAGER]}, errors.SupervisorBound),
        ({"supervisors": [BEN, CADRE]}, errors.OwnSupervisor),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_not_drafted(town, wrong, why):
    """K9: it stood on the board, and could never be assigned."""
    topic_id, _session = town.voted()
    with pytest.raises(why):
        town.opinion(topic_id, tasks=[town.task(**wrong)])
    town.opinion(topic_id, tasks=[town.task(supervisors=[])])
    town.project_is(PROJECT, "CLOSED", sequence=9)
    town.secretary()
    with pytest.raises(errors.ResponsibleUnknown):
        town.on_topic("publicise_opinion", topic_id)
