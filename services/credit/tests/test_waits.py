"""What waits for cadres, secretaries, streets and the district, until another person has done it."""

import pytest

from fivered.services.credit.service import Credit
from fivered.services.credit.tests import (
    stage,
    test_commendations,
    test_consent_notices,
    test_manual,
    test_objections,
    test_repairs,
    test_rule_sets,
    test_settlement,
)
from testkit.waits import Waits

pytestmark = pytest.mark.slow

STREET, DISTRICT = "370811015", "370811"
CADRE = ("per_cadre", "R_CADRE", stage.COMMUNITY)
SECRETARY = ("per_secretary", "R_SECRETARY", stage.COMMUNITY)
CLERK = ("per_judge", "R_STREET", STREET)
FAR = ("per_far", "R_CADRE", "370811015902")
AWARDS = {"AWARD_TO_APPROVE"}
MONTHS = {"SETTLEMENT_TO_REVIEW", "SETTLEMENT_TO_CONFIRM"}
OBJECTIONS = {"OBJECTION_TO_ACCEPT", "OBJECTION_TO_DECIDE", "OBJECTION_TO_REVIEW"}
REPAIRS = {"REPAIR_TO_ACCEPT", "REPAIR_TO_CHECK", "REPAIR_TO_APPROVE", "VETO_TO_CONFIRM"}
DISTRICTS = {
    "BUDGET_TO_APPROVE", "CONSENT_NOTICE_TO_APPROVE", "RULES_TO_CONSULT",
    "RULES_TO_APPROVE", "RULES_TO_PUBLISH",
}  # fmt: skip
CONSENTS = {"CONSENT_TO_CONFIRM"}
NOTICES = {"CONSENT_TO_RENEW"}
COMMENDATIONS = {
    "NOMINEES_TO_CHECK", "NOMINEES_TO_REVIEW", "COMMENDATION_TO_PUBLICISE",
    "COMMENDATION_TO_APPROVE", "COMMENDATION_TO_GRANT", "NOMINEE_OBJECTION_TO_DECIDE",
}  # fmt: skip


def test_every_kind_is_seen_to_wait_by_one_of_these_tests():
    seen = AWARDS | MONTHS | OBJECTIONS | REPAIRS | DISTRICTS | CONSENTS | COMMENDATIONS
    seen |= NOTICES
    assert {row.kind for row in Credit.waits} == seen


def test_what_was_proposed_by_hand_waits_for_another_person(bench):
    bench.staged(test_manual.credit_stage)
    waits = Waits(bench)
    bench.as_(CADRE[1], person=CADRE[0], scope=CADRE[2])
    award = test_manual.propose(bench)
    waits.until(
        "AWARD_TO_APPROVE", award["id"], lambda: test_manual.approve(bench, award), to=SECRETARY,
        not_to=[CADRE, (CADRE[0], *SECRETARY[1:]), FAR],
    )  # fmt: skip
    # A person has taken it back, and asks at a window to have it again.
    given = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("consents")["items"][0]
    bench.do("withdraw_consent", {"consent_id": given["id"]})
    order = {
        "person_id": "per_a", "notice_version": "2025.1", "purposes": ["SCORING", "POINTS"],
        "channel": "WINDOW", "evidence_ref": "HZ-1",
    }  # fmt: skip
    made = bench.as_("R_GRID", person="per_grid", scope=stage.GRID).do("grant_consent", order)
    waits.until(
        "CONSENT_TO_CONFIRM", made["id"], to=SECRETARY,
        not_to=[("per_grid", *SECRETARY[1:]), ("per_a", *SECRETARY[1:]), FAR],
        act=lambda: bench.as_(SECRETARY[1], person=SECRETARY[0], scope=SECRETARY[2]).do(
            "confirm_consent", {"proposal_id": made["id"]}, version=made["version"]
        ),
    )  # fmt: skip
    assert waits.proved == AWARDS | CONSENTS


