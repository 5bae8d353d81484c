"""Indicators whose parts lie in two services, from the real doors of both."""

import pytest

from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_settlement import entry_of, run_jobs, settlement_of
from fivered.services.partner.service import Partner
from fivered.services.partner.tests.conftest import COMMUNITY, STREET, Town
from fivered.services.property.service import Property
from fivered.services.property.tests.conftest import Town as PropertyTown
from testkit.bench import open_bench


@pytest.mark.covers("M-28")
def test_a_fund_tells_what_it_burnt_and_the_points_that_are_out_what_they_will_cost(tmp_path):
    town = Town(open_bench(Partner, f"sqlite:///{tmp_path}/partner.sqlite")).begin()
    barber = town.partner()
    haircut = town.offer(barber)
    town.redeem(haircut)
    town.fund(2400)
    town.bench.fire("2025-04-08T00:00")
    statement = town.statement(barber)
    town.as_partner()
    town.move("confirm_statement", statement)
    position = town.as_street().ask("fund", {"area": COMMUNITY, "period": "2025-03"})
    # What is promised is not burnt yet.
    assert (position["committed_fen"], position["burn_percent"]) == (600, "0.00")
    town.as_street()
    town.move("pay_statement", town.statement(barber), payment_ref="回单 0412")
    position = town.as_street().ask("fund", {"area": COMMUNITY, "period": "2025-03"})
    assert (position["paid_fen"], position["budget_fen"]) == (600, 2400)
    assert position["burn_percent"] == "25.00"
    town.fund(0, area=STREET)
    empty = town.as_street().ask("fund", {"area": STREET, "period": "2025-03"})
    assert empty["burn_percent"] is None

    bench = open_bench(Credit, f"sqlite:///{tmp_path}/credit.sqlite")
    bench.at("2025-03-10T09:00")
    stage.wallet_of(bench, "RES:per_c")
    stage.partner(bench, barber)
    stage.give(bench, "RES:per_c", "2025-02", 200, "00000000-0000-4000-8000-000000000001")
    for what in ("requested", "redeemed"):
        said = stage.redemption(bench, what, "rdm_1", "2025-03-12T10:00", partner_id=barber)
        bench.deliver([said])
    liability = owed(bench)
    # 140 in the wallet and 60 that the barber has not been paid for, at 10 fen.
    assert (liability["outstanding"], liability["liability_fen"]) == (200, 2000)
    bench.at("2025-04-12T09:00")
    paid = {
        "statement_id": statement["id"],
        "partner_id": barber,
        "period": "2025-03",
        "points": 60,
    }
    bench.consume("partner", "partner_settled.v1", paid, subject=statement["id"])
    # What is paid in April is owed no more in April; March's figure is that of its end.
    liability = owed(bench, "2025-04")
    assert (liability["outstanding"], liability["liability_fen"]) == (140, 1400)
    assert owed(bench)["outstanding"] == 200


def owed(bench, period="2025-03"):
    bench.as_("R_STREET", person="per_street", scope=STREET)
    return bench.ask("indicators", {"period": period})["M-28"]


@pytest.mark.covers("N13")
def test_a_project_with_one_agreement_left_is_warned_listed_and_loses_its_best_grade(tmp_path):
    bench = open_bench(Property, f"sqlite:///{tmp_path}/property.sqlite")
    estate = PropertyTown(bench).begin()
    estate.found()
    estate.agree()
    promised = [
        {
            "title": "楼道巡查",
            "responsible": "PROJECT",
            "recurrence": "ONCE",
            "due_date": f"2025-03-{day}",
            "evidence_kinds": ["PHOTO"],
        }
        for day in (17, 18, 19, 20)
    ]
    ending = estate.agree("CREDIT_DELIBERATION", valid_to="2025-03-31", commitments=promised)
    # What was promised stands there as tasks with dates.
    tasks = estate.secretary().ask("agreement", {"agreement_id": ending})["commitments"]
    dates = sorted(task["due_date"] for task in tasks)
    assert dates == ["2025-03-17", "2025-03-18", "2025-03-19", "2025-03-20"]
    shown = estate.street_clerk().ask("agreement_noncompliance")
    assert shown["items"] == []
    assert shown["expiring"] == [
        {"agreement_id": ending, "project_id": "prj_a", "valid_to": "2025-03-31", "days": 28}
    ]
    bench.fire("2025-03-31T00:00:00")
    listed = estate.street_clerk().ask("agreement_noncompliance")
    assert [one["project_id"] for one in listed["items"]] == ["prj_a"]
    assert listed["items"][0]["agreements_active"] == 1
    assert listed["items"][0]["reasons"] == ["FEWER_THAN_TWO_AGREEMENTS", "COMMITMENT_OVERDUE"]
    assert listed["expiring"] == []
    bench.fire("2025-04-03T00:00:00")
    estate.steward_markers("2025-03")
    said = [
        row
        for event in bench.published("month_measured.v1")
        if event["data"]["period"] == "2025-03"
        for row in event["data"]["projects"]
    ]
    assert [row["agreements_active_last_day"] for row in said] == [1]

    # Credit hears it in the project's month, and the gate for AAA is missed.
    credit = open_bench(Credit, f"sqlite:///{tmp_path}/credit.sqlite")
    credit.at("2025-03-01T09:00")
    stage.rules(credit)
    stage.project(credit, "prj_a", "pco_a", area=estate.community)
    credit.at("2025-04-02T20:00")
    stage.markers(credit, "2025-03", rows={"property": {"projects": said}})
    credit.fire("2025-04-03T10:00")
    run_jobs(credit)
    entry = entry_of(settlement_of(credit), "PRJ:prj_a")
    assert "TWO_AGREEMENTS" in entry["gates_failed"]
    assert entry["grade"] != "AAA"
