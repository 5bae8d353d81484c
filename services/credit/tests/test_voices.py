"""Every subject has a voice: who speaks for it is looked up, sees, is told, objects, repairs."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, StateConflict
from fivered.services.credit.errors import (
    AlreadyObjected,
    ConflictOfInterest,
    EvidenceRequired,
    InChain,
    NotFiler,
    PersonUnknown,
    SelfApproval,
    UnderAge,
)
from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import (
    DISTRICT,
    STREET,
    award,
    entry_of,
    final_month,
    publish_month,
    run_jobs,
    settlement_of,
)
from testkit.bench import open_bench

pytestmark = pytest.mark.slow

REASONS = "经核查,当事人陈述属实,扣分依据不足,应予支持或部分支持。"
ROLES = {"MER": "R_MERCHANT", "PTN": "R_PARTNER", "UNT": "R_PARTNER", "PCO": "R_PCO"}


def operated(bench, partner_id="ptn_1", org_id="org_1", operators=("per_shop",), area=None):
    area = area or stage.COMMUNITY
    bench.consume(
        "partner",
        "partner_admitted.v1",
        {
            "partner_id": partner_id,
            "org_id": org_id,
            "level": "COMMUNITY",
            "area": area,
            "operators": list(operators),
        },
        subject=partner_id,
        scope=area,
    )


def represented(bench, *persons, sequence=2):
    bench.consume(
        "property",
        "company_representatives_changed.v1",
        {"company_id": "pco_1", "representatives": list(persons)},
        subject="pco_1",
        scope=DISTRICT,
        sequence=sequence,
    )


def open_subject(bench, kind, ref, **more):
    bench.as_("R_STREET", person="per_street9", scope=STREET)
    return bench.do("open_subject", {"kind": kind, "ref": ref, "area": stage.COMMUNITY, **more})


@pytest.fixture
def credit(database_url, tmp_path):
    bench = open_bench(Credit, database_url, FIVERED_BLOBS=str(tmp_path / "blobs"))
    yield bench.staged(prepared)
    bench.runtime.engine.dispose()


def prepared(bench):
    bench.at("2025-03-03T09:00")
    stage.rules(bench)
    stage.project(bench)
    represented(bench, "per_boss")
    operated(bench)
    stage.register(bench, "per_keeper")
    open_subject(bench, "MER", "org_1")
    open_subject(bench, "UNT", "unt_1", holder="per_keeper")


def filed_by_the_boss(bench):
    """One of two who speak for a project objects to what it was deducted."""
    represented(bench, "per_boss", "per_next")
    bench.at("2025-03-10T10:00")
    made = award(
        bench, "PRJ:prj_1", "R-PRJ-16", propose="R_STREET", approve="R_DISTRICT", area=STREET
    )
    bench.as_("R_PCO", person="per_boss", scope=DISTRICT)
    order = {"target": "AWARD", "target_id": made, "text": "整改照片为当日拍摄,请核查。"}
    return {"objection_id": bench.do("file_objection", order)["id"]}


@pytest.mark.parametrize("left", [False, True])
def test_who_speaks_for_a_subject_goes_on_with_what_another_voice_of_it_filed(credit, left):
    """Its objection was that of a person: when that one had left, nobody could ask for a review."""
    bench = credit
    which = filed_by_the_boss(bench)
    bench.at("2025-03-10T11:00")
    if left:
        represented(bench, "per_next", sequence=3)
    bench.as_("R_CADRE", person="per_cadre8", scope=stage.COMMUNITY)
    bench.do("accept_objection", which, version=1)
    decided = bench.do(
        "decide_objection", which | {"outcome": "DISMISSED", "reasons": REASONS}, version=2
    )
    assert decided["review_until"]
    grounds = {"grounds": "裁定没有核对原始照片,请上级复核。"}
    bench.as_("R_MERCHANT", person="per_shop", scope=stage.COMMUNITY)
    with pytest.raises(NotFound):
        bench.do("request_review", which | grounds, version=3)
    bench.as_("R_PCO", person="per_next", scope=DISTRICT)
    told = bench.ask("messages")["items"][0]
    assert (told["code"], "申请复核" in told["text"]) == ("OBJECTION_DECIDED", True)
    assert bench.do("request_review", which | grounds, version=3)["state"] == "REVIEW_REQUESTED"


@pytest.mark.parametrize("left", [False, True])
def test_who_speaks_for_a_subject_withdraws_what_was_filed_for_it_by_who_has_left(credit, left):
    bench = credit
    which = filed_by_the_boss(bench)
    bench.at("2025-03-10T11:00")
    if left:
        represented(bench, "per_next", sequence=3)
    bench.as_("R_PCO", person="per_next", scope=DISTRICT)
    if left:
        assert bench.do("withdraw_objection", which, version=1)["state"] == "WITHDRAWN"
        return
    with pytest.raises(NotFiler):
        bench.do("withdraw_objection", which, version=1)


VOICES = [
    ("MER:org_1", "per_shop", "R-MER-06", "R_GRID"),
    ("PTN:ptn_1", "per_shop", "R-PTN-04", "R_CADRE"),
    ("UNT:unt_1", "per_keeper", "R-UNT-04", "R_CADRE"),
    ("PRJ:prj_1", "per_boss", "R-PRJ-16", "R_STREET"),
]


@pytest.mark.parametrize(("subject", "person", "rule", "propose"), VOICES)
def test_who_speaks_for_a_subject_sees_is_told_objects_and_takes_files(
    credit, subject, person, rule, propose
):
    """FP-D3, CR-D6: the shop's operator had 404 everywhere and NOT_SUBJECT."""
    bench = credit
    bench.at("2025-03-10T10:00")
    scope = {"R_GRID": stage.GRID, "R_CADRE": stage.COMMUNITY, "R_STREET": STREET}
    bench.as_(propose, person="per_proposer", scope=scope[propose])
    made = bench.do(
        "propose_award",
        {
            "subject": subject,
            "rule_code": rule,
            "occurred_at": "2025-03-09T10:00:00+08:00",
            "evidence": ["JC-1"],
        },
    )
    role = ROLES.get(subject[:3], "R_PM")
    bench.as_(role, person=person, scope=stage.COMMUNITY)
    assert bench.ask("award", {"award_id": made["id"]})["subject"] == subject
    told = bench.ask("messages")["items"]
    # A MINOR item is published nowhere: the party is told (DOMAIN 4.8).
    assert (told[0]["code"], told[0]["ref"]) == ("DEDUCTION_PROPOSED", made["id"])
    assert rule in told[0]["text"] and rule in told[0]["text_en"]
    assert subject in [sheet["subject"] for sheet in bench.ask("me")["subjects"]]
    asked = {"subject_id": subject, "period": "2025-03"}
    assert [card["id"] for card in bench.ask("explain", asked)["awards"]] == [made["id"]]
    assert bench.ask("statement", {"subject": subject})["subject"] == subject
    asked_file = {"kind": "STATEMENT", "format": "CSV", "subject": subject}
    assert bench.do("start_export", asked_file)["state"] == "QUEUED"
    objected = bench.do(
        "file_objection", {"target": "AWARD", "target_id": made["id"], "text": "已经当场改正"}
    )
    assert objected["state"] == "FILED"
    bench.as_(role, person="per_other", scope=stage.COMMUNITY)
    for question, body in (
        ("award", {"award_id": made["id"]}),
        ("explain", asked),
        ("statement", {"subject": subject}),
    ):
        with pytest.raises(NotFound):
            bench.ask(question, body)
    with pytest.raises(NotFound):
        bench.do("start_export", asked_file)
    # What was awarded is told to nobody by a refusal either.
    with pytest.raises(NotFound):
        bench.do(
            "file_objection", {"target": "AWARD", "target_id": made["id"], "text": "与我无关的事"}
        )


