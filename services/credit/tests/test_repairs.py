"""Repair of negative items, and vetoes: with a basis, by two people, from the open month on."""

import uuid

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.credit.errors import (
    AlreadyApplied,
    AlreadyVetoed,
    BasisRequired,
    ConflictOfInterest,
    EvidenceRequired,
    InChain,
    NotADeduction,
    NotForPersons,
    ReasonsRequired,
    SamePerson,
    SpanInvalid,
    TextTooShort,
    TooEarly,
)
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import (
    DISTRICT,
    STREET,
    award,
    entry_of,
    final_month,
)
from fivered.services.credit.tests.test_rules_awards import PROJECT
from fivered.services.credit.tests.test_settlement import (
    close_month,
    confirm,
    review,
    rows,
    settlement_of,
)

pytestmark = pytest.mark.slow

WHY = "经现场核查整改内容已全部完成,证明材料齐全,情况属实。"
PROOF = {"text": "问题已全部整改完毕。", "evidence": ["ZG-2025-001"]}


def with_deduction(bench):
    """A project with a GENERAL deduction of March that counts for good."""
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.project(bench)
    bench.consume(
        "property",
        "project_manager_changed.v1",
        {"project_id": "prj_1", "person_id": "per_pm"},
        subject="prj_1",
        sequence=2,
        scope=stage.COMMUNITY,
    )
    bench.at("2025-03-10T10:00")
    bench.award_id = award(
        bench, "PRJ:prj_1", "R-PRJ-16", propose="R_STREET", approve="R_DISTRICT", deed="CF-1"
    )
    return bench


@pytest.fixture
def credit(bench):
    return bench.staged(with_deduction)


def final_stage(bench):
    """March is final, and told."""
    bench.march = final_month(bench, "2025-03")


@pytest.fixture
def final(credit):
    return credit.staged(final_stage)


def apply(bench, person="per_pm", role="R_PM", scope=stage.COMMUNITY, **more):
    bench.as_(role, person=person, scope=scope)
    return bench.do("apply_for_repair", {"award_id": bench.award_id, **PROOF, **more})


def step(bench, verb, made, *, role="R_STREET", person="per_street2", scope=STREET, **more):
    bench.as_(role, person=person, scope=scope)
    return bench.do(f"{verb}_repair", {"repair_id": made["id"], **more}, version=made["version"])


def negatives(bench, role="R_RESIDENT", person="per_any", scope=stage.GRID, subject="PRJ:prj_1"):
    bench.as_(role, person=person, scope=scope)
    return bench.ask("negatives", {"subject_id": subject})


@pytest.mark.covers("F14-flow", "REQ-L04")
def test_a_repaired_item_counts_no_more_from_the_open_month_and_is_published_no_more(final):
    bench = final
    before = entry_of(bench.march, "PRJ:prj_1")
    assert before["bad"] > 0
    shown = negatives(bench)["items"]
    assert [(item["award_id"], item["severity"]) for item in shown] == [(bench.award_id, "GENERAL")]
    with pytest.raises(TooEarly) as early:
        apply(bench)
    assert early.value.params["earliest"] == "2025-06"
    final_month(bench, "2025-04")
    final_month(bench, "2025-05")
    bench.at("2025-07-01T09:00")
    made = apply(bench)
    assert made["state"] == "APPLIED"
    assert made["number"].startswith("XF-20250701-")
    with pytest.raises(AlreadyApplied):
        apply(bench)
    accepted = step(bench, "accept", made)
    checked = step(bench, "check", accepted, person="per_checker", reasons=WHY)
    with pytest.raises(InChain):
        step(bench, "approve", checked, person="per_checker", reasons=WHY)
    done = step(bench, "approve", checked, person="per_decider", reasons=WHY)
    assert (done["state"], done["from_period"]) == ("APPROVED", "2025-06")
    assert negatives(bench)["items"] == []
    june = final_month(bench, "2025-06")
    assert entry_of(june, "PRJ:prj_1")["score"] == before["score"] + before["bad"]
    # The history is kept: March still says what it said, and the award tells why it ended.
    bench.as_("R_AUDITOR", person="per_auditor", scope=DISTRICT)
    told = bench.ask("award", {"award_id": bench.award_id})
    assert (told["state"], told["counts_until"]) == ("REPAIRED", "2025-05")
    assert told["why"]["reason"] == f"repair:{made['number']}"
    with pytest.raises(NotADeduction):
        apply(bench)


