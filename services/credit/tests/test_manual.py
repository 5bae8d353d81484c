"""Awards by hand: one proposes with evidence, another approves."""

import pytest

from fivered.chassis.bus import Actor
from fivered.chassis.refusal import Invalid, NotFound, StateConflict
from fivered.services.credit.errors import (
    AlreadyProposed,
    CallerMerged,
    ClockSkew,
    DeedDecided,
    EvidenceRequired,
    InChain,
    LegalDocumentRequired,
    LevelNeeded,
    LevelUnknown,
    NoConsent,
    NotAllowedToApprove,
    NotAllowedToPropose,
    RuleNotInForce,
    SameAsProposer,
    SelfApproval,
    WrongKind,
)
from fivered.services.credit.tests import stage


def credit_stage(bench):
    stage.rules(bench)
    stage.resident(bench, "per_a")
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def propose(bench, rule="R-RES-11", subject="RES:per_a", at="2025-03-03T09:00:00+08:00", **more):
    return bench.do(
        "propose_award",
        {
            "subject": subject,
            "rule_code": rule,
            "occurred_at": at,
            "evidence": ["TJ-2025-001"],
            **more,
        },
    )


def approve(bench, reply, person="per_secretary", role="R_SECRETARY", scope=stage.COMMUNITY):
    bench.as_(role, person=person, scope=scope)
    return bench.do("approve_award", {"award_id": reply["id"], "note": "属实"}, version=1)


@pytest.mark.covers("C18")
def test_maker_and_checker_are_two_people_and_the_points_follow_approval(credit):
    bench = credit
    reply = propose(bench)
    assert reply["state"] == "PROPOSED"
    assert stage.trial_balance(bench)["accounts"].get("PENDING", 0) == 0
    with pytest.raises(SameAsProposer):
        approve(bench, reply, person="per_cadre")
    done = approve(bench, reply)
    assert (done["state"], done["score"], done["points"]) == ("APPROVED", 3, 30)
    assert stage.trial_balance(bench)["accounts"]["PENDING"] == 30
    with pytest.raises(StateConflict):
        bench.do("approve_award", {"award_id": reply["id"]}, version=2)


@pytest.mark.covers("C18")
def test_nobody_approves_what_concerns_himself(credit):
    bench = credit
    reply = propose(bench)
    with pytest.raises(SelfApproval):
        approve(bench, reply, person="per_a")
    with pytest.raises(NotAllowedToApprove):
        approve(bench, reply, role="R_CADRE", person="per_cadre_2")


@pytest.mark.covers("C5")
def test_the_same_deed_proposed_again_answers_the_first_award(credit):
    assert propose(credit)["id"] == propose(credit)["id"]
    assert len(credit.rows("SELECT award_id FROM awards")) == 1


@pytest.mark.covers("REQ-L01", "REQ-L04")
def test_what_may_not_be_proposed_is_refused_with_its_reason(credit):
    bench = credit
    with pytest.raises(RuleNotInForce):
        propose(bench, rule="R-RES-99")
    with pytest.raises(NotAllowedToPropose):
        propose(bench, rule="R-RES-03")
    with pytest.raises(WrongKind):
        propose(bench, subject="HH:hh_1")
    with pytest.raises(Invalid):
        propose(bench, evidence=[])
    with pytest.raises(ClockSkew):
        propose(bench, at="2025-03-04T09:00:00+08:00")
    with pytest.raises(LevelUnknown):
        propose(bench, rule="R-RES-06", level="VILLAGE")
    with pytest.raises(LevelNeeded):
        propose(bench, rule="R-RES-06")
    with pytest.raises(NoConsent):
        propose(bench, at="2025-03-01T09:00:00+08:00")
    # Who takes part is not told elsewhere.
    with pytest.raises(NotFound):
        bench.as_("R_CADRE", person="per_x", scope="370811016901")
        propose(bench)
    bench.as_("R_STREET", person="per_st", scope="370811015").do(
        "open_subject", {"kind": "MER", "ref": "mer_1", "area": stage.COMMUNITY}
    )
    with pytest.raises(LegalDocumentRequired):
        propose(bench, rule="R-MER-07", subject="MER:mer_1")


@pytest.mark.covers("C4")
def test_a_cap_is_applied_in_the_order_of_approval(credit):
    bench = credit
    replies = [
        bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY).do(
            "propose_award",
            {
                "subject": "RES:per_a",
                "rule_code": "R-RES-15",
                "occurred_at": "2025-03-03T09:00:00+08:00",
                "evidence": [f"HD-{n}"],
            },
        )
        for n in range(3)
    ]
    results = [approve(bench, reply) for reply in replies]
    assert [(r["score"], r["flags"]) for r in results] == [(2, []), (2, []), (0, ["CAPPED"])]


