"""Agreements that do not stay on paper, and the meetings of three parties."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.property import errors
from testkit.bench import instant


def due(bench, title, *, project="prj_a"):
    return bench.rows(
        "SELECT commitment_id, agreement_id, version, state FROM commitments"
        " WHERE title = :t AND project_id = :p ORDER BY due_date",
        t=title,
        p=project,
    )[0]


@pytest.mark.covers("REQ-L19", "F6-flow")
def test_both_sides_sign_the_same_text_and_the_commitments_are_dated(bench, town):
    town.found()
    agreement = town.agree()
    shown = town.manager().ask("agreement", {"agreement_id": agreement})
    assert (shown["state"], shown["valid_to"]) == ("ACTIVE", "2026-03-03")
    dates = [(row["title"], row["due_date"]) for row in shown["commitments"]]
    assert sorted(dates, key=lambda row: row[1]) == [
        ("公共照明检修", "2025-05-20"),
        ("电梯年检公示", "2025-05-20"),
        ("协商议事场地", "2025-05-20"),
        ("季度满意度回访", "2025-06-02"),
        ("季度满意度回访", "2025-09-02"),
        ("季度满意度回访", "2025-12-02"),
        ("季度满意度回访", "2026-03-02"),
    ]
    card = bench.ask("project", {"project_id": "prj_a"})
    assert card["agreements_active"] == 1
    assert len(card["agreements"][0]["next_commitments"]) == 3


@pytest.mark.covers("REQ-L19")
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"valid_to": "2027-03-04"}, errors.ValidityOver24Months),
        ({"commitments": []}, errors.TooFewCommitments),
        ({"evidence_kinds": []}, errors.CommitmentIncomplete),
        ({"due_date": None}, errors.CommitmentIncomplete),
        ({"due_date": "2027-01-01"}, errors.CommitmentIncomplete),
    ],
)
def test_an_agreement_on_paper_cannot_be_signed(bench, town, change, refusal):
    town.found()
    more = change
    if not set(change) & {"valid_to", "commitments"}:
        more = {"commitments": town.commitments(**change)}
    with pytest.raises(refusal):
        town.agree(**more)
    assert bench.rows("SELECT state FROM agreements") == [{"state": "DRAFT"}]


def test_a_side_cannot_sign_for_the_other_nor_another_text_nor_out_of_turn(bench, town):
    town.found()
    made = town.secretary().do(
        "draft_agreement",
        {
            "project_id": "prj_a",
            "type": "JOINT_BUILDING",
            "valid_from": "2025-03-10",
            "text_sha256": town.text,
            "commitments": town.commitments(),
        },
    )
    sign = {"agreement_id": made["id"], "text_sha256": town.text, "side": "PROJECT"}
    with pytest.raises(errors.WrongSide):
        town.secretary().do("sign_agreement", sign, version=1)
    with pytest.raises(errors.NotTheManager):
        town.manager("per_other").do("sign_agreement", sign, version=1)
    with pytest.raises(errors.TextChanged):
        town.manager().do("sign_agreement", sign | {"text_sha256": "b" * 64}, version=1)
    with pytest.raises(StateConflict):
        town.secretary().do("sign_agreement", sign | {"side": "COMMUNITY"}, version=1)
    town.manager().do("sign_agreement", sign, version=1)
    signed = town.secretary().do("sign_agreement", sign | {"side": "COMMUNITY"}, version=2)
    assert signed["state"] == "SIGNED"
    bench.fire("2025-03-10T00:00:00")
    assert town.secretary().ask("agreement", {"agreement_id": made["id"]})["state"] == "ACTIVE"


@pytest.mark.covers("F6-flow")
def test_an_agreement_expires_at_its_end_and_the_project_is_listed_as_not_compliant(bench, town):
    town.found()
    town.agree()
    town.agree("CREDIT_DELIBERATION", valid_to="2025-06-03")
    assert town.street_clerk().ask("agreement_noncompliance")["items"] == []
    bench.fire("2025-06-02T23:59:59")
    states = [row["state"] for row in bench.rows("SELECT state FROM agreements")]
    assert states == ["ACTIVE", "ACTIVE"]
    bench.fire("2025-06-03T00:00:00")
    listed = town.street_clerk().ask("agreement_noncompliance", {"scope": town.community})
    assert listed["items"][0]["reasons"] == ["FEWER_THAN_TWO_AGREEMENTS", "COMMITMENT_OVERDUE"]
    assert listed["items"][0]["agreements_active"] == 1
    reminders = bench.rows("SELECT at FROM history WHERE what = 'EXPIRING'")
    assert len(reminders) == 1
    # The reminder reached nobody: it stood in the history only.
    for side in (town.manager(), town.secretary()):
        (told,) = side.ask("my_messages")["items"]
        assert told["code"] == "CREDIT_DELIBERATION_EXPIRING"
        assert "2025-06-03" in told["text"]


@pytest.mark.covers("F6-flow")
def test_a_commitment_is_kept_by_evidence_and_the_other_sides_signature(bench, town):
    town.found()
    town.agree()
    item = due(bench, "公共照明检修")
    which = {"commitment_id": item["commitment_id"]}
    with pytest.raises(errors.NotOpen):
        town.manager().do("fulfil_commitment", which | {"evidence": ["sha256:1"]}, version=1)
    bench.fire("2025-05-11T00:00:00")
    assert due(bench, "公共照明检修")["state"] == "DUE"
    with pytest.raises(errors.WrongSide):
        town.secretary().do("fulfil_commitment", which | {"evidence": ["sha256:1"]}, version=2)
    with pytest.raises(errors.EvidenceRequired):
        town.manager().do("fulfil_commitment", which, version=2)
    bench.at("2025-05-20T23:59:00")
    town.manager().do("fulfil_commitment", which | {"evidence": ["sha256:1"]}, version=2)
    with pytest.raises(errors.WrongSide):
        town.manager().do("accept_commitment", which, version=3)
    bench.fire("2025-05-22T09:00:00")
    kept = town.secretary().do("accept_commitment", which, version=3)
    assert (kept["state"], kept["late"]) == ("FULFILLED", False)
    # The other one of the same day was forgotten, and is made good late.
    other = due(bench, "电梯年检公示")
    assert other["state"] == "OVERDUE"
    which = {"commitment_id": other["commitment_id"]}
    town.manager().do(
        "fulfil_commitment", which | {"evidence": ["sha256:2"]}, version=other["version"]
    )
    late = town.secretary().do("accept_commitment", which, version=other["version"] + 1)
    assert late["state"] == "FULFILLED_LATE"
    shown = town.street_clerk().ask("indicators", {"period": "2025-05"})["M-17"]
    assert shown["PROJECT"] == {"part": 1, "whole": 2, "percent": "50.00"}
    assert shown["COMMUNITY"] == {"part": 0, "whole": 1, "percent": "0.00"}


@pytest.mark.covers("REQ-L11")
def test_refused_evidence_after_the_date_is_overdue_at_that_moment(bench, town):
    town.found()
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    town.agree()
    bench.fire("2025-05-20T10:00:00")
    item = due(bench, "公共照明检修")
    which = {"commitment_id": item["commitment_id"]}
    town.manager().do(
        "fulfil_commitment", which | {"evidence": ["sha256:1"]}, version=item["version"]
    )
    bench.fire("2025-05-23T10:00:00")
    refuse = which | {"accepted": False, "reason": "照片与现场不符"}
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wang").do("accept_commitment", refuse, version=item["version"] + 1)
    reply = town.secretary().do("accept_commitment", refuse, version=item["version"] + 1)
    assert reply["state"] == "OVERDUE"


def test_a_commitment_is_waived_only_when_both_sides_and_the_street_agree(bench, town):
    town.found()
    town.agree()
    which = {
        "commitment_id": due(bench, "公共照明检修")["commitment_id"],
        "reason": "楼栋已整体改造",
    }
    town.manager().do("waive_commitment", which, version=1)
    with pytest.raises(StateConflict):
        town.manager().do("waive_commitment", which, version=2)
    town.secretary().do("waive_commitment", which, version=2)
    reply = town.street_clerk().do("waive_commitment", which, version=3)
    assert (reply["state"], len(reply["agreed_by"])) == ("WAIVED", 3)
    bench.fire("2025-05-22T00:00:00")
    assert due(bench, "公共照明检修")["state"] == "WAIVED"


def test_an_amended_agreement_takes_the_place_of_the_former_one(bench, town):
    town.found()
    former = town.agree()
    bench.at("2025-04-01T09:00:00")
    town.agree(supersedes=former, valid_from="2025-04-01")
    shown = town.secretary().ask("agreement", {"agreement_id": former})
    assert (shown["state"], shown["end_reason"]) == ("TERMINATED", "SUPERSEDED")
    assert {row["state"] for row in shown["commitments"]} == {"CANCELLED"}
    other = town.agree("CREDIT_DELIBERATION", valid_from="2025-04-01")
    ended = town.street_clerk().do(
        "terminate_agreement",
        {"agreement_id": other, "reason": "双方协商解除"},
        version=town.version("agreements", "agreement_id", other),
    )
    assert ended["state"] == "TERMINATED"
    # Neither side was told of what the street had ended.
    for side in (town.manager(), town.secretary()):
        (told,) = side.ask("my_messages")["items"]
        assert (told["code"], "双方协商解除" in told["text"]) == (
            "CREDIT_DELIBERATION_TERMINATED",
            True,
        )


def test_an_agreement_is_amended_by_one_of_its_own_type_only(bench, town):
    """H5-4: the other type took its place, and the pair was broken."""
    town.found()
    former = town.agree()
    draft = {
        "project_id": "prj_a",
        "type": "CREDIT_DELIBERATION",
        "valid_from": "2025-04-01",
        "text_sha256": town.text,
        "commitments": town.dated("2025-05-20"),
        "supersedes": former,
    }
    with pytest.raises(errors.OtherType) as refused:
        town.secretary().do("draft_agreement", draft)
    assert refused.value.params == {"type": "JOINT_BUILDING"}
    # A draft of before that was refused is not signed.
    made = town.secretary().do("draft_agreement", draft | {"supersedes": None})
    with bench.runtime.engine.begin() as conn:
        conn.exec_driver_sql(
            f"UPDATE agreements SET supersedes = '{former}' WHERE agreement_id = '{made['id']}'"
        )
    sign = {"agreement_id": made["id"], "text_sha256": town.text, "side": "PROJECT"}
    with pytest.raises(errors.OtherType):
        town.manager().do("sign_agreement", sign, version=1)
    assert town.secretary().ask("agreement", {"agreement_id": former})["state"] == "ACTIVE"


def meeting(town, **changes):
    return {
        "project_id": "prj_a",
        "held_at": "2025-03-02T15:00:00+08:00",
        "chair": "per_sun",
        "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": [], "PROPERTY": ["per_wu"]},
        "minutes_sha256": "c" * 64,
    } | changes


def test_a_meeting_needs_its_sides_and_its_decisions_become_orders_tracked_to_done(bench, town):
    town.found()
    decisions = [
        {"text": "六月前完成充电桩选址", "kind": "WORK", "due_date": "2025-03-20"},
        {"text": "楼道堆物", "kind": "RECTIFICATION", "basis": "《消防法》第 28 条"},
        {"text": "下月议题", "kind": "RECORD"},
    ]
    held = town.secretary().do("hold_meeting", meeting(town, decisions=decisions))
    assert held["two_sided"] is True
    assert len(bench.published("rectification_issued.v1")) == 1
    work = {"work_id": held["decisions"][0]["opened"]}
    town.manager().do("start_work", work, version=1)
    with pytest.raises(errors.EvidenceRequired):
        town.manager().do("deliver_work", work, version=2)
    town.manager().do("deliver_work", work | {"evidence": ["sha256:9"]}, version=2)
    assert not bench.published("work_delivered.v1")
    back = town.cadre().do(
        "check_work", work | {"accepted": False, "reason": "选址图缺一处"}, version=3
    )
    assert back["state"] == "DOING"
    town.manager().do("deliver_work", work | {"evidence": ["sha256:10"]}, version=4)
    done = town.cadre().do("check_work", work | {"accepted": True}, version=5)
    assert done["state"] == "CLOSED"
    members = [f"per_{n}" for n in range(5)]
    town.settle(*members)
    town.secretary().do(
        "register_committee",
        {
            "project_id": "prj_a",
            "kind": "YWH",
            "members": members,
            "chair": "per_0",
            "term_from": "2025-01-01",
            "term_to": "2028-01-01",
        },
    )
    with pytest.raises(errors.QuorumNotMet) as refused:
        town.secretary().do("hold_meeting", meeting(town))
    assert refused.value.params["side"] == "OWNERS"
    with pytest.raises(errors.PeriodNotAllowed):
        town.secretary().do("hold_meeting", meeting(town, held_at="2025-03-09T15:00:00+08:00"))
    board = bench.as_("R_ANONYMOUS", person="", scope="").ask("board", {"project_id": "prj_a"})
    assert board["name"]
    assert board["meetings"][0]["present"] == {"COMMITTEE": 1, "OWNERS": 0, "PROPERTY": 1}
    assert town.street_clerk().ask("indicators", {"period": "2025-03"})["M-27"]["part"] == 1


def test_a_month_without_a_meeting_is_remembered_as_missed(bench, town):
    town.found()
    bench.fire("2025-04-01T00:00:00")
    missed = bench.rows("SELECT ref, at FROM history WHERE what = 'TRIPARTITE_MISSED'")
    assert [row["ref"] for row in missed] == ["prj_a"]


@pytest.mark.covers("F6-flow")
def test_disclosures_are_published_in_time_or_said_to_be_overdue(bench, town):
    town.found()
    order = {"project_id": "prj_a", "kind": "FEES", "title": "一季度收支", "due_date": "2025-04-15"}
    kept = town.cadre().do("schedule_disclosure", order)
    missed = town.cadre().do("schedule_disclosure", order | {"kind": "COMMON_INCOME"})
    assert instant(kept["due"]) == instant("2025-04-16T00:00:00")
    with pytest.raises(errors.DueInPast):
        town.cadre().do("schedule_disclosure", order | {"due_date": "2025-03-02"})
    doc = {"doc_sha256": "d" * 64}
    town.manager().do("publish_disclosure", doc | {"disclosure_id": kept["id"]}, version=1)
    bench.fire("2025-04-16T00:00:00")
    late = town.manager().do("publish_disclosure", doc | {"disclosure_id": missed["id"]}, version=2)
    assert late["state"] == "PUBLISHED_LATE"
    assert [e["subject"] for e in bench.published("disclosure_published.v1")] == [kept["id"]]
    assert [e["subject"] for e in bench.published("disclosure_overdue.v1")] == [missed["id"]]
    listed = bench.as_("R_ANONYMOUS", person="", scope="").ask(
        "disclosures", {"project_id": "prj_a"}
    )
    assert [row["state"] for row in listed["items"]] == ["PUBLISHED", "PUBLISHED_LATE"]


def quarterly(number):
    return {
        "title": f"季度事项{number}",
        "responsible": "PROJECT",
        "recurrence": "QUARTERLY",
        "evidence_kinds": ["PHOTO"],
    }


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        # Two months, and every quarter ends behind them.
        (
            {"valid_to": "2025-05-03", "commitments": [quarterly(n) for n in range(4)]},
            errors.CommitmentIncomplete,
        ),
        # Its last day is the day before `valid_to`.
        ({"valid_to": "2025-05-20", "dated": "2025-05-20"}, errors.CommitmentIncomplete),
        # All of it fell due before it was signed, when nobody had promised it.
        ({"valid_from": "2025-01-01", "dated": "2025-02-01"}, errors.TooFewCommitments),
        ({"dated": "2025-05-20", "blank": True}, errors.CommitmentIncomplete),
    ],
)
def test_what_is_never_owed_makes_no_agreement(bench, town, more, refusal):
    """SP-D9: two months with four quarterly items were ACTIVE with no dated commitment."""
    town.found()
    more = dict(more)
    day, blank = more.pop("dated", None), more.pop("blank", False)
    if day is not None:
        more["commitments"] = town.dated(day)
    if blank:
        more["commitments"][0]["evidence_kinds"] = [" "]
    with pytest.raises(refusal):
        town.agree(**more)
    assert bench.rows("SELECT state FROM agreements") == [{"state": "DRAFT"}]


def test_two_agreements_of_one_kind_are_not_the_pair(bench, town):
    """SP-D9: both JOINT_BUILDING, and the project left the list and counted in M-18."""
    bench.at("2025-03-01T09:00:00")
    town.found()
    town.agree(valid_from="2025-03-01")
    town.agree(valid_from="2025-03-01")
    (listed,) = town.street_clerk().ask("agreement_noncompliance")["items"]
    assert (listed["agreements_active"], listed["kinds_missing"]) == (1, ["CREDIT_DELIBERATION"])
    assert listed["reasons"] == ["FEWER_THAN_TWO_AGREEMENTS"]
    shown = bench.ask("indicators", {"period": "2025-03"})["M-18"]["agreements"]
    assert shown == {"part": 0, "whole": 1, "percent": "0.00"}
    card = bench.ask("project", {"project_id": "prj_a"})
    assert (card["agreements_active"], card["agreement_kinds_missing"]) == (
        1,
        ["CREDIT_DELIBERATION"],
    )
    bench.fire("2025-04-03T00:00:00")
    town.steward_markers("2025-03")
    (month,) = (
        project
        for event in bench.published("month_measured.v1")
        for project in event["data"]["projects"]
    )
    assert (month["agreements_active_last_day"], month["agreements_full_month"]) == (1, 1)


def test_the_same_meeting_is_recorded_once_and_opens_its_work_once(bench, town):
    """K3: the second record opened every work order again; both could become overdue."""
    town.found()
    decisions = [{"text": "选址", "kind": "WORK", "due_date": "2025-03-20"}]
    first = town.secretary().do("hold_meeting", meeting(town, decisions=decisions))
    with pytest.raises(errors.MeetingRecorded) as again:
        town.secretary().do("hold_meeting", meeting(town, decisions=decisions))
    assert again.value.params == {"meeting_id": first["id"]}
    assert len(bench.rows("SELECT work_id FROM works")) == 1
    # One that was annulled does not stand in the way.
    town.secretary().do(
        "annul_meeting", {"meeting_id": first["id"], "reason": "登记有误,重新登记"}, version=1
    )
    again = town.secretary().do("hold_meeting", meeting(town, decisions=decisions))
    assert again["id"] != first["id"]


def test_work_without_a_day_is_told_so(town):
    town.found()
    with pytest.raises(errors.DueMissing) as refused:
        town.secretary().do(
            "hold_meeting", meeting(town, decisions=[{"text": "选址", "kind": "WORK"}])
        )
    assert refused.value.guard == "DUE_MISSING"


def test_a_meeting_that_is_to_come_is_told_so(town):
    """H2-5: a period "cannot be imported or corrected" of which nobody had spoken."""
    town.found()
    with pytest.raises(errors.MeetingToCome) as refused:
        town.secretary().do("hold_meeting", meeting(town, held_at="2025-03-09T15:00:00+08:00"))
    text = refused.value.describe()
    assert "2025-03-09 15:00" in text
    assert "导入" not in text


def test_a_meeting_is_the_project_s_that_had_the_compound_and_who_has_it_now_does_what_it_decided(
    bench, town
):
    """H2-5: the next company's manager sat at a meeting of before; the former one got the work."""
    town.found()
    bench.fire("2025-03-10T09:00:00")
    town.hand_over("per_next")
    bench.fire("2025-03-11T09:00:00")
    decisions = [
        {"text": "选址", "kind": "WORK", "due_date": "2025-03-20"},
        {"text": "楼道堆物", "kind": "RECTIFICATION", "basis": "《消防法》第 28 条"},
    ]
    before = meeting(town, held_at="2025-03-05T15:00:00+08:00", decisions=decisions)
    seats = {"COMMITTEE": ["per_sun"], "OWNERS": [], "PROPERTY": ["per_next"]}
    with pytest.raises(errors.AnotherServed) as refused:
        town.secretary().do("hold_meeting", before | {"project_id": "prj_b", "attendees": seats})
    assert refused.value.params["project"] == "prj_a"
    town.secretary().do("hold_meeting", before)
    assert bench.rows("SELECT project_id FROM works") == [{"project_id": "prj_b"}]
    assert bench.rows("SELECT project_id FROM rectifications") == [{"project_id": "prj_b"}]