def test_a_consent_of_a_former_notice_waits_for_the_person_alone(bench):
    """It stands as it was given until then; a withdrawal asks nobody any more."""
    bench.staged(test_manual.credit_stage)
    waits = Waits(bench)
    mine, other = (("per_a", "R_RESIDENT", stage.GRID), ("per_b", "R_RESIDENT", stage.GRID))
    (given,) = bench.as_(mine[1], person=mine[0], scope=mine[2]).ask("consents")["items"]
    today = bench.runtime.calendar.local_date(bench.runtime.now()).isoformat()
    test_consent_notices.publish(bench, "2026.1", today)
    order = {"notice_version": "2026.1", "purposes": given["purposes"]}
    waits.until(
        "CONSENT_TO_RENEW", given["id"], to=mine, not_to=[other, SECRETARY],
        act=lambda: bench.as_(mine[1], person=mine[0], scope=mine[2]).do("grant_consent", order),
    )  # fmt: skip
    (now,) = bench.as_(mine[1], person=mine[0], scope=mine[2]).ask("consents")["items"]
    assert (now["notice_version"], now["purposes"]) == ("2026.1", given["purposes"])
    assert waits.proved == NOTICES


def test_a_month_waits_for_its_reviewer_and_then_for_who_confirms_it(bench):
    bench.staged(test_settlement.credit_stage)
    waits, card = Waits(bench), test_settlement.close_month(bench)
    bench.at("2025-04-07T10:00")
    reviewed = waits.until(
        "SETTLEMENT_TO_REVIEW", card["id"], lambda: test_settlement.review(bench, card),
        to=SECRETARY, not_to=[CLERK, FAR],
    )  # fmt: skip
    waits.until(
        "SETTLEMENT_TO_CONFIRM", card["id"], to=("per_street", "R_STREET", STREET),
        not_to=[SECRETARY, ("per_d", "R_DISTRICT", DISTRICT)],
        act=lambda: test_settlement.confirm(bench, card, reviewed["version"]),
    )  # fmt: skip
    assert waits.proved == MONTHS


def test_an_objection_waits_at_each_of_its_steps(bench):
    bench.staged(test_settlement.credit_stage)
    bench.staged(test_objections.published_stage)
    waits, filed = Waits(bench), test_objections.file(bench)
    own = ("per_s", *CADRE[1:])
    waits.until(
        "OBJECTION_TO_ACCEPT", filed["id"], lambda: test_objections.accept(bench, filed),
        to=CADRE, not_to=[own, FAR],
    )  # fmt: skip
    waits.until(
        "OBJECTION_TO_DECIDE", filed["id"], to=CLERK, not_to=[own, FAR],
        act=lambda: test_objections.decide(bench, filed, "DISMISSED"),
    )  # fmt: skip
    asked = {"objection_id": filed["id"], "grounds": "所附记录表明当日并未当班,请复核。"}
    row = bench.as_("R_STEWARD", person="per_s", scope=stage.GRID).do(
        "request_review", asked, version=3
    )
    reviewed = {
        "objection_id": filed["id"],
        "outcome": "DISMISSED",
        "reasons": test_objections.REASONS,
    }
    waits.until(
        "OBJECTION_TO_REVIEW", filed["id"], to=("per_above", "R_DISTRICT", DISTRICT),
        not_to=[CADRE, FAR],
        act=lambda: bench.as_("R_DISTRICT", person="per_above", scope=DISTRICT).do(
            "review_objection", reviewed, version=row["version"]
        ),
    )  # fmt: skip
    assert waits.proved == OBJECTIONS


def test_a_repair_waits_at_each_of_its_steps(bench):
    bench.staged(lambda b: test_repairs.with_deduction(b) and None)
    bench.award_id = test_objections.deduction(bench, "PRJ:prj_1")
    bench.staged(test_repairs.final_stage)
    bench.award_id = test_objections.deduction(bench, "PRJ:prj_1")
    bench.at("2025-06-03T10:00")
    waits, row = Waits(bench), test_repairs.apply(bench)
    own = ("per_pm", "R_STREET", STREET)

    def moved(kind, verb, row, to=("per_street2", "R_STREET", STREET), **more):
        return waits.until(
            kind, row["id"], to=to, not_to=[own, ("per_far", "R_STREET", "370811001")],
            act=lambda: test_repairs.step(
                bench, verb, row, role=to[1], person=to[0], scope=to[2], **more
            ),
        )  # fmt: skip

    row = moved("REPAIR_TO_ACCEPT", "accept", row)
    row = moved("REPAIR_TO_CHECK", "check", row, reasons=test_repairs.WHY)
    # Who has checked it does not decide it.
    assert "REPAIR_TO_APPROVE" not in waits.of("per_street2", ("R_STREET", STREET))
    moved(
        "REPAIR_TO_APPROVE", "approve", row, to=("per_district", "R_DISTRICT", DISTRICT),
        reasons=test_repairs.WHY,
    )  # fmt: skip
    veto = test_repairs.impose(bench, confirmed_by="", from_period="2025-07", to_period="2026-02")
    waits.until(
        "VETO_TO_CONFIRM", veto["id"], to=("per_confirmer", "R_DISTRICT", DISTRICT),
        not_to=[("per_district", "R_DISTRICT", DISTRICT), own],
        act=lambda: bench.as_("R_DISTRICT", person="per_confirmer", scope=DISTRICT).do(
            "confirm_veto", {"veto_id": veto["id"]}, version=veto["version"]
        ),
    )  # fmt: skip
    assert waits.proved == REPAIRS


