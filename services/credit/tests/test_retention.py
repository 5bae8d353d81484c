"""Facts and month logs go when their time is over, and not while anything open needs them."""

import copy
from datetime import UTC, datetime

import pytest

from fivered.chassis import calendar, jobs
from fivered.chassis.settings import CommandFailed
from fivered.services.credit.actions import retention
from fivered.services.credit.errors import LogGone
from fivered.services.credit.rules import recompute
from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import rated
from fivered.services.credit.tests.test_objections import accept, decide, file
from fivered.services.credit.tests.test_rule_sets import SHIPPED, approve, author, consult, publish
from fivered.services.credit.tests.test_settlement import (
    close_month,
    confirm,
    missed,
    review,
    run_jobs,
    settlement_of,
)
from fivered.services.credit.tests.test_verify import log_of, run
from testkit.bench import open_bench

pytestmark = pytest.mark.slow


def short_lived():
    """The shipped set with the rules whose awards count for three months at most."""
    document = copy.deepcopy(SHIPPED) | {"effective_from": "2025-03-01"}
    document["rules"] = [
        rule
        for rule in document["rules"]
        if rule["valid_periods"] <= 3 and not rule.get("levels", [{}])[0].get("valid_periods")
    ]
    return document


def settled(bench):
    """March 2025 settled; facts of April are there too, and April is not settled."""
    bench.at("2025-01-20T09:00")
    made = author(bench).do("create_rule_set", {"document": short_lived()})
    made = consult(bench, made)
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    stage.steward(bench, "stw_1", "per_s")
    bench.at("2025-03-21T21:00").deliver(
        [rated(bench, at=f"2025-03-{day}T10:00") for day in (10, 11, 12)] + [missed(bench)]
    )
    card = close_month(bench)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    run_jobs(bench)
    top = settlement_of(bench, area="370811")
    version = review(bench, top, role="R_DISTRICT", area="370811", person="per_d1")["version"]
    confirm(bench, top, version, role="R_DISTRICT", area="370811", person="per_d2")
    bench.fire("2025-04-16T00:01")
    for area in (stage.COMMUNITY, "370811"):
        assert settlement_of(bench, area=area)["state"] == "SETTLED"
    bench.at("2025-04-20T10:00").deliver([rated(bench, at="2025-04-20T10:00")])


@pytest.fixture
def bench(database_url):
    bench = open_bench(Credit, database_url, FIVERED_CREDIT_KEEP_MONTHS="1")
    yield bench.staged(settled)
    bench.runtime.close()


def kept(bench):
    facts = bench.rows("SELECT period, count(*) AS n FROM facts GROUP BY period ORDER BY period")
    logs = bench.rows("SELECT DISTINCT settlement_id FROM month_logs")
    return {row["period"]: row["n"] for row in facts}, len(logs)


@pytest.mark.covers("REQ-L08", "C17")
def test_a_month_goes_when_its_last_award_has_expired_and_the_months_of_the_setting_are_over(
    bench, monkeypatch, capsys
):
    lines, digest = log_of(bench)
    card = settlement_of(bench)
    # Awards of March count until May at the longest, and a month more is kept.
    bench.fire("2025-06-30T23:59")
    run_jobs(bench)
    assert kept(bench) == ({"2025-03": 4, "2025-04": 1}, 2)
    bench.fire("2025-07-01T02:31")
    awards = bench.rows("SELECT * FROM awards ORDER BY award_id")
    monkeypatch.setattr(retention, "FACTS", 1)
    stops = 0
    while any(row["state"] != "DONE" for row in bench.rows("SELECT state FROM jobs")):
        asked = iter([False, True])
        jobs.run_next(bench.runtime, stopping=lambda asked=asked: next(asked, True))
        stops += 1
        assert stops < 60
    assert stops > 4
    # April is not settled, and is kept whole for that.
    assert kept(bench) == ({"2025-04": 1}, 0)
    result = bench.rows("SELECT job_id FROM jobs WHERE kind = 'sweep'")
    assert len(result) == 1
    bench.as_("R_DISTRICT", person="per_d")
    for method, call in ((bench.ask, "month_log"), (bench.do, "export_month")):
        with pytest.raises(LogGone):
            method(call, {"settlement_id": card["id"]})
    # What a person or organisation has is not touched, and the digest is kept.
    assert bench.rows("SELECT * FROM awards ORDER BY award_id") == awards
    assert settlement_of(bench)["hash"] == digest
    assert recompute.verify(lines, digest).sound
    with pytest.raises(CommandFailed, match="its time is over"):
        run(bench, monkeypatch)
    capsys.readouterr()
    # The next month finds nothing, and starts nothing.
    bench.fire("2025-08-01T02:31")
    assert len(bench.rows("SELECT job_id FROM jobs WHERE kind = 'sweep'")) == 1


@pytest.mark.covers("REQ-L08", "REQ-L20")
def test_a_month_with_an_open_objection_is_kept_until_it_is_decided(bench):
    bench.at("2025-05-12T10:00")
    reply = file(bench)
    accept(bench, reply)
    bench.fire("2025-07-01T02:31")
    run_jobs(bench)
    assert kept(bench) == ({"2025-03": 4, "2025-04": 1}, 2)
    decide(bench, reply, "DISMISSED", version=3)
    bench.fire("2025-08-01T02:31")
    run_jobs(bench)
    assert kept(bench) == ({"2025-04": 1}, 0)


@pytest.mark.covers("REQ-L08")
def test_a_month_with_an_open_repair_or_a_veto_that_stands_is_kept(bench):
    award = bench.rows("SELECT award_id FROM awards WHERE deduction")[0]["award_id"]
    bench.at("2025-05-12T10:00")
    bench.as_("R_STEWARD", person="per_s", scope=stage.GRID)
    order = {"award_id": str(award), "text": "已完成整改并通过复核,申请修复", "evidence": ["ZG-1"]}
    bench.do("apply_for_repair", order)
    bench.fire("2025-07-01T02:31")
    run_jobs(bench)
    assert kept(bench) == ({"2025-03": 4, "2025-04": 1}, 2)
    with bench.runtime.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE repairs SET state = 'REJECTED'")
        conn.exec_driver_sql(
            "INSERT INTO vetoes (veto_id, subject_id, award_id, from_period, to_period, state,"
            " version) SELECT award_id, subject_id, award_id, '2025-04', '2025-08', 'ACTIVE', 1"
            " FROM awards WHERE deduction"
        )
    bench.fire("2025-08-01T02:31")
    run_jobs(bench)
    assert kept(bench) == ({"2025-03": 4, "2025-04": 1}, 2)
    bench.fire("2025-09-01T02:31")
    run_jobs(bench)
    assert kept(bench) == ({"2025-04": 1}, 0)


@pytest.mark.covers("REQ-L08")
def test_the_sweep_runs_in_the_first_night_of_a_month():
    table = calendar.published()
    now = datetime(2025, 6, 30, 18, 29, tzinfo=UTC)
    assert retention.next_run(now, table) == ("2025-07", datetime(2025, 6, 30, 18, 30, tzinfo=UTC))
    later = datetime(2025, 6, 30, 18, 30, tzinfo=UTC)
    assert retention.next_run(later, table)[0] == "2025-08"
