"""Step 5: tasks, the property's delivery, supervision, acceptance by two, and the close."""

from datetime import UTC, datetime, timedelta

import pytest

from fivered.chassis.refusal import NotFound, NumberOfAPerson, StateConflict
from fivered.services.forum import errors, rules
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
    TEAM,
)

pytestmark = pytest.mark.slow


def appointed(town, person, ended=False):
    town.bench.consume(
        "property",
        f"appointment_{'ended' if ended else 'activated'}.v1",
        {
            "appointment_id": f"apt_{person}",
            "project_id": PROJECT,
            "direction": "C2P",
            "person_id": person,
            "post": "DEPUTY_MANAGER",
        },
        subject=PROJECT,
        sequence=9,
    )


@pytest.mark.covers("F1-flow", "N1")
def test_a_task_of_a_project_goes_there_by_event_and_comes_back_delivered(town):
    topic_id, (task_id,) = town.implementing(town.task(due_date="2025-04-30"))
    (said,) = town.bench.published("task_assigned.v1")
    assert said["subject"] == task_id
    assert said["data"] == {
        "task_id": task_id,
        "topic_id": topic_id,
        "community": COMMUNITY,
        "responsible_kind": "PROJECT",
        "responsible_id": PROJECT,
        "due_at": "2025-04-30T16:00:00+00:00",
        "title": "施划车位",
    }
    town.bench.at("2025-03-20T10:00:00")
    assert town.delivered(task_id) == 1
    card = town.resident().ask("task", {"task_id": task_id})
    assert (card["state"], card["evidence"], card["work_id"]) == (
        "DELIVERED",
        ["sha256:aa"],
        "wrk_1",
    )


@pytest.mark.covers("F1-flow", "F5", "F17", "N1")
def test_the_whole_way_from_a_topic_to_credit_for_those_who_took_part(town):
    topic_id, (task_id,) = town.implementing()
    town.bench.at("2025-03-20T10:00:00")
    town.watch(task_id)
    town.bench.at("2025-03-25T10:00:00")
    town.delivered(task_id)
    answer = town.accept(task_id)
    assert (answer["state"], answer["topic_state"]) == ("ACCEPTED", "VERIFIED")
    town.secretary()
    town.on_topic("close_topic", topic_id, result="车位已施划")
    card = town.resident().ask("topic", {"topic_id": topic_id})
    assert [step["state"] for step in card["steps"]] == ["DONE"] * 5
    assert all(step["artefact"] for step in card["steps"])
    (closed,) = town.bench.published("topic_closed.v1")
    assert closed["data"] == {"topic_id": topic_id, "community": COMMUNITY, "tasks": 1, "days": 22}
    (kept,) = town.bench.published("supervision_fulfilled.v1")
    assert kept["data"] == {"topic_id": topic_id, "person_id": BEN, "records": 2}
    assert len(town.bench.published("attendance_recorded.v1")) == 8
    assert len(town.bench.published("task_accepted.v1")) == 1


@pytest.mark.covers("F5", "N16")
def test_tasks_without_a_resolution_in_force_cannot_be_assigned(town):
    topic_id = town.publicised()
    with pytest.raises(errors.StepLocked) as refused:
        town.on_topic("assign_tasks", topic_id, tasks=[town.task()])
    assert refused.value.params["missing_name"] == "形成意见"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"supervisors": []}, errors.SupervisorRequired),
        ({"supervisors": ["per_deputy"]}, errors.SupervisorRequired),
        ({"supervisors": [BEN, MANAGER]}, errors.ConflictOfInterest),
        ({"responsible_id": "prj_none"}, errors.ResponsibleUnknown),
        ({"due_date": "2025-03-13"}, errors.DueOutOfRange),
        ({"due_date": "2025-05-13"}, errors.DueOutOfRange),
    ],
)
def test_a_task_without_resident_owner_or_term_is_refused(town, change, refusal):
    topic_id = town.resolved()
    town.secretary()
    with pytest.raises(refusal):
        town.on_topic("assign_tasks", topic_id, tasks=[town.task(**change)])
    with pytest.raises(errors.TasksNeeded):
        town.on_topic("assign_tasks", topic_id)
    assert town.bench.published("task_assigned.v1") == []


