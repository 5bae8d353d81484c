"""Nothing is locked for ever: tasks and topics have a way out, and what waits is brought up."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.forum import errors
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    CAI,
    COMMUNITY,
    LEADER,
    MANAGER,
    NEIGHBOURS,
    PROJECT,
    STREET,
    TEAM,
    WORKER,
)

pytestmark = pytest.mark.slow


def community_task(town, **changes):
    return town.task(responsible_kind="COMMUNITY", responsible_id=COMMUNITY) | changes


def other_secretary(town):
    return town.bench.as_("R_SECRETARY", person="per_x", scope="370811016001")


def test_an_overdue_task_without_delivery_is_brought_up_until_somebody_acts(town):
    """FP-D5: after the top of the ladder the alarm comes again, credit's deduction does not."""
    _topic, (task_id,) = town.implementing(town.task(due_date="2025-04-28"))
    town.bench.fire("2025-08-30T00:00:00")
    climbed = town.bench.rows("SELECT level, person_id FROM escalations ORDER BY created_at")
    assert [row["person_id"] for row in climbed[:3]] == [CADRE, TEAM, LEADER]
    assert len(climbed) > 8
    assert {row["person_id"] for row in climbed[3:]} == {LEADER}
    assert len(town.bench.published("task_overdue.v1")) == 3
    town.secretary()
    town.on_task("cancel_task", task_id, reason="无法施工")
    before = len(town.bench.rows("SELECT * FROM escalations WHERE task_id IS NOT NULL"))
    town.bench.fire("2025-12-30T00:00:00")
    rows = town.bench.rows("SELECT * FROM escalations WHERE task_id IS NOT NULL")
    assert len(rows) == before


def test_an_overdue_task_is_extended_and_told(town):
    """FP-D5."""
    _topic, (task_id,) = town.implementing(town.task(due_date="2025-04-28"))
    town.bench.fire("2025-05-20T00:00:00")
    other_secretary(town)
    with pytest.raises(RoleDenied):
        town.on_task("extend_task", task_id, due_date="2025-06-20", reason="雨季停工")
    town.secretary()
    for past in ("2025-05-20", "2025-07-20"):
        with pytest.raises(errors.DueOutOfRange):
            town.on_task("extend_task", task_id, due_date=past, reason="雨季停工")
    town.on_task("extend_task", task_id, due_date="2025-06-20", reason="雨季停工")
    card = town.resident().ask("task", {"task_id": task_id})
    assert (card["overdue"], card["due_at"]) == (False, "2025-06-20T16:00:00+00:00")
    assert town.resident(BEN).ask("my_messages")["items"][0]["code"] == "TASK_EXTENDED"
    said = town.bench.published("task_assigned.v1")
    assert [event["data"]["due_at"] for event in said][-1] == "2025-06-20T16:00:00+00:00"
    assert len({event["sequence"] for event in said}) == 2
    town.secretary()
    town.on_task("extend_task", task_id, due_date="2025-06-25", reason="雨季停工")
    with pytest.raises(errors.ExtensionsUsed):
        town.on_task("extend_task", task_id, due_date="2025-06-26", reason="雨季停工")
    town.street()
    town.on_task("extend_task", task_id, due_date="2025-06-26", reason="雨季停工")
    town.bench.fire("2025-06-27T00:00:00")
    assert town.bench.published("task_overdue.v1")[-1]["data"]["level"] == 1


def test_the_last_task_that_is_cancelled_lets_the_topic_go_on(town):
    """FP-D5."""
    topic_id, (first, second) = town.implementing(community_task(town), town.task())
    town.cadre(WORKER)
    town.on_task("deliver_task", first, evidence=["x"])
    town.accept(first)
    town.secretary()
    answer = town.on_task("cancel_task", second, reason="物业已退出")
    assert (answer["state"], answer["topic_state"]) == ("CANCELLED", "VERIFIED")
    taken = town.bench.published("task_rework.v1")[-1]["data"]
    assert (taken["task_id"], taken["final"]) == (second, True)
    assert town.on_topic("close_topic", topic_id)["state"] == "CLOSED"