def test_operators_and_representatives_who_change_lose_and_gain_the_voice(credit):
    """K14: who may speak is looked up at that moment; who comes back to a post has it again."""
    bench = credit
    bench.at("2025-03-10T10:00")
    made = award(bench, "PTN:ptn_1", "R-PTN-04")
    for operators, sees in ((["per_new"], False), (["per_shop"], True)):
        bench.consume(
            "partner",
            "partner_operators_changed.v1",
            {"partner_id": "ptn_1", "org_id": "org_1", "operators": operators},
            subject="ptn_1",
            scope=stage.COMMUNITY,
        )
        bench.at("2025-03-11T10:00")
        bench.as_("R_PARTNER", person="per_shop", scope=stage.COMMUNITY)
        if sees:
            assert bench.ask("award", {"award_id": made})
        else:
            with pytest.raises(NotFound):
                bench.ask("award", {"award_id": made})
    bench.as_("R_PCO", person="per_boss", scope=DISTRICT)
    assert {"PCO:pco_1", "PRJ:prj_1"} <= {s["subject"] for s in bench.ask("me")["subjects"]}
    represented(bench, sequence=3)
    assert bench.ask("me")["subjects"] == []


def test_a_holder_is_looked_up_and_can_be_changed(credit):
    """CR-D6: `POST /credit/subjects` had no holder."""
    bench = credit
    with pytest.raises(PersonUnknown):
        open_subject(bench, "MER", "mer_9", holder="per_nobody_knows")
    stage.register(bench, "per_child", adult=False)
    with pytest.raises(UnderAge):
        open_subject(bench, "MER", "mer_9", holder="per_child")
    stage.register(bench, bench.actor.id, household="hh_own")
    stage.register(bench, "per_wife", household="hh_own")
    with pytest.raises(ConflictOfInterest):
        open_subject(bench, "MER", "mer_9", holder="per_wife")
    open_subject(bench, "MER", "mer_9", holder="per_keeper")
    stage.register(bench, "per_next")
    with pytest.raises(StateConflict):
        open_subject(bench, "MER", "mer_9", holder="per_next")
    sheet = bench.ask("subject", {"subject_id": "MER:mer_9"})
    assert [(one["person_id"], one["post"]) for one in sheet["voices"]] == [
        ("per_keeper", "HOLDER")
    ]
    bench.do(
        "name_holder",
        {"subject_id": "MER:mer_9", "person_id": "per_next", "reason": "原负责人已离任"},
        version=sheet["version"],
    )
    bench.as_("R_MERCHANT", person="per_next", scope=stage.COMMUNITY)
    assert [one["subject"] for one in bench.ask("me")["subjects"]] == ["MER:mer_9"]
    assert [one["code"] for one in bench.ask("messages")["items"]] == ["HOLDER_NAMED"]
    bench.as_("R_MERCHANT", person="per_keeper", scope=stage.COMMUNITY)
    assert "MER:mer_9" not in [one["subject"] for one in bench.ask("me")["subjects"]]
    bench.as_("R_STREET", person="per_street9", scope=STREET)
    listed = bench.ask("subjects", {"kind": "MER"})["items"]
    assert ("MER:mer_9", ["per_next"]) in [(one["subject"], one["holders"]) for one in listed]
    bench.as_("R_MERCHANT", person="per_keeper", scope=stage.COMMUNITY)
    assert "HOLDER_CHANGED" in [one["code"] for one in bench.ask("messages")["items"]]


