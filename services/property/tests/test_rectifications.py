"""Rectification orders: their clocks, their ladder, their checks."""

import pytest

from fivered.chassis.refusal import NotFound, StateConflict, VersionConflict
from fivered.services.property import errors
from testkit.bench import instant

PAIR = [{"before": "sha256:b", "after": "sha256:a"}]


def facts(bench):
    return [
        (event["type"].removeprefix("property."), event["time"])
        for event in bench.published()
        if "rectification" in event["type"]
    ]


@pytest.mark.covers("E6", "F3-flow", "REQ-L04")
def test_an_order_across_the_national_day_goes_overdue_and_is_closed_at_the_exact_instants(
    bench, town
):
    bench.at("2025-09-25T09:00:00")
    town.found()
    town.link_officials()
    bench.at("2025-09-25T10:00:00")
    town.street_clerk()
    made = town.issue("S2")
    rec = {"rectification_id": made["id"]}
    assert instant(made["due"]) == instant("2025-09-30T00:00:00")
    assert made["number"] == "ZG-20250925-015901-00001"

    bench.fire("2025-09-29T23:59:59")
    assert [name for name, _ in facts(bench)] == ["rectification_issued.v1"]
    bench.fire("2025-09-30T00:00:00")
    overdue, escalated = (
        bench.published("rectification_overdue.v1"),
        bench.published("rectification_escalated.v1"),
    )
    assert instant(overdue[0]["time"]) == instant("2025-09-30T00:00:00")
    assert overdue[0]["period"] == escalated[0]["period"] == "2025-09"
    assert escalated[0]["data"]["level"] == 1
    assert escalated[0]["data"]["official_id"] == "off_street_team"
    timers = bench.rows("SELECT due_at FROM timers WHERE kind = 'rec_l2'")
    assert instant(str(timers[0]["due_at"]).replace(" ", "T")[:19] + "+00:00") == instant(
        "2025-10-11T00:00:00"
    )

    bench.at("2025-10-10T16:00:00")
    sent = town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=2)
    assert (sent["state"], sent["late"]) == ("SUBMITTED", True)
    bench.fire("2025-10-13T10:00:00")
    passed = town.cadre().do("pass_rectification", rec, version=3)
    assert (passed["state"], passed["late"]) == ("PASSED", True)
    assert bench.published("rectification_passed.v1")[0]["data"]["late"] is True
    # Five working days after Monday 10-13 end with Monday 10-20.
    assert instant(passed["due"]) == instant("2025-10-21T00:00:00")
    bench.fire("2025-10-21T00:00:00")
    card = town.cadre().ask("rectification", rec)
    assert card["state"] == "CLOSED"
    assert [row["state"] for row in card["history"]] == [
        "ISSUED",
        "OVERDUE",
        "SUBMITTED",
        "PASSED",
        "CLOSED",
    ]
    assert len(bench.published("rectification_escalated.v1")) == 1


@pytest.mark.covers("F3-flow")
def test_without_a_submission_the_order_goes_up_to_the_district_after_three_more_working_days(
    bench, town
):
    bench.at("2025-09-25T10:00:00")
    town.found()
    town.link_officials()
    town.street_clerk()
    made = town.issue("S2")
    bench.fire("2025-10-11T00:00:00")
    levels = [event["data"] for event in bench.published("rectification_escalated.v1")]
    assert [(row["level"], row["official_id"]) for row in levels] == [
        (1, "off_street_team"),
        (2, "off_district_leader"),
    ]
    overdue = town.street_clerk().ask("overdue_rectifications", {"scope": town.street})
    assert [row["id"] for row in overdue["items"]] == [made["id"]]
    shown = bench.ask("indicators", {"period": "2025-10", "scope": town.community})
    assert shown["M-25"]["open_overdue"] == {"S2": 1}


