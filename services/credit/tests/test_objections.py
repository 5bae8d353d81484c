"""Objections: who may file, who decides, and what follows for the entry, the score and the points."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied
from fivered.services.credit.actions import telling
from fivered.services.credit.errors import (
    AlreadyObjected,
    ConflictOfInterest,
    HolderDeceased,
    InChain,
    NotSubject,
    ReasonsRequired,
    TextRequired,
    TooLate,
)
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import award
from fivered.services.credit.tests.test_settlement import (
    PROJECT_ROW,
    close_month,
    confirm,
    credit,  # noqa: F401
    entry_of,
    missed,
    review,
    rows,
    settlement_of,
)

pytestmark = pytest.mark.slow

REASONS = "经核查,该超时系平台派单错误所致,扣分依据不足,应予撤销。"


def published_stage(bench):
    """The month is published, with one deduction of the steward; the notice runs to 04-16."""
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    stage.project(bench)
    card = close_month(bench, given=rows(project=PROJECT_ROW))
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire("2025-04-08T10:00")


@pytest.fixture
def published(credit):  # noqa: F811
    return credit.staged(published_stage)


def deduction(bench, subject="STW:stw_1"):
    return str(
        bench.rows("SELECT award_id FROM awards WHERE deduction AND subject_id = :s", s=subject)[0][
            "award_id"
        ]
    )


def uuid_text(text):
    import uuid

    return str(uuid.UUID(text))


def file(
    bench,
    target="AWARD",
    target_id=None,
    *,
    person="per_s",
    text="派单时我不在班",
    role="R_STEWARD",
    scope=stage.GRID,
):
    bench.as_(role, person=person, scope=scope)
    return bench.do(
        "file_objection",
        {"target": target, "target_id": target_id or uuid_text(deduction(bench)), "text": text},
    )


def accept(bench, reply, version=None):
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    return bench.do("accept_objection", {"objection_id": reply["id"]}, version=version or 1)


def decide(bench, reply, outcome, *, version=2, person="per_judge", reasons=REASONS, **more):
    bench.as_("R_STREET", person=person, scope="370811015")
    return bench.do(
        "decide_objection",
        {"objection_id": reply["id"], "outcome": outcome, "reasons": reasons, **more},
        version=version,
    )


@pytest.mark.covers("F8-flow", "C11")
def test_an_upheld_objection_holds_the_entry_reverses_the_deduction_and_others_go_on(published):
    bench = published
    reply = file(bench)
    assert reply["holds_entry"]
    assert reply["number"].startswith("YY-20250408-")
    assert entry_of(settlement_of(bench), "STW:stw_1")["state"] == "HELD"
    accept(bench, reply)
    bench.fire("2025-04-16T00:01")
    card = settlement_of(bench)
    assert card["state"] == "FINALISING"
    assert entry_of(card, "RES:per_a")["state"] == "FINAL"
    assert entry_of(card, "STW:stw_1")["state"] == "HELD"
    assert stage.balances(bench, "RES:per_a") == (30, 0)
    assert stage.balances(bench, "STW:stw_1") == (0, 0)
    # That nobody decided in five working days is marked, which is a change of its own.
    decide(bench, reply, "UPHELD", version=3)
    card = settlement_of(bench)
    entry = entry_of(card, "STW:stw_1")
    assert (entry["state"], entry["bad"], entry["score"]) == ("FINAL", 0, 86)
    assert card["state"] == "SETTLED"
    assert stage.balances(bench, "STW:stw_1") == (65, 0)
    assert bench.rows("SELECT state FROM awards WHERE deduction AND subject_id = 'STW:stw_1'") == [
        {"state": "REVERSED"}
    ]
    told = [event["data"]["entries"] for event in bench.published("settlement_finalised.v1")]
    assert [entry["subject"] for entry in told[-1]] == ["STW:stw_1"]
    seen = bench.as_("R_STEWARD", person="per_s").ask("objection", {"objection_id": reply["id"]})
    assert seen["outcome"] == "UPHELD"
    assert seen["reasons"] == REASONS
    stage.trial_balance(bench)


def test_a_dismissed_objection_lets_the_deduction_take_effect(published):
    bench = published
    reply = file(bench)
    accept(bench, reply)
    decide(bench, reply, "DISMISSED")
    bench.fire("2025-04-16T00:01")
    entry = entry_of(settlement_of(bench), "STW:stw_1")
    assert (entry["state"], entry["score"]) == ("FINAL", 85)
    found = bench.rows("SELECT effective FROM awards WHERE deduction AND subject_id = 'STW:stw_1'")
    assert bool(found[0]["effective"])


@pytest.mark.covers("N2")
def test_an_undecided_deduction_never_takes_effect(published):
    bench = published
    reply = file(bench)
    bench.fire("2025-04-11T00:00")
    seen = bench.as_("R_STEWARD", person="per_s").ask("objection", {"objection_id": reply["id"]})
    # Nobody took it up in two working days: it counts as accepted.
    assert seen["state"] == "ACCEPTED"
    bench.fire("2025-05-09T00:00")
    card = settlement_of(bench)
    assert card["state"] == "SETTLED"
    entry = entry_of(card, "STW:stw_1")
    assert (entry["state"], entry["bad"], entry["score"]) == ("PROVISIONAL", 0, 86)
    found = bench.rows(
        "SELECT state, effective, reason FROM awards WHERE deduction AND subject_id = 'STW:stw_1'"
    )[0]
    assert (found["state"], bool(found["effective"]), found["reason"]) == (
        "REJECTED",
        False,
        "UNDECIDED",
    )
    seen = bench.as_("R_STEWARD", person="per_s").ask("objection", {"objection_id": reply["id"]})
    assert (seen["state"], seen["overdue"]) == ("LAPSED", True)


@pytest.mark.covers("C18")
def test_who_had_a_hand_in_it_does_not_decide(published):
    bench = published
    reply = file(bench)
    accept(bench, reply)
    for person in ("per_street", "per_secretary", "per_s"):
        with pytest.raises(InChain):
            decide(bench, reply, "DISMISSED", person=person)
    with pytest.raises(ReasonsRequired):
        decide(bench, reply, "DISMISSED", reasons="维持")


@pytest.mark.covers("N6")
def test_who_holds_a_post_in_the_organisation_does_not_decide(published):
    bench = published
    stage.register(bench, "per_anyone")
    bench.consume(
        "property",
        "appointment_activated.v1",
        {
            "appointment_id": "apt_1",
            "project_id": "prj_1",
            "direction": "C2P",
            "person_id": "per_dual",
            "post": "DEPUTY_MANAGER",
        },
        subject="prj_1",
        scope=stage.COMMUNITY,
    )
    card = settlement_of(bench)
    reply = file(
        bench,
        "ENTRY",
        f"{card['id']}/PRJ:prj_1",
        person="per_anyone",
        role="R_RESIDENT",
        text="公示的按时办结率与小区实际不符,附楼栋台账。",
    )
    accept(bench, reply)
    with pytest.raises(ConflictOfInterest):
        decide(bench, reply, "DISMISSED", person="per_dual")
    decide(bench, reply, "DISMISSED")


@pytest.mark.covers("N19")
def test_anyone_may_object_to_an_organisation_and_his_name_is_kept(published):
    bench = published
    card = settlement_of(bench)
    reply = file(
        bench,
        "ENTRY",
        f"{card['id']}/PRJ:prj_1",
        person="per_b",
        role="R_RESIDENT",
        text="公示内容与事实不符",
    )
    bench.consume(
        "property",
        "project_manager_changed.v1",
        {"project_id": "prj_1", "person_id": "per_m"},
        subject="prj_1",
        scope=stage.COMMUNITY,
    )
    seen = bench.as_("R_PM", person="per_m").ask("objection", {"objection_id": reply["id"]})
    assert "person_id" not in seen
    assert "text" not in seen
    with pytest.raises(NotFound):
        bench.as_("R_RESIDENT", person="per_a").ask("objection", {"objection_id": reply["id"]})
    bench.consume(
        "property",
        "project_manager_ended.v1",
        {"project_id": "prj_1", "person_id": "per_m", "reason": "DECEASED"},
        subject="prj_1",
        scope=stage.COMMUNITY,
        sequence=9,
    )
    with pytest.raises(NotFound):
        bench.as_("R_PM", person="per_m").ask("objection", {"objection_id": reply["id"]})
    notice = bench.ask("notices", {"scope": stage.COMMUNITY})["items"][0]
    organisation = bench.ask("notice", {"notice_id": notice["id"]})["body"]["organisations"][0]
    assert organisation["note"] == "异议处理中"


def test_others_may_not_object_to_a_person_and_one_objection_is_open_at_a_time(published):
    bench = published
    award, entry = uuid_text(deduction(bench)), f"{settlement_of(bench)['id']}/STW:stw_1"
    missing = f"{settlement_of(bench)['id']}/STW:stw_9"
    # Nor does the refusal tell a stranger that there is such an award, or who takes part.
    strange = {"person": "per_a", "role": "R_RESIDENT"}
    for kind, target in (("AWARD", award), ("ENTRY", entry), ("ENTRY", missing)):
        with pytest.raises(NotFound) as refused:
            file(bench, kind, target, **strange)
        assert refused.value.params["id"] == target
    with pytest.raises(NotSubject):
        file(bench, person="per_c", role="R_CADRE", scope=stage.COMMUNITY)
    with pytest.raises(TextRequired):
        file(bench, text="错")
    file(bench)
    with pytest.raises(AlreadyObjected):
        file(bench)


@pytest.mark.covers("C11")
def test_an_objection_after_the_month_is_final_works_on_the_open_month(published):
    bench = published
    bench.fire("2025-04-16T00:01")
    bench.at("2025-04-20T10:00")
    reply = file(bench)
    assert not reply["holds_entry"]
    accept(bench, reply)
    decide(bench, reply, "UPHELD")
    entry = entry_of(settlement_of(bench), "STW:stw_1")
    assert (entry["state"], entry["score"]) == ("FINAL", 85)


def test_an_objection_is_possible_for_twelve_months_after_the_month(published):
    bench = published
    bench.fire("2025-04-16T00:01")
    bench.at("2026-04-01T00:00")
    with pytest.raises(TooLate):
        file(bench)
    bench.at("2026-03-31T23:59")
    assert not file(bench)["holds_entry"]
    assert entry_of(settlement_of(bench), "STW:stw_1")["state"] == "FINAL"


def test_a_month_whose_notice_is_corrected_again_and_again_is_closed_all_the_same(published):
    """It was to be closed 20 working days after the first notice, while the last one hung still:
    an entry that was held stayed so for ever."""
    bench = published
    file(bench)
    for at in ("2025-04-15T09:00", "2025-04-22T09:00", "2025-04-28T09:00", "2025-05-08T09:00"):
        bench.fire(at)
        notice = bench.rows("SELECT notice_id, version FROM notices WHERE state = 'PUBLISHED'")[0]
        bench.as_("R_STREET", person="per_street", scope="370811015")
        order = {"notice_id": notice["notice_id"], "reason": "更正项目名称,重新公示"}
        bench.do("correct_notice", order, version=notice["version"])
    bench.fire("2025-06-06T09:00")
    assert entry_of(settlement_of(bench), "STW:stw_1")["state"] == "HELD"
    bench.fire("2025-06-07T09:00")
    assert settlement_of(bench)["state"] == "SETTLED"
    assert entry_of(settlement_of(bench), "STW:stw_1")["state"] == "PROVISIONAL"


def test_a_deduction_can_be_upheld_in_part(published):
    bench = published
    reply = file(bench)
    accept(bench, reply)
    (award,) = bench.rows("SELECT score FROM awards WHERE deduction AND subject_id = 'STW:stw_1'")
    with pytest.raises(Invalid):
        decide(bench, reply, "PARTLY", score=award["score"])
    # H1-7: what has no effect is not swallowed.
    for member in ("award_ids", "veto_ids"):
        with pytest.raises(Invalid) as refused:
            decide(bench, reply, "DISMISSED", **{member: [uuid_text(deduction(bench))]})
        assert refused.value.field == member
    decide(bench, reply, "PARTLY", score=0)
    bench.fire("2025-04-16T00:01")
    entry = entry_of(settlement_of(bench), "STW:stw_1")
    assert (entry["bad"], entry["state"]) == (0, "FINAL")


@pytest.mark.covers("N2")
def test_an_entry_with_two_objections_is_held_until_both_are_decided(published):
    bench = published
    to_award = file(bench)
    card = settlement_of(bench)
    to_entry = file(bench, "ENTRY", f"{card['id']}/STW:stw_1", text="整条记录请一并复核")
    accept(bench, to_award)
    accept(bench, to_entry)
    bench.fire("2025-04-16T00:10")
    bench.at("2025-04-17T10:00")

    def decided_late(reply):
        # The deadline has passed meanwhile, which is a change of the objection.
        bench.as_("R_STREET", person="per_judge", scope="370811015")
        now = bench.ask("objection", {"objection_id": reply["id"]})
        decide(bench, reply, "DISMISSED", version=now["version"])
        return entry_of(settlement_of(bench), "STW:stw_1")["state"]

    assert decided_late(to_award) == "HELD"
    assert decided_late(to_entry) == "FINAL"


def test_an_objection_of_the_running_month_lets_its_entry_go_when_it_is_decided(credit):  # noqa: F811
    bench = credit
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    early = file(bench)
    accept(bench, early)
    card = close_month(bench, given=rows())
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire("2025-04-16T00:10")
    assert entry_of(settlement_of(bench), "STW:stw_1")["state"] == "HELD"
    bench.as_("R_STREET", person="per_judge", scope="370811015")
    now = bench.ask("objection", {"objection_id": early["id"]})
    decide(bench, early, "UPHELD", version=now["version"])
    assert entry_of(settlement_of(bench), "STW:stw_1")["state"] == "FINAL"


def appeals(bench):
    bench.as_("R_DISTRICT", person="per_district")
    return bench.ask("indicators", {"period": "2025-03"})["M-23"]


@pytest.mark.covers("M-23")
def test_objections_are_counted_per_thousand_entries_with_their_ends_and_their_times(published):
    bench = published
    before = appeals(bench)
    assert (before["filed"], before["per_1000_entries"]) == (0, "0.00")
    assert before["upheld"]["percent"] is None
    assert before["rule_review"] is False
    first = file(bench)
    accept(bench, first)
    card = settlement_of(bench)
    second = file(bench, "ENTRY", f"{card['id']}/STW:stw_1", text="整条记录请一并复核")
    assert appeals(bench)["in_time"]["whole"] == 0
    decide(bench, first, "UPHELD")
    found = appeals(bench)
    assert (found["filed"], found["entries"]) == (2, len(card["items"]))
    assert found["upheld"] == {"part": 1, "whole": 1, "percent": "100.00", "in_part": 0}
    assert found["in_time"] == {"part": 1, "whole": 1, "percent": "100.00"}
    # More than a tenth of what was decided was wrong: the rules are to be looked at.
    assert found["rule_review"] is True
    # The other one is decided by nobody in time.
    bench.fire("2025-04-30T10:00")
    found = appeals(bench)
    assert found["in_time"] == {"part": 1, "whole": 2, "percent": "50.00"}
    assert found["upheld"]["whole"] == 1
    assert second["id"] != first["id"]


def told(bench, person, ref, *, role="R_STEWARD"):
    """What a person was told of an objection, oldest first: (code, Chinese, English)."""
    bench.as_(role, person=person, scope=stage.GRID)
    items = bench.ask("messages")["items"]
    return [(m["code"], m["text"], m["text_en"]) for m in reversed(items) if m["ref"] == ref]


@pytest.mark.covers("F8-flow")
def test_each_step_of_an_objection_is_told_once_and_in_words(published):
    """t2 C8: the decision was told twice, by its code and without reasons; other steps never."""
    bench = published
    filed = file(bench)
    accept(bench, filed)
    more = {"objection_id": filed["id"], "reasons": "须向派单平台调取当日的完整记录,尚需时日。"}
    bench.at("2025-04-08T11:00").do("extend_objection", more, version=2)
    bench.at("2025-04-08T12:00")
    decide(bench, filed, "DISMISSED", version=3)
    texts = told(bench, "per_s", filed["id"])
    assert [code for code, _, _ in texts] == [
        "OBJECTION_ACCEPTED",
        "OBJECTION_EXTENDED",
        "OBJECTION_DECIDED",
    ]
    accepted, extended, decided = texts
    assert "2025-04-15" in accepted[1]
    assert "2025-04-22" in extended[1]
    assert more["reasons"] in extended[1]
    for part in (filed["number"], "不予支持", REASONS, "2025-04-15", "申请复核"):
        assert part in decided[1]
    assert "DISMISSED" not in decided[1]
    assert "dismissed" in decided[2]
    review = {"objection_id": filed["id"], "grounds": "调取的记录仍不完整"}
    bench.as_("R_STEWARD", person="per_s", scope=stage.GRID)
    bench.do("request_review", review, version=4)
    bench.as_("R_DISTRICT", person="per_high", scope="370811")
    order = {"objection_id": filed["id"], "outcome": "UPHELD", "reasons": REASONS}
    bench.at("2025-04-08T13:00").do("review_objection", order, version=5)
    code, chinese, _ = told(bench, "per_s", filed["id"])[-1]
    assert code == "OBJECTION_REVIEWED"
    assert "已复核:支持" in chinese


@pytest.mark.covers("F8-flow")
def test_an_objection_that_nobody_decides_goes_up_and_its_lapse_is_told(published):
    """t2 B11: who had objected heard nothing from first to last, and no list had it."""
    bench = published
    stage.register(bench, "per_neighbour")
    card = settlement_of(bench)
    text = "公示的按时办结率与小区实际不符,附楼栋台账。"
    filed = file(
        bench,
        "ENTRY",
        f"{card['id']}/PRJ:prj_1",
        person="per_neighbour",
        role="R_RESIDENT",
        text=text,
    )
    bench.fire("2025-04-19T00:00")
    (up,) = bench.published("objection_escalated.v1")
    assert (up["scope"], up["data"]["level"], up["data"]["number"]) == (
        stage.COMMUNITY,
        1,
        filed["number"],
    )
    assert bench.published("objection_ended.v1") == []
    bench.fire("2025-05-09T00:00")
    card = settlement_of(bench)
    assert (card["state"], entry_of(card, "PRJ:prj_1")["state"]) == ("SETTLED", "PROVISIONAL")
    texts = told(bench, "per_neighbour", filed["id"], role="R_RESIDENT")
    assert [code for code, _, _ in texts] == [
        "OBJECTION_ACCEPTED",
        "OBJECTION_OVERDUE",
        "OBJECTION_LAPSED",
    ]
    assert "重新提出" in texts[-1][1]
    (end,) = bench.published("objection_ended.v1")
    assert (end["data"]["state"], end["data"]["objection_id"]) == ("LAPSED", filed["id"])
    # And the filer may, as was told.
    again = file(
        bench,
        "ENTRY",
        f"{card['id']}/PRJ:prj_1",
        person="per_neighbour",
        role="R_RESIDENT",
        text=text,
    )
    assert again["holds_entry"] is False


def test_a_decision_that_comes_late_takes_it_from_the_list_above(published):
    """t2 B11: what went up comes down again when it is decided; nothing is said of others."""
    bench = published
    filed = file(bench)
    bench.fire("2025-04-19T00:00")
    decide(bench, filed, "UPHELD", version=3)
    (end,) = bench.published("objection_ended.v1")
    assert end["data"]["state"] == "DECIDED"
    assert "申请复核" not in told(bench, "per_s", filed["id"])[-1][1]


def test_a_review_that_nobody_makes_goes_to_the_district(published):
    """t2 B11: an overdue review was marked, and nobody knew."""
    bench = published
    filed = file(bench)
    accept(bench, filed)
    bench.at("2025-04-08T11:00")
    decide(bench, filed, "DISMISSED")
    bench.as_("R_STEWARD", person="per_s", scope=stage.GRID)
    bench.do("request_review", {"objection_id": filed["id"], "grounds": "记录不完整"}, version=3)
    bench.fire("2025-04-25T00:00")
    assert [up["data"]["level"] for up in bench.published("objection_escalated.v1")] == [2]
    assert told(bench, "per_s", filed["id"])[-1][0] == "OBJECTION_REVIEW_OVERDUE"


def test_what_older_releases_have_told_is_read_in_words_too(published):
    """Messages of before 0.2.0 do not know the reasons."""
    bench = published
    with bench.transaction() as tx:
        telling.tell(
            tx, "OBJECTION_DECIDED", person_id="per_s", ref="o", number="YY-1", outcome="PARTLY"
        )
    ((_, chinese, english),) = told(bench, "per_s", "o")
    assert (chinese, english[-6:]) == ("异议 YY-1 已裁定:部分支持", "partly")


def test_why_an_award_was_taken_back_is_what_is_shown(published):
    """t2: `why.reason` went on with the proposer's words after a person had reversed it."""
    bench = published
    award_id = award(bench, "STW:stw_1", "R-STW-10", level="STREET", reason="主动排查隐患")
    filed = file(bench, target_id=award_id)
    accept(bench, filed)
    decide(bench, filed, "UPHELD", award_ids=[award_id])
    bench.as_("R_STEWARD", person="per_s", scope=stage.GRID)
    why = bench.ask("award", {"award_id": award_id})["why"]
    assert (why["reason"], why["proposal"]) == (f"objection:{filed['number']}", "主动排查隐患")
    assert why["last_word"] == f"经异议 {filed['number']} 裁定"
    assert why["last_word_en"] == f"Decided on the objection {filed['number']}"