def test_nobody_takes_it_up_or_decides_in_time(final):
    bench = final
    bench.at("2025-06-03T09:00")
    made = apply(bench)
    bench.fire("2025-06-06T01:00")
    bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)
    seen = bench.ask("repair", {"repair_id": made["id"]})
    assert (seen["state"], seen["overdue"]) == ("ACCEPTED", False)
    bench.fire("2025-06-18T01:00")
    assert bench.ask("repair", {"repair_id": made["id"]})["overdue"]
    # Marked, and still to be decided.
    seen = bench.ask("repair", {"repair_id": made["id"]})
    step(bench, "check", seen, person="per_checker", reasons=WHY)


def test_every_refusal_of_an_application(credit):
    bench = credit
    with pytest.raises(NotADeduction):
        # Not final yet: one objects to it, one does not repair it.
        apply(bench)
    final_month(bench, "2025-03")
    bench.at("2025-06-03T09:00")
    with pytest.raises(TextTooShort):
        apply(bench, text="好")
    with pytest.raises(EvidenceRequired):
        apply(bench, evidence=[])
    with pytest.raises(NotFound):
        apply(bench, person="per_stranger", role="R_RESIDENT")
    bench.as_("R_PM", person="per_pm")
    for unknown in ("nonsense", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound):
            bench.do("apply_for_repair", {"award_id": unknown, **PROOF})
    # An organisation without an account hands its paper in.
    made = apply(bench, person="per_cadre", role="R_CADRE")
    with pytest.raises(SamePerson):
        step(bench, "accept", made, person="per_cadre")
    with pytest.raises(NotFound):
        step(bench, "accept", made, scope="370811016")
    with pytest.raises(ConflictOfInterest):
        step(bench, "accept", made, person="per_pm")
    with pytest.raises(ReasonsRequired):
        step(bench, "return", made, reasons="不齐")
    with pytest.raises(StateConflict):
        step(bench, "check", made, reasons=WHY)
    back = step(bench, "return", made, reasons=WHY)
    assert back["state"] == "RETURNED"
    with pytest.raises(StateConflict):
        step(bench, "accept", back)
    # Returned is no decision: one may apply again at once.
    again = step(bench, "accept", apply(bench))
    again = step(bench, "check", again, person="per_checker", reasons=WHY)
    with pytest.raises(ReasonsRequired):
        step(bench, "reject", again, reasons="不同意")
    assert step(bench, "reject", again, reasons=WHY)["state"] == "REJECTED"
    assert len(negatives(bench)["items"]) == 1


def impose(bench, subject="PRJ:prj_1", person="per_district", confirmed_by="per_confirmer", **more):
    bench.as_("R_DISTRICT", person=person, scope=DISTRICT)
    order = {
        "subject": subject,
        "document_no": "济任住建罚〔2025〕3号",
        "hearing_ref": "TZ-2025-003",
        "from_period": "2025-03",
        "to_period": "2026-02",
        "reasons": WHY,
    }
    made = bench.do("impose_veto", order | more)
    assert made["state"] == "PROPOSED"
    if not confirmed_by:
        return made
    bench.as_("R_DISTRICT", person=confirmed_by, scope=DISTRICT)
    return bench.do("confirm_veto", {"veto_id": made["id"]}, version=1)