@pytest.mark.covers("F3-flow")
def test_each_severity_has_its_own_clock(bench, town):
    bench.at("2025-09-25T10:00:00")
    town.found()
    town.street_clerk()
    due = {severity: town.issue(severity)["due"] for severity in ("S1", "S2", "S3")}
    assert instant(due["S1"]) == instant("2025-09-26T10:00:00")
    assert instant(due["S2"]) == instant("2025-09-30T00:00:00")
    # 09-26, 09-28 (make-up), 09-29, 09-30, then 10-09, 10-10, 10-11 (make-up).
    assert instant(due["S3"]) == instant("2025-10-12T00:00:00")


@pytest.mark.covers("F3-flow")
def test_a_submission_in_time_stops_the_clock_and_a_failed_check_after_it_makes_it_overdue_then(
    bench, town
):
    bench.at("2025-09-25T10:00:00")
    town.found()
    town.street_clerk()
    rec = {"rectification_id": town.issue("S2")["id"]}
    bench.at("2025-09-29T18:00:00")
    town.manager().do("acknowledge_rectification", rec, version=1)
    town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=2)
    bench.fire("2025-09-30T15:00:00")
    assert not bench.published("rectification_overdue.v1")
    failed = town.cadre().do("fail_rectification", rec | {"reason": "通道仍有车辆停放"}, version=3)
    assert (failed["state"], failed["attempt"], failed["level"]) == ("OVERDUE", 2, 1)
    said = bench.published("rectification_overdue.v1")
    assert instant(said[0]["time"]) == instant("2025-09-30T15:00:00")
    town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=5)
    # The first overdue is the only one: a second failed check costs nothing more.
    again = town.cadre().do("fail_rectification", rec | {"reason": "仍未清理完毕"}, version=6)
    assert again["state"] == "OVERDUE"
    assert len(bench.published("rectification_overdue.v1")) == 1


@pytest.mark.covers("F3-flow")
@pytest.mark.parametrize(
    ("role", "change", "refusal"),
    [
        ("R_CADRE", {"severity": "S2"}, errors.SeverityNotAllowed),
        ("R_CADRE", {"severity": "S1"}, errors.SeverityNotAllowed),
        ("R_STREET", {"basis": "  "}, errors.BasisRequired),
        ("R_STREET", {"facts": ""}, errors.BasisRequired),
        ("R_STREET", {"project_id": "prj_none"}, NotFound),
    ],
)
def test_an_order_without_basis_or_above_the_issuers_rank_is_refused(
    bench, town, role, change, refusal
):
    town.found()
    order = {"project_id": "prj_a", "severity": "S3", "facts": "事实", "basis": "合同"} | change
    with pytest.raises(refusal):
        bench.as_(role, person="per_x", scope=town.community).do("issue_rectification", order)
    assert not bench.published("rectification_issued.v1")


@pytest.mark.covers("F3-flow")
def test_only_the_projects_manager_may_answer_an_order_and_only_with_evidence(bench, town):
    town.found()
    town.street_clerk()
    rec = {"rectification_id": town.issue("S1")["id"]}
    with pytest.raises(NotFound):
        town.manager("per_other").do("acknowledge_rectification", rec, version=1)
    with pytest.raises(errors.EvidenceRequired):
        town.manager().do("submit_rectification", rec, version=1)
    with pytest.raises(VersionConflict):
        town.manager().do("acknowledge_rectification", rec, version=7)
    bench.at("2025-03-04T08:59:00")
    late = town.manager().do("acknowledge_rectification", rec, version=1)
    assert late["late"] is False
    town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=2)
    with pytest.raises(errors.OnSiteRequired):
        town.street_clerk().do("pass_rectification", rec, version=3)
    with pytest.raises(NotFound):
        bench.as_("R_CADRE", person="per_far", scope="370811002901").do(
            "pass_rectification", rec | {"on_site": True}, version=3
        )
    passed = town.street_clerk().do("pass_rectification", rec | {"on_site": True}, version=3)
    assert passed["late"] is False
    with pytest.raises(StateConflict):
        town.street_clerk().do("pass_rectification", rec | {"on_site": True}, version=4)