def test_upholding_an_objection_to_an_entry_says_which_awards_it_takes_back(published):
    """K13: it was UPHELD, nothing changed, and nobody could ask for more."""
    bench = published
    stage.register(bench, "per_anyone")
    target = f"{settlement_of(bench)['id']}/STW:stw_1"
    reply = file(bench, "ENTRY", target, text="派单时我不在班,请核查。")
    accept(bench, reply)
    for outcome in ("UPHELD", "PARTLY"):
        with pytest.raises(Invalid) as refused:
            decide(bench, reply, outcome)
        assert refused.value.field == "award_ids"
    taken = uuid_text(deduction(bench))
    assert decide(bench, reply, "UPHELD", award_ids=[taken])["outcome"] == "UPHELD"


def test_who_lives_with_the_objector_does_not_decide_his_objection(published):
    """K12: his wife took it up and decided it."""
    bench = published
    stage.register(bench, "per_anyone", household="hh_1")
    stage.register(bench, "per_kin", household="hh_1")
    target = f"{settlement_of(bench)['id']}/PRJ:prj_1"
    order = {"person": "per_anyone", "role": "R_RESIDENT", "text": "按时办结率与小区实际不符。"}
    reply = file(bench, "ENTRY", target, **order)
    bench.as_("R_CADRE", person="per_kin", scope=stage.COMMUNITY)
    with pytest.raises(ConflictOfInterest):
        bench.do("accept_objection", {"objection_id": reply["id"]}, version=1)
    accept(bench, reply)
    with pytest.raises(ConflictOfInterest):
        decide(bench, reply, "DISMISSED", person="per_kin")
    decide(bench, reply, "DISMISSED")