@pytest.mark.covers("C2")
def test_every_rule_is_shown_with_its_article_basis_and_dimension(credit):
    found = credit.as_("R_ANONYMOUS", person="", scope="").ask("rules", {"at": "2025-03-01"})
    assert found["code"] == "RC-2025.1"
    assert len(found["items"]) == 77
    assert {rule["dimension_name"] for rule in found["items"]} == {
        "参与社区治理",
        "日常表现",
        "社会服务",
    }
    assert all(rule["article"] and rule["text"] and rule["basis"] for rule in found["items"])
    assert credit.ask("rules", {"at": "2024-12-31"})["items"] == []


@pytest.mark.covers("C3")
def test_importing_a_rule_set_twice_gives_the_same_answer(bench):
    bench.as_("R_DISTRICT", person="per_d")
    first = bench.do("import_rule_set", {"code": "RC-2025.1"})
    assert bench.do("import_rule_set", {"code": "RC-2025.1"}) == first
    assert (first["state"], first["number"]) == ("PUBLISHED", "RC-2025.1")


def test_a_rejected_award_needs_a_reason_and_gives_nothing(credit):
    bench = credit
    reply = propose(bench)
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    with pytest.raises(EvidenceRequired) as refused:
        bench.do("reject_award", {"award_id": reply["id"]}, version=1)
    assert "理由" in str(refused.value)
    done = bench.do("reject_award", {"award_id": reply["id"], "note": "材料不实"}, version=1)
    assert done == {"id": reply["id"], "state": "REJECTED", "version": 2}


def test_what_was_rejected_is_not_answered_as_if_it_were_proposed_again(credit):
    """H3-11: the answer was 201 with the state of the award that was over, and nothing came of it."""
    bench = credit
    reply = propose(bench)
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    bench.do("reject_award", {"award_id": reply["id"], "note": "材料不实"}, version=1)
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    with pytest.raises(DeedDecided) as refused:
        propose(bench)
    assert refused.value.params == {"award": reply["id"], "state": "REJECTED"}
    # What the refusal says to do.
    again = propose(bench, evidence=["更正-2025-1", "TJ-2025-001"])
    assert (again["state"], again["id"] != reply["id"]) == ("PROPOSED", True)


@pytest.mark.parametrize("decision", ["approve_award", "reject_award"])
def test_what_a_proposer_said_and_what_was_decided_stand_side_by_side(credit, decision):
    """The approver's note stood in the place of the proposer's reason, which was nowhere then."""
    bench = credit
    reply = propose(bench, reason="陪护邻居就医,往返三次")
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    card = bench.ask("award", {"award_id": reply["id"]})
    assert (card["why"]["reason"], card["why"]["decision"]) == ("陪护邻居就医,往返三次", None)
    bench.do(decision, {"award_id": reply["id"], "note": "已核对材料"}, version=1)
    card = bench.ask("award", {"award_id": reply["id"]})
    assert (card["why"]["reason"], card["why"]["decision"]) == (
        "陪护邻居就医,往返三次",
        "已核对材料",
    )


@pytest.mark.covers("C18", "C5")
def test_two_references_that_begin_alike_are_two_deeds_and_one_that_is_too_long_is_refused(credit):
    bench = credit
    with pytest.raises(Invalid) as refused:
        propose(bench, evidence=["任政调字〔2025〕" * 8 + "1"])
    assert refused.value.field == "evidence"
    assert propose(bench, evidence=["T" * 63 + "1"]) != propose(bench, evidence=["T" * 63 + "2"])


@pytest.mark.covers("C18")
def test_a_blank_around_a_reference_makes_no_second_deed(credit):
    first = propose(credit, evidence=["TJ-2025-001"])
    assert propose(credit, evidence=[" TJ-2025-001 "])["id"] == first["id"]


@pytest.mark.covers("REQ-L01")
def test_nothing_is_proposed_any_more_for_who_has_withdrawn(credit):
    bench = credit
    consent = bench.rows("SELECT consent_id AS id FROM consents")[0]
    bench.at("2025-03-10T09:00")
    bench.as_("R_RESIDENT", person="per_a").do("withdraw_consent", {"consent_id": consent["id"]})
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    with pytest.raises(NoConsent) as refused:
        propose(bench)
    assert refused.value.field == "subject"
    assert bench.rows("SELECT count(*) AS n FROM awards") == [{"n": 0}]