@pytest.mark.covers("F3-flow", "REQ-L11")
def test_who_holds_a_post_in_the_project_may_not_decide_on_its_orders(bench, town):
    town.found()
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    town.street_clerk()
    rec = {"rectification_id": town.issue("S3")["id"]}
    town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=1)
    for method, body in (
        ("pass_rectification", rec),
        ("fail_rectification", rec | {"reason": "不合格的理由"}),
    ):
        with pytest.raises(errors.ConflictOfInterest) as refused:
            town.cadre("per_wang").do(method, body, version=2)
        assert refused.value.status == 403
        assert refused.value.params["post"] == "PROJECT_DEPUTY_MANAGER"
    with pytest.raises(errors.ConflictOfInterest):
        town.street_clerk("per_wang").do(
            "withdraw_rectification", rec | {"reason": "签发有误应撤回"}, version=2
        )
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wang")
        town.issue("S3")


@pytest.mark.covers("F3-flow", "REQ-L20")
def test_two_persons_withdraw_an_order_and_its_effects_are_to_be_reversed(bench, town):
    town.found()
    town.street_clerk()
    rec = {"rectification_id": town.issue("S2")["id"]}
    order = rec | {"reason": "对象认定错误"}
    with pytest.raises(errors.ReasonRequired):
        town.street_clerk().do("withdraw_rectification", rec | {"reason": "错"}, version=1)
    first = town.street_clerk().do("withdraw_rectification", order, version=1)
    assert (first["state"], first["withdrawal"]) == ("ISSUED", "PROPOSED")
    with pytest.raises(errors.SamePerson):
        town.street_clerk().do("withdraw_rectification", order, version=2)
    second = town.street_clerk("per_second").do("withdraw_rectification", order, version=2)
    assert second["state"] == "WITHDRAWN"
    assert bench.published("rectification_withdrawn.v1")[0]["data"]["project_id"] == "prj_a"
    bench.fire("2025-03-31T00:00:00")
    assert not bench.published("rectification_overdue.v1")


@pytest.mark.covers("F3-flow", "P12")
def test_a_valid_complaint_that_comes_back_opens_one_order_and_its_complainant_may_not_check_it(
    bench, town
):
    town.found()
    cpl = town.complain("req_1", by="li")
    town.bench.consume(
        "steward",
        "request_reopened.v1",
        {"request_id": "req_1", "reopen_count": 1, "project_id": "prj_a"},
        subject="req_1",
        sequence=2,
    )
    assert not bench.published("rectification_issued.v1")
    town.street_clerk().do(
        "validate_complaint",
        {"complaint_id": cpl, "valid": True, "reason": "经核实情况属实"},
        version=2,
    )
    issued = bench.published("rectification_issued.v1")
    assert [event["data"]["severity"] for event in issued] == ["S3"]
    bench.consume(
        "steward",
        "request_reopened.v1",
        {"request_id": "req_1", "reopen_count": 2, "project_id": "prj_a"},
        subject="req_1",
        sequence=3,
    )
    assert len(bench.published("rectification_issued.v1")) == 1
    rec = {"rectification_id": issued[0]["data"]["rectification_id"]}
    town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=1)
    with pytest.raises(errors.ComplainantMayNotCheck):
        town.cadre("per_li").do("pass_rectification", rec, version=2)
    town.cadre("per_he").do("pass_rectification", rec, version=2)
    # Closing was due after 03-10; a new complaint of the same category on 03-06 lets the five
    # working days begin again.
    town.complain("req_2", at="2025-03-06T12:00:00", category="CLEANING")
    bench.fire("2025-03-11T00:00:00")
    assert town.cadre().ask("rectification", rec)["state"] == "PASSED"
    bench.fire("2025-03-14T00:00:00")
    assert town.cadre().ask("rectification", rec)["state"] == "CLOSED"


def reopened(town, count, sequence):
    town.bench.consume(
        "steward",
        "request_reopened.v1",
        {"request_id": "req_1", "reopen_count": count, "project_id": "prj_a"},
        subject="req_1",
        sequence=sequence,
    )