@pytest.mark.covers("REQ-L04")
def test_a_veto_makes_the_grade_d_until_another_person_lifts_it(credit):
    bench = credit
    bench.at("2025-03-20T10:00")
    made = impose(bench)
    assert entry_of(final_month(bench, "2025-03"), "PRJ:prj_1")["grade"] == "D"
    assert [veto["id"] for veto in negatives(bench)["vetoes"]] == [made["id"]]
    order = {"veto_id": made["id"], "reasons": WHY}
    with pytest.raises(SamePerson):
        bench.as_("R_DISTRICT", person="per_district").do("lift_veto", order, version=2)
    with pytest.raises(ReasonsRequired):
        bench.as_("R_DISTRICT", person="per_other").do(
            "lift_veto", order | {"reasons": "可以"}, version=2
        )
    with pytest.raises(NotFound):
        bench.do("lift_veto", order | {"veto_id": "nothing"}, version=2)
    done = bench.do("lift_veto", order, version=2)
    assert (done["state"], done["from_period"]) == ("LIFTED", "2025-04")
    with pytest.raises(StateConflict):
        bench.do("lift_veto", order, version=3)
    assert entry_of(final_month(bench, "2025-04"), "PRJ:prj_1")["grade"] != "D"
    # March is final and stays.
    rows = bench.rows("SELECT grade FROM entries WHERE period = '2025-03' AND kind = 'PRJ'")
    assert rows == [{"grade": "D"}]


@pytest.mark.covers("REQ-L04")
def test_one_document_vetoes_once_until_it_is_lifted(credit):
    """K4: in another width or with a blank within, its number was another document's."""
    bench = credit
    bench.at("2025-03-20T10:00")
    made = impose(bench)
    for written in (
        " 济任住建罚〔2025〕3号 ",
        "济任住建罚〔２０２５〕３号",
        "济任住建罚〔2025〕 3 号",
    ):
        with pytest.raises(AlreadyVetoed) as refused:
            impose(bench, document_no=written, to_period="2025-12")
        assert refused.value.field == "document_no"
        assert refused.value.params["document_no"] == "济任住建罚〔2025〕3号"
    impose(bench, from_period="2026-03", to_period="2026-04")
    bench.as_("R_DISTRICT", person="per_other")
    bench.do("lift_veto", {"veto_id": made["id"], "reasons": WHY}, version=2)
    impose(bench)


@pytest.mark.covers("REQ-L03", "REQ-L04")
def test_a_veto_needs_a_basis_and_months_that_are_open_and_no_person_can_be_vetoed(credit):
    bench = credit
    stage.resident(bench, "per_a")
    bench.at("2025-03-20T10:00")
    for subject in ("RES:per_a", "HH:hh_1"):
        with pytest.raises(NotForPersons):
            impose(bench, subject)
        with pytest.raises(NotForPersons):
            negatives(bench, subject=subject)
    with pytest.raises(BasisRequired):
        impose(bench, document_no=" ")
    with pytest.raises(BasisRequired):
        impose(bench, hearing_ref="")
    with pytest.raises(ReasonsRequired):
        impose(bench, reasons="有事故")
    with pytest.raises(NotFound):
        impose(bench, "PRJ:prj_nobody")
    with pytest.raises(ConflictOfInterest):
        impose(bench, person="per_pm")
    for span in (("2025-01", "2025-06"), ("2025-05", "2025-04"), ("2025-04", "2028-04")):
        with pytest.raises(SpanInvalid):
            impose(bench, from_period=span[0], to_period=span[1])
    with pytest.raises(RoleDenied):
        bench.as_("R_STREET", person="per_x", scope="370811016").do(
            "impose_veto",
            {
                "subject": "PRJ:prj_1",
                "document_no": "x",
                "hearing_ref": "y",
                "from_period": "2025-04",
                "to_period": "2025-05",
                "reasons": WHY,
            },
        )
    assert bench.rows("SELECT count(*) AS n FROM vetoes") == [{"n": 0}]


def applied_stage(bench):
    bench.at("2025-06-03T09:00")
    bench.made = apply(bench)


@pytest.fixture
def applied(final):
    return final.staged(applied_stage)