def test_a_topic_whose_tasks_are_all_cancelled_waits_for_others(town):
    topic_id, (task_id,) = town.implementing()
    town.secretary()
    assert town.on_task("cancel_task", task_id, reason="改由社区办")["topic_state"] == "RESOLVED"
    answer = town.on_topic("assign_tasks", topic_id, tasks=[community_task(town)])
    assert answer["state"] == "IMPLEMENTING"


def test_a_task_is_given_to_somebody_else(town):
    """FP-D5."""
    topic_id, (task_id,) = town.implementing()
    town.secretary()
    answer = town.on_task(
        "reassign_task",
        task_id,
        responsible_kind="COMMUNITY",
        responsible_id=COMMUNITY,
        reason="物业已退出",
    )
    made = town.resident().ask("task", {"task_id": answer["new_task"]["id"]})
    assert (made["replaces"], made["title"], made["state"]) == (task_id, "施划车位", "ASSIGNED")
    assert town.bench.published("task_rework.v1")[-1]["data"]["final"] is True
    town.delivered(task_id)
    assert town.row("tasks", "task_id", task_id)["state"] == "CANCELLED"
    assert town.state(topic_id) == "IMPLEMENTING"


def test_accepted_work_is_done_again_before_the_close(town):
    topic_id, (task_id,) = town.implementing()
    town.delivered(task_id)
    town.accept(task_id)
    town.secretary()
    answer = town.on_task("reopen_task", task_id, reason="线条已脱落")
    assert answer["topic_state"] == "IMPLEMENTING"
    again = answer["new_task"]["id"]
    town.delivered(again, work="wrk_2")
    assert town.accept(again)["topic_state"] == "VERIFIED"
    town.secretary()
    town.on_topic("close_topic", topic_id)
    with pytest.raises(StateConflict):
        town.on_task("reopen_task", again, reason="线条已脱落")


def test_supervisors_who_left_are_replaced(town):
    _topic, (task_id,) = town.implementing()
    town.delivered(task_id)
    town.resident(BEN)
    town.on_task("accept_task", task_id, finding="合格")
    town.secretary()
    town.on_task("change_supervisors", task_id, supervisors=[CAI], reason="本人搬走")
    assert not town.resident().ask("task", {"task_id": task_id})["supervisor_accepted"]
    told = [m["code"] for m in town.resident(BEN).ask("my_messages")["items"]]
    assert "SUPERVISOR_RELEASED" in told
    assert town.accept(task_id, supervisor=CAI)["state"] == "ACCEPTED"


@pytest.mark.parametrize("state", ["COLLECTED", "SCHEDULED", "PUBLICISED", "IMPLEMENTING"])
def test_the_street_ends_a_topic_that_cannot_go_on(town, state):
    """FP-D5: force-close, with reason, by the right level."""
    tasks = []
    if state == "COLLECTED":
        topic_id = town.submit()
    elif state == "SCHEDULED":
        topic_id = town.adopted()
        session_id = town.schedule(topic_id, "2025-03-07T19:00:00+08:00")
    elif state == "PUBLICISED":
        topic_id = town.publicised()
    else:
        topic_id, tasks = town.implementing()
    town.secretary()
    with pytest.raises(RoleDenied):
        town.on_topic("discontinue_topic", topic_id, reason="片区征收")
    town.street()
    assert (
        town.on_topic("discontinue_topic", topic_id, reason="片区征收")["state"] == "DISCONTINUED"
    )
    if state == "SCHEDULED":
        assert town.row("sessions", "session_id", session_id)["state"] == "CANCELLED"
    for task_id in tasks:
        assert town.row("tasks", "task_id", task_id)["state"] == "CANCELLED"
    assert town.resident().ask("my_messages")["items"][0]["code"] == "TOPIC_DISCONTINUED"
    with pytest.raises(StateConflict):
        town.street()
        town.on_topic("discontinue_topic", topic_id, reason="片区征收")
    town.bench.fire("2025-12-30T00:00:00")
    assert town.state(topic_id) == "DISCONTINUED"
    states = {n["state"] for n in town.bench.ask("notices", {})["items"]}
    assert states == ({"EFFECTIVE"} if state == "IMPLEMENTING" else set())