def test_the_tasks_that_the_opinion_planned_are_assigned_by_default(town):
    topic_id, _session = town.voted()
    town.opinion(topic_id, tasks=[town.task(due_date="2025-05-01"), town.task(title="补种树木")])
    town.secretary()
    town.on_topic("publicise_opinion", topic_id)
    town.bench.fire("2025-03-13T00:00:00")
    answer = town.on_topic("assign_tasks", topic_id, supervisors=[CAI])
    assert [task["due"] for task in answer["tasks"]] == [
        "2025-05-01T16:00:00+00:00",
        "2025-05-12T16:00:00+00:00",
    ]


def test_tasks_that_are_not_what_was_published_need_a_reason_which_everybody_reads(town):
    """H3-16: what was carried out could be another thing than what was voted and published."""
    topic_id, _session = town.voted()
    town.opinion(topic_id, tasks=[town.task(), town.task(title="补种树木")])
    town.secretary()
    town.on_topic("publicise_opinion", topic_id)
    town.bench.fire("2025-03-13T00:00:00")
    trees = town.task(title="补种 树木")
    for tasks in (
        [town.task(title="完全另一件事")],
        [town.task()],
        [town.task(), trees, town.task(title="粉刷围墙")],
        [
            town.task(),
            town.task(title="补种树木", responsible_kind="COMMUNITY", responsible_id=COMMUNITY),
        ],
    ):
        with pytest.raises(errors.PlanDiffers) as refused:
            town.on_topic("assign_tasks", topic_id, tasks=tasks, reason=" ")
        assert (refused.value.field, "补种树木" in str(refused.value)) == ("reason", True)
    why = "树木补种须待春季统一安排。"
    town.on_topic("assign_tasks", topic_id, tasks=[town.task()], reason=why)
    told = town.resident().ask("my_messages")["items"]
    (news,) = [one for one in told if one["code"].startswith("TOPIC_IMPLEMENTING")]
    assert why in news["text"]
    steps = town.secretary().ask("topic_timeline", {"topic_id": topic_id})
    assert why in str(steps)


def test_tasks_that_say_more_than_the_plan_are_those_of_the_plan(town):
    topic_id, _session = town.voted()
    town.opinion(topic_id, tasks=[town.task(), town.task(title="补种树木")])
    town.secretary()
    town.on_topic("publicise_opinion", topic_id)
    town.bench.fire("2025-03-13T00:00:00")
    tasks = [town.task(title="补种树木", due_date="2025-05-01"), town.task(budget_fen=100)]
    assert town.on_topic("assign_tasks", topic_id, tasks=tasks)["state"] == "IMPLEMENTING"


def test_assigning_late_climbs(town):
    town.resolved()
    town.bench.fire("2025-03-18T00:00:00")
    assert [e["deadline"] for e in town.bench.rows("SELECT * FROM escalations")] == ["task_assign"]


@pytest.mark.covers("AppendixA", "N6")
def test_acceptance_takes_a_supervisor_and_a_cadre(town):
    _topic, (task_id,) = town.implementing(town.task(supervisors=[BEN, CADRE]))
    with pytest.raises(StateConflict):
        town.accept(task_id)
    town.delivered(task_id)
    town.resident(ANA)
    with pytest.raises(errors.NotSupervisor):
        town.on_task("accept_task", task_id, finding="合格")
    town.resident(BEN)
    answer = town.on_task("accept_task", task_id, finding="合格")
    assert (answer["state"], answer["waiting_for"]) == ("DELIVERED", "CADRE")
    with pytest.raises(errors.AlreadyAccepted):
        town.on_task("accept_task", task_id, finding="合格")
    town.cadre(BEN)
    with pytest.raises(errors.SamePerson):
        town.on_task("accept_task", task_id, finding="合格")
    town.cadre()
    assert town.on_task("accept_task", task_id, finding="合格")["state"] == "ACCEPTED"


