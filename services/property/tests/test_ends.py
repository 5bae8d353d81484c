"""What is over is over here too: requests, meetings, papers that were filed twice."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.property import errors
from fivered.services.property.tests.test_people import meeting

REASON = "记录重复,作废"


def ended(bench, fact, request="req_1", sequence=5, **more):
    data = {"request_id": request} | more
    bench.consume("steward", f"{fact}.v1", data, subject=request, sequence=sequence)


def card(bench, complaint_id):
    asked = "SELECT * FROM complaints WHERE complaint_id = :c"
    return bench.rows(asked, c=complaint_id)[0]


def deeds(town):
    return [one["deed"] for one in town.cadre().ask("todo", {})["items"]]


def test_a_complaint_whose_request_is_rejected_does_not_count_and_is_over(bench, town):
    """t2 B5: OPEN and PENDING for ever, on the secretary's list."""
    town.found()
    complaint_id = town.complain()
    ended(bench, "request_rejected", reason="OUT_OF_SCOPE")
    row = card(bench, complaint_id)
    assert (row["valid"], row["state"]) == ("NO", "CLOSED")
    assert [e["data"]["complaint_id"] for e in bench.published("complaint_invalidated.v1")] == [
        complaint_id
    ]
    assert "VALIDATE_COMPLAINT" not in deeds(town)
    told = bench.as_("R_RESIDENT", person="per_res", scope=town.grid).ask("my_messages", {})
    assert told["items"][0]["code"] == "DISMISSED"
    # Heard twice, nothing more is said.
    ended(bench, "request_rejected", sequence=6, reason="OUT_OF_SCOPE")
    assert len(bench.published("complaint_invalidated.v1")) == 1


def test_a_complaint_that_was_taken_back_is_over_and_counts_as_before(bench, town):
    """t2 B5; REQ-L14: nobody gains by pressing a resident to take it back."""
    town.found()
    complaint_id = town.complain()
    ended(bench, "request_cancelled")
    row = card(bench, complaint_id)
    assert (row["valid"], row["state"], row["outcome"]) == (
        "PENDING",
        "CLOSED",
        "投诉人已撤回诉求",
    )
    assert bench.published("complaint_invalidated.v1") == []
    assert "VALIDATE_COMPLAINT" not in deeds(town)
    verdict = {"complaint_id": complaint_id, "valid": True, "reason": "现场核实属实"}
    town.cadre().do("validate_complaint", verdict, version=row["version"])


@pytest.mark.parametrize("fact", ["request_rejected", "request_cancelled"])
def test_what_waits_for_a_project_waits_no_longer(bench, town, fact):
    """t2 B5"""
    town.complain(project=None, category="PROPERTY_SERVICE")
    assert deeds(town) == ["DECIDE_COMPLAINT_PROJECT"]
    ended(bench, fact, **({"reason": "OUT_OF_SCOPE"} if fact == "request_rejected" else {}))
    assert deeds(town) == []
    assert [row["state"] for row in bench.rows("SELECT state FROM undecided_complaints")] == [
        "DISMISSED"
    ]


def test_what_is_merged_or_corrected_away_is_closed_and_opens_again_with_the_correction(
    bench, town
):
    """t2 B5: valid NO, and OPEN for ever."""
    town.found()
    first, second = town.complain("req_1"), town.complain("req_2", by="other")
    into = {
        "into": "req_1",
        "into_kind": "COMPLAINT",
        "into_category": "CLEANING",
        "into_project_id": "prj_a",
    }
    ended(bench, "request_merged", "req_2", **into)
    assert card(bench, second)["state"] == "CLOSED"
    right = {"kind": "COMPLAINT", "category": "CLEANING", "grid": town.grid, "project_id": "prj_a"}
    ended(bench, "request_corrected", **(right | {"kind": "HELP", "category": "OTHER"}))
    assert (card(bench, first)["valid"], card(bench, first)["state"]) == ("NO", "CLOSED")
    ended(bench, "request_corrected", sequence=6, **right)
    row = card(bench, first)
    assert (row["valid"], row["state"], row["outcome"]) == ("PENDING", "OPEN", None)


def test_an_annulled_meetings_orders_are_withdrawn_with_it_and_the_manager_is_told(bench, town):
    """t2 B1: the order stayed ISSUED, became overdue and went up to the street."""
    town.found()
    town.settle("per_o0")
    decisions = [
        {"text": "修剪绿化", "kind": "WORK", "due_date": "2025-05-20"},
        {"text": "消防通道堵塞", "kind": "RECTIFICATION", "basis": "《物业服务合同》第 12 条"},
    ]
    made = town.secretary().do("hold_meeting", meeting(decisions=decisions))
    order = bench.rows("SELECT * FROM rectifications")[0]
    bench.do("annul_meeting", {"meeting_id": made["id"], "reason": REASON}, version=1)
    assert bench.rows("SELECT state FROM rectifications") == [{"state": "WITHDRAWN"}]
    (said,) = bench.published("rectification_withdrawn.v1")
    assert said["data"]["rectification_id"] == order["rectification_id"]
    told = town.manager().ask("my_messages", {})["items"]
    assert {one["code"] for one in told} == {"ORDER_WITHDRAWN", "WORK_CANCELLED"}
    assert all(REASON in one["text"] for one in told)
    bench.fire("2025-04-01T00:00:00")
    assert bench.published("rectification_overdue.v1") == []