def test_adults_of_a_household_speak_for_it_and_nobody_of_it_decides_about_it(credit):
    """K10, K12: the household's account belongs to all adults of it."""
    bench = credit
    for person, adult in (("per_head", True), ("per_wife", True), ("per_kid", False)):
        stage.register(bench, person, adult=adult, household="hh_1")
    stage.consent(bench, "per_head", household_id="hh_1")
    bench.at("2025-03-10T10:00")
    bench.as_("R_GRID", person="per_grid", scope=stage.GRID)
    order = {
        "subject": "HH:hh_1",
        "rule_code": "R-HH-01",
        "occurred_at": "2025-03-09T10:00:00+08:00",
        "evidence": ["ML-1"],
    }
    made = bench.do("propose_award", order)
    bench.as_("R_RESIDENT", person="per_wife", scope=stage.GRID)
    assert "HH:hh_1" in [one["subject"] for one in bench.ask("me")["subjects"]]
    # Every adult may withdraw it, so every adult must find it.
    assert [one["subject"] for one in bench.ask("me")["consents"]] == ["HH:hh_1"]
    bench.as_("R_RESIDENT", person="per_kid", scope=stage.GRID)
    assert bench.ask("me")["subjects"] == []
    for member, refusal in (("per_head", SelfApproval), ("per_wife", ConflictOfInterest)):
        bench.as_("R_CADRE", person=member, scope=stage.COMMUNITY)
        with pytest.raises(refusal):
            bench.do("approve_award", {"award_id": made["id"]}, version=1)
        bench.as_("R_GRID", person=member, scope=stage.GRID)
        with pytest.raises(ConflictOfInterest):
            bench.do("propose_award", order | {"evidence": ["ML-2"]})


