"""Who proposes, approves and sees awards of a subject, at the level of its area."""

import json
from importlib import resources

import pytest

from fivered.chassis.refusal import NotFound
from fivered.services.credit.errors import NotAllowedToPropose, SameAsProposer
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import DISTRICT, STREET

DOCUMENT = json.loads(
    (resources.files("fivered.services.credit") / "data/RC-2025.1.json").read_text("utf-8")
)
MANUAL = [rule for rule in DOCUMENT["rules"] if rule["source"] == "MANUAL"]
SCOPES = {
    "R_GRID": stage.GRID,
    "R_CADRE": stage.COMMUNITY,
    "R_SECRETARY": stage.COMMUNITY,
    "R_STREET": STREET,
    "R_DISTRICT": DISTRICT,
}
SUBJECTS = {
    "RES": "RES:per_a",
    "HH": "HH:hh_1",
    "STW": "STW:stw_1",
    "PRJ": "PRJ:prj_1",
    "PCO": "PCO:pco_1",
    "PTN": "PTN:ptn_1",
    "MER": "MER:mer_1",
    "UNT": "UNT:unt_1",
}


def credit_stage(bench):
    stage.rules(bench)
    stage.register(bench, "per_a", household="hh_1")
    stage.consent(bench, "per_a")
    stage.consent(bench, "per_a", household_id="hh_1")
    stage.steward(bench, "stw_1", "per_s")
    stage.project(bench)
    stage.partner(bench)
    for kind, ref in (("MER", "mer_1"), ("UNT", "unt_1")):
        bench.as_("R_STREET", person="per_opener", scope=STREET)
        bench.do("open_subject", {"kind": kind, "ref": ref, "area": stage.COMMUNITY})


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def propose(bench, rule, subject, role, scope, **more):
    bench.as_(role, person="per_maker", scope=scope)
    return bench.do(
        "propose_award",
        {
            "subject": subject,
            "rule_code": rule["code"],
            "occurred_at": "2025-03-03T09:00:00+08:00",
            "evidence": [f"D-{rule['code']}"],
            "level": rule["levels"][0]["code"] if rule["type"] == "LEVELED" else None,
            "document_no": "任处〔2025〕1号" if rule.get("requires_legal_document") else None,
            **more,
        },
    )


def approve(bench, made, role, scope, person="per_checker"):
    bench.as_(role, person=person, scope=scope)
    return bench.do("approve_award", {"award_id": made["id"]}, version=1)


def test_every_rule_by_hand_is_proposed_and_approved_by_the_roles_that_it_names(credit):
    """CR-D13: R-PCO-02 could be proposed by nobody; nor could what a grid worker sees of a shop."""
    for rule in MANUAL:
        subject = SUBJECTS[rule["kind"]]
        role, decider = rule["propose"][0], rule["approve"][0]
        made = propose(credit, rule, subject, role, SCOPES[role])
        card = credit.ask("award", {"award_id": made["id"]})
        assert card["waits"]["for"] == decider, rule["code"]
        credit.as_(decider, person="per_checker", scope=SCOPES[decider])
        waiting = credit.ask("awards", {"state": "PROPOSED", "waits_for": decider})["items"]
        assert made["id"] in [one["id"] for one in waiting], rule["code"]
        assert approve(credit, made, decider, SCOPES[decider])["state"] == "APPROVED"


@pytest.mark.parametrize(
    ("kind", "area", "level", "roles"),
    [
        ("MER", STREET, "R_STREET", ("R_STREET", "R_STREET")),
        ("UNT", DISTRICT, "R_DISTRICT", ("R_DISTRICT", "R_DISTRICT")),
    ],
)
def test_of_a_subject_above_a_role_the_level_of_its_area_stands_for_that_role(
    credit, kind, area, level, roles
):
    """CR-D13: a street's partner, a unit of the district: the community covers neither."""
    credit.as_("R_DISTRICT", person="per_opener", scope=DISTRICT)
    credit.do("open_subject", {"kind": kind, "ref": "org_high", "area": area})
    rule = next(one for one in MANUAL if one["kind"] == kind and one["approve"] == ["R_SECRETARY"])
    made = propose(credit, rule, f"{kind}:org_high", roles[0], area)
    assert credit.ask("award", {"award_id": made["id"]})["waits"]["for"] == level
    with pytest.raises(SameAsProposer):
        approve(credit, made, roles[1], area, person="per_maker")
    assert approve(credit, made, roles[1], area)["state"] == "APPROVED"
    # Whom the community's own level serves, the district does not take from it.
    with pytest.raises(NotAllowedToPropose):
        propose(credit, rule, f"{kind}:{kind.lower()}_1", "R_DISTRICT", DISTRICT, evidence=["E"])


def test_a_grid_worker_lists_awards_of_his_own_grid_only(credit):
    """SEC-M5: a grid worker read reason and evidence about people of the next grid."""
    other = stage.COMMUNITY + "002"
    stage.register(credit, "per_z", grid=other)
    credit.as_("R_RESIDENT", person="per_z", scope=other)
    credit.do("grant_consent", {"notice_version": "2025.1", "purposes": ["SCORING"]})
    rule = next(one for one in MANUAL if one["code"] == "R-RES-11")
    far = propose(credit, rule, "RES:per_z", "R_CADRE", stage.COMMUNITY)
    near = propose(credit, rule, "RES:per_a", "R_CADRE", stage.COMMUNITY)
    credit.as_("R_GRID", person="per_grid", scope=stage.GRID)
    assert [one["id"] for one in credit.ask("awards")["items"]] == [near["id"]]
    with pytest.raises(NotFound):
        credit.ask("award", {"award_id": far["id"]})
    credit.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    assert len(credit.ask("awards")["items"]) == 2