def test_who_has_died_objects_to_nothing(published):
    bench = published
    stage.register(bench, "per_anyone")
    gone = {"person_id": "per_anyone", "community": stage.COMMUNITY, "reason": "DECEASED"}
    bench.consume("steward", "resident_deactivated.v1", gone, subject="per_anyone", sequence=9)
    target = f"{settlement_of(bench)['id']}/PRJ:prj_1"
    with pytest.raises(HolderDeceased):
        file(bench, "ENTRY", target, person="per_anyone", role="R_RESIDENT", text="与实际不符。")
    # Another resident does not learn of it by naming the person.
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    order = {"target": "ENTRY", "target_id": target, "text": "与实际不符。"}
    with pytest.raises(RoleDenied):
        bench.do("file_objection", order | {"person_id": "per_anyone"})


def test_reasons_that_end_their_sentence_end_it_once(published):
    bench = published
    reply = file(bench)
    accept(bench, reply)
    decide(bench, reply, "DISMISSED", reasons="经核对派单与排班记录,扣分依据充分,维持原扣分。")
    bench.as_("R_STEWARD", person="per_s", scope=stage.GRID)
    told = next(one for one in bench.ask("messages")["items"] if one["code"] == "OBJECTION_DECIDED")
    assert "。。" not in told["text"]
    assert "。." not in told["text_en"]