@pytest.mark.covers("N6", "P2")
def test_who_holds_a_post_in_the_project_does_not_judge_its_work(town):
    appointed(town, CADRE)
    _topic, (task_id,) = town.implementing(town.task(supervisors=[BEN, CAI]))
    appointed(town, BEN)
    town.delivered(task_id)
    town.resident(BEN)
    with pytest.raises(errors.ConflictOfInterest) as refused:
        town.on_task("accept_task", task_id, finding="合格")
    assert (refused.value.status, refused.value.params["substitutes"]) == (403, CAI)
    with pytest.raises(errors.ConflictOfInterest):
        town.watch(task_id)
    town.cadre()
    with pytest.raises(errors.ConflictOfInterest):
        town.on_task("accept_task", task_id, finding="合格")
    appointed(town, CADRE, ended=True)
    assert town.accept(task_id, supervisor=CAI)["state"] == "ACCEPTED"


@pytest.mark.covers("AppendixA")
def test_nothing_is_accepted_without_evidence(town):
    _topic, (task_id,) = town.implementing()
    town.delivered(task_id, evidence=())
    town.resident(BEN)
    with pytest.raises(errors.EvidenceRequired):
        town.on_task("accept_task", task_id, finding="合格")
    assert town.on_task("accept_task", task_id, finding="合格", media=["sha256:bb"])


def test_a_task_of_the_community_is_done_and_delivered_by_command(town):
    _topic, (task_id,) = town.implementing(
        town.task(responsible_kind="COMMUNITY", responsible_id=COMMUNITY)
    )
    town.cadre()
    town.on_task("start_task", task_id)
    assert town.on_task("report_progress", task_id, note="已备料", percent=40)["percent"] == 40
    with pytest.raises(errors.EvidenceRequired):
        town.on_task("deliver_task", task_id, evidence=[])
    assert town.on_task("deliver_task", task_id, evidence=["sha256:cc"])["state"] == "DELIVERED"
    with pytest.raises(StateConflict):
        town.on_task("start_task", task_id)


def test_a_project_starts_its_own_task_and_delivers_it_at_home(town):
    _topic, (task_id,) = town.implementing()
    town.bench.as_("R_PM", person="per_other", scope=COMMUNITY)
    with pytest.raises(NotFound):
        town.on_task("start_task", task_id)
    town.bench.as_("R_PM", person=MANAGER, scope=COMMUNITY)
    assert town.on_task("start_task", task_id)["state"] == "DOING"
    town.cadre()
    with pytest.raises(errors.ProjectDelivers):
        town.on_task("deliver_task", task_id, evidence=["x"])


def test_a_delivery_that_is_not_ours_changes_nothing(town):
    _topic, (task_id,) = town.implementing(
        town.task(responsible_kind="COMMUNITY", responsible_id=COMMUNITY)
    )
    town.delivered(task_id)
    town.delivered("tsk_unknown", work="wrk_2")
    assert town.row("tasks", "task_id", task_id)["state"] == "ASSIGNED"
    ignored = town.bench.rows("SELECT * FROM history WHERE action = 'delivery_ignored'")
    assert len(ignored) == 1
    assert town.bench.parked() == []


@pytest.mark.covers("F3-flow", "M-16")
def test_an_overdue_task_climbs_after_five_and_ten_working_days(town):
    _topic, (task_id,) = town.implementing(town.task(due_date="2025-04-28"))
    town.bench.fire("2025-04-29T00:00:00")
    assert town.resident().ask("task", {"task_id": task_id})["overdue"] is True
    # Five working days after 28 April: 29, 30 April, 6, 7, 8 May (May Day holiday between).
    town.bench.fire("2025-05-09T00:00:00")
    town.bench.fire("2025-05-16T00:00:00")
    said = town.bench.published("task_overdue.v1")
    assert [(e["data"]["level"], e["time"]) for e in said] == [
        (1, "2025-04-28T16:00:00Z"),
        (2, "2025-05-08T16:00:00Z"),
        (3, "2025-05-15T16:00:00Z"),
    ]
    climbed = town.bench.rows("SELECT * FROM escalations ORDER BY level")
    assert [e["person_id"] for e in climbed] == [CADRE, TEAM, LEADER]
    assert town.resident().ask("task_ledger", {"overdue": True})["items"][0]["id"] == task_id


def test_work_delivered_in_time_is_not_overdue_however_late_it_is_accepted(town):
    _topic, (task_id,) = town.implementing(town.task(due_date="2025-04-28"))
    town.bench.at("2025-04-28T20:00:00")
    town.delivered(task_id)
    town.bench.fire("2025-05-20T00:00:00")
    assert town.bench.published("task_overdue.v1") == []
    town.resident(BEN)
    answer = town.on_task("rework_task", task_id, reason="线条不直")
    assert answer["state"] == "REWORK"
    town.bench.fire("2025-05-20T00:00:00")
    assert [e["data"]["level"] for e in town.bench.published("task_overdue.v1")] == [1, 2, 3]


