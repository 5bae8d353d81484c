"""Indicators whose parts lie in two services, from the real doors of both."""

import pytest

from chassis.testing import open_bench
from services.credit.service import Credit
from services.credit.tests import stage
from services.partner.service import Partner
from services.partner.tests.conftest import COMMUNITY, STREET, Town


@pytest.mark.covers("M-28")
def test_a_fund_tells_what_it_burnt_and_the_points_that_are_out_what_they_will_cost(tmp_path):
    town = Town(open_bench(Partner, f"sqlite:///{tmp_path}/partner.sqlite"))
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
    bench.hear("partner", "partner_settled.v1", paid, subject=statement["id"])
    liability = owed(bench)
    assert (liability["outstanding"], liability["liability_fen"]) == (140, 1400)


def owed(bench):
    bench.as_("R_STREET", person="per_street", scope=STREET)
    return bench.ask("indicators", {"period": "2025-03"})["M-28"]