def came_back(town):
    """Return the order of a valid complaint that was reopened, with its fix passed."""
    town.found()
    cpl = town.complain("req_1", by="li")
    valid = {"complaint_id": cpl, "valid": True, "reason": "经核实情况属实"}
    town.street_clerk().do("validate_complaint", valid, version=1)
    reopened(town, 1, 2)
    (issued,) = town.bench.published("rectification_issued.v1")
    rec = {"rectification_id": issued["data"]["rectification_id"]}
    town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=1)
    town.cadre("per_he").do("pass_rectification", rec, version=2)
    return rec


def test_a_fix_that_its_complainant_says_is_none_is_ordered_again(bench, town):
    """It was closed as good five days later, and nobody was told."""
    rec = came_back(town)
    bench.at("2025-03-05T09:00:00")
    reopened(town, 2, 3)
    orders = [e["data"]["rectification_id"] for e in bench.published("rectification_issued.v1")]
    assert (len(orders), orders[0]) == (2, rec["rectification_id"])
    again = {"rectification_id": orders[1]}
    card = town.cadre().ask("rectification", again)
    assert (card["state"], card["again_of"]) == ("ISSUED", rec["rectification_id"])
    # The same fact again orders nothing; the complainant may not check this one either.
    reopened(town, 2, 4)
    assert len(bench.published("rectification_issued.v1")) == 2
    town.manager().do("submit_rectification", again | {"evidence_pairs": PAIR}, version=1)
    with pytest.raises(errors.ComplainantMayNotCheck):
        town.cadre("per_li").do("pass_rectification", again, version=2)
    # Five working days of the first one begin again with the reopening.
    bench.fire("2025-03-11T00:00:00")
    assert town.cadre().ask("rectification", rec)["state"] == "PASSED"
    bench.fire("2025-03-13T00:00:00")
    assert town.cadre().ask("rectification", rec)["state"] == "CLOSED"


def test_what_comes_back_after_a_hand_over_is_ordered_from_who_has_the_compound(bench, town):
    came_back(town)
    town.hand_over()
    bench.at("2025-03-05T09:00:00")
    reopened(town, 2, 3)
    said = [e["data"]["project_id"] for e in bench.published("rectification_issued.v1")]
    assert said == ["prj_a", "prj_b"]


def test_a_fix_that_nobody_checks_is_told_and_waits_for_the_street(bench, town):
    """K13: it rested silently, and the list showed the project's date instead of the check's."""
    town.found()
    town.enrol_cadre("per_wang")
    town.cadre()
    rec = {"rectification_id": town.issue("S3")["id"]}
    made = town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=1)
    (item,) = town.cadre().ask("todo", {"deed": "CHECK_RECTIFICATION"})["items"]
    assert instant(item["due"]) == instant(made["due"])
    card = town.cadre().ask("rectification", rec)
    assert card["due"] == card["check_due_at"] != card["due_at"]
    assert town.street_clerk().ask("todo")["counts"] == {}
    bench.fire(made["due"])
    assert town.street_clerk().ask("todo")["counts"] == {"CHECK_RECTIFICATION": 1}
    told = bench.as_("R_CADRE", person="per_wang", scope=town.community).ask("my_messages")
    assert [one["code"] for one in told["items"]] == ["CHECK_LATE"]
    town.street_clerk().do("pass_rectification", rec, version=2)
    card = town.cadre().ask("rectification", rec)
    assert (card["state"], card["due"]) == ("PASSED", None)
    assert card.get("check_due_at") is None


def test_one_picture_does_not_show_both_how_it_was_and_how_it_is(town):
    town.found()
    town.street_clerk()
    rec = {"rectification_id": town.issue("S2")["id"]}
    same = [*PAIR, {"before": "sha256:b", "after": "sha256:b"}]
    with pytest.raises(errors.SamePicture) as refused:
        town.manager().do("submit_rectification", rec | {"evidence_pairs": same}, version=1)
    assert refused.value.field == "evidence_pairs.1.after"
    assert town.cadre().ask("rectification", rec)["state"] == "ISSUED"