def test_what_waits_for_somebody_is_brought_up(town):
    topic_id, _session = town.voted()
    town.opinion(topic_id)
    town.bench.fire("2025-03-20T00:00:00")
    assert "opinion_publicise" in {
        e["deadline"] for e in town.bench.rows("SELECT * FROM escalations")
    }
    town.secretary()
    town.on_topic("publicise_opinion", topic_id)
    town.bench.fire("2025-04-01T00:00:00")
    town.secretary()
    (task,) = town.on_topic("assign_tasks", topic_id, tasks=[town.task()])["tasks"]
    town.delivered(task["id"])
    town.bench.fire("2025-04-20T00:00:00")
    waits = [
        e for e in town.bench.rows("SELECT * FROM escalations") if e["deadline"] == "task_accept"
    ]
    assert [e["person_id"] for e in waits] == [CADRE, TEAM]
    town.accept(task["id"])
    town.bench.fire("2025-05-20T00:00:00")
    assert "topic_close" in {e["deadline"] for e in town.bench.rows("SELECT * FROM escalations")}


def test_who_does_the_work_does_not_accept_it(town):
    """FP-D8: the same cadre starts, delivers and accepts a task of the community."""
    _topic, (task_id,) = town.implementing(community_task(town, supervisors=[BEN, CADRE]))
    town.cadre()
    town.on_task("start_task", task_id)
    town.on_task("deliver_task", task_id, evidence=["sha256:cc"])
    for role in ("cadre", "secretary"):
        getattr(town, role)(CADRE)
        with pytest.raises(errors.OwnWork) as refused:
            town.on_task("accept_task", task_id, finding="合格")
        assert (refused.value.status, refused.value.guard) == (403, "CONFLICT_OF_INTEREST")
        assert refused.value.params["substitutes"] == TEAM
        with pytest.raises(errors.OwnWork):
            town.on_task("rework_task", task_id, reason="再来")
    town.resident(BEN)
    town.on_task("accept_task", task_id, finding="合格")
    town.street(TEAM)
    assert town.on_task("accept_task", task_id, finding="合格")["state"] == "ACCEPTED"


def test_who_only_reported_on_a_projects_task_does_not_accept_it_either(town):
    """FP-D8: for every kind of task."""
    _topic, (task_id,) = town.implementing()
    town.cadre()
    town.on_task("report_progress", task_id, note="过半", percent=50)
    town.delivered(task_id)
    with pytest.raises(errors.OwnWork):
        town.on_task("accept_task", task_id, finding="合格")
    town.secretary(CADRE)
    with pytest.raises(errors.OwnWork):
        town.on_task("cancel_task", task_id, reason="不办了")


def test_who_rejected_a_topic_does_not_review_his_rejection_as_the_street(town):
    topic_id = town.submit()
    town.secretary()
    town.on_topic("reject_topic", topic_id, reason="NOT_PUBLIC")
    town.resident().do("appeal_topic", {"topic_id": topic_id})
    town.street("per_secretary")
    with pytest.raises(errors.SamePerson):
        town.on_topic("review_topic", topic_id, outcome="UPHELD", reasons="理由成立")
    town.bench.fire("2025-03-20T00:00:00")
    assert "topic_appeal" in {e["deadline"] for e in town.bench.rows("SELECT * FROM escalations")}


@pytest.mark.parametrize(
    ("command", "role", "body"),
    [
        ("start_task", "R_CADRE", {}),
        ("report_progress", "R_GRID", {"note": "x"}),
        ("deliver_task", "R_CADRE", {"evidence": ["x"]}),
        ("accept_task", "R_RESIDENT", {"finding": "x"}),
        ("rework_task", "R_SECRETARY", {"reason": "x"}),
        ("extend_task", "R_SECRETARY", {"due_date": "2025-04-01", "reason": "x"}),
        ("cancel_task", "R_STREET", {"reason": "x"}),
    ],
)
def test_a_stranger_does_not_learn_which_version_a_task_has(town, command, role, body):
    """SEC low 4: rights are checked before the version."""
    _topic, (task_id,) = town.implementing()
    town.bench.as_(role, person="per_stranger", scope="370811016")
    with pytest.raises((RoleDenied, NotFound, errors.NotSupervisor)):
        town.bench.do(command, {"task_id": task_id} | body, version=99)
    town.cadre()
    with pytest.raises(VersionConflict):
        town.bench.do("start_task", {"task_id": task_id}, version=99)