def test_what_an_annulled_meeting_ordered_is_withdrawn_of_the_next_company_too(bench, town):
    """H5-1: the order was made anew at the hand-over, and ran on against the new company."""
    town.found()
    town.settle("per_o0")
    decisions = [
        {"text": "修剪绿化", "kind": "WORK", "due_date": "2025-05-20"},
        {"text": "消防通道堵塞", "kind": "RECTIFICATION", "basis": "《物业服务合同》第 12 条"},
    ]
    made = town.secretary().do("hold_meeting", meeting(decisions=decisions))
    bench.fire("2025-03-14T00:00:00")
    assert len(bench.published("rectification_overdue.v1")) == 1
    town.hand_over()
    town.secretary().do("annul_meeting", {"meeting_id": made["id"], "reason": REASON}, version=1)
    states = bench.rows("SELECT project_id, state FROM rectifications ORDER BY project_id")
    assert states == [
        {"project_id": "prj_a", "state": "WITHDRAWN"},
        {"project_id": "prj_b", "state": "WITHDRAWN"},
    ]
    assert len(bench.published("rectification_withdrawn.v1")) == 2
    told = town.manager("per_new").ask("my_messages", {})["items"]
    assert {one["code"] for one in told} == {"ORDER_WITHDRAWN", "WORK_CANCELLED"}


def test_the_next_companys_order_ends_when_the_task_it_came_from_is_not_to_be_done(bench, town):
    """H5-2: only the first company's order, which had ended at the hand-over, was looked at."""
    town.found()
    task = {
        "task_id": "tsk_1",
        "topic_id": "yt_1",
        "title": "增设充电桩",
        "responsible_kind": "PROJECT",
        "responsible_id": "prj_a",
        "due_at": "2025-03-10T00:00:00+08:00",
    }
    bench.consume("forum", "task_assigned.v1", task, subject="tsk_1", sequence=1)
    bench.fire("2025-03-10T09:00:00")
    late = {
        "task_id": "tsk_1",
        "level": 1,
        "responsible_kind": "PROJECT",
        "responsible_id": "prj_a",
    }
    bench.consume("forum", "task_overdue.v1", late, subject="tsk_1", sequence=2)
    town.hand_over()
    taken = {"task_id": "tsk_1", "reason": "CANCELLED", "final": True, "why": "施工许可未获批准"}
    bench.consume("forum", "task_rework.v1", taken, subject="tsk_1", sequence=3)
    states = bench.rows("SELECT project_id, state FROM rectifications ORDER BY project_id")
    assert [row["state"] for row in states] == ["ENDED", "ENDED"]
    told = town.manager("per_new").ask("my_messages", {})["items"]
    assert [one["code"] for one in told] == ["ORDER_ENDED"]


def schedule(town, **changes):
    order = {
        "project_id": "prj_a",
        "kind": "FEES",
        "title": "2025年一季度收支",
        "due_date": "2025-03-20",
    }
    return town.cadre().do("schedule_disclosure", order | changes)


def test_one_paper_is_scheduled_once(bench, town):
    """t2 B6: both were taken, one was published, its twin became overdue."""
    town.found()
    made = schedule(town)
    with pytest.raises(errors.DisclosureScheduled) as refused:
        schedule(town, title=" 2025年一季度收支 ")
    assert refused.value.params["disclosure_id"] == made["id"]
    schedule(town, kind="COMMON_INCOME")
    schedule(town, due_date="2025-03-21")
    which = {"disclosure_id": made["id"], "reason": "日期写错了"}
    town.cadre().do("cancel_disclosure", which, version=1)
    assert bench.published("disclosure_withdrawn.v1") == []
    schedule(town)


def test_an_overdue_disclosure_is_taken_off_by_the_street_with_a_reason(bench, town):
    """t2 B6: 409, and no way out but to publish the same paper late."""
    town.found()
    made = schedule(town)
    bench.fire("2025-03-21T00:00:00")
    which = {"disclosure_id": made["id"], "reason": "重复登记了"}
    with pytest.raises(StateConflict):
        town.cadre().do("cancel_disclosure", which, version=2)
    with pytest.raises(errors.ReasonRequired):
        town.street_clerk().do("cancel_disclosure", which | {"reason": " "}, version=2)
    assert town.street_clerk().do("cancel_disclosure", which, version=2)["state"] == "CANCELLED"
    (said,) = bench.published("disclosure_withdrawn.v1")
    assert said["data"] == {"disclosure_id": made["id"], "project_id": "prj_a"}


def test_a_published_disclosure_is_put_right_and_shows_what_stood_there(bench, town):
    """K7: the board showed the wrong document for ever."""
    town.found()
    which = {"disclosure_id": schedule(town)["id"]}
    town.manager().do("publish_disclosure", which | {"doc_sha256": "0" * 64}, version=1)
    right = which | {"doc_sha256": "1" * 64, "reason": "误传草稿,更换为定稿"}
    with pytest.raises(errors.NotTheManager):
        town.manager("per_x").do("correct_disclosure", right, version=2)
    assert town.manager().do("correct_disclosure", right, version=2)["state"] == "PUBLISHED"
    with pytest.raises(errors.NothingChanges):
        town.manager().do("correct_disclosure", right, version=3)
    (shown,) = town.manager().ask("board", {"project_id": "prj_a"})["disclosures"]
    assert (shown["doc_sha256"], shown["version"]) == ("1" * 64, 3)
    (before,) = shown["former"]
    assert (before["doc_sha256"], before["reason"]) == ("0" * 64, "误传草稿,更换为定稿")
    # Credit heard of it once.
    assert len(bench.published("disclosure_published.v1")) == 1