def test_a_supervisor_is_measured_from_the_appointment_to_the_delivery(town):
    """H5-9: who was appointed late, or waited for the cadre's acceptance, got nothing."""
    topic_id, (task_id,) = town.implementing()
    town.bench.at("2025-04-02T09:00:00")
    town.secretary()
    others = {"supervisors": [CAI, NEIGHBOURS[0]], "reason": "监督员出差"}
    town.on_task("change_supervisors", task_id, **others)
    town.bench.at("2025-04-14T09:00:00")
    town.watch(task_id, CAI)
    town.bench.at("2025-04-20T09:00:00")
    town.delivered(task_id)
    town.resident(CAI)
    town.on_task("accept_task", task_id, finding="合格")
    town.bench.at("2025-05-12T09:00:00")
    town.cadre()
    town.on_task("accept_task", task_id, finding="合格")
    town.secretary()
    town.on_topic("close_topic", topic_id)
    said = [e["data"]["person_id"] for e in town.bench.published("supervision_fulfilled.v1")]
    assert said == [CAI]


def test_what_comes_back_from_the_top_of_the_ladder_is_brought_up_there_again(town):
    """H5-5: after a rework at the last level nothing reminded anybody of it."""
    _topic, (task_id,) = town.implementing(town.task(due_date="2025-04-28"))
    for at in ("2025-04-29T00:00:00", "2025-05-09T00:00:00", "2025-05-16T00:00:00"):
        town.bench.fire(at)
    assert town.row("tasks", "task_id", task_id)["overdue_level"] == 3
    town.delivered(task_id)
    town.resident(BEN)
    town.on_task("rework_task", task_id, reason="线条不直")
    waits = "SELECT * FROM escalations WHERE deadline = 'task_due' AND state = 'OPEN'"
    assert town.bench.rows(waits) == []
    town.bench.fire("2025-07-01T00:00:00")
    assert [row["person_id"] for row in town.bench.rows(waits)][:1] == [LEADER]
    assert len(town.bench.published("task_overdue.v1")) == 3


def test_work_that_goes_back_to_a_closed_project_is_brought_before_the_chain(town):
    """H5-6: what was delivered stays the former project's; nobody could do it again."""
    _topic, (task_id,) = town.implementing()
    town.delivered(task_id)
    town.project_is(PROJECT, "CLOSED", sequence=9)
    town.project_is("prj_next", "IN_SERVICE", former=PROJECT)
    town.resident(BEN)
    town.on_task("rework_task", task_id, reason="线条不直")
    town.bench.fire("2025-03-20T00:00:00")
    (told,) = town.bench.rows("SELECT * FROM escalations WHERE deadline = 'responsible_needed'")
    assert told["person_id"] == CADRE


@pytest.mark.covers("N16")
def test_after_the_third_rework_the_topic_returns_to_its_analysis(town):
    other = town.task(title="补种树木", responsible_kind="COMMUNITY", responsible_id=COMMUNITY)
    topic_id, (task_id, other_id) = town.implementing(town.task(), other)
    for _ in range(3):
        town.delivered(task_id, work="wrk_again")
        town.resident(BEN)
        town.on_task("rework_task", task_id, reason="仍不合格", code="NOT_AS_RESOLVED")
    row = town.row("topics", "topic_id", topic_id)
    assert (row["state"], row["round"]) == ("COLLECTED", 2)
    assert town.row("tasks", "task_id", task_id)["state"] == "FAILED"
    assert town.row("tasks", "task_id", other_id)["state"] == "FAILED"
    finals = [e["data"]["final"] for e in town.bench.published("task_rework.v1")]
    assert finals == [False, False, True, True]
    with pytest.raises(errors.StepLocked):
        town.schedule(topic_id, "2025-03-20T19:00:00+08:00")
    town.adopt(topic_id, finding="重新研判:改为人行道改造")
    # Credit for the proposer is for the first adoption only.
    assert len(town.bench.published("topic_adopted.v1")) == 1
    assert "仍不合格" not in str(town.bench.published())