def test_nobody_learns_who_accepted_a_task(town):
    """SEC low 2: tasks[] of a topic hide persons as the task itself does."""
    topic_id, (task_id,) = town.implementing()
    town.delivered(task_id)
    town.accept(task_id)
    for enter in (lambda: town.resident(ANA), town.secretary):
        reader = enter()
        shown = str(reader.ask("topic", {"topic_id": topic_id})["tasks"])
        assert CADRE not in shown
        assert BEN not in shown
        listed = str(reader.ask("task_ledger", {"topic_id": topic_id})["items"])
        assert CADRE not in listed
    assert NEIGHBOURS[0] not in shown
    assert PROJECT in shown
    assert STREET in shown


def test_a_supervisor_steps_down_and_the_chain_is_told_when_no_resident_is_left(town):
    _topic, (task_id,) = town.implementing(town.task(supervisors=[BEN, CAI, "per_deputy"]))
    with pytest.raises(errors.NotSupervisor):
        town.resident(ANA).do("step_down", {"task_id": task_id})
    town.resident(BEN).do("step_down", {"task_id": task_id})
    assert town.bench.rows("SELECT * FROM escalations") == []
    town.bench.consume(
        "steward",
        "resident_deactivated.v1",
        {"person_id": CAI, "reason": "MOVED_OUT"},
        subject=CAI,
        sequence=5,
    )
    (needed,) = town.bench.rows("SELECT * FROM escalations")
    assert (needed["deadline"], needed["person_id"]) == ("supervisor_needed", CADRE)
    watching = [
        s["person_id"] for s in town.secretary().ask("task", {"task_id": task_id})["supervisors"]
    ]
    assert watching == ["per_deputy"]
    town.secretary()
    town.on_task("change_supervisors", task_id, supervisors=[ANA], reason="补选")
    assert town.bench.ask("escalations", {})["items"] == []


def test_who_has_died_answers_for_nothing_any_more(town):
    for person in (CADRE, "per_deputy"):
        town.bench.consume(
            "steward",
            "resident_deactivated.v1",
            {"person_id": person, "reason": "DECEASED"},
            subject=person,
            sequence=5,
        )
    chain = town.resident().ask("chain", {"target": town.resident().actor.scope + "001"})
    assert (chain["rungs"][1]["officials"], chain["rungs"][1]["gap"]) == ([], True)
    assert len(town.bench.published("liaison_ended.v1")) == 1
    assert {d["state"] for d in town.bench.ask("deputies", {})["items"]} == {"ENDED"}
    town.district()
    town.official("per_new", "COMMUNITY_CADRE", COMMUNITY, "off_new")


def _said_to(town, person):
    messages = town.resident(person).ask("my_messages")["items"]
    return {message["code"]: message["text"] for message in messages}


def test_a_cancelled_task_is_told_to_everyone_concerned_with_its_reason(town):
    """B9: a topic of which one task was cancelled read as wholly accepted, and nobody was told."""
    topic_id, (first, second) = town.implementing(community_task(town), town.task(title="补种绿化"))
    town.cadre(WORKER)
    town.on_task("deliver_task", first, evidence=["x"])
    town.accept(first)
    town.secretary()
    town.on_task("cancel_task", second, reason="居民改选他处")
    text = "的任务“补种绿化”已取消,不再办理。原因:居民改选他处"
    for person in (MANAGER, ANA, BEN):
        assert text in _said_to(town, person)["TASK_CANCELLED"]
    said = town.bench.published("task_rework.v1")[-1]["data"]
    assert (said["reason"], said["final"], said["why"]) == ("CANCELLED", True, "居民改选他处")
    told = _said_to(town, ANA)
    assert "TOPIC_VERIFIED" not in told
    assert "验收 1 项,取消 1 项" in told["TOPIC_VERIFIED_IN_PART"]
    history = town.cadre().ask("topic_timeline", {"topic_id": topic_id})["items"]
    assert [row["action"] for row in history if row["state"] == "VERIFIED"][-1] == "all_ended"
    card = town.resident().ask("task", {"task_id": second})
    assert (card["state"], card["end_reason"]) == ("CANCELLED", "居民改选他处")
    town.secretary()
    town.on_topic("close_topic", topic_id)
    assert "部分任务已取消" in town.row("topics", "topic_id", topic_id)["result"]