def now(bench):
    bench.as_("R_AUDITOR", person="per_auditor", scope=DISTRICT)
    return bench.ask("repair", {"repair_id": bench.made["id"]})


def codes(bench):
    bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)
    items = bench.ask("messages")["items"]
    return {one["code"] for one in items if one["ref"] == bench.made["id"]}


def levels(bench):
    return [one["data"]["level"] for one in bench.published("repair_escalated.v1")]


def test_an_application_that_nobody_decides_goes_up_and_who_applied_is_told(applied):
    """It was marked, and reached nobody (K13; DOMAIN 2.8: to next level)."""
    bench = applied
    bench.fire("2025-06-18T01:00")
    assert levels(bench) == [1]
    assert codes(bench) == {"REPAIR_APPLIED", "REPAIR_ACCEPTED", "REPAIR_OVERDUE"}
    bench.fire("2025-06-30T01:00")
    assert levels(bench) == [1, 2]
    checked = step(bench, "check", now(bench), person="per_checker", reasons=WHY)
    assert bench.published("repair_ended.v1") == []
    step(bench, "reject", checked, person="per_decider", reasons=WHY)
    (ended,) = bench.published("repair_ended.v1")
    assert ended["data"]["state"] == "REJECTED"
    bench.fire("2025-09-01T01:00")
    assert levels(bench) == [1, 2]
    bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)
    last = bench.ask("messages")["items"][0]
    assert WHY in last["text"]
    assert WHY in last["text_en"]


def test_who_applied_takes_it_back_and_nobody_else_does(applied):
    bench = applied
    bench.as_("R_RESIDENT", person="per_any", scope=stage.GRID)
    order = {"repair_id": bench.made["id"]}
    with pytest.raises(NotFound):
        bench.do("withdraw_repair", order, version=1)
    bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)
    assert bench.do("withdraw_repair", order, version=1)["state"] == "WITHDRAWN"
    bench.fire("2025-09-01T01:00")
    assert levels(bench) == []
    assert codes(bench) == {"REPAIR_APPLIED", "REPAIR_WITHDRAWN"}
    # The subject applies anew: nothing stands in the way.
    assert apply(bench)["state"] == "APPLIED"


ENDS = {"return": "RETURNED", "reject": "REJECTED", "approve": "APPROVED", "withdraw": "WITHDRAWN"}
STEPS = {
    "accept": {"APPLIED"},
    "return": {"APPLIED"},
    "check": {"ACCEPTED"},
    "approve": {"CHECKED"},
    "reject": {"CHECKED"},
    "withdraw": {"APPLIED", "ACCEPTED", "CHECKED"},
}


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("accept",),
        ("accept", "check"),
        ("return",),
        ("withdraw",),
        ("accept", "check", "reject"),
        ("accept", "check", "approve"),
    ],
)
def test_in_every_state_a_command_that_does_not_fit_says_in_which_state_it_is(applied, path):
    """K13: wherever an application is, what is not possible is a 409 with the state."""
    bench = applied

    def take(verb, seen, person):
        if verb == "withdraw":
            role = {"role": "R_PM", "person": "per_pm", "scope": stage.COMMUNITY}
            return step(bench, verb, seen, **role)
        more = {} if verb == "accept" else {"reasons": WHY}
        return step(bench, verb, seen, person=person, **more)

    for number, verb in enumerate(path):
        take(verb, now(bench), f"per_step{number}")
    state = now(bench)["state"]
    assert state == (ENDS.get(path[-1], state) if path else "APPLIED")
    for verb, allowed in STEPS.items():
        if state in allowed:
            continue
        with pytest.raises(StateConflict) as refused:
            take(verb, now(bench), "per_other")
        assert refused.value.params["state"] == state