@pytest.mark.parametrize(
    "spelling", ["tj-2025-001", "TJ－2025－001", "ＴＪ-2025-001", " TJ-2025- 001"]
)
def test_the_same_deed_in_another_spelling_is_the_same_deed(credit, spelling):
    """IN-A20: one mediation made four awards."""
    first = propose(credit)
    assert propose(credit, evidence=[spelling])["id"] == first["id"]
    assert len(credit.rows("SELECT award_id FROM awards")) == 1
    assert propose(credit, evidence=["TJ-2025-002"])["id"] != first["id"]


def test_who_verified_a_hazard_is_not_who_confirms_its_points(credit):
    """SEC-M4: one grid worker reported and verified it, and ten points came by themselves."""
    bench = credit
    bench.consume(
        "steward",
        "hazard_verified.v1",
        {"hazard_id": "haz_1", "reporter": "per_a", "category": "FIRE", "verified": True},
        subject="haz_1",
        scope=stage.GRID,
        actor=Actor("per_verifier", "R_GRID", stage.GRID),
    )
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    waiting = bench.ask("awards", {"state": "PROPOSED", "waits_for": "R_CADRE"})["items"]
    assert [(one["why"]["rule"], one["subject"]) for one in waiting] == [("R-RES-05", "RES:per_a")]
    assert stage.trial_balance(bench)["accounts"].get("PENDING", 0) == 0
    with pytest.raises(SameAsProposer):
        approve(bench, waiting[0], person="per_verifier", role="R_CADRE")
    approve(bench, waiting[0], person="per_cadre", role="R_CADRE")
    assert stage.trial_balance(bench)["accounts"]["PENDING"] == 10


def test_another_level_reason_or_document_by_the_same_evidence_is_not_swallowed(credit):
    """K3: the first answer came back, and what was said now was nowhere."""
    bench = credit
    first = propose(bench, reason="陪护邻居就医,往返三次")
    assert propose(bench, reason="陪护邻居就医,往返三次")["id"] == first["id"]
    for more in ({"reason": "另有其事,与前次不同"}, {"document_no": "济任〔2025〕1号"}):
        with pytest.raises(AlreadyProposed) as refused:
            propose(bench, **{"reason": "陪护邻居就医,往返三次"} | more)
        assert refused.value.params["award"] == first["id"]


def test_another_day_or_more_evidence_for_the_same_deed_is_not_swallowed(credit):
    """K3: of another day, or with a second paper, it was answered as the first one."""
    bench = credit
    first = propose(bench)
    bench.at("2025-03-06T09:00:00")
    for more in (
        {"at": "2025-03-05T09:00:00+08:00"},
        {"evidence": ["TJ-2025-001", "TJ-2025-002"]},
    ):
        with pytest.raises(AlreadyProposed):
            propose(bench, **more)
    assert propose(bench)["id"] == first["id"]


def test_the_document_of_a_deduction_is_shown_to_who_decides_it_and_to_whom_it_concerns(credit):
    """C7: it was stored, and shown to nobody who needed it."""
    bench = credit
    made = propose(bench, document_no="济任〔2025〕1号")
    bench.as_("R_CADRE", person="per_other", scope=stage.COMMUNITY)
    assert bench.ask("award", {"award_id": made["id"]})["why"]["document_no"] == "济任〔2025〕1号"


@pytest.mark.covers("C18")
def test_who_approved_an_award_decides_no_objection_to_what_another_took_back(credit):
    bench = credit
    made = propose(bench)
    approve(bench, made)
    order = {"target": "AWARD", "target_id": made["id"]}
    text = "调解台账与协议不符,登记有误,依台账予以更正,并告知本人。"
    bench.as_("R_CADRE", person="per_cadre2", scope=stage.COMMUNITY)
    correction = bench.do("start_correction", order | {"text": text, "reasons": text})
    own = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).do(
        "file_objection", order | {"text": text}
    )

    def decide(reply, outcome, role, person, scope):
        bench.as_(role, person=person, scope=scope)
        told = {"objection_id": reply["id"], "outcome": outcome, "reasons": text}
        return bench.do("decide_objection", told, version=2)

    for reply in (correction, own):
        bench.as_("R_CADRE", person="per_cadre3", scope=stage.COMMUNITY)
        bench.do("accept_objection", {"objection_id": reply["id"]}, version=1)
    decide(correction, "UPHELD", "R_STREET", "per_street", "370811015")
    merged = {"person_id": "per_secretary", "into": "per_kept", "community": stage.COMMUNITY}
    bench.consume("steward", "person_merged.v1", merged, subject="per_secretary")
    # The id that was given up acts no more; the person does, and is still in the chain.
    for person, refusal in (("per_secretary", CallerMerged), ("per_kept", InChain)):
        with pytest.raises(refusal):
            decide(own, "DISMISSED", "R_SECRETARY", person, stage.COMMUNITY)
    decide(own, "DISMISSED", "R_CADRE", "per_cadre3", stage.COMMUNITY)
