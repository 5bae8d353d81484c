"""What an operator sees of the ledger and of the months."""

import sqlalchemy as sa

from fivered.chassis import gauges, metrics
from fivered.services.credit.storage import tables as t
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_settlement import (
    CUT_OFF,
    close_month,
    credit_stage,
    run_jobs,
    settlement_of,
)
from testkit import exposition


def read(bench):
    """Return what this process tells once it has read credit's database anew."""
    end = metrics.READ.add(gauges.own(bench.runtime))
    try:
        return exposition.here()
    finally:
        end()


def test_the_ledger_and_the_months_are_told(bench):
    credit_stage(bench)
    assert read(bench)("fivered_credit_settlements") == 0
    stage.grant(bench, 500)
    close_month(bench)
    page = read(bench)
    assert page("fivered_database_readable", service="credit", part="own") == 1
    # March is complete. February came to an end before anybody told anything of it.
    assert page("fivered_credit_settlements", state="DRAFTED") == 2
    assert page("fivered_credit_settlements_incomplete") == 1
    assert page.told("fivered_credit_ledger_sum_points")
    assert page("fivered_credit_ledger_sum_points") == 0


def test_a_month_whose_sources_are_silent_is_told_as_incomplete(bench):
    credit_stage(bench)
    bench.fire(CUT_OFF)
    bench.fire("2025-04-09T10:00")
    run_jobs(bench)
    assert settlement_of(bench)["complete"] is False
    assert settlement_of(bench, period="2025-02")["complete"] is False
    assert read(bench)("fivered_credit_settlements_incomplete") == 2


def test_a_ledger_that_does_not_balance_is_told(bench):
    credit_stage(bench)
    with bench.runtime.engine.begin() as conn:
        account = {"account": "SYS:LOST", "kind": "LOST", "district": "370811", "balance": 7}
        conn.execute(sa.insert(t.system_accounts).values(**account))
    assert read(bench)("fivered_credit_ledger_sum_points") == 7