def taken_back(bench, verb):
    """Take the deduction of the application back as `verb` says; returns what it was."""
    bench.as_("R_CADRE", person="per_clerk", scope=stage.COMMUNITY)
    order = {"target": "AWARD", "target_id": bench.award_id, "text": "处罚决定书已被依法撤销。"}
    if verb == "correction":
        made = bench.do("start_correction", order | {"reasons": WHY})
    else:
        bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)
        made = bench.do("file_objection", order)
    for number, (act, more) in enumerate(
        (("accept", {}), ("decide", {"outcome": "UPHELD", "reasons": WHY})), start=1
    ):
        bench.as_("R_SECRETARY", person="per_two", scope=stage.COMMUNITY)
        body = {"objection_id": made["id"], **more}
        bench.do(f"{act}_objection", body, version=number)


@pytest.mark.parametrize("verb", ["correction", "objection"])
@pytest.mark.parametrize("late", [False, True])
def test_the_repair_of_a_deduction_that_is_taken_back_ends_and_who_applied_hears_why(
    applied, verb, late
):
    """K13: it waited for a person who could only be refused, and nobody was told."""
    bench = applied
    if late:
        bench.fire("2025-06-18T01:00")
    taken_back(bench, verb)
    seen = now(bench)
    assert (seen["state"], "无须修复" in seen["reasons"]) == ("LAPSED", True)
    bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)
    (said,) = [one for one in bench.ask("messages")["items"] if one["code"] == "REPAIR_LAPSED"]
    assert said["ref"] == bench.made["id"]
    ended = [one["data"]["state"] for one in bench.published("repair_ended.v1")]
    assert ended == (["LAPSED"] if late else [])
    bench.fire("2025-09-01T01:00")
    assert levels(bench) == ([1] if late else [])


def test_lists_of_repairs_objections_and_awards_mark_ones_own_matters(applied):
    """K12: the project's manager, who is staff too, saw the own matters among those to decide."""
    bench = applied
    taken_back(bench, "objection")
    for person, own in (("per_pm", True), ("per_other", False)):
        bench.as_("R_STREET", person=person, scope=STREET)
        for name in ("repairs", "objections", "awards"):
            marks = {one["own_matter"] for one in bench.ask(name, {})["items"]}
            assert marks == {own}, (name, person)


def told_of(bench, code):
    bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)
    return [one for one in bench.ask("messages")["items"] if one["code"] == code]


def test_a_veto_is_told_to_its_party_and_stands_in_what_explains_its_grade(credit):
    """K10: it was told to nobody, and shown nowhere."""
    bench = credit
    made = impose(bench)
    (said,) = told_of(bench, "VETO_IMPOSED")
    assert (said["ref"], said["subject"]) == (made["id"], "PRJ:prj_1")
    asked = {"subject_id": "PRJ:prj_1", "period": said["detail"]["from_period"]}
    (shown,) = bench.ask("explain", asked)["vetoes"]
    assert (shown["id"], shown["state"]) == (made["id"], "ACTIVE")
    (sheet,) = [one for one in bench.ask("me")["subjects"] if one["subject"] == "PRJ:prj_1"]
    assert [one["id"] for one in sheet["vetoes"]] == [made["id"]]
    bench.as_("R_DISTRICT", person="per_lifter", scope=DISTRICT)
    bench.do("lift_veto", {"veto_id": made["id"], "reasons": WHY}, version=2)
    assert len(told_of(bench, "VETO_LIFTED")) == 1


def test_what_is_measured_against_a_project_is_told_when_it_is_published(credit):
    """K10, DOMAIN 4.8: minor ones stand in no notice, and nobody told their party."""
    bench = credit
    poor = PROJECT | {"agreements_active_last_day": 1, "tripartite_held": False}
    final_month(bench, "2025-03", rows={"property": {"projects": [poor]}})
    rows = bench.rows(
        "SELECT award_id FROM awards WHERE deduction AND score < 0 AND subject_id = 'PRJ:prj_1'"
    )
    deductions = sorted(str(uuid.UUID(str(row["award_id"]))) for row in rows)
    assert len(deductions) >= 3
    # What a person had proposed was told then, and is not told twice.
    assert sorted(one["ref"] for one in told_of(bench, "DEDUCTION_PROPOSED")) == deductions