def test_a_score_is_said_with_a_partly_upheld_objection_only(published):
    """It was swallowed, and the award reversed."""
    bench = published
    reply = file(bench)
    accept(bench, reply)
    with pytest.raises(Invalid) as refused:
        decide(bench, reply, "UPHELD", score=-1)
    assert refused.value.field == "score"


def test_what_is_filed_after_the_period_holds_nothing_also_where_the_timer_is_late(published):
    """K8, DOMAIN 0.2: the time decides."""
    bench = published
    until = bench.rows("SELECT objection_until AS at FROM settlements WHERE notice_id IS NOT NULL")
    bench.at(str(until[0]["at"]).replace(" ", "T")[:19] + "+00:00")
    assert file(bench)["holds_entry"] is False


def test_who_asks_for_more_and_is_upheld_keeps_what_he_had(published):
    """K8, DOMAIN 4.7: `UPHELD` took the award itself back, `PARTLY` half of it."""
    bench = published
    gains = "SELECT award_id, state, score FROM awards WHERE subject_id = 'RES:per_a' ORDER BY 1"
    before = bench.rows(gains)
    gain = before[0]
    award_id = uuid_text(str(gain["award_id"]))
    asked = {"person": "per_a", "role": "R_RESIDENT", "text": "我认为该项记录少计了,请核实。"}
    reply = file(bench, target_id=award_id, **asked)
    accept(bench, reply)
    for outcome in ("UPHELD", "PARTLY"):
        with pytest.raises(Invalid) as refused:
            decide(bench, reply, outcome, score=0)
        assert refused.value.field == "award_ids"
    decide(bench, reply, "UPHELD")
    assert bench.rows(gains) == before
    again = file(bench, target_id=award_id, **(asked | {"text": "这次活动我没有参加,请撤销。"}))
    accept(bench, again)
    decide(bench, again, "UPHELD", award_ids=[award_id])
    assert [row["state"] for row in bench.rows(gains)][:1] == ["REVERSED"]