def test_a_gap_of_fourteen_days_without_a_look_is_counted_and_told(town):
    _topic, (task_id,) = town.implementing(town.task(due_date="2025-05-10"))
    town.bench.fire("2025-03-26T23:59:59")
    assert town.row("tasks", "task_id", task_id)["supervisions_missed"] == 0
    town.bench.fire("2025-03-27T00:00:00")
    assert town.row("tasks", "task_id", task_id)["supervisions_missed"] == 1
    assert town.resident(BEN).ask("my_messages")["items"][0]["code"] == "SUPERVISION_MISSED"
    town.bench.at("2025-04-09T12:00:00")
    town.watch(task_id)
    town.bench.fire("2025-04-23T11:59:59")
    assert town.row("tasks", "task_id", task_id)["supervisions_missed"] == 1
    with pytest.raises(errors.NotSupervisor):
        town.watch(task_id, person=CAI)


@pytest.mark.parametrize(
    ("days", "records", "kept"),
    [
        (10, [], False),
        (10, [10], True),
        (28, [14, 28], True),
        (28, [13, 28], False),
        (28, [14], True),
        (29, [14], False),
        (15, [15], False),
        (40, [40, 12, 26], True),
    ],
)
def test_watch_is_kept_by_a_record_in_every_fourteen_days(days, records, kept):
    start = datetime(2025, 3, 13, tzinfo=UTC)
    at = [start + timedelta(days=n) for n in records]
    assert rules.supervised(start, start + timedelta(days=days), at) is kept


def test_a_supervisor_who_did_not_look_earns_nothing(town):
    topic_id, (task_id,) = town.implementing(
        town.task(due_date="2025-05-10", supervisors=[BEN, CAI])
    )
    town.bench.at("2025-03-20T10:00:00")
    town.delivered(task_id)
    town.accept(task_id)
    town.secretary()
    town.on_topic("close_topic", topic_id)
    assert [e["data"]["person_id"] for e in town.bench.published("supervision_fulfilled.v1")] == [
        BEN
    ]


def test_those_who_took_part_are_told_and_asked_once(town):
    topic_id, (task_id,) = town.implementing()
    town.delivered(task_id)
    with pytest.raises(StateConflict):
        town.resident().do("rate_topic", {"topic_id": topic_id, "stars": 5})
    town.accept(task_id)
    town.secretary()
    with pytest.raises(NumberOfAPerson):
        town.on_topic("close_topic", topic_id, result="问 13812345678")
    town.on_topic("close_topic", topic_id)
    assert town.resident(NEIGHBOURS[0]).ask("my_messages")["items"][0]["code"] == "TOPIC_CLOSED"
    town.resident(ANA).do("rate_topic", {"topic_id": topic_id, "stars": 5})
    with pytest.raises(errors.AlreadyRated):
        town.resident(ANA).do("rate_topic", {"topic_id": topic_id, "stars": 1})
    with pytest.raises(errors.NotParticipant):
        town.resident(CAI).do("rate_topic", {"topic_id": topic_id, "stars": 1})
    town.bench.at("2025-03-20T00:00:00")
    with pytest.raises(errors.PollOver):
        town.resident(BEN).do("rate_topic", {"topic_id": topic_id, "stars": 1})
    poll = town.cadre().ask("topic", {"topic_id": topic_id})["poll"]
    assert poll == {"ratings": 1, "stars_total": 5}
    # Everybody knows who the one was that took part.
    few = ["ratings", "stars_total"]
    poll = town.resident().ask("topic", {"topic_id": topic_id})["poll"]
    assert poll == {"ratings": 0, "stars_total": 0, "few": few}


@pytest.mark.covers("N5", "F17")
def test_no_event_holds_a_word_that_somebody_said_or_wrote(town):
    topic_id, (task_id,) = town.implementing()
    town.watch(task_id, finding="有人在偷懒")
    said = str(town.bench.published())
    for word in ("小院停车", "同意施划车位", "两人担心噪声", "偷懒", "FOR"):
        assert word not in said.replace("R_FORUM", "")
    assert topic_id in said