def test_who_is_under_a_veto_stands_behind_all_others_on_the_board(credit):
    """DOMAIN 4.4: grade D was first in its community."""
    bench = credit
    stage.project(bench, "prj_2", "pco_2")
    impose(bench, "PRJ:prj_2")
    final_month(bench, "2025-03")
    bench.as_("PUBLIC", person="", scope="")
    found = bench.ask("leaderboard", {"scope": stage.COMMUNITY, "kind": "PRJ"})["items"]
    assert [(one["subject"], one["rank"]) for one in found] == [("PRJ:prj_1", 1), ("PRJ:prj_2", 2)]
    assert found[0]["score"] < found[1]["score"]


@pytest.mark.covers("REQ-L04", "C18")
def test_a_veto_counts_once_another_person_has_confirmed_it(credit):
    """One person turned a grade into D."""
    bench = credit
    bench.at("2025-03-20T10:00")
    made = impose(bench, confirmed_by=None)
    (said,) = told_of(bench, "VETO_PROPOSED")
    assert said["ref"] == made["id"]
    order = {"veto_id": made["id"]}
    for person, refusal in (("per_district", SamePerson), ("per_pm", ConflictOfInterest)):
        with pytest.raises(refusal):
            bench.as_("R_DISTRICT", person=person, scope=DISTRICT).do(
                "confirm_veto", order, version=1
            )
    assert entry_of(final_month(bench, "2025-03"), "PRJ:prj_1")["grade"] != "D"
    bench.as_("R_DISTRICT", person="per_other", scope=DISTRICT)
    with pytest.raises(SpanInvalid):
        bench.do("confirm_veto", order, version=1)
    assert bench.do("lift_veto", order | {"reasons": WHY}, version=1)["state"] == "LIFTED"
    assert len(told_of(bench, "VETO_DROPPED")) == 1
    again = impose(bench, from_period="2025-04")
    assert (again["state"], len(told_of(bench, "VETO_IMPOSED"))) == ("ACTIVE", 1)


def waiting(bench):
    bench.as_("R_DISTRICT", person="per_reader", scope=DISTRICT)
    (veto,) = bench.ask("explain", {"subject_id": "PRJ:prj_1", "period": "2025-04"})["vetoes"]
    return veto


def test_a_proposed_veto_that_nobody_confirms_in_five_working_days_goes_up_and_is_told(credit):
    """It hung over the organisation for good, and who had proposed it never heard of it again."""
    bench = credit
    bench.at("2025-03-20T10:00")
    made = impose(bench, confirmed_by=None, from_period="2025-04")
    due = stage.moment("2025-03-28T00:00").isoformat()
    assert made["due"] == due
    assert waiting(bench)["due"] == due
    bench.fire("2025-03-27T23:59")
    assert bench.published("veto_escalated.v1") == []
    bench.fire("2025-03-28T00:01")
    (said,) = bench.published("veto_escalated.v1")
    assert said["data"] == {
        "veto_id": made["id"],
        "number": "济任住建罚〔2025〕3号",
        "level": 1,
        "concerned": ["per_district", "per_pm"],
    }
    assert waiting(bench)["state"] == "PROPOSED"
    shown = bench.as_("R_STREET_LEAD", person="per_lead", scope=STREET).ask(
        "veto", {"veto_id": made["id"]}
    )
    assert (shown["subject"], shown["overdue"], shown["imposed_by"]) == (
        "PRJ:prj_1",
        True,
        "per_district",
    )
    for asked in (made["id"], "nothing"):
        with pytest.raises(NotFound):
            bench.as_("R_RESIDENT", person="per_stranger").ask("veto", {"veto_id": asked})
    for person in ("per_district", "per_pm"):
        bench.as_("R_RESIDENT", person=person)
        told = bench.ask("messages")["items"][0]
        assert (told["code"], "2025-03-27" in told["text"]) == ("VETO_OVERDUE", True)
    # From the street to the district five working days later; then it stays, unconfirmed.
    bench.fire("2025-04-30T06:00")
    assert [one["data"]["level"] for one in bench.published("veto_escalated.v1")] == [1, 2]
    bench.as_("R_DISTRICT", person="per_other", scope=DISTRICT)
    order = {"veto_id": made["id"], "reasons": WHY}
    assert bench.do("lift_veto", order, version=1)["state"] == "LIFTED"
    (ended,) = bench.published("veto_ended.v1")
    assert ended["data"] == {"veto_id": made["id"], "state": "LIFTED"}
    assert "due" not in waiting(bench)