def test_what_the_district_decides_by_two_waits_for_the_other_one(bench):
    stage.rules(bench)
    waits = Waits(bench)
    one, two = ((person, "R_DISTRICT", DISTRICT) for person in ("per_author", "per_publisher"))
    budget = test_rule_sets.author(bench).do(
        "grant_budget", {"points": 9000, "basis": "区财政拨付"}
    )
    waits.until(
        "BUDGET_TO_APPROVE", budget["id"], to=two, not_to=[one, CADRE],
        act=lambda: bench.as_("R_DISTRICT", person=two[0]).do(
            "approve_budget", {"grant_id": budget["id"]}, version=budget["version"]
        ),
    )  # fmt: skip
    notice = test_consent_notices.propose(bench, "2099.1", "2099-01-01")
    waits.until(
        "CONSENT_NOTICE_TO_APPROVE", notice["id"], to=two, not_to=[one, CADRE],
        act=lambda: test_consent_notices.approve(bench, notice),
    )  # fmt: skip
    made = test_rule_sets.draft(bench)
    made = waits.until(
        "RULES_TO_CONSULT", made["id"], lambda: test_rule_sets.consult(bench, made), to=one,
        not_to=[two, CADRE],
    )  # fmt: skip
    assert made["id"] not in waits.things("RULES_TO_APPROVE", *_of(two))
    bench.fire(made["due"])
    approved = waits.until(
        "RULES_TO_APPROVE", made["id"], lambda: test_rule_sets.approve(bench, made), to=one,
        not_to=[CADRE],
    )  # fmt: skip
    waits.until(
        "RULES_TO_PUBLISH", made["id"], lambda: test_rule_sets.publish(bench, approved), to=two,
        not_to=[one],
    )  # fmt: skip
    assert waits.proved == DISTRICTS


def test_a_commendation_waits_at_each_of_its_steps(bench):
    commended = test_commendations
    bench.staged(commended.credit_stage)
    waits, made = Waits(bench), commended.opened(bench)
    commended.nominate(bench, made, "RES:per_a")
    far = ("per_far", "R_STREET", "370811001")

    def moved(kind, verb, *, person="per_street2", role="R_STREET", **more):
        return waits.until(
            kind, made["id"], to=(person, role, STREET), not_to=[far],
            act=lambda: commended.step(bench, verb, made, person=person, role=role, **more),
        )  # fmt: skip

    moved("NOMINEES_TO_CHECK", "check_nominees")
    moved(
        "NOMINEES_TO_REVIEW", "review_nominees", person="per_reviewer",
        reviews=commended.reviews("RES:per_a"),
    )  # fmt: skip
    moved("COMMENDATION_TO_PUBLICISE", "publicise_commendation")
    filed = commended.object_to(bench, made, "RES:per_a")
    waits.until(
        "NOMINEE_OBJECTION_TO_DECIDE", filed["id"], to=("per_free", "R_STREET", STREET),
        not_to=[far, ("per_a", "R_STREET", STREET)],
        act=lambda: commended.decide(bench, filed, upheld=False),
    )  # fmt: skip
    lead = {"person": "per_lead", "role": "R_STREET_LEAD"}
    assert made["id"] not in waits.things(
        "COMMENDATION_TO_APPROVE", "per_lead", ("R_STREET_LEAD", STREET)
    )
    bench.fire(commended.card(bench, made)["public_until"])
    moved("COMMENDATION_TO_APPROVE", "approve_commendation", **lead)
    moved("COMMENDATION_TO_GRANT", "grant_commendation", **lead)
    assert waits.proved == COMMENDATIONS


def _of(who):
    return who[0], who[1:]
