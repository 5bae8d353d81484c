"""Whatever a project owes falls due, goes up, and has a way out (K13, SP-D8)."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.property import errors
from fivered.services.property.tests.test_agreements import meeting
from testkit.bench import instant

DECIDED = {"text": "充电桩选址", "kind": "WORK", "due_date": "2025-03-12"}


@pytest.fixture
def work(bench, town):
    town.found()
    town.link_officials()
    held = town.secretary().do("hold_meeting", meeting(town, decisions=[DECIDED]))
    return {"work_id": held["decisions"][0]["opened"]}


def card(town, work):
    return town.cadre().ask("work", work)


def test_a_meetings_work_order_is_overdue_at_its_date_and_goes_up(bench, town, work):
    """SP-D8: on 2025-03-21 it was ASSIGNED, not overdue, and nothing escalated."""
    bench.fire("2025-03-12T23:59:59")
    assert card(town, work)["overdue"] is False
    bench.fire("2025-03-13T00:00:00")
    shown = card(town, work)
    assert shown["overdue"] is True
    assert [row["what"] for row in shown["history"]] == ["ASSIGNED", "OVERDUE"]
    (order,) = town.street_clerk().ask("rectifications")["items"]
    assert (order["severity"], order["source"], order["work_id"]) == (
        "S3",
        "MEETING",
        work["work_id"],
    )
    assert "充电桩选址" in order["facts"]
    # Not met in seven working days it goes up as every order.
    bench.fire("2025-03-25T00:00:00")
    (up,) = bench.published("rectification_escalated.v1")
    assert (up["data"]["level"], up["data"]["official_id"]) == (1, "off_street_team")


def test_a_delivery_stops_the_clock_and_a_refusal_after_the_date_starts_it_again(bench, town, work):
    """SP-D8: as with every submission."""
    town.manager().do("start_work", work, version=1)
    bench.fire("2025-03-12T18:00:00")
    town.manager().do("deliver_work", work | {"evidence": ["sha256:1"]}, version=2)
    bench.fire("2025-03-14T09:00:00")
    assert card(town, work)["overdue"] is False
    back = {"accepted": False, "reason": "选址图缺一处"}
    town.cadre().do("check_work", work | back, version=3)
    shown = card(town, work)
    assert (shown["overdue"], shown["state"]) == (True, "DOING")
    assert len(town.street_clerk().ask("rectifications")["items"]) == 1


def test_work_orders_of_before_they_had_a_clock_are_taken_with_the_months_end(bench, town, work):
    """SP-D8: an upgraded installation has orders without a timer."""
    table = bench.runtime.chassis.timers
    with bench.runtime.engine.begin() as conn:
        conn.execute(table.delete().where(table.c.kind == "wrk_due"))
    bench.fire("2025-03-31T12:00:00")
    assert card(town, work)["overdue"] is False
    bench.fire("2025-04-01T00:00:00")
    assert card(town, work)["overdue"] is True


def test_a_work_order_is_extended_cancelled_or_given_to_another_project(bench, town, work):
    """SP-D8: there was no exit at all."""
    town.found("prj_b", manager="per_lu")
    later = work | {"due_date": "2025-03-20", "reason": "等待供电公司答复"}
    with pytest.raises(errors.DueInPast) as early:
        town.cadre().do("extend_work", later | {"due_date": "2025-03-12"}, version=1)
    assert "须晚于现期限" in early.value.describe()
    # K13: put off to 2099 by a slip of the pen, it was never overdue again, and never came back.
    with pytest.raises(errors.DueTooFar) as far:
        town.cadre().do("extend_work", later | {"due_date": "2099-12-31"}, version=1)
    assert far.value.params["latest"].startswith("2025-09-")
    with pytest.raises(errors.ReasonRequired):
        town.cadre().do("extend_work", later | {"reason": " "}, version=1)
    made = town.cadre().do("extend_work", later, version=1)
    assert instant(made["due"]) == instant("2025-03-21T00:00:00")
    bench.fire("2025-03-13T00:00:00")
    assert card(town, work)["overdue"] is False
    town.cadre().do("extend_work", later | {"due_date": "2025-03-24"}, version=2)
    with pytest.raises(errors.ExtensionsUsed):
        town.cadre().do("extend_work", later | {"due_date": "2025-03-25"}, version=3)
    town.street_clerk().do("extend_work", later | {"due_date": "2025-03-25"}, version=3)
    moved = work | {"project_id": "prj_b", "reason": "该地块由另一项目服务"}
    with pytest.raises(StateConflict):
        town.cadre().do("reassign_work", moved | {"project_id": "prj_a"}, version=4)
    town.cadre().do("reassign_work", moved, version=4)
    with pytest.raises(errors.NotTheManager):
        town.manager().do("start_work", work, version=5)
    town.manager("per_lu").do("start_work", work, version=5)
    town.cadre().do("cancel_work", work | {"reason": "方案改由街道统筹"}, version=6)
    bench.fire("2025-04-30T00:00:00")
    shown = card(town, work)
    assert (shown["state"], shown["overdue"], shown["end_reason"]) == (
        "CANCELLED",
        False,
        "方案改由街道统筹",
    )


def test_a_party_of_the_project_opens_no_exit_and_a_task_leaves_through_the_forum(
    bench, town, work
):
    """K12, SP-D8: the exits are decisions about the project."""
    task = {
        "task_id": "tsk_1",
        "topic_id": "top_1",
        "community": town.community,
        "responsible_kind": "PROJECT",
        "responsible_id": "prj_a",
        "due_at": "2025-03-20T00:00:00+08:00",
        "title": "安装充电桩",
    }
    bench.consume("forum", "task_assigned.v1", task, subject="tsk_1")
    assert card(town, {"work_id": "wrk_1"})["title"] == "安装充电桩"
    extended = task | {"due_at": "2025-04-20T00:00:00+08:00"}
    bench.consume("forum", "task_assigned.v1", extended, subject="tsk_1", sequence=2)
    assert card(town, {"work_id": "wrk_1"})["due_at"].startswith("2025-04-19")
    for method, more in (
        ("extend_work", {"due_date": "2025-05-20"}),
        ("cancel_work", {}),
        ("reassign_work", {"project_id": "prj_a"}),
    ):
        body = more | {"reason": "需要更多时间"}
        with pytest.raises(errors.ConflictOfInterest):
            town.cadre("per_wu").do(method, work | body, version=9)
        with pytest.raises(errors.TaskOfForum):
            town.cadre().do(method, {"work_id": "wrk_1"} | body, version=2)


def test_what_a_meeting_decided_outlives_the_company(bench, town, work):
    """SP-D8: after a hand-over nobody could do the work; a closed project published late for ever."""
    disclosure = town.cadre().do(
        "schedule_disclosure",
        {"project_id": "prj_a", "kind": "FEES", "title": "收支", "due_date": "2025-04-15"},
    )
    town.hand_over("per_next")
    assert card(town, work)["state"] == "ENDED"
    (new,) = town.cadre().ask("works", {"project_id": "prj_b"})["items"]
    assert (new["title"], new["state"], new["overdue"]) == ("充电桩选址", "ASSIGNED", False)
    town.manager("per_next").do("start_work", {"work_id": new["id"]}, version=1)
    bench.fire("2025-05-01T00:00:00")
    assert card(town, {"work_id": new["id"]})["overdue"] is True
    assert not bench.published("disclosure_overdue.v1")
    listed = town.cadre().ask("disclosures", {"project_id": "prj_a"})["items"]
    assert [(row["id"], row["state"]) for row in listed] == [(disclosure["id"], "CANCELLED")]


def test_an_order_is_extended_once_by_the_street_before_it_is_due(bench, town):
    """K13: an order that cannot be met in time could only be withdrawn as an error."""
    town.found()
    town.street_clerk()
    safety, order = town.issue("S1")["id"], town.issue("S3")["id"]
    later = {"due_date": "2025-03-20", "reason": "配件需厂家定制"}
    with pytest.raises(errors.NotExtensible):
        bench.do("extend_rectification", later | {"rectification_id": safety}, version=1)
    which = later | {"rectification_id": order}
    with pytest.raises(errors.DueInPast):
        bench.do("extend_rectification", which | {"due_date": "2025-06-20"}, version=1)
    with pytest.raises(errors.ConflictOfInterest):
        town.street_clerk("per_wu").do("extend_rectification", which, version=1)
    made = town.street_clerk().do("extend_rectification", which, version=1)
    assert instant(made["due"]) == instant("2025-03-21T00:00:00")
    with pytest.raises(errors.NotExtensible):
        bench.do("extend_rectification", which | {"due_date": "2025-03-25"}, version=2)
    bench.fire("2025-03-20T23:59:59")
    said = [event["subject"] for event in bench.published("rectification_overdue.v1")]
    assert said == [safety]
    bench.fire("2025-03-21T00:00:00")
    said = [event["subject"] for event in bench.published("rectification_overdue.v1")]
    assert said == [safety, order]


def test_a_disclosure_that_need_not_be_made_is_taken_off_the_list(bench, town):
    """K13: a disclosure put on the list by mistake was overdue for certain."""
    town.found()
    order = {"project_id": "prj_a", "kind": "FEES", "title": "收支", "due_date": "2025-04-15"}
    which = {"disclosure_id": town.cadre().do("schedule_disclosure", order)["id"]}
    town.cadre().do("cancel_disclosure", which | {"reason": "与上季度重复"}, version=1)
    bench.fire("2025-04-16T00:00:00")
    assert not bench.published("disclosure_overdue.v1")
    with pytest.raises(StateConflict):
        town.manager().do("publish_disclosure", which | {"doc_sha256": "d" * 64}, version=2)


def test_a_meeting_that_was_recorded_by_mistake_is_annulled_and_counts_nowhere(bench, town, work):
    """K7: a mis-recorded meeting counted for quorum and R-PRJ-09 for ever."""
    (meeting_id,) = (
        row["m"] for row in bench.rows("SELECT meeting_id AS m FROM tripartite_meetings")
    )
    which = {"meeting_id": meeting_id, "reason": "日期录错,当日未召开"}
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wu").do("annul_meeting", which, version=9)
    town.secretary().do("annul_meeting", which, version=1)
    with pytest.raises(StateConflict):
        town.secretary().do("annul_meeting", which, version=2)
    assert card(town, work)["state"] == "CANCELLED"
    assert town.street_clerk().ask("indicators", {"period": "2025-03"})["M-27"]["part"] == 0
    assert bench.ask("board", {"project_id": "prj_a"})["meetings"] == []
    assert (
        town.cadre().ask("meeting", {"meeting_id": meeting_id})["annul_reason"] == which["reason"]
    )
    bench.fire("2025-04-03T00:00:00")
    town.steward_markers("2025-03")
    (month,) = (
        project
        for event in bench.published("month_measured.v1")
        for project in event["data"]["projects"]
    )
    assert month["tripartite_held"] is False


def test_the_month_of_a_hand_over_counts_the_compounds_meeting(bench, town, work):
    """SP-D21, DOMAIN 2.2.4: one meeting a month per compound, no matter who runs it."""
    town.hand_over("per_next")
    bench.fire("2025-04-03T00:00:00")
    town.steward_markers("2025-03")
    held = {
        project["project_id"]: project["tripartite_held"]
        for event in bench.published("month_measured.v1")
        for project in event["data"]["projects"]
    }
    assert held["prj_b"] is True
    assert bench.rows("SELECT 1 FROM history WHERE what = 'TRIPARTITE_MISSED'") == []


def test_an_order_whose_street_official_left_comes_before_the_district(bench, town):
    """SP-D11: with the link ended the escalation named nobody."""
    town.found()
    town.link_officials()
    bench.consume("forum", "liaison_ended.v1", {"link_id": "lnk_1"}, subject="lnk_1", sequence=2)
    town.street_clerk()
    town.issue("S1")
    bench.fire("2025-03-05T09:00:00")
    (up,) = bench.published("rectification_escalated.v1")
    assert (up["data"]["level"], up["data"]["official_id"]) == (1, "off_district_leader")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"reason": "CANCELLED", "why": "居民改选他处"}, ("CANCELLED", "居民改选他处")),
        ({"reason": "REASSIGNED", "why": "改由社区办"}, ("CANCELLED", "改由社区办")),
        # What a release before has said.
        ({"reason": "TOPIC_RETURNED"}, ("CANCELLED", "TOPIC_RETURNED")),
        ({"reason": "DEFECT"}, ("ENDED", "SUPERVISION_FAILED")),
    ],
)
def test_the_work_of_a_task_that_is_taken_away_does_not_read_as_done(bench, town, said, shown):
    """B9: work on which somebody was still busy read CLOSED, without a reason."""
    town.found()
    task = {
        "task_id": "tsk_1",
        "topic_id": "top_1",
        "responsible_kind": "PROJECT",
        "responsible_id": "prj_a",
    }
    assigned = task | {"community": town.community, "due_at": "2025-03-28T00:00:00+08:00"}
    bench.consume("forum", "task_assigned.v1", assigned, subject="tsk_1", sequence=1)
    work = {"work_id": "wrk_1"}
    town.manager().do("start_work", work, version=1)
    bench.consume(
        "forum", "task_rework.v1", task | said | {"final": True}, subject="tsk_1", sequence=2
    )
    found = bench.ask("work", work)
    assert (found["state"], found["end_reason"]) == shown
    assert found["history"][-1]["what"] == shown[0]
    with pytest.raises(StateConflict):
        town.manager().do("deliver_work", work | {"evidence": ["sha256:7"]}, version=3)


def test_the_order_of_an_overdue_task_ends_with_the_task(bench, town):
    """K13: the S3 order stayed open for work that nobody was to do any more."""
    town.found()
    town.link_officials()
    task = {
        "task_id": "tsk_1",
        "topic_id": "top_1",
        "responsible_kind": "PROJECT",
        "responsible_id": "prj_a",
    }
    due = {"community": town.community, "due_at": "2025-03-04T00:00:00+08:00"}
    bench.consume("forum", "task_assigned.v1", task | due, subject="tsk_1", sequence=1)
    bench.consume("forum", "task_overdue.v1", task | {"level": 0}, subject="tsk_1", sequence=2)
    (order,) = town.street_clerk().ask("rectifications")["items"]
    bench.fire(order["due"])
    final = {"final": True, "reason": "CANCELLED", "why": "居民改选他处"}
    bench.consume("forum", "task_rework.v1", task | final, subject="tsk_1", sequence=3)
    asked = {"rectification_id": order["id"]}
    row = town.street_clerk().ask("rectification", asked)
    assert (row["state"], row["history"][-1]["detail"]["reason"]) == ("ENDED", "居民改选他处")
    (ended,) = bench.published("rectification_ended.v1")
    assert ended["data"] == {"rectification_id": order["id"], "project_id": "prj_a"}
    # It was overdue, and that counts, unless two persons find that it was no fault.
    assert bench.published("rectification_withdrawn.v1") == []
    assert town.street_clerk().ask("overdue_rectifications")["total"] == 0
    assert [one["code"] for one in town.manager().ask("my_messages")["items"]] == ["ORDER_ENDED"]
    bench.fire("2025-05-01T00:00:00")
    assert town.street_clerk().ask("rectification", asked)["state"] == "ENDED"
    for who in ("per_qian", "per_second"):
        withdraw = asked | {"reason": "任务非因项目原因取消"}
        row = town.street_clerk(who).ask("rectification", asked)
        bench.do("withdraw_rectification", withdraw, version=row["version"])
    assert len(bench.published("rectification_withdrawn.v1")) == 1


def orders(bench):
    # Two of one instant are told apart by their numbers.
    asked = (
        "SELECT project_id, state, work_id FROM rectifications"
        " ORDER BY created_at, project_id, number"
    )
    return [(row["project_id"], row["state"], row["work_id"]) for row in bench.rows(asked)]


def test_an_overdue_work_has_one_order_also_of_the_next_company(bench, town, work):
    """H5-3: order and work were made anew, and the new work falling overdue opened a second one."""
    bench.fire("2025-03-13T00:00:00")
    town.hand_over("per_next")
    (new,) = town.cadre().ask("works", {"project_id": "prj_b"})["items"]
    bench.fire("2025-04-10T00:00:00")
    assert card(town, {"work_id": new["id"]})["overdue"] is True
    assert orders(bench) == [
        ("prj_a", "ENDED", work["work_id"]),
        ("prj_b", "OVERDUE", new["id"]),
    ]


def test_an_overdue_work_has_one_order_also_where_its_project_serves_again(bench, town, work):
    """H5-3: as at a hand-over."""
    bench.fire("2025-03-13T00:00:00")
    closing = {"project_id": "prj_a", "status": "CLOSED", "reason": "合同到期未续"}
    town.district().do(
        "change_project_status", closing, version=town.version("projects", "project_id", "prj_a")
    )
    for person in ("per_one", "per_two"):
        bench.as_("R_STREET", person=person, scope="370811015").do(
            "reopen_project",
            {"project_id": "prj_a", "reason": "误选项目,合同仍有效"},
            version=town.version("projects", "project_id", "prj_a"),
        )
    bench.fire("2025-04-10T00:00:00")
    assert [state for _, state, _ in orders(bench)] == ["ENDED", "OVERDUE"]


def test_a_work_that_a_project_is_not_to_do_leaves_it_no_order(bench, town, work):
    """Its order ran on, up to the district, with nothing that could be shown for it."""
    town.found("prj_b", manager="per_lu", grid="370811015901002")
    bench.fire("2025-03-13T00:00:00")
    away = work | {"reason": "该地块由另一项目服务"}
    version = town.version("works", "work_id", work["work_id"])
    town.cadre().do("reassign_work", away | {"project_id": "prj_b"}, version=version)
    assert orders(bench) == [("prj_a", "ENDED", work["work_id"])]
    codes = [one["code"] for one in town.manager().ask("my_messages")["items"]]
    assert sorted(codes) == ["ORDER_ENDED", "WORK_TAKEN_AWAY"]
    # Who gets it has seven working days at least, and is overdue only after them.
    shown = card(town, work)
    assert (shown["overdue"], instant(shown["due_at"])) == (False, instant("2025-03-25T00:00:00"))
    bench.fire("2025-03-25T00:00:00")
    assert orders(bench)[1:] == [("prj_b", "ISSUED", None)]
    version = town.version("works", "work_id", work["work_id"])
    town.cadre().do("reassign_work", away | {"project_id": "prj_a"}, version=version)
    bench.fire("2025-04-10T00:00:00")
    assert [(one, state) for one, state, _ in orders(bench)] == [
        ("prj_a", "ENDED"),
        ("prj_b", "ENDED"),
        ("prj_a", "ISSUED"),
    ]
    # Its next company has one order for it.
    town.hand_over("per_next", to="prj_c")
    (new,) = town.cadre().ask("works", {"project_id": "prj_c"})["items"]
    bench.fire("2025-04-28T00:00:00")
    assert [one for one in orders(bench) if one[0] == "prj_c"] == [("prj_c", "OVERDUE", new["id"])]
    version = town.version("works", "work_id", new["id"])
    town.cadre().do("cancel_work", away | {"work_id": new["id"]}, version=version)
    assert {state for _, state, _ in orders(bench)} == {"ENDED"}
    told = town.manager("per_lu").ask("my_messages")["items"]
    assert sorted(one["code"] for one in told) == ["ORDER_ENDED", "WORK_TAKEN_AWAY"]
    assert all("该地块由另一项目服务" in one["text"] for one in told)


def test_a_proposal_to_withdraw_an_ended_order_waits_for_the_second_person(bench, town, work):
    """An order that has ended may be withdrawn, yet nobody found the proposal."""
    bench.fire("2025-03-13T00:00:00")
    (order,) = town.street_clerk().ask("rectifications")["items"]
    away = work | {"reason": "方案改由街道统筹"}
    version = town.version("works", "work_id", work["work_id"])
    town.cadre().do("cancel_work", away, version=version)
    wrong = {"rectification_id": order["id"], "reason": "逾期因供电公司原因"}
    version = town.version("rectifications", "rectification_id", order["id"])
    first = town.street_clerk().do("withdraw_rectification", wrong, version=version)
    second = bench.as_("R_STREET", person="per_two", scope="370811015")
    waits = [one for one in second.ask("todo", {})["items"] if one["deed"] == "CONFIRM_WITHDRAWAL"]
    assert [one["id"] for one in waits] == [order["id"]]
    second.do("withdraw_rectification", wrong, version=first["version"])
    assert [state for _, state, _ in orders(bench)] == ["WITHDRAWN"]