@pytest.mark.parametrize("who", ["per_shop", "per_kin"])
def test_who_operates_a_shop_or_lives_with_an_operator_does_nothing_official_about_it(credit, who):
    """CR-D9: the operator of a shop approved R-PTN-07 for it and corrected its deduction."""
    bench = credit
    for person in ("per_shop", "per_kin"):
        stage.register(bench, person, household="hh_shop")
    bench.at("2025-03-10T10:00")
    order = {
        "subject": "PTN:ptn_1",
        "rule_code": "R-PTN-07",
        "occurred_at": "2025-03-09T10:00:00+08:00",
        "evidence": ["HD-1"],
    }
    bench.as_("R_CADRE", person=who, scope=stage.COMMUNITY)
    with pytest.raises(ConflictOfInterest) as refused:
        bench.do("propose_award", order)
    assert refused.value.params["substitute"] == "R_SECRETARY"
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    made = bench.do("propose_award", order)
    bench.as_("R_SECRETARY", person=who, scope=stage.COMMUNITY)
    with pytest.raises(ConflictOfInterest):
        bench.do("approve_award", {"award_id": made["id"]}, version=1)
    with pytest.raises(ConflictOfInterest):
        bench.do("reject_award", {"award_id": made["id"], "note": "不予认可"}, version=1)
    bad = award(bench, "PTN:ptn_1", "R-PTN-04")
    bench.as_("R_CADRE", person=who, scope=stage.COMMUNITY)
    with pytest.raises(ConflictOfInterest):
        bench.do(
            "start_correction",
            {"target": "AWARD", "target_id": bad, "text": "记录有误的事实", "reasons": REASONS},
        )
    bench.as_("R_PARTNER", person="per_shop", scope=stage.COMMUNITY)
    filed = bench.do(
        "file_objection", {"target": "AWARD", "target_id": bad, "text": "当日系统故障"}
    )
    bench.as_("R_CADRE", person="per_cadre3", scope=stage.COMMUNITY)
    bench.do("accept_objection", {"objection_id": filed["id"]}, version=1)
    bench.as_("R_STREET", person=who, scope=STREET)
    with pytest.raises((ConflictOfInterest, InChain)):
        bench.do(
            "decide_objection",
            {"objection_id": filed["id"], "outcome": "UPHELD", "reasons": REASONS},
            version=2,
        )


def object_to(bench, target_id, person, *, role="R_RESIDENT", scope=stage.GRID, **more):
    bench.as_(role, person=person, scope=scope)
    return bench.do(
        "file_objection",
        {"target": "ENTRY", "target_id": target_id, "text": "公示内容与事实不符", **more},
    )


def decide(bench, filed, outcome, *, version=2, person="per_judge", **more):
    bench.as_("R_STREET", person=person, scope=STREET)
    return bench.do(
        "decide_objection",
        {"objection_id": filed["id"], "outcome": outcome, "reasons": REASONS, **more},
        version=version,
    )


def accept(bench, *filed):
    bench.as_("R_CADRE", person="per_cadre5", scope=stage.COMMUNITY)
    for one in filed:
        bench.do("accept_objection", {"objection_id": one["id"]}, version=1)