def test_a_task_goes_with_the_compound_to_the_company_that_takes_over(town):
    """K13: it stayed with the closed project, whose old manager alone could deliver it."""
    _topic, (task_id, done) = town.implementing(town.task(), town.task(title="补种绿植"))
    town.delivered(done, work="wrk_done")
    before = town.row("tasks", "task_id", task_id)["version"]
    town.project_is(PROJECT, "CLOSED", sequence=9)
    town.project_is("prj_new", "IN_SERVICE", former=PROJECT)
    assert [town.row("tasks", "task_id", t)["responsible_id"] for t in (task_id, done)] == [
        "prj_new",
        PROJECT,
    ]
    said = town.bench.published("task_assigned.v1")[-1]
    assert (said["data"]["task_id"], said["data"]["responsible_id"]) == (task_id, "prj_new")
    assert int(said["sequence"]) > before
    told = town.resident(BEN).ask("my_messages")["items"]
    assert "TASK_TAKEN_OVER" in {item["code"] for item in told}
    manager = {"project_id": "prj_new", "person_id": "per_heir"}
    town.bench.consume(
        "property", "project_manager_changed.v1", manager, subject="prj_new", sequence=2
    )
    town.bench.as_("R_PM", person="per_heir", scope=COMMUNITY)
    assert town.on_task("start_task", task_id)["state"] == "DOING"


def test_a_closed_project_is_given_nothing(town):
    """K13: its former manager got the task, and the departed company the order for it."""
    topic_id = town.resolved()
    town.project_is(PROJECT, "CLOSED", sequence=9)
    town.secretary()
    with pytest.raises(errors.ResponsibleUnknown):
        town.on_topic("assign_tasks", topic_id, tasks=[town.task()])


def test_the_chain_is_told_of_a_task_whose_project_is_closed_for_good(town):
    """K13: nobody does it, and it came before somebody only when it was overdue."""
    town.implementing()
    town.project_is(PROJECT, "CLOSED", sequence=9)
    town.bench.fire("2025-03-15T00:00:00")
    (told,) = town.cadre().ask("escalations", {"source": "TASK"})["items"]
    assert (told["deadline"], told["person_id"]) == ("responsible_needed", CADRE)
    assert "RESPONSIBLE_NEEDED" in {m["code"] for m in town.cadre().ask("my_messages")["items"]}
    town.project_is("prj_new", "IN_SERVICE", former=PROJECT)
    assert town.cadre().ask("escalations", {"source": "TASK"})["items"] == []


def test_a_project_that_was_closed_by_mistake_and_serves_again_keeps_its_tasks(town):
    town.implementing()
    town.project_is(PROJECT, "CLOSED", sequence=9)
    town.project_is(PROJECT, "IN_SERVICE", sequence=10)
    town.bench.fire("2025-03-15T00:00:00")
    assert town.cadre().ask("escalations", {"source": "TASK"})["items"] == []


# --------------------------------------------------------------------------------------------------
# Who watches, and what was planned


def test_who_serves_the_responsible_side_or_lives_with_who_does_is_no_supervisor(town):
    """K12: the manager's household was appointed, and could never accept."""
    topic_id = town.resolved()
    for person in (MANAGER, CAI):
        town.live(person, household="hh_manager", sequence=3)
    town.secretary()
    for person in (MANAGER, CAI):
        with pytest.raises(errors.SupervisorBound) as refused:
            town.on_topic("assign_tasks", topic_id, tasks=[town.task(supervisors=[BEN, person])])
        assert refused.value.params["people"] == person
    town.secretary(BEN)
    with pytest.raises(errors.OwnSupervisor):
        town.on_topic("assign_tasks", topic_id, tasks=[town.task()])


def test_the_chain_is_told_when_the_only_supervisor_comes_to_serve_the_project(town):
    """K13: nobody was left who could accept the work, and nobody knew."""
    _topic, (task_id,) = town.implementing(town.task(supervisors=[BEN]))
    appointed(town, BEN)
    appointed(town, "per_stranger")
    (told,) = town.cadre().ask("escalations", {"source": "TASK"})["items"]
    assert (told["deadline"], told["person_id"]) == ("supervisor_needed", CADRE)
    town.delivered(task_id)
    town.resident(BEN)
    with pytest.raises(errors.ConflictOfInterest) as refused:
        town.on_task("accept_task", task_id, finding="合格")
    assert "—" not in str(refused.value)
    assert "社区书记" in str(refused.value)