def test_a_task_that_was_given_to_somebody_else_is_not_a_cancelled_one(town):
    """B9: its place is taken; who was to do it is told why it is over."""
    topic_id, (task_id,) = town.implementing()
    town.secretary()
    new = town.on_task(
        "reassign_task",
        task_id,
        responsible_kind="COMMUNITY",
        responsible_id=COMMUNITY,
        reason="物业已退出",
    )["new_task"]["id"]
    assert "物业已退出" in _said_to(town, MANAGER)["TASK_REASSIGNED"]
    town.cadre(WORKER)
    town.on_task("deliver_task", new, evidence=["x"])
    town.accept(new)
    assert town.state(topic_id) == "VERIFIED"
    assert "任务全部验收" in _said_to(town, ANA)["TOPIC_VERIFIED"]


def test_work_that_was_to_be_done_again_and_was_cancelled_verifies_nothing(town):
    """B9: accepted work that had to be done again still verified the topic, and earned points."""
    topic_id, (task_id,) = town.implementing()
    town.watch(task_id)
    town.delivered(task_id)
    town.accept(task_id)
    town.secretary()
    again = town.on_task("reopen_task", task_id, reason="线条已脱落")["new_task"]["id"]
    town.secretary()
    answer = town.on_task("cancel_task", again, reason="改由社区办")
    assert answer["topic_state"] == "RESOLVED"
    tasks = [community_task(town, supervisors=[CAI])]
    third = town.on_topic("assign_tasks", topic_id, tasks=tasks)["tasks"][0]["id"]
    town.cadre(WORKER)
    town.on_task("deliver_task", third, evidence=["x"])
    town.accept(third, supervisor=CAI)
    town.secretary()
    town.on_topic("close_topic", topic_id)
    said = town.bench.published("supervision_fulfilled.v1")
    assert [event["data"]["person_id"] for event in said] == [CAI]


def test_the_end_of_a_topic_is_the_end_of_its_tasks_and_says_why(town):
    """B9."""
    topic_id, (task_id,) = town.implementing()
    town.street()
    town.on_topic("discontinue_topic", topic_id, reason="地块已征收")
    assert "地块已征收" in _said_to(town, MANAGER)["TASK_CANCELLED"]
    said = town.bench.published("task_rework.v1")[-1]["data"]
    assert (said["reason"], said["why"]) == ("DISCONTINUED", "地块已征收")
    assert said["task_id"] == task_id


def test_a_term_is_put_off_and_never_brought_forward(town):
    """C6: an earlier day than the present one was taken."""
    _topic, (task_id,) = town.implementing(town.task(due_date="2025-04-28"))
    town.secretary()
    for day in ("2025-04-01", "2025-04-28"):
        with pytest.raises(errors.DueNotLater) as refused:
            town.on_task("extend_task", task_id, due_date=day, reason="雨季停工")
        assert refused.value.params == {"due": day, "present": "2025-04-28"}
    town.on_task("extend_task", task_id, due_date="2025-04-29", reason="雨季停工")


def test_who_is_to_do_a_task_hears_of_it_and_of_its_way_back(town):
    _topic, (task_id,) = town.implementing()
    said = _said_to(town, MANAGER)
    assert "由您承办" in said["TASK_GIVEN"]
    assert "TASK_GIVEN" not in _said_to(town, ANA)
    town.delivered(task_id)
    town.resident(BEN)
    town.on_task("rework_task", task_id, reason="线条不直")
    said = _said_to(town, MANAGER)
    assert "退回返工" in said["TASK_TO_REDO"]
    # What a supervisor has written stays with the record.
    assert "线条不直" not in said["TASK_TO_REDO"]