def published_stage(bench):
    """March is published; the shop lost 5 for good reason or not."""
    bench.at("2025-03-10T10:00")
    bench.award_id = award(bench, "PTN:ptn_1", "R-PTN-04")
    card = publish_month(bench, "2025-03")
    bench.entry = f"{card['id']}/PTN:ptn_1"
    for person in ("per_friend", "per_b0", "per_b1", "per_b2"):
        stage.register(bench, person)


@pytest.fixture
def published(credit):
    return credit.staged(published_stage)


def test_one_objection_does_not_shut_out_others_and_each_is_answered(published):
    """CR-D10: a friend who filed first kept everybody else out."""
    bench = published
    first = object_to(bench, bench.entry, "per_friend")
    second = object_to(bench, bench.entry, "per_shop", role="R_PARTNER", scope=stage.COMMUNITY)
    with pytest.raises(AlreadyObjected) as own:
        object_to(bench, bench.entry, "per_friend")
    assert own.value.params["number"] == first["number"]
    accept(bench, first, second)
    decide(bench, first, "DISMISSED")
    # The other one still holds the entry.
    assert entry_of(settlement_of(bench, "2025-03"), "PTN:ptn_1")["state"] == "HELD"
    with pytest.raises(Invalid) as unclear:
        decide(bench, second, "PARTLY")
    assert unclear.value.field == "award_ids"
    with pytest.raises(Invalid) as unclear:
        decide(bench, second, "PARTLY", score=-2, award_ids=[bench.award_id])
    assert unclear.value.field == "score"
    decide(bench, second, "PARTLY", award_ids=[bench.award_id])
    entry = entry_of(settlement_of(bench, "2025-03"), "PTN:ptn_1")
    assert (entry["state"], entry["bad"]) == ("PUBLISHED", 0)
    for person, filed, outcome in (
        ("per_friend", first, "不予支持"),
        ("per_shop", second, "部分支持"),
    ):
        bench.as_("R_RESIDENT", person=person, scope=stage.GRID)
        told = [one for one in bench.ask("messages")["items"] if one["ref"] == filed["id"]]
        (decided,) = [one for one in told if one["code"] == "OBJECTION_DECIDED"]
        assert outcome in decided["text"]


def test_whom_no_register_knows_does_not_object(published):
    """K14: anybody may object to an organisation's entry by the real name, so it must be one."""
    with pytest.raises(PersonUnknown):
        object_to(published, published.entry, "per_unknown")


def test_several_objections_to_one_thing_can_be_decided_together(published):
    """CR-D10: and a judge of one may judge the other, whatever the first did to the award."""
    bench = published
    filed = [object_to(bench, bench.entry, f"per_b{n}") for n in range(3)]
    accept(bench, *filed[:2])
    done = decide(bench, filed[0], "DISMISSED", together=True)
    assert sorted(done["also"]) == sorted(one["number"] for one in filed[1:])
    assert entry_of(settlement_of(bench, "2025-03"), "PTN:ptn_1")["state"] == "PUBLISHED"
    for n, one in enumerate(filed):
        bench.as_("R_RESIDENT", person=f"per_b{n}", scope=stage.GRID)
        seen = bench.ask("objection", {"objection_id": one["id"]})
        assert (seen["outcome"], seen["reasons"]) == ("DISMISSED", REASONS)