def test_a_veto_that_is_confirmed_in_time_or_late_waits_for_nobody_any_more(credit):
    bench = credit
    bench.at("2025-03-20T10:00")
    impose(bench, from_period="2025-04")
    bench.fire("2025-03-28T06:00")
    assert bench.published("veto_escalated.v1") == []
    late = impose(
        bench, confirmed_by=None, from_period="2025-05", document_no="济任住建罚〔2025〕4号"
    )
    bench.fire("2025-04-08T06:00")
    bench.as_("R_DISTRICT", person="per_confirmer", scope=DISTRICT)
    assert bench.do("confirm_veto", {"veto_id": late["id"]}, version=1)["state"] == "ACTIVE"
    (ended,) = bench.published("veto_ended.v1")
    assert ended["data"] == {"veto_id": late["id"], "state": "ACTIVE"}


def test_a_veto_that_was_proposed_before_there_was_a_day_gets_one(credit):
    bench = credit
    bench.fire("2025-03-20T10:00")
    made = impose(bench, confirmed_by=None)
    with bench.transaction() as tx:
        tx.conn.execute(sa.text("UPDATE vetoes SET due_at = NULL"))
        tx.disarm("veto_confirm", made["id"])
    bench.fire("2025-03-21T06:00")
    assert waiting(bench)["due"] == stage.moment("2025-03-29T00:00").isoformat()
    bench.fire("2025-03-31T06:00")
    assert len(bench.published("veto_escalated.v1")) == 1


@pytest.mark.covers("REQ-L04", "C11")
def test_an_objection_to_an_entry_ends_a_veto_by_persons_who_did_not_impose_it(credit):
    """K13: no decision about an entry could end the veto that made it D."""
    bench = credit
    bench.at("2025-03-20T10:00")
    made = impose(bench)
    found = close_month(bench, given=rows(project=PROJECT))
    bench.at("2025-04-07T10:00")
    confirm(bench, found, review(bench, found)["version"])
    bench.fire("2025-04-08T10:00")
    month = settlement_of(bench)
    assert entry_of(month, "PRJ:prj_1")["grade"] == "D"
    bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)
    target = {"target": "ENTRY", "target_id": f"{month['id']}/PRJ:prj_1"}
    filed = bench.do("file_objection", target | {"text": "处罚决定已被复议机关撤销。"})
    bench.as_("R_DISTRICT", person="per_judge", scope=DISTRICT)
    bench.do("accept_objection", {"objection_id": filed["id"]}, version=1)
    order = {"objection_id": filed["id"], "outcome": "UPHELD", "reasons": WHY}
    with pytest.raises(NotFound):
        bench.do("decide_objection", order | {"veto_ids": ["nothing"]}, version=2)
    named = order | {"veto_ids": [made["id"]]}
    for person in ("per_district", "per_confirmer"):
        with pytest.raises(InChain):
            bench.as_("R_DISTRICT", person=person, scope=DISTRICT).do(
                "decide_objection", named, version=2
            )
    bench.as_("R_DISTRICT", person="per_judge", scope=DISTRICT)
    bench.do("decide_objection", named, version=2)
    assert entry_of(settlement_of(bench), "PRJ:prj_1")["grade"] != "D"
    assert len(told_of(bench, "VETO_LIFTED")) == 1
    assert bench.rows("SELECT state FROM vetoes") == [{"state": "LIFTED"}]