def test_what_a_meeting_decided_is_nobodys_where_nobody_serves_the_compound(bench, town):
    """The work of a closed project could be started by nobody, and was overdue for ever."""
    town.found()
    bench.fire("2025-03-10T09:00:00")
    closing = {"project_id": "prj_a", "status": "CLOSED", "reason": "合同到期未续"}
    town.district().do("change_project_status", closing, version=2)
    bench.fire("2025-03-11T09:00:00")
    before = meeting(town, held_at="2025-03-05T15:00:00+08:00")
    decided = [{"text": "选址", "kind": "WORK", "due_date": "2025-03-20"}]
    with pytest.raises(StateConflict):
        town.secretary().do("hold_meeting", before | {"decisions": decided})
    town.secretary().do("hold_meeting", before | {"decisions": [{"text": "选址"}]})


def test_a_validity_that_ends_before_it_begins_is_refused_as_it_is_drafted(bench, town):
    town.found()
    for day in ("2025-03-03", "2025-03-02"):
        with pytest.raises(errors.ValidityOver24Months):
            town.agree(valid_to=day)
    assert bench.rows("SELECT state FROM agreements") == []


def test_agreements_are_listed_as_they_were_in_force_on_a_day(bench, town):
    town.found()
    agreement = town.agree()
    bench.at("2025-06-10T09:00:00")
    version = town.version("agreements", "agreement_id", agreement)
    over = {"agreement_id": agreement, "reason": "双方协商一致,另行签订"}
    town.secretary().do("terminate_agreement", over, version=version)
    for day, count in (("2025-03-02", 0), ("2025-03-03", 1), ("2025-06-09", 1), ("2025-06-10", 0)):
        assert bench.ask("agreements", {"at": day})["total"] == count, day
        card = bench.ask("agreement", {"agreement_id": agreement, "at": day})
        assert card["in_force"] is bool(count), day