def test_staff_object_withdraw_and_ask_for_review_for_a_person_by_his_receipt(published):
    """K10, C10: by phone or at the window, for who has no account."""
    bench = published
    stage.register(bench, "per_old")
    cadre = {"role": "R_CADRE", "scope": stage.COMMUNITY}
    with pytest.raises(EvidenceRequired):
        object_to(bench, bench.entry, "per_cadre6", **cadre, person_id="per_old")
    with pytest.raises(PersonUnknown):
        object_to(bench, bench.entry, "per_cadre6", **cadre, person_id="per_x", receipt_no="HZ-1")
    filed = object_to(
        bench, bench.entry, "per_cadre6", **cadre, person_id="per_old", receipt_no="HZ-1"
    )
    bench.as_("R_RESIDENT", person="per_old", scope=stage.GRID)
    seen = bench.ask("objection", {"objection_id": filed["id"]})
    assert (seen["person_id"], seen["filed_by"], seen["receipt_no"]) == (
        "per_old",
        "per_cadre6",
        "HZ-1",
    )
    assert bench.ask("messages")["items"][0]["code"] == "OBJECTION_FILED_FOR_YOU"
    accept(bench, filed)
    with pytest.raises(InChain):
        bench.as_("R_CADRE", person="per_cadre6", scope=stage.COMMUNITY).do(
            "decide_objection",
            {"objection_id": filed["id"], "outcome": "DISMISSED", "reasons": REASONS},
            version=2,
        )
    decide(bench, filed, "DISMISSED")
    review = {"objection_id": filed["id"], "grounds": "当事人要求上级复核"}
    with pytest.raises(NotFound):
        bench.as_("R_RESIDENT", person="per_b", scope=stage.GRID).do(
            "request_review", review | {"receipt_no": "HZ-2"}, version=3
        )
    bench.as_("R_CADRE", person="per_cadre7", scope=stage.COMMUNITY)
    with pytest.raises(NotFiler):
        bench.do("request_review", review, version=3)
    assert bench.do("request_review", review | {"receipt_no": "HZ-2"}, version=3)["due"]


def test_an_operator_applies_for_the_repair_of_his_shop_and_is_told(credit):
    """FP-D3, CR-D6: `POST /repairs` answered NOT_SUBJECT."""
    bench = credit
    bench.at("2025-03-10T10:00")
    made = award(bench, "MER:org_1", "R-MER-06", propose="R_GRID", approve="R_CADRE")
    final_month(bench, "2025-03")
    proof = {"award_id": made, "text": "已经全部改正", "evidence": ["ZG-1"]}
    bench.as_("R_MERCHANT", person="per_other", scope=stage.COMMUNITY)
    with pytest.raises(NotFound):
        bench.do("apply_for_repair", proof)
    bench.as_("R_MERCHANT", person="per_shop", scope=stage.COMMUNITY)
    filed = bench.do("apply_for_repair", proof)
    bench.as_("R_CADRE", person="per_shop", scope=stage.COMMUNITY)
    with pytest.raises(ConflictOfInterest):
        bench.do("accept_repair", {"repair_id": filed["id"]}, version=1)
    bench.as_("R_STREET", person="per_street7", scope=STREET)
    bench.do("return_repair", {"repair_id": filed["id"], "reasons": REASONS}, version=1)
    bench.as_("R_MERCHANT", person="per_shop", scope=stage.COMMUNITY)
    codes = {one["code"] for one in bench.ask("messages")["items"] if one["ref"] == filed["id"]}
    assert codes == {"REPAIR_DECIDED", "REPAIR_APPLIED"}


def test_who_confirms_a_month_does_not_decide_a_deduction_of_his_own(credit):
    """K12, CR-D9: an automatic deduction is decided by the person who confirms the month that lists it."""
    bench = credit
    bench.at("2025-03-20T10:00")
    bench.consume(
        "property",
        "disclosure_overdue.v1",
        {"disclosure_id": "dsc_1", "project_id": "prj_1", "kind": "INCOME"},
        subject="prj_1",
        scope=stage.COMMUNITY,
        sequence=7,
    )
    bench.at("2025-04-01T20:00")
    stage.markers(bench, "2025-03")
    bench.fire("2025-04-07T10:00")
    run_jobs(bench)
    card = settlement_of(bench, "2025-03")
    reply = bench.as_("R_SECRETARY", person="per_sec", scope=stage.COMMUNITY).do(
        "review_settlement",
        {"settlement_id": card["id"], "hash": card["hash"], "checked": card["to_check"]},
        version=card["version"],
    )
    order = {"settlement_id": card["id"], "hash": card["hash"]}
    with pytest.raises(ConflictOfInterest) as refused:
        bench.as_("R_STREET", person="per_boss", scope=STREET).do(
            "confirm_settlement", order, version=reply["version"]
        )
    assert refused.value.params["subject"] == "PRJ:prj_1"
    bench.as_("R_STREET", person="per_street", scope=STREET).do(
        "confirm_settlement", order, version=reply["version"]
    )
